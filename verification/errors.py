"""Every refusal of the domain, named for what happened.

How HTTP says it is the portal's business.
"""

from __future__ import annotations


class DomainError(Exception):
    """A rule of the process says no. The sentence is for logs; people get the portal's words."""


class NotFound(DomainError):
    """No such object, or not one this actor may know of: the two must look the same."""


class NotAllowed(DomainError):
    """The state machine or the role does not permit this action now."""


class Stale(DomainError):
    """The object has changed since the page or client last read it."""


class NothingToClaim(DomainError):
    """The office's queue holds no item that this verifier could take."""


class LeaseLost(DomainError):
    """The item is no longer held by this verifier."""


class OutcomeNotAllowed(DomainError):
    """This round does not know that outcome."""


class ReasonRequired(DomainError):
    """BMS and TMS need a reason code that fits outcome and subject, `…lainnya` a note besides; a
    withdrawal needs a reason."""


class DossierLocked(DomainError):
    """The dossier, or this part of it, has been submitted and is not open for repair."""


class WindowClosed(DomainError):
    """The stage's window is not open for this party."""


class UnknownRequirement(DomainError):
    """No requirement of that code for that purpose."""


class OutOfScope(DomainError):
    """The region lies outside what this account works on."""


class QuotaExceeded(DomainError):
    """The party's storage quota would be exceeded."""


class DossierChanged(DomainError):
    """The digest sent with a submission is not the digest of the dossier as it stands."""


class NothingToSubmit(DomainError):
    """The dossier holds nothing that could be submitted."""


class RoundNotReady(DomainError):
    """Items of this office are still undecided, so its round cannot be published."""


class AlreadyPublished(DomainError):
    """The office has published this round."""


class NoSuchMember(DomainError):
    """No member of a list in force has this card number or NIK."""


class OnHold(DomainError):
    """A legal hold forbids erasing this."""


class DuplicateOpen(DomainError):
    """The member is, or may be, in another list as well, and that is not settled: no MS yet."""


class RulesNotSound(DomainError):
    """Rules for member lists lack something, or say what cannot be."""


class WindowNotSound(DomainError):
    """A window would close before it opens, or its times lie beyond what can be meant."""


class WindowPast(DomainError):
    """A window would close at a moment that has passed."""


class WindowShortened(DomainError):
    """A window that has opened would lose time on which parties rely."""


class WindowUnchanged(DomainError):
    """A new version of a window would say what the one that holds says already."""


class LegalBasisMissing(DomainError):
    """What is prescribed names no legal basis, or one too long to be one."""


class CorrectionRefused(DomainError):
    """What is published stands: no settled duplicate takes this member away, or it is proposed already."""


class ClearingRefused(DomainError):
    """The rules do not settle this pair that way now: a statement or a summons comes first."""


class StillListed(DomainError):
    """The party's list in force still has the member who is to be written down as struck."""
