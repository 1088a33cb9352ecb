"""Where a case can stand: the nodes of the lifecycle diagram, and sets of them that rules speak about."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The stage of a case. The order follows Pasal 11(3), with the number reserved before the signature."""

    REGISTERED = "registered"
    """Lodged, not yet known to be complete."""
    INCOMPLETE = "incomplete"
    """Sent back before the tanda terima was given."""
    COMPLETE = "complete"
    """Tanda terima given; the service clock runs (12(4))."""
    RETURNED = "returned"
    """Sent back after the tanda terima; the service clock stands."""
    VERIFIED = "verified"
    VALIDATED = "validated"
    """Technical recommendations are awaited."""
    RECOMMENDED = "recommended"
    """All recommendations are in, or none was needed."""
    APPROVED = "approved"
    CHARGED = "charged"
    """An SKRD is issued and unpaid."""
    PAID = "paid"
    NUMBERED = "numbered"
    """A number is reserved, not yet in force."""
    PREPARED = "prepared"
    SIGNING = "signing"
    """Released by the official; the certified signature is awaited from its service."""
    PRINTED = "printed"
    """Electronic: printed after the number came into force. Wet ink: printed, to be signed (16(2))."""
    SIGNED = "signed"
    ACTIVE = "active"
    """The number is in force: the permit is valid."""
    HANDED_OVER = "handed-over"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    """The charge was not paid in time (14(4))."""
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class Residency(StrEnum):
    """What the population registry said of the applicant's NIK."""

    UNCHECKED = "unchecked"
    VERIFIED = "verified"
    REFUTED = "refuted"


class Finding(StrEnum):
    """What another register said of the applicant: the tax register of the NPWP, the business register of the NIB."""

    UNCHECKED = "unchecked"
    CONFIRMED = "confirmed"
    DOUBTFUL = "doubtful"


class Hold(StrEnum):
    """Why the service clock stands."""

    OFFICE = "office"
    """An officer paused it."""
    RETURNED = "returned"
    """The applicant has to mend the application."""
    SUSPENDED = "suspended"
    """The survey is not filled in (17(4))."""


EVERY_STAGE = tuple(Stage)

ENDED = (Stage.HANDED_OVER, Stage.REJECTED, Stage.LAPSED, Stage.WITHDRAWN, Stage.REVOKED)
"""Nothing more is done, save what the table still lists for these stages."""

LIVE = tuple(stage for stage in Stage if stage not in ENDED)

CORRECTABLE = (Stage.REGISTERED, Stage.INCOMPLETE, Stage.RETURNED, Stage.COMPLETE, Stage.VERIFIED)
"""The application can still be mended (12(1)): nobody outside has judged it yet."""

UNDECIDED = (Stage.COMPLETE, Stage.VERIFIED, Stage.VALIDATED, Stage.RECOMMENDED)
"""Under the office's examination."""

ON_THE_WAY = (
    Stage.APPROVED,
    Stage.CHARGED,
    Stage.PAID,
    Stage.NUMBERED,
    Stage.PREPARED,
    Stage.SIGNING,
    Stage.PRINTED,
    Stage.SIGNED,
    Stage.ACTIVE,
)
"""Approved and not yet handed over: the survey is due (17(2))."""
