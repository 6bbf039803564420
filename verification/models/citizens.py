"""What citizens ask about: the NIK of all submitted members, a party's lists in one order."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from verification.db import Base


class SubmittedNik(Base):
    """A piece of the index by NIK of all lists that a party has submitted together.

    `least`: nothing in it is below; the first piece of a party begins at zero, so that every NIK has
    one piece to be looked for in. `verification.submitted_niks` packs `content`.
    """

    __tablename__ = "submitted_nik"

    comparison_id: Mapped[int] = mapped_column(
        ForeignKey("duplicate_comparison.id"), primary_key=True, autoincrement=False
    )
    least: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
