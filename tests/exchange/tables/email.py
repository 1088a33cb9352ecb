"""A mail relay: busy, rejecting, unproven; reports that come late, twice, never, bounced, contradictory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.stage import Stage
from tests.exchange.tables.answers import answered, retried
from tests.exchange.tables.row import Does, Row, row
from tests.exchange.tables.scenes import ACTOR, COUNTED, brought, notice, refused, says_signed, signs, told
from tests.exchange.town import Answer, raw, says

ANOTHER_WAY = "tell the applicant another way"


def _mail(stage: Stage) -> DeliveryRow:
    return told(stage, "email")


_answered = partial(answered, to=_mail)
_again = partial(retried, to=_mail)


def _signed(**payload: str) -> Callable[[Stage], Answer]:
    return lambda stage: signs(stage, lambda _: payload)


ANSWERS: tuple[Row, ...] = (
    _again(
        "the queue is full",
        '`{"status": "busy"}`',
        "not-sent",
        "by the agreed schedule, under the same message id",
        _signed(status="busy", text="antrean penuh"),
    ),
    _answered(
        name="the address is refused",
        wire='`{"status": "rejected", "text": "alamat diblokir"}`',
        does=Does.ASK,
        state="answered",
        hub="nothing is sent again",
        says=_signed(status="rejected", text="alamat diblokir"),
        attention="Surel ditolak relai (alamat diblokir)",
        staff="correct the address; the SMS goes its own way",
    ),
    _again("closed", "HTTP 503", "not-sent", "it was not taken; by the schedule", lambda _: raw(b"", 503)),
    _again(
        "it fails",
        "HTTP 500",
        "unknown",
        "nobody knows whether it was taken: the relay keeps one mail for each message id",
        lambda _: raw(b"oops", 500),
    ),
    _again(
        "an answer that nobody signed",
        '`{"status": "accepted"}` without a JWS',
        "unknown",
        "the same: it proves nothing",
        lambda _: says({"status": "accepted"}),
    ),
    _again(
        "an answer of somebody else",
        "a JWS of another key",
        "unknown",
        "the same",
        lambda stage: signs(stage, lambda _: {"status": "accepted"}, signer="stranger"),
    ),
    _again(
        "another form than agreed",
        '`{"status": "sent"}`, signed',
        "unknown",
        "the same: whatever it means, it was not agreed",
        _signed(status="sent"),
    ),
    _answered(
        name="HTTP refuses the office",
        wire="HTTP 401",
        does=Does.ASK,
        state="dead",
        hub="a dead letter",
        says=lambda _: raw(b"", 401),
        attention="Instansi menolak pesan",
        staff="agree on the certificate and redrive it",
    ),
)


# --- reports ------------------------------------------------------------------------------------------------------


def _charged(stage: Stage) -> tuple[PermitCase, dict[str, Any]]:
    case = brought(stage, At.CHARGED)
    at = (stage.clock() - timedelta(minutes=1)).astimezone(JAKARTA).isoformat(timespec="seconds")
    reference = f"{notice(stage, case, 'email', 'charge').message_id}/charge"
    return case, {"reference": reference, "status": "delivered", "at": at}


def _report(stage: Stage, report: Mapping[str, Any], number: int = 1, **twists: Any) -> voices.Said:
    message_id = f"{report['reference']}#{number}"
    return says_signed(stage, "email", "mail-report", report, message_id=message_id, **twists)


def _taken(stage: Stage, report: Mapping[str, Any], number: int = 1) -> voices.Said:
    said = _report(stage, report, number)
    assert (said.status, said.json["messageId"]) == (200, f"{report['reference']}#{number}")
    return said


def _period_runs(stage: Stage, case: PermitCase) -> bool:
    return "payment-lapse" in {row.kind for row in stage.hub.store.reader.deadlines(case.id)}


def _in_time(stage: Stage) -> None:
    case, report = _charged(stage)
    _taken(stage, report)
    assert _period_runs(stage, case)


def _late(stage: Stage) -> None:
    case, report = _charged(stage)
    stage.clock.advance(days=3)
    _taken(stage, report)
    received = stage.case(case.id).charge_notice_received_at
    assert received is not None
    assert received.astimezone(JAKARTA).isoformat(timespec="seconds") == report["at"]


def _twice(stage: Stage) -> None:
    case, report = _charged(stage)
    first = _taken(stage, report)
    with stage.unchanged("exchange", "leaf"):
        assert _taken(stage, report).body == first.body
    assert len(stage.case(case.id).notices) == 1


def _again_under_another_id(stage: Stage) -> None:
    case, report = _charged(stage)
    _taken(stage, report)
    with stage.unchanged():
        _taken(stage, {**report, "detail": "2.0.0"}, number=2)
    assert len(stage.case(case.id).notices) == 1


def _never(stage: Stage) -> None:
    case, _ = _charged(stage)
    assert not _period_runs(stage, case)


def _after_the_sms(stage: Stage) -> None:
    case, report = _charged(stage)
    early = (stage.clock() - timedelta(minutes=5)).astimezone(JAKARTA).isoformat(timespec="seconds")
    reference = f"{notice(stage, case, 'sms', 'charge').message_id}/charge"
    assert voices.report(stage, {"reference": reference, "status": "DELIVRD", "done_at": early}).status == 200
    _taken(stage, report)
    held = stage.case(case.id)
    assert len(held.notices) == 2
    assert held.charge_notice_received_at == min(each.received_at for each in held.notices)
    assert held.charge_notice_received_at != held.notices[1].received_at


def _failed(stage: Stage, status: str) -> None:
    case, report = _charged(stage)
    _taken(stage, {**report, "status": status, "detail": "5.1.1"})
    assert not _period_runs(stage, case)
    (text,) = stage.case(case.id).attention
    assert f"stat:{status}, 5.1.1" in text


def _delivered_and_then_bounced(stage: Stage) -> None:
    case, report = _charged(stage)
    _taken(stage, report)
    _taken(stage, {**report, "status": "bounced"}, number=2)
    assert _period_runs(stage, case)
    assert len(stage.case(case.id).attention) == 1


def _refused(stage: Stage, status: int, code: str, **change: str) -> None:
    _, report = _charged(stage)
    with stage.unchanged():
        refused(_report(stage, {**report, **change}), status, code)


def _stranger(stage: Stage) -> None:
    _, report = _charged(stage)
    with stage.unchanged():
        assert _report(stage, report, signer="stranger").status == 401


def _other_content(stage: Stage) -> None:
    _, report = _charged(stage)
    _taken(stage, report)
    with stage.unchanged():
        refused(_report(stage, {**report, "status": "bounced"}), 409, "message-id-reused")


def _ended(stage: Stage) -> None:
    case, report = _charged(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.WITHDRAWN)
    with stage.unchanged():
        _taken(stage, report)


REPORTS: tuple[Row, ...] = (
    row("in time", "`delivered`", Does.TAKE, "evidence of receipt: the ten hari kerja begin (14(3))", _in_time),
    row("late", "`delivered` days later", Does.TAKE, "the period counts from `at`, when it was received", _late),
    row("twice", "the same report under the same id", Does.TAKE, "the same answer, and one fact", _twice),
    row(
        "twice, under two ids",
        "the same end of the same mail, another `jti`",
        Does.TAKE,
        "acknowledged; changes nothing",
        _again_under_another_id,
    ),
    row("never", "nothing", Does.TAKE, "without evidence no period runs; the SMS may bring it", _never),
    row(
        "after the SMS was reported",
        "`DELIVRD`, then `delivered`",
        Does.TAKE,
        "both are evidence; the earlier receipt counts",
        _after_the_sms,
    ),
    row(
        "bounced",
        "`bounced`",
        Does.ASK,
        "no period runs",
        lambda stage: _failed(stage, "bounced"),
        f"“stat:bounced, 5.1.1”; {ANOTHER_WAY}",
    ),
    row(
        "called unwanted",
        "`complained`",
        Does.ASK,
        "the same",
        lambda stage: _failed(stage, "complained"),
        f"“stat:complained, 5.1.1”; {ANOTHER_WAY}",
    ),
    row(
        "contradictory",
        "`delivered`, then `bounced`",
        Does.ASK,
        "the evidence stands",
        _delivered_and_then_bounced,
        "“stat:bounced”; decide what the evidence is worth",
    ),
    row(
        "another report under the same id",
        "the same `jti`, another body",
        Does.REFUSE,
        "`message-id-reused`",
        _other_content,
    ),
    row(
        "a mail that nobody sent",
        "an unknown `reference`",
        Does.REFUSE,
        "`not-found`",
        lambda stage: _refused(stage, 404, "not-found", reference="urn:uuid:nobody/charge"),
    ),
    row(
        "a time that does not exist",
        "30 February",
        Does.REFUSE,
        "`inconsistent`",
        lambda stage: _refused(stage, 409, "inconsistent", at="2026-02-30T09:00:00+07:00"),
    ),
    row(
        "received before it was charged",
        "`at` before the day of the SKRD",
        Does.REFUSE,
        "`charge-missing`",
        lambda stage: _refused(stage, 409, "charge-missing", at="2026-03-01T09:00:00+07:00"),
    ),
    row("the case has ended", "`delivered`", Does.TAKE, "acknowledged; changes nothing", _ended),
    row(
        "a report of somebody else",
        "a JWS of another key",
        Does.REFUSE,
        "HTTP 401, counted and not kept",
        _stranger,
        COUNTED,
    ),
)
