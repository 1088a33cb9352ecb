"""The error tree. An error is named by what the caller does next.

    GatewayError
    |-- Retriable          wait, then send the same again
    |   |-- AgencyUnavailable    the other side is down, slow or over its quota
    |   |-- HubBusy              our store or our queue cannot take it now
    |   |-- RateLimited          the sender has sent all that it may for now
    |   `-- MappingFault         an adapter's mapping raised: a fault of the hub, never of the sender
    |-- Refused            change the message (or the agreement) before sending again
    |   |-- Unauthenticated      we do not know who sent it, so nothing it says is believed
    |   |-- Unauthorised         we know who, and no agreement covers it
    |   |-- Malformed            it cannot be read
    |   |-- SchemaViolation      it can be read and breaks the agreed schema or the agreed fields
    |   |-- Replayed             the message id was used before with other content
    |   `-- CaseRefusal          the permit case does not allow it (Pasal 11 to 18)
    |-- Tampered           stop, keep the evidence, call a person
    |   `-- LedgerBroken         stored bytes or leaves no longer match the ledger
    `-- Misconfigured      an operator mends a setting, a file or a key, then starts again

Every error carries a stable `code` (kebab-case, never translated, part of the public interface), a sentence that
says what was wrong and what to do, the `clause` of the agreement or of the law that it breaks, and all
`violations` with their paths. HTTP statuses and SOAP fault codes exist only at the edge.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One broken rule: where (`path`, a JSON pointer or XPath), which (`rule`), and what was expected (`text`)."""

    path: str
    rule: str
    text: str


class GatewayError(Exception):
    """The root of every error that the gateway raises on purpose.

    `text` is for a person; `code` is for a program; `clause` names the agreement clause or Pasal at stake.
    """

    default_code = "gateway-error"
    default_clause = ""

    def __init__(
        self,
        text: str,
        *,
        code: str | None = None,
        clause: str = "",
        violations: tuple[Violation, ...] = (),
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code or self.default_code
        self.clause = clause or self.default_clause
        self.violations = violations


class Retriable(GatewayError):
    """Nothing was decided. The same message may be sent again after `after_s` seconds (None: as the schedule says)."""

    default_code = "try-again"

    def __init__(self, text: str, *, code: str | None = None, clause: str = "", after_s: int | None = None) -> None:
        super().__init__(text, code=code, clause=clause)
        self.after_s = after_s


class AgencyUnavailable(Retriable):
    """The agency did not answer, or answered that it cannot now."""

    default_code = "agency-unavailable"


class HubBusy(Retriable):
    """The store or a queue of the hub cannot take more at this moment; nothing was kept."""

    default_code = "hub-busy"


class RateLimited(Retriable):
    """The sender has sent as much as it may for now; nothing was kept."""

    default_code = "rate-limited"
    default_clause = "Pasal 20 d"


class MappingFault(Retriable):
    """An adapter's mapping function raised. The message stays as it is until the adapter is mended."""

    default_code = "mapping-fault"


class Refused(GatewayError):
    """A final no. The sender changes something before sending again."""

    default_code = "refused"


class Unauthenticated(Refused):
    """The sender is not proven: signature, certificate, token or credentials are missing, wrong or not allowed."""

    default_code = "not-authenticated"
    default_clause = "Pasal 20 d"


class Unauthorised(Refused):
    """The sender is known and no active agreement covers what it asks (Pasal 21(2))."""

    default_code = "not-agreed"
    default_clause = "Pasal 21(2)"


class Malformed(Refused):
    """The bytes are not what their type says, or are larger or deeper than allowed."""

    default_code = "malformed"
    default_clause = "Pasal 21(2)c.3"


class SchemaViolation(Refused):
    """The document breaks the agreed schema (Pasal 21(2)c.3) or carries personal data beyond the agreement."""

    default_code = "schema-violation"
    default_clause = "Pasal 21(2)c.3"


class Replayed(Refused):
    """The message id is taken by a message with other content."""

    default_code = "message-id-reused"
    default_clause = "Pasal 22(1)"


class CaseRefusal(Refused):
    """The permit case does not allow this step now. The text names the step, the state and the Pasal."""

    default_code = "case-refused"


class Tampered(GatewayError):
    """Evidence does not match itself. Nothing is repaired automatically."""

    default_code = "tampered"


class LedgerBroken(Tampered):
    """A leaf, a tree node, a checkpoint or stored bytes differ from what was committed."""

    default_code = "ledger-broken"


class Misconfigured(GatewayError):
    """The gateway cannot run as configured. The text says which setting, file or key, and what to put there."""

    default_code = "misconfigured"
