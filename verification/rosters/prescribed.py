"""What an election prescribes for its member lists, as data: preset, cut-off date, age, barred offices.

In 2022 the match with the KTP was cut from eight fields to four while lists were being verified
(Keputusan KPU 309/2022 amending 260/2022). So the rules are versioned rows with their legal basis; a
list is judged by those that hold when it is imported, and keeps their number.

Next station: `verification.rosters.work` hands them into the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from verification.errors import NotAllowed, RulesNotSound
from verification.journal import record, system_chain
from verification.journal_kinds import Kind
from verification.models import Election, MemberRules
from verification.rosters.normalise import fold
from verification.rosters.rules import EIGHT_FIELDS, PRESETS, Preset, Regions, RuleSet
from verification.rosters.rules.ruleset import BARRED_OCCUPATIONS, NO_LONGER_IN_OFFICE
from verification.states import Role

MINIMUM_AGE = 17
AGES = range(1, 100)
BASIS_LIMIT = 200
MOST_PHRASES = 200
PHRASE_LIMIT = 80
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescribed:
    """A version of the rules. `version` 0: nothing was prescribed yet, the usual ones hold."""

    version: int
    preset: Preset
    cut_off: date
    minimum_age: int
    barred_occupations: tuple[str, ...]
    no_longer_in_office: tuple[str, ...]
    legal_basis: str

    def rules(
        self, regions: Regions, scope: tuple[str, ...], party_names: tuple[str, ...]
    ) -> RuleSet:
        """For the list of a party and a region."""
        return RuleSet(
            cutoff=self.cut_off,
            regions=regions,
            scope=scope,
            required=self.preset.fields,
            minimum_age=self.minimum_age,
            barred_occupations=self.barred_occupations,
            no_longer_in_office=self.no_longer_in_office,
            party_names=party_names,
        )


def prescribed(session: Session, election: Election, version: int | None = None) -> Prescribed:
    """The rules that hold, or those of a version; an unknown one is as good as the first."""
    wanted = select(MemberRules).where(MemberRules.election_id == election.id)
    if version is not None:
        wanted = wanted.where(MemberRules.version == version)
    row = session.scalar(wanted.order_by(MemberRules.version.desc()).limit(1))
    return _usual(election) if row is None else _prescribed(row)


def versions(session: Session, election: Election) -> list[MemberRules]:
    """All of them, the newest first."""
    return list(
        session.scalars(
            select(MemberRules)
            .where(MemberRules.election_id == election.id)
            .order_by(MemberRules.version.desc())
        )
    )


def prescribe(
    session: Session,
    election: Election,
    *,
    preset: str,
    cut_off: date,
    minimum_age: int,
    barred_occupations: Iterable[str],
    no_longer_in_office: Iterable[str],
    legal_basis: str,
    actor: str,
    role: Role,
    now: datetime,
) -> Prescribed:
    """A new version, for every list that is imported from now on.

    Occupations are folded to upper-case words. Raises NotAllowed (administrators only),
    RulesNotSound.
    """
    if role is not Role.ADMINISTRATOR:
        raise NotAllowed(f"{role} prescribes no rules")
    basis = legal_basis.strip()
    barred, former = _phrases(barred_occupations), _phrases(no_longer_in_office)
    within = minimum_age in AGES and EARLIEST <= cut_off <= LATEST
    if preset not in PRESETS or not within or not 0 < len(basis) <= BASIS_LIMIT:
        raise RulesNotSound("a preset, an age, a date and a legal basis are needed")
    # One administrator after the other: the version's number is taken under the election's row.
    session.execute(select(Election.id).where(Election.id == election.id).with_for_update())
    row = MemberRules(
        election_id=election.id,
        version=prescribed(session, election).version + 1,
        preset=preset,
        cut_off=cut_off,
        minimum_age=minimum_age,
        barred_occupations=list(barred),
        no_longer_in_office=list(former),
        legal_basis=basis,
        made_by=actor,
        made_at=now,
    )
    session.add(row)
    session.flush()
    record(
        session,
        system_chain(session),
        actor,
        Kind.RULES_CHANGED,
        now=now,
        note=basis,
        version=row.version,
        preset=preset,
        cut_off=cut_off.isoformat(),
    )
    return _prescribed(row)


def _usual(election: Election) -> Prescribed:
    return Prescribed(
        version=0,
        preset=EIGHT_FIELDS,
        cut_off=election.cut_off,
        minimum_age=MINIMUM_AGE,
        barred_occupations=BARRED_OCCUPATIONS,
        no_longer_in_office=NO_LONGER_IN_OFFICE,
        legal_basis=EIGHT_FIELDS.legal_basis,
    )


def _prescribed(row: MemberRules) -> Prescribed:
    return Prescribed(
        version=row.version,
        preset=PRESETS[row.preset],
        cut_off=row.cut_off,
        minimum_age=row.minimum_age,
        barred_occupations=tuple(row.barred_occupations),
        no_longer_in_office=tuple(row.no_longer_in_office),
        legal_basis=row.legal_basis,
    )


def _phrases(given: Iterable[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(phrase for each in given if (phrase := fold(each))))
    if len(found) > MOST_PHRASES or any(len(phrase) > PHRASE_LIMIT for phrase in found):
        raise RulesNotSound("too many occupations, or one that is a whole sentence")
    return found
