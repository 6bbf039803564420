"""The words of the journal: every kind of event with the facts it carries, no more and no fewer.

Facts are ids, codes, counts and digests; never a name, a NIK or free text. A kind is a promise to
whoever holds an export: words are added, never changed.

Next station: `verification.journal` writes them.
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """`Kind.X.value` is the word in the table; `Kind.X.facts` the names of its facts."""

    facts: frozenset[str]

    def __new__(cls, word: str, *facts: str) -> Kind:
        kind = object.__new__(cls)
        kind._value_ = word
        kind.facts = frozenset(facts)
        return kind

    def __str__(self) -> str:
        return str(self.value)

    FILE_RECEIVED = (
        "file.received", "file", "requirement", "region", "purpose", "size", "sha256", "late",
    )  # fmt: skip
    FILE_PASSED = ("file.passed", "file", "pages", "findings")
    FILE_REJECTED = ("file.rejected", "file", "code")
    FILE_WITHDRAWN = ("file.withdrawn", "file")
    FILE_RESTORED = ("file.restored", "file")
    FILE_ERASED = ("file.erased", "file")
    HOLD_SET = ("file.hold_set", "file")
    HOLD_LIFTED = ("file.hold_lifted", "file")
    RECEIPT_ISSUED = ("receipt.issued", "receipt", "about", "about_kind")

    ROSTER_IMPORTED = (
        "roster.imported", "roster", "version", "file", "sent", "stored", "rejected", "rows_digest",
    )  # fmt: skip
    ROSTER_FAILED = ("roster.failed", "roster", "version", "file", "code")
    # A whole list that takes people out of the one in force: it waits for the party's word, takes its
    # place, or does not (`was`: waiting, or current and given back). Counts of people.
    ROSTER_WAITING = (
        "roster.waiting", "roster", "version", "against", "added", "removed", "changed",
    )  # fmt: skip
    ROSTER_REPLACED = (
        "roster.replaced", "roster", "version", "against", "added", "removed", "changed",
    )  # fmt: skip
    ROSTER_DISCARDED = (
        "roster.discarded", "roster", "version", "against", "added", "removed", "changed", "was",
    )  # fmt: skip
    # `members`: how many the version in force has.
    ROSTER_WITHDRAWN = ("roster.withdrawn", "roster", "members")
    ROSTER_RESTORED = ("roster.restored", "roster", "members")
    # A picture of a file, by its number; `row`: the member's `row_ref`.
    SCAN_PAIRED = ("scan.paired", "file", "number", "card", "roster", "row")
    SCAN_WITHDRAWN = ("scan.withdrawn", "file", "number")
    SCAN_BY_NAME = ("scan.by_name", "file", "number")

    SUBMITTED = ("dossier.submitted", "submission", "round", "digest", "files", "lists")
    QUEUED = ("dossier.queued", "submission", "items")
    ROUND_OPENED = ("round.opened", "round", "subjects")
    RESULTS_PUBLISHED = (
        "results.published", "office", "round", "ms", "bms", "tms", "results_digest",
    )  # fmt: skip

    # Of a party's chain: how many of its members are, or may be, somewhere twice. No rival is named.
    DUPLICATES_FOUND = ("duplicates.found", "submission", "internal", "external", "lapsed")
    DUPLICATE_SETTLED = ("duplicate.settled", "subject", "resolution", "kept")
    # Of the system's chain: a dossier compared; all of them compared again, and what was missed.
    DUPLICATES_COMPARED = ("duplicates.compared", "submission", "parties", "rows", "pairs")
    DUPLICATES_PROVEN = ("duplicates.proven", "parties", "rows", "pairs", "missed", "lapsed")
    DUPLICATES_MISSED = ("duplicates.missed", "parties", "missed")
    # Of an office's chain.
    DUPLICATE_STATEMENT = ("item.duplicate_statement", "item", "duplicate", "mine")
    DUPLICATE_SUMMONED = ("item.duplicate_summoned", "item", "duplicate")
    DUPLICATE_REOPENED = ("item.duplicate_reopened", "item", "duplicate")
    DUPLICATE_CLEARED = ("item.duplicate_cleared", "item", "duplicate", "resolution", "kept")

    # A published decision: its correction proposed, dropped, confirmed. The last for the party too.
    CORRECTION_PROPOSED = ("item.correction_proposed", "item", "correction", "reason")
    CORRECTION_DROPPED = ("item.correction_dropped", "item", "correction")
    ITEM_CORRECTED = ("item.corrected", "item", "correction", "decision", "outcome", "reason")
    RESULT_CORRECTED = ("results.corrected", "office", "round", "item", "outcome", "reason")

    # Somebody says he is no member: a row of the party's chain and of the office's. It has a name of its
    # own for each party, so that two of them cannot find out together whom it is about.
    OBJECTION_FILED = ("objection.filed", "objection", "roster", "row")
    OBJECTION_MOVED = ("objection.moved", "objection", "action", "state")

    ITEM_RELEASED = ("item.released", "item")
    ITEM_SKIPPED = ("item.skipped", "item")
    ITEM_FLAGGED = ("item.flagged", "item")
    ITEM_RETURNED = ("item.returned", "item")
    ITEM_REVOKED = ("item.revoked", "item", "holder")
    ITEM_ASSIGNED = ("item.assigned", "item", "holder", "to")
    ITEM_EXPIRED = ("item.expired", "item", "holder")
    ITEM_DECIDED = ("item.decided", "item", "decision", "outcome", "reason")
    DECISION_UNDONE = ("decision.undone", "item", "decision", "undone")
    ROUND_PUBLISHED = ("round.published", "office", "round", "items", "participations")

    # Of the system's chain: what member lists are judged by from now on.
    RULES_CHANGED = ("rules.changed", "version", "preset", "cut_off")

    # Of the system's chain: everything was put aside; `sha256` of the database's file.
    BACKUP_MADE = ("backup.made", "backup", "files", "size", "sha256")
    # Of every chain: what happened after the backup was taken is gone.
    RESTORED = ("backup.restored", "backup", "taken_at", "sha256")

    # A stage's window has a new version; `in_time`: files that came too late for the one before and in
    # time for this one. The first of a party's chain (`own`: for it alone), the second of the system's
    # (`party`: the participation it is for; null: everybody).
    WINDOW_MOVED = (
        "window.moved", "stage", "version", "own", "opens_at", "closes_at", "grace_seconds",
        "was_closes_at", "was_grace_seconds", "in_time",
    )  # fmt: skip
    WINDOW_CHANGED = (
        "window.changed", "stage", "version", "party", "opens_at", "closes_at", "grace_seconds",
        "was_closes_at", "was_grace_seconds", "parties", "in_time",
    )  # fmt: skip

    ACCESSES_SEALED = ("accesses.sealed", "first", "last", "count", "digest")

    # The portal's own events, declared here so that all words stand in one place.
    ACCOUNT_CREATED = ("account.created", "account", "role")
    ACCOUNT_CHANGED = ("account.changed", "account", "fields")
    ACCOUNT_DISABLED = ("account.disabled", "account")
    ACCOUNT_ENABLED = ("account.enabled", "account")
    SIGNED_IN = ("account.signed_in", "account")
    SIGNED_OUT = ("account.signed_out", "account")
    TOKEN_ISSUED = ("token.issued", "account", "token", "scopes")
    TOKEN_REVOKED = ("token.revoked", "account", "token")
    TICKET_ISSUED = ("ticket.issued", "account")
    UPLOAD_GRANTED = ("upload.granted", "file", "requirement", "region", "purpose", "size")
    UPLOAD_ENDED = ("upload.ended", "file", "why")
