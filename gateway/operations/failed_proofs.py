"""The last failed authentication of each agency and code, kept with its explanation for `simojo agency check`.

Whoever knows an agency's address can fail there in its name, so this is a hint and no evidence: one row for each
agency and code, no bytes of the message, values masked, and no more than a few writes a minute for one address and for
all. What comes beyond that is counted as every refusal is, and not explained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.contract.message import Message
from gateway.domain.errors import HubBusy, Refused, Unauthenticated
from gateway.operations.allowance import Allowance
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import FailedProofRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.diagnosis import Finding, violations
from gateway.trust.diagnosis.budget import MAX_BYTES

EACH: Final = 5
"""Failures of one address that are kept in a minute."""
IN_ALL: Final = 20
"""Failures of all addresses that are kept in a minute."""
MAX_EXPLANATION: Final = 2000

_log = structlog.get_logger("simojo.failed-proofs")


@dataclass(frozen=True, kw_only=True)
class FailedProofs:
    """Keeps what `findings` gives for a message whose sender was not proven."""

    reader: Reader
    unit_of_work: UnitOfWork
    findings: Callable[[Message], Sequence[Finding]]
    allowance: Allowance

    def __call__(self, message: Message, refusal: Refused) -> None:
        """Keep a failure, or leave it when it is no failed proof, too large, or beyond what is kept. Raises nothing.

        A store that cannot write now loses the hint and not the refusal.
        """
        if not isinstance(refusal, Unauthenticated) or len(message.body) > MAX_BYTES:
            return
        if not self.allowance.take(message.address, message.received_at):
            return
        said = "\n".join(
            f"{each.path} ({each.rule}): {each.text}" for each in violations(self.findings(message), masked=True)
        )
        try:
            self._keep(message, refusal.code, said[:MAX_EXPLANATION] or refusal.text[:MAX_EXPLANATION])
        except HubBusy as busy:
            _log.warning("failed-proof-not-kept", agency=message.agency, code=busy.code)

    def _keep(self, message: Message, code: str, explanation: str) -> None:
        key = {"agency": message.agency, "code": code}
        values = {"interaction": message.interaction, "at": message.received_at, "explanation": explanation}
        row = self.reader.failed_proof(message.agency, code)
        change: Change = Claim(FailedProofRow, ("agency", "code"), {**key, **values, "count": 1})
        if row is not None:
            change = Update(FailedProofRow, key, {"count": row.count}, {**values, "count": row.count + 1})
        self.unit_of_work.commit(Plan.of(change))  # who loses the race was a moment older: its hint may go
