"""The work on the office's files, a slice at a time: whoever runs it may be ended between two, or killed within one.

    making       portions of cases, and between them those that were put aside and are due; then the end of its form
    sealing      the SHA-256 of all bytes, the token, the manifest; a file without records has ended
    announcing   until the agency has acknowledged the manifest
    sending      until the agency has all bytes
    awaiting     until the agency's report is its last one
    fetching     until the result is here, and is the one that the report names
    applying     portions of its lines, then the records that none named
    ending       until no line is put aside; then the digest of the account, our report and its leaf

A call that failed is made again by the agreement's retry schedule, not before Retry-After; after the agreed attempts in
a row, and where the agency refused, the file is stopped and a person decides. What is taken resets the count. While the
circuit of the endpoint is open the file waits.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.dialect.party import Hub
from gateway.domain.errors import AgencyUnavailable
from gateway.exchange.backoff import wait_before
from gateway.exchange.batch.documents import ANSWER, FILE, OFFICE_WORK, RESULTS, BatchState
from gateway.exchange.batch.hands import Hand
from gateway.exchange.batch.moves import Lost
from gateway.exchange.batch.office.announcing import Announcing, manifest_of
from gateway.exchange.batch.office.applying import AnswerReading, Answers
from gateway.exchange.batch.office.calls import Calls
from gateway.exchange.batch.office.ending import Stop, end_plan, stop_plan, token_name
from gateway.exchange.batch.office.hearing import Hearing
from gateway.exchange.batch.office.line import Held, Line
from gateway.exchange.batch.office.making import Making
from gateway.exchange.batch.office.sending import Sending
from gateway.exchange.batch.slices import MAX_HELD, Slices
from gateway.exchange.directory import Directory
from gateway.exchange.speaking import AgencyRefused, RestSpeaker
from gateway.store.plan import Plan
from gateway.store.unit_of_work import Writing
from gateway.trust.compact import encode
from gateway.validation.library import SchemaLibrary

TOKEN_BYTES = 32

_log = structlog.get_logger("simojo.batches")


class OfficeFiles(Slices):
    """Works on the office's files. One for the process, called by one thread at a time.

    `random_bytes` gives that many unpredictable bytes, `jitter` 0 to 1.
    """

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        unit_of_work: Writing,
        clock: Callable[[], datetime],
        line: Line,
        speaker: RestSpeaker,
        hub: Hub,
        random_bytes: Callable[[int], bytes],
        seconds: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(casework=casework, unit_of_work=unit_of_work, clock=clock, states=OFFICE_WORK, seconds=seconds)
        self._library = library
        self._random_bytes = random_bytes
        self._jitter = jitter
        moves = self._moves
        self._calls = Calls(directory=directory, library=library, hub=hub, line=line)
        self._making = Making(directory=directory, library=library, casework=casework, moves=moves, clock=clock)
        self._announcing = Announcing(calls=self._calls, speaker=speaker, casework=casework, moves=moves, clock=clock)
        self._sending = Sending(
            calls=self._calls,
            reader=casework.reader,
            moves=moves,
            clock=clock,
            seconds=seconds,
            draw_out=self._draw_out,
        )
        self._hearing = Hearing(calls=self._calls, casework=casework, moves=moves, clock=clock, seconds=seconds)
        self._reading = AnswerReading(
            directory=directory,
            library=library,
            casework=casework,
            records=Answers(casework, library),
            moves=moves,
            clock=clock,
            seconds=seconds,
        )

    # --- slices -------------------------------------------------------------------------------------------------------

    def _slice(self, hand: Hand) -> bool:
        try:
            return self._step(hand)
        except Stop as stop:
            self._stop(hand, stop)
        except AgencyRefused as refused:
            self._stop(hand, Stop(refused.text, code=refused.code))
        except Held as held:
            self._pause(hand, (held.until - self._clock()).total_seconds(), held.text)
        except AgencyUnavailable as away:
            self._again(hand, away)
        return False

    def _step(self, hand: Hand) -> bool:
        match hand.row.state:
            case BatchState.MAKING:
                return self._make(hand)
            case BatchState.SEALING:
                return self._seal(hand)
            case BatchState.ANNOUNCING:
                self._for_a_call(hand)
                return self._announcing.announce(hand)
            case BatchState.SENDING:
                self._for_a_call(hand)
                return self._sending.send(hand)
            case BatchState.AWAITING:
                self._for_a_call(hand)
                return self._hearing.ask(hand)
            case BatchState.FETCHING:
                return self._fetch(hand)
            case BatchState.APPLYING:
                return self._apply(hand)
            case BatchState.ENDING:
                return self._end(hand)
            case _:
                return False

    def _make(self, hand: Hand) -> bool:
        if self._making.try_held(hand):
            return True
        if hand.row.held >= MAX_HELD:
            cause = f"{hand.row.held} cases could not be mapped and are tried again: no more are asked before"
            return self._wait_for_held(hand, cause)
        if self._making.portion(hand):
            return True
        if hand.row.held:
            return self._wait_for_held(hand, f"{hand.row.held} cases could not be mapped and are tried again")
        whole, size = self._making.whole(hand), self._making.size_when_whole(hand)
        self._moves.moved(hand, whole, state=BatchState.SEALING.value, size=size, position=0, cause=None)
        return True

    def _seal(self, hand: Hand) -> bool:
        row = hand.row
        if not row.records:
            cause = "no case is in it: nothing was sent"
            self._moves.moved(hand, state=BatchState.ENDING.value, cause=cause)
            return True
        if not self._digest(hand, FILE, row.size):
            return True
        token = encode(self._random_bytes(TOKEN_BYTES))
        sha256 = hand.digest.hexdigest()
        manifest, digest = manifest_of(row, row.size, sha256, token)
        kept = Plan(self._casework.vault.secrets.seal_credential(row.agency, token_name(row.id), token))
        state = BatchState.ANNOUNCING.value
        self._moves.moved(hand, kept, state=state, manifest=manifest, sha256=sha256, token=digest)
        return True

    def _fetch(self, hand: Hand) -> bool:
        self._for_a_call(hand)
        if not self._hearing.fetch(hand):
            return True
        if self._digest(hand, ANSWER, hand.row.answer_size):
            if hand.row.answer_size:
                self._hearing.check_digest(hand, hand.digest.hexdigest())
            self._moves.moved(hand, state=BatchState.APPLYING.value)
        return True

    def _apply(self, hand: Hand) -> bool:
        if self._reading.try_held(hand):
            return True
        if hand.row.held >= MAX_HELD:
            cause = f"{hand.row.held} lines could not be mapped and are tried again: no more are read before"
            return self._wait_for_held(hand, cause)
        self._reading.fill(hand)
        if hand.pending:
            self._reading.portion(hand)
            return True
        if not (hand.is_over or hand.broken) or self._reading.tell_lacking(hand):
            return True
        ends_as, found = self._found(hand)
        self._moves.moved(hand, state=BatchState.ENDING.value, ends_as=ends_as.value, cause=found)
        return True

    def _found(self, hand: Hand) -> tuple[BatchState, str | None]:
        """How a file ends whose result was read, and what staff should know of it."""
        row, said = hand.row, []
        ends_as = BatchState(row.ends_as or BatchState.COMPLETED)
        report = self._hearing.report(row)
        if report["state"] != BatchState.COMPLETED or "cause" in report:
            said.append(f"the agency says {report['state']}: {report.get('cause', '')}")
        if hand.broken:
            ends_as = BatchState.BROKEN
            said.append(f"the agency's result cannot be read: {hand.broken}")
        if row.lacking and hand.told is not None:
            said.append("the result lacks records of the file (no-result)")
        if hand.told is not None and hand.told.strangers:
            said.append(f"{hand.told.strangers} lines of the result name no record of the file, or one twice")
        return ends_as, "; ".join(said)[:1000] or None

    def _end(self, hand: Hand) -> bool:
        row = hand.row
        if row.held:
            return self._reading.try_held(hand) or self._wait_for_held(hand, row.cause)
        if not self._digest(hand, RESULTS, row.result_size):
            return True
        digest = hand.digest.hexdigest()
        self._moves.carry_out(end_plan(row, digest, self._casework, self._library, self._clock()))
        _log.info("batch-ended", batch=row.id, state=row.ends_as, read=row.read, failed=row.failed)
        return False

    # --- what an agency's failure means -------------------------------------------------------------------------------

    def _for_a_call(self, hand: Hand) -> None:
        """Let the claim outlast a call."""
        self._draw_out(hand, self._calls.under(hand.row).timeout)

    def _again(self, hand: Hand, away: AgencyUnavailable) -> None:
        schedule = self._calls.under(hand.row).terms.agreed.retry
        tries = hand.row.tries + 1
        if tries >= schedule.attempts:
            self._stop(hand, Stop(f"{away.text} ({tries} attempts in a row, as agreed)", code=away.code))
            return
        wait = wait_before(schedule, tries, self._jitter, away.after_s)
        self._pause(hand, wait.total_seconds(), away.text, tries=tries)

    def _stop(self, hand: Hand, stop: Stop) -> None:
        now = self._clock()
        try:
            self._moves.carry_out(stop_plan(hand.row, stop, self._casework, now))
        except Lost:
            return
        _log.error("batch-stopped-for-a-person", batch=hand.row.id, state=hand.row.state)
