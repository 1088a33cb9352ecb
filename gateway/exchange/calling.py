"""The call of an attempt, and what is heard in its answer: steps 2 and 3 of `gateway.exchange.outbound`.

Whatever is raised meanwhile, the attempt ends: it may have left, and what came is kept.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from gateway.casework.desk import Casework, Standing
from gateway.contract.adapter import Heard
from gateway.domain.errors import AgencyUnavailable, GatewayError, Misconfigured, Tampered
from gateway.exchange.attempt import Attempt, Preparing, ask_of
from gateway.exchange.mapping import Mapping, to_case_of
from gateway.exchange.signed_files import SignedFiles
from gateway.exchange.speaking import asked_to_wait
from gateway.exchange.verdict import Judge, Verdict
from gateway.store.outgoing import StoredDelivery
from gateway.transport.errors import NotSent, Stage
from gateway.transport.http import HttpReply, OutboundCall

_log = structlog.get_logger("simojo.outbound")


class Client(Protocol):
    """Sends one call."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Raise NotSent or Unknown of `gateway.transport.errors`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a call brought: the reply, None when none came, and the verdict. `plain`: of a reply that came encrypted.

    `failure` says why the endpoint is not there; `neutral` is a call that says nothing of it. `standing` is the case
    as it was read to understand the reply.
    """

    reply: HttpReply | None
    verdict: Verdict
    plain: bytes | None = None
    failure: str | None = None
    neutral: bool = False
    standing: Standing | None = None


class Calling:
    """Calls and hears. Safe to use from several threads."""

    def __init__(
        self,
        *,
        client: Client,
        preparing: Preparing,
        casework: Casework,
        judge: Judge,
        signed_files: SignedFiles,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._preparing = preparing
        self._casework = casework
        self._judge = judge
        self._signed_files = signed_files
        self._clock = clock

    def call(self, attempt: Attempt) -> Ended:
        """Call the agency, and hear what it answers. Raises nothing that the call or its answer brings about."""
        try:
            reply = self._client.send(attempt.spoken.call)
        except AgencyUnavailable as error:
            return self._failed(attempt, error)
        except Misconfigured as fault:  # a URL or header that HTTP cannot carry: nothing left
            return self._failed(attempt, NotSent(fault.text, code=fault.code, stage=Stage.DNS))
        except Exception as fault:  # noqa: BLE001 - it may have left: whatever was raised, the attempt has to end
            unforeseen("calling", attempt.row, fault)
            return self._failed(attempt, AgencyUnavailable(f"the call ended in an error ({type(fault).__name__})"))
        return self._hear(attempt, reply)

    def _hear(self, attempt: Attempt, reply: HttpReply) -> Ended:
        opened: HttpReply | None = None
        standing: Standing | None = None
        try:
            opened = self._preparing.speaker(attempt.speech.terms).decrypted(attempt.speech, reply)
            heard, standing = self._heard(attempt, opened or reply)
        except GatewayError as error:
            return self._failed(attempt, error, reply, opened)
        except Exception as fault:  # noqa: BLE001 - an answer came and is kept, whatever reading it raised
            unforeseen("reading the answer", attempt.row, fault)
            verdict = self._judge.fault_of_ours(type(fault).__name__)
        else:
            terms, made_at = attempt.speech.terms, attempt.row.made_at
            verdict = self._judge.heard(terms, heard, attempt.tries, self._clock(), made_at=made_at)
        return Ended(reply=reply, verdict=verdict, plain=None if opened is None else opened.body, standing=standing)

    def _failed(
        self,
        attempt: Attempt,
        error: GatewayError,
        reply: HttpReply | None = None,
        opened: HttpReply | None = None,
    ) -> Ended:
        now = self._clock()
        told = asked_to_wait(error, reply, now)
        verdict = self._judge.failed(attempt.speech.terms, told, attempt.tries, now)
        if isinstance(told, AgencyUnavailable) and verdict.hold_s is None:
            verdict = replace(verdict, hold_s=told.after_s)
        return Ended(
            reply=reply,
            verdict=verdict,
            plain=None if opened is None else opened.body,
            failure=told.text if _is_failure(told, reply) else None,
            neutral=isinstance(told, NotSent) and told.stage is Stage.POOL,
        )

    def _heard(self, attempt: Attempt, reply: HttpReply) -> tuple[Heard | None, Standing | None]:
        """What the reply means, and the case that it was understood by."""
        terms = attempt.speech.terms
        payload = self._preparing.speaker(terms).hear(attempt.speech, attempt.spoken, reply, self._clock())
        to_case = to_case_of(terms.interaction)
        if payload is None or to_case is None:
            return None, None
        standing = self._casework.standing(attempt.row.case_id)
        if standing is None:
            raise Tampered(f"case {attempt.row.case_id} is gone", code="history-broken")
        with Mapping(terms.name):
            heard: Heard = to_case(standing.case, ask_of(attempt.row), payload)
        return self._signed_files.checked(heard, standing.case, self._clock()), standing


def unforeseen(doing: str, row: StoredDelivery, fault: Exception) -> None:
    """Log the kind and the place of an error that nobody foresaw; its text may quote personal data."""
    stack = "".join(traceback.format_tb(fault.__traceback__))
    _log.error(
        "unforeseen-fault", doing=doing, delivery=row.id, agency=row.agency, kind=type(fault).__name__, stack=stack
    )


def _is_failure(error: GatewayError, reply: HttpReply | None) -> bool:
    """Whether the endpoint is not there: no connection, no answer in time, or HTTP 5xx. One that says no is there."""
    if not isinstance(error, AgencyUnavailable):
        return False
    return reply is None or reply.status == 408 or reply.status >= 500
