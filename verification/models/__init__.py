"""The tables of verification, one module a topic."""

from verification.models.citizens import DisputedMember, Objection, SubmittedNik
from verification.models.duplicates import Comparison, Duplicate, ListTally
from verification.models.files import ReceivedFile, Storage, Tombstone
from verification.models.jobs import Job
from verification.models.process import (
    MemberRules,
    ReasonCode,
    Requirement,
    Round,
    RoundPublication,
    Stage,
    Window,
)
from verification.models.proof import AccessEntry, Chain, JournalEntry, Receipt
from verification.models.reference import Election, Office, Participation, Party, Region, RegionSet
from verification.models.review import (
    Correction,
    Decision,
    Finding,
    Item,
    ResultTally,
    Subject,
    Submission,
    SubmissionPin,
)
from verification.models.rosters import (
    EarlyWord,
    KeyPage,
    Member,
    NikPage,
    RejectedRow,
    Roster,
    RosterVersion,
    Scan,
    ScanChoice,
)

__all__ = [
    "AccessEntry",
    "Chain",
    "Comparison",
    "Correction",
    "Decision",
    "DisputedMember",
    "Duplicate",
    "EarlyWord",
    "Election",
    "Finding",
    "Item",
    "Job",
    "JournalEntry",
    "KeyPage",
    "ListTally",
    "Member",
    "MemberRules",
    "NikPage",
    "Objection",
    "Office",
    "Participation",
    "Party",
    "ReasonCode",
    "Receipt",
    "ReceivedFile",
    "Region",
    "RegionSet",
    "RejectedRow",
    "Requirement",
    "ResultTally",
    "Roster",
    "RosterVersion",
    "Round",
    "RoundPublication",
    "Scan",
    "ScanChoice",
    "Stage",
    "Storage",
    "Subject",
    "Submission",
    "SubmissionPin",
    "SubmittedNik",
    "Tombstone",
    "Window",
]
