"""An SMS aggregator: busy, rejecting, silent; reports that come late, twice, never, out of order, contradictory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.office.signing import PinStep
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.stage import DEWI, Stage
from tests.exchange.tables.answers import HTML, answered, retried
from tests.exchange.tables.row import Does, Row, row
from tests.exchange.tables.scenes import ACTOR, COUNTED, brought, notice, refused, told
from tests.exchange.town import raw, says

ANOTHER_WAY = "tell the applicant another way, and note the proof"


def _notice(stage: Stage) -> DeliveryRow:
    return told(stage, "sms")


def _pin(stage: Stage) -> DeliveryRow:
    case = brought(stage, At.RECOMMENDED)
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    rows = stage.hub.store.reader.deliveries(case_id=case.id, limit=100)
    (found,) = (row for row in rows if row.interaction == "send-pin")
    return found


_answered = partial(answered, to=_notice)
_again = partial(retried, to=_notice)

ANSWERS: tuple[Row, ...] = (
    _again(
        "the queue is full",
        '`{"status": "busy"}`',
        "not-sent",
        "by the agreed schedule, under the same reference",
        lambda _: says({"status": "busy", "text": "antrean penuh"}),
    ),
    _answered(
        name="the number is refused",
        wire='`{"status": "rejected", "text": "nomor tidak dikenal"}`',
        does=Does.ASK,
        state="answered",
        hub="nothing is sent again",
        says=lambda _: says({"status": "rejected", "text": "nomor tidak dikenal"}),
        attention="SMS ditolak penyedia (nomor tidak dikenal)",
        staff="correct the number, or tell the applicant another way",
    ),
    _again("closed", "HTTP 503", "not-sent", "it was not taken; by the schedule", lambda _: raw(b"", 503)),
    _again(
        "it fails",
        "HTTP 500",
        "unknown",
        "nobody knows whether it was taken: the aggregator drops a second message with the same reference",
        lambda _: raw(b"oops", 500),
    ),
    _again("a maintenance page", "HTTP 200, HTML", "unknown", "the same", lambda _: raw(HTML)),
    _again(
        "another form than agreed",
        '`{"status": "ok"}`',
        "unknown",
        "the same: whatever it means, it was not agreed",
        lambda _: says({"status": "ok"}),
    ),
    _answered(
        name="HTTP refuses the office",
        wire="HTTP 401",
        does=Does.ASK,
        state="dead",
        hub="a dead letter",
        says=lambda _: raw(b"", 401),
        attention="Instansi menolak pesan",
        staff="mend the key and redrive it",
    ),
    answered(
        name="it fails while it takes a PIN",
        wire="HTTP 500",
        does=Does.ASK,
        state="dead",
        hub="a PIN is never repeated",
        to=_pin,
        says=lambda _: raw(b"oops", 500),
        attention="pengulangan tidak disepakati",
        staff="its owner asks for a new one sooner",
    ),
)


# --- reports ------------------------------------------------------------------------------------------------------


def _charged(stage: Stage) -> tuple[PermitCase, dict[str, Any]]:
    """A case whose charge notice was sent, and the report that it was delivered a minute ago."""
    case = brought(stage, At.CHARGED)
    at = (stage.clock() - timedelta(minutes=1)).astimezone(JAKARTA).isoformat(timespec="seconds")
    reference = f"{notice(stage, case, 'sms', 'charge').message_id}/charge"
    return case, {"reference": reference, "status": "DELIVRD", "done_at": at, "error": "000"}


def _acknowledged(stage: Stage, report: Mapping[str, Any]) -> voices.Said:
    said = voices.report(stage, report)
    assert said.status == 200
    assert said.json["messageId"] == f"{report['reference']}:{report['status']}"
    return said


def _period_runs(stage: Stage, case: PermitCase) -> bool:
    return "payment-lapse" in {row.kind for row in stage.hub.store.reader.deadlines(case.id)}


def _in_time(stage: Stage) -> None:
    case, report = _charged(stage)
    _acknowledged(stage, report)
    assert _period_runs(stage, case)


def _late(stage: Stage) -> None:
    case, report = _charged(stage)
    stage.clock.advance(days=3)
    _acknowledged(stage, report)
    received = stage.case(case.id).charge_notice_received_at
    assert received is not None
    assert received.astimezone(JAKARTA).isoformat(timespec="seconds") == report["done_at"]


def _twice(stage: Stage) -> None:
    case, report = _charged(stage)
    first = _acknowledged(stage, report)
    with stage.unchanged("exchange", "leaf"):
        assert _acknowledged(stage, report).body == first.body
    assert len(stage.case(case.id).notices) == 1


def _never(stage: Stage) -> None:
    case, _ = _charged(stage)
    assert not _period_runs(stage, case)
    assert stage.case(case.id).charge_notice_received_at is None


def _failed(stage: Stage, status: str) -> None:
    case, report = _charged(stage)
    _acknowledged(stage, {**report, "status": status, "error": "027"})
    assert not _period_runs(stage, case)
    (text,) = stage.case(case.id).attention
    assert f"stat:{status} err:027" in text


def _delivered_and_then_not(stage: Stage) -> None:
    case, report = _charged(stage)
    _acknowledged(stage, report)
    _acknowledged(stage, {**report, "status": "UNDELIV"})
    assert _period_runs(stage, case)
    assert len(stage.case(case.id).attention) == 1


def _not_delivered_and_then_yes(stage: Stage) -> None:
    case, report = _charged(stage)
    _acknowledged(stage, {**report, "status": "UNDELIV"})
    _acknowledged(stage, report)
    assert _period_runs(stage, case)
    assert len(stage.case(case.id).attention) == 1


def _out_of_order(stage: Stage) -> None:
    case, report = _charged(stage)
    earlier = {**report, "reference": f"{notice(stage, case, 'sms', 'approved').message_id}/approved"}
    _acknowledged(stage, report)
    _acknowledged(stage, earlier)
    assert [each.notice.value for each in stage.case(case.id).notices] == ["charge", "approved"]


def _another_time(stage: Stage) -> None:
    case, report = _charged(stage)
    _acknowledged(stage, report)
    later = (stage.clock() + timedelta(hours=1)).astimezone(JAKARTA).isoformat(timespec="seconds")
    with stage.unchanged():
        refused(voices.report(stage, {**report, "done_at": later}), 409, "message-id-reused")
    assert len(stage.case(case.id).notices) == 1


def _refused(stage: Stage, status: int, code: str, **change: str) -> None:
    _, report = _charged(stage)
    with stage.unchanged():
        refused(voices.report(stage, {**report, **change}), status, code)


def _too_early(stage: Stage) -> None:
    _, report = _charged(stage)
    with stage.unchanged():
        said = voices.report(stage, {**report, "done_at": "2026-03-01T09:00:00+07:00"})
    assert (said.status, said.code) == (409, "charge-missing")


def _ended(stage: Stage) -> None:
    case, report = _charged(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.WITHDRAWN)
    with stage.unchanged():
        _acknowledged(stage, report)


def _wrong_key(stage: Stage) -> None:
    _, report = _charged(stage)
    with stage.unchanged():
        assert voices.report(stage, report, key="guessed").status == 401


def _reference_of_a_pin(stage: Stage) -> None:
    pin = _pin(stage)
    report = {"reference": f"{pin.message_id}/pin", "status": "UNDELIV", "done_at": "2026-03-02T09:05:00+07:00"}
    with stage.unchanged():
        assert json.loads(voices.report(stage, report).body)["messageId"]


REPORTS: tuple[Row, ...] = (
    row("in time", "`DELIVRD`", Does.TAKE, "evidence of receipt: the ten hari kerja begin (14(3))", _in_time),
    row("late", "`DELIVRD` days later", Does.TAKE, "the period counts from `done_at`, when it was received", _late),
    row("twice", "the same report again", Does.TAKE, "the same answer, and one fact", _twice),
    row(
        "never",
        "nothing",
        Does.TAKE,
        "without evidence no period runs, and nothing lapses (14(3))",
        _never,
        "a charge without a receipt: tell the applicant, and record it",
    ),
    row(
        "not delivered",
        "`UNDELIV`",
        Does.ASK,
        "no period runs",
        lambda stage: _failed(stage, "UNDELIV"),
        f"“stat:UNDELIV err:027”; {ANOTHER_WAY}",
    ),
    row(
        "given up",
        "`EXPIRED`",
        Does.ASK,
        "the same",
        lambda stage: _failed(stage, "EXPIRED"),
        f"“stat:EXPIRED err:027”; {ANOTHER_WAY}",
    ),
    row(
        "contradictory",
        "`DELIVRD`, then `UNDELIV`",
        Does.ASK,
        "the evidence stands",
        _delivered_and_then_not,
        "“stat:UNDELIV”; decide what the evidence is worth",
    ),
    row(
        "contradictory the other way",
        "`UNDELIV`, then `DELIVRD`",
        Does.ASK,
        "the evidence counts when it comes",
        _not_delivered_and_then_yes,
        "“stat:UNDELIV”; what came then stands on the case",
    ),
    row(
        "out of order",
        "the later notice is reported first",
        Does.TAKE,
        "each report is of its own notice: order means nothing",
        _out_of_order,
    ),
    row(
        "the same end at another time",
        "`DELIVRD` with another `done_at`",
        Does.REFUSE,
        "`message-id-reused`: no second report moves the start of a period",
        _another_time,
    ),
    row(
        "a message that nobody sent",
        "an unknown `reference`",
        Does.REFUSE,
        "`not-found`",
        lambda stage: _refused(stage, 404, "not-found", reference="urn:uuid:nobody/charge"),
    ),
    row(
        "a notice that does not exist",
        "`.../invoice`",
        Does.REFUSE,
        "`inconsistent`: the reference comes back unchanged",
        lambda stage: _refused(stage, 409, "inconsistent", reference="urn:uuid:nobody/invoice"),
    ),
    row(
        "a time that does not exist",
        "30 February",
        Does.REFUSE,
        "`inconsistent`",
        lambda stage: _refused(stage, 409, "inconsistent", done_at="2026-02-30T09:00:00+07:00"),
    ),
    row(
        "received before it was charged",
        "`done_at` before the day of the SKRD",
        Does.REFUSE,
        "`charge-missing`: no period begins before its charge",
        _too_early,
    ),
    row("the case has ended", "`DELIVRD`", Does.TAKE, "acknowledged; changes nothing", _ended),
    row("about a PIN", "`UNDELIV`, `.../pin`", Does.TAKE, "acknowledged; changes nothing", _reference_of_a_pin),
    row("a wrong key", "another `X-Passkey`", Does.REFUSE, "HTTP 401, counted and not kept", _wrong_key, COUNTED),
)
