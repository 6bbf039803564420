"""What a task in the child is given, and how it says no.

A task is a function ``(Job) -> JSON`` in the table of ``tasks.py``. It runs behind the walls, next
to a file somebody else made: what it returns is judged again outside.

Next station: the task, for documents ``verification/checks/pages.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]
Parameter = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run: the foreign file, where results go, what may be read beside it, and the wishes.

    ``output`` is None when the caller wants no files. ``arguments`` come from our own side.
    """

    source: Path
    output: Path | None
    extra: tuple[Path, ...]
    arguments: Mapping[str, JSON]


class Refuse(Exception):
    """The file is refused for a reason that has a name (a code of ``verification/checks/reasons``).

    ``params`` fill the sentence people read; they hold no personal data.
    """

    def __init__(self, code: str, **params: Parameter) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
