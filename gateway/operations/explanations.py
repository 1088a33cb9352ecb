"""What is found wrong with a signed message that was refused, added to the refusal that its sender reads.

The refusal stays what it is: same kind, same code. Findings are added as violations, and nothing is decided here. The
sender hears about its own message alone, so the values in a difference are shown to it; what is logged has none.

A message is walked through once, whoever asks for its findings in the thread that works on it: who keeps the failed
proof asks first, and then who explains it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from gateway.contract.message import Message
from gateway.dialect.jws import HEADER
from gateway.dialect.party import Party
from gateway.domain.errors import Refused, Violation
from gateway.operations.allowance import Allowance
from gateway.trust.diagnosis import Finding, Step, explain_envelope, explain_jws, violations
from gateway.trust.diagnosis.budget import MAX_BYTES

_log = structlog.get_logger("simojo.explanations")

EACH = 10
"""Explanations that one address is given in a minute."""
IN_ALL = 60
"""Explanations that all addresses together are given in a minute.

A walk costs half a second of one processor at the very most (`gateway.trust.diagnosis.budget`). Besides those that
explain there are the walks of failed proofs that are kept and not explained: 20 a minute at most, so 80 in all, 40 s.
"""


@dataclass(frozen=True, kw_only=True)
class Explanations:
    """Explains refusals. `audience` is the hub's id in `aud`.

    `headline` names a finding in the language that the headers of the request ask for.
    """

    party: Callable[[str], Party]
    audience: str
    allowance: Allowance
    headline: Callable[[Finding, Mapping[str, str]], str]
    _last: threading.local = field(default_factory=threading.local, init=False, repr=False, compare=False)

    def __call__(self, message: Message, refusal: Refused) -> Refused:
        """Give the same refusal with what else was found, as violations. Raises what the store raises."""
        if len(message.body) > MAX_BYTES:
            said = f"not tried: {len(message.body)} bytes are more than the {MAX_BYTES} that are explained"
            return _with(refusal, (Violation(path=str(Step.SHAPE), rule="not-tried", text=said),))
        if not self.allowance.take(message.address, message.received_at):
            said = (
                f"not tried: this address has had its {self.allowance.each} explanations of this minute; wait a little"
            )
            return _with(refusal, (Violation(path=str(Step.SHAPE), rule="not-tried", text=said),))
        findings = self.findings(message)
        failed = [each for each in findings if not each.passed]
        _log.info(
            "explained",
            agency=message.agency,
            code=refusal.code,
            steps=[str(each.step) for each in failed],
            mistakes=[str(each.mistake) for each in failed if each.mistake],
        )
        told = zip(failed, violations(failed, masked=False), strict=True)
        return _with(
            refusal,
            tuple(replace(one, text=f"{self.headline(each, message.headers)}\n{one.text}") for each, one in told),
        )

    def findings(self, message: Message) -> tuple[Finding, ...]:
        """What a walk through the message as its transport has it finds, the same for as long as it is worked on.

        Raises what the store raises, of the message nothing.
        """
        last: tuple[weakref.ref[Message], tuple[Finding, ...]] | None = getattr(self._last, "walk", None)
        if last is not None and last[0]() is message:
            return last[1]
        found = self._walk(message)
        self._last.walk = weakref.ref(message), found
        return found

    def _walk(self, message: Message) -> tuple[Finding, ...]:
        party = self.party(message.agency)
        if message.transport.is_soap:
            return explain_envelope(message.body, party.certificates, message.received_at)
        return explain_jws(
            message.headers.get(HEADER.lower(), ""),
            message.body,
            party.certificates,
            message.received_at,
            self.audience,
            agency=message.agency,
            interaction=message.interaction,
        )


def _with(refusal: Refused, found: tuple[Violation, ...]) -> Refused:
    return type(refusal)(
        refusal.text, code=refusal.code, clause=refusal.clause, violations=(*refusal.violations, *found)
    )
