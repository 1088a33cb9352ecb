"""Every table of the store, by theme: parties, cases, exchanges, outbox, ledger, office.

Conventions: instants are UTC (`UtcDateTime`), amounts are whole rupiah, documents are text or exact bytes. A column
that is written once never changes; what changes is guarded by a version or a fence (see `plan`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from gateway.store.types import Serial, UtcDateTime

# --- parties ------------------------------------------------------------------------------------------------------


class AgencyRow(SQLModel, table=True):
    """An agency that has an adapter. `suspended` holds the reason while it may not exchange; null when it may."""

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    name: str
    kind: str
    suspended: str | None = Field(default=None, sa_type=Text)


class EndpointRow(SQLModel, table=True):
    """Where an agency listens, set by staff. `interaction` is a name, or `*` for all of them."""

    __tablename__ = "endpoint"

    agency: str = Field(primary_key=True)
    interaction: str = Field(primary_key=True)
    url: str


class CredentialRow(SQLModel, table=True):
    """A secret of an agency's dialect, sealed under the master key."""

    __tablename__ = "credential"

    agency: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)


class CertificateRow(SQLModel, table=True):
    """A certificate that staff registered for an agency, with the evidence that the agency holds its key."""

    __tablename__ = "certificate"

    fingerprint: str = Field(primary_key=True)
    agency: str = Field(index=True)
    pem: str = Field(sa_type=Text)
    possession: str = Field(sa_type=Text)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_because: str | None = Field(default=None, sa_type=Text)


class AgreementRow(SQLModel, table=True):
    """One immutable version of an agreement. `body` is its canonical form (RFC 8785), `hash` that form's SHA-256."""

    __tablename__ = "agreement"

    id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    agency: str = Field(index=True)
    state: str
    hash: str
    body: str = Field(sa_type=Text)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    activated_as: str | None = None


# --- cases --------------------------------------------------------------------------------------------------------


class CaseRow(SQLModel, table=True):
    """A permit case as it stands. `version` counts its events; `next_order` numbers its deliveries."""

    __tablename__ = "permit_case"

    id: str = Field(primary_key=True)
    version: int
    service: str
    origin: str
    stage: str
    ended: bool
    opened_at: datetime = Field(sa_type=UtcDateTime, index=True)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    next_order: int
    body: str = Field(sa_type=Text)


class CaseEventRow(SQLModel, table=True):
    """A fact. `occurred_at` is when it happened, `entered_at` when it was entered (Pasal 26(4))."""

    __tablename__ = "case_event"

    case_id: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    kind: str
    body: str = Field(sa_type=Text)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    entered_at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    exchange: str | None = None


class CaseReferenceRow(SQLModel, table=True):
    """An outside name of a case, as a keyed hash: found by who knows the name, told to nobody who reads the table."""

    __tablename__ = "case_reference"

    digest: str = Field(primary_key=True)
    case_id: str = Field(primary_key=True)
    kind: str


class OpeningRow(SQLModel, table=True):
    """The key under which a case was opened: the same key never opens a second one."""

    __tablename__ = "case_opening"

    digest: str = Field(primary_key=True)
    case_id: str


class DeadlineRow(SQLModel, table=True):
    """When a timer must look at a case again."""

    __tablename__ = "deadline"

    case_id: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    due_at: datetime = Field(sa_type=UtcDateTime, index=True)


class DocumentRow(SQLModel, table=True):
    """A document that the office made or keeps for a case, by its SHA-256."""

    __tablename__ = "document"

    case_id: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    kind: str
    media_type: str
    body: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = Field(sa_type=UtcDateTime)


class CounterRow(SQLModel, table=True):
    """The last number given out under a name."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    value: int


class PinChallengeRow(SQLModel, table=True):
    """A PIN that was sent to a person for one step of one case over one document digest (Pasal 13(3)).

    The PIN itself is derived from the master key and this id when it is sent and when it is checked; it is not here.
    """

    __tablename__ = "pin_challenge"

    id: str = Field(primary_key=True)
    person: str
    phone: str
    case_id: str
    step: str
    digest: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    wrong: int = 0
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


# --- exchanges ----------------------------------------------------------------------------------------------------


class ExchangeRow(SQLModel, table=True):
    """One exchange with an agency, either direction. `verdict` is `accepted`, `refused` or, outbound, its delivery's.

    `content` is the keyed digest of the verified business content: with (direction, agency, message_id) it is the
    message's identity. Only final outcomes of authenticated senders bind an id (`bound`); a refusal that binds
    nothing has a null message id.
    """

    __tablename__ = "exchange"
    __table_args__ = (
        Index("exchange_identity", "direction", "agency", "message_id", unique=True),
        Index("exchange_case", "case_id"),
        Index("exchange_at", "at", "id"),
    )

    id: str = Field(primary_key=True)
    direction: str
    agency: str
    interaction: str
    agreement: str | None = None
    message_id: str | None = None
    relates_to: str | None = None
    content: str | None = None
    case_id: str | None = None
    verdict: str
    code: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
    sealed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    status: int | None = None


class PartRow(SQLModel, table=True):
    """Exact bytes of one part of an exchange: `request`, `answer-body`, `answer`, `sent-1`, `reply-1`, ..."""

    __tablename__ = "exchange_part"

    exchange: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    headers: str = Field(sa_type=Text)
    body: bytes = Field(sa_type=LargeBinary)


class RefusalTallyRow(SQLModel, table=True):
    """Refusals of unproven senders, counted per address, minute and code, until the minute becomes one leaf."""

    __tablename__ = "refusal_tally"

    minute: datetime = Field(sa_column=Column(UtcDateTime, primary_key=True))
    address: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    count: int


# --- outbox -------------------------------------------------------------------------------------------------------


class DeliveryRow(SQLModel, table=True):
    """Something to be said to an agency, from an Ask of a case.

    `queue` and `position` keep the order per case and agency. `fence` grows with each claim: a result that carries an
    older fence is not written. `message_id` and the payload part of the exchange are made once, at the first attempt.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_due", "state", "due_at"),
        Index("delivery_queue", "queue", "position"),
    )

    id: str = Field(primary_key=True)
    queue: str
    position: int
    agency: str
    interaction: str
    agreement: str
    agreement_version: str
    case_id: str
    case_version: int
    ask_kind: str
    ask_body: str = Field(sa_type=Text)
    state: str
    message_id: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    attempts: int = 0
    fence: int = 0
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    payload: str | None = Field(default=None, sa_type=Text)
    cause: str | None = Field(default=None, sa_type=Text)


class AttemptRow(SQLModel, table=True):
    """One try of a delivery: when it started, under which fence, and how it ended."""

    __tablename__ = "attempt"

    delivery: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    fence: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    detail: str | None = Field(default=None, sa_type=Text)


# --- ledger -------------------------------------------------------------------------------------------------------


class LeafRow(SQLModel, table=True):
    """A committed leaf: its canonical bytes and hash. `tree_index` is null until the integrator has placed it."""

    __tablename__ = "leaf"
    __table_args__ = (
        Index(
            "leaf_pending",
            "serial",
            sqlite_where=text("tree_index IS NULL"),
            postgresql_where=text("tree_index IS NULL"),
        ),
        Index("leaf_exchange", "exchange"),
    )

    serial: int | None = Field(default=None, sa_column=Column(Serial, primary_key=True, autoincrement=True))
    id: str = Field(unique=True)
    exchange: str | None = None
    case_id: str | None = None
    canonical: bytes = Field(sa_type=LargeBinary)
    hash: bytes = Field(sa_type=LargeBinary)
    tree_index: int | None = Field(default=None, unique=True)


class TileRow(SQLModel, table=True):
    """Up to 256 hashes of the tree at one level, as C2SP tlog-tiles lays them out."""

    __tablename__ = "tile"

    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    hashes: bytes = Field(sa_type=LargeBinary)


class CheckpointRow(SQLModel, table=True):
    """A signed checkpoint, by the tree size that it covers."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True)
    note: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)


class TreeHeadRow(SQLModel, table=True):
    """The single row that an integrator advances: the size of the tree."""

    __tablename__ = "tree_head"

    id: int = Field(primary_key=True)
    size: int


class DataKeyRow(SQLModel, table=True):
    """A key that commitments and digests of one case, or of one day without a case, are made with; wrapped."""

    __tablename__ = "data_key"

    scope: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=LargeBinary)


# --- staff --------------------------------------------------------------------------------------------------------


class TokenRow(SQLModel, table=True):
    """An API token of a member of staff: only its hash is kept."""

    __tablename__ = "api_token"

    hash: str = Field(primary_key=True)
    name: str
    scopes: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
