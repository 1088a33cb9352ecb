"""SMS: notices and PINs go out, delivery reports are the evidence of receipt (Pasal 13(3), 14(1), 14(3))."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.sms import ADAPTER
from gateway.contract.adapter import (
    Accept,
    AskPerson,
    Decline,
    Found,
    Notification,
    Reason,
    Repeat,
    Retry,
    Submission,
)
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, NoticeKind, NoticeReceived, NotifyApplicant, Reference, SendPin
from gateway.domain.identifiers import Phone

MESSAGE_ID = "0198c0de-0000-7000-8000-000000000017"
NOTICE = NotifyApplicant(notice=NoticeKind.CHARGE, text="Kode bayar 998872600000000000017")
PIN = SendPin(challenge="ch-17", phone=Phone("081200000099"), purpose="persetujuan izin")


@pytest.fixture
def notices() -> Notification[NotifyApplicant]:
    declared = ADAPTER.interaction("send-message")
    assert isinstance(declared, Notification)
    return declared


@pytest.fixture
def pins() -> Notification[SendPin]:
    declared = ADAPTER.interaction("send-pin")
    assert isinstance(declared, Notification)
    return declared


@pytest.fixture
def reports() -> Submission:
    declared = ADAPTER.interaction("delivery-report")
    assert isinstance(declared, Submission)
    return declared


def _report(about: str = "charge", status: str = "DELIVRD", **members: Json) -> Payload:
    return {
        "reference": f"{MESSAGE_ID}/{about}",
        "status": status,
        "done_at": "2026-03-02T09:05:00+07:00",
    } | members


def _found(*cases: PermitCase) -> Found:
    return {Reference(kind="message", value=MESSAGE_ID): cases}


def test_a_notice_goes_to_the_registered_telephone_without_plus_pasal_14_1(
    notices: Notification[NotifyApplicant], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = notices.to_agency(case, NOTICE, MESSAGE_ID)
    assert payload == {
        "userkey": "{{secret:userkey}}",
        "passkey": "{{secret:passkey}}",
        "to": case.applicant.phone.removeprefix("+"),
        "message": NOTICE.text,
        "reference": f"{MESSAGE_ID}/charge",
    }
    assert violations(notices.request, payload) == []


@pytest.mark.parametrize("notice", list(NoticeKind))
def test_every_notice_is_recognised_in_its_own_report(
    notices: Notification[NotifyApplicant],
    reports: Submission,
    case: PermitCase,
    notice: NoticeKind,
    violations: Callable[[str, Payload], list[str]],
) -> None:
    sent = notices.to_agency(case, replace(NOTICE, notice=notice), MESSAGE_ID)
    report = {"reference": sent["reference"], "status": "DELIVRD", "done_at": "2026-03-02T02:05:00Z", "error": "000"}
    assert violations(notices.request, sent) == []
    assert violations(reports.request, report) == []
    assert reports.about(report) == (Reference(kind="message", value=MESSAGE_ID),)
    heard = reports.to_cases(report, _found(case))
    assert isinstance(heard, Accept)
    assert [effect.events for effect in heard.effects] == [
        (
            NoticeReceived(
                notice=notice,
                evidence=f"id:{MESSAGE_ID}/{notice.value} stat:DELIVRD err:000",
                received_at=datetime(2026, 3, 2, 2, 5, tzinfo=UTC),
            ),
        )
    ]


def test_a_pin_goes_to_the_asked_telephone_and_its_text_is_redacted_pasal_13_3(
    pins: Notification[SendPin], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = pins.to_agency(case, PIN, MESSAGE_ID)
    assert payload["to"] == "6281200000099"
    assert "{{pin:ch-17}}" in str(payload["message"])
    assert payload["reference"] == f"{MESSAGE_ID}/pin"
    assert set(pins.redact) == {"message", "userkey", "passkey"}
    assert violations(pins.request, payload) == []


def test_a_notice_may_be_repeated_and_a_pin_never(
    notices: Notification[NotifyApplicant], pins: Notification[SendPin]
) -> None:
    assert notices.repeat is Repeat.SAME_ID
    assert pins.repeat is Repeat.NEVER


@pytest.mark.parametrize(
    ("reply", "kind"),
    [({"status": "accepted"}, Accept), ({"status": "busy"}, Retry), ({"status": "rejected", "text": "x"}, AskPerson)],
)
def test_the_aggregators_answer_decides_what_is_next(
    notices: Notification[NotifyApplicant], case: PermitCase, reply: dict[str, Json], kind: type
) -> None:
    assert notices.to_case is not None
    heard = notices.to_case(case, NOTICE, reply)
    assert isinstance(heard, kind)
    assert heard == Accept() or "SMS" in getattr(heard, "text", "")


@pytest.mark.parametrize("status", ["UNDELIV", "EXPIRED"])
def test_a_notice_that_did_not_arrive_starts_no_period_and_calls_an_officer_pasal_14_3(
    reports: Submission, case: PermitCase, status: str
) -> None:
    heard = reports.to_cases(_report(status=status, error="27"), _found(case))
    assert isinstance(heard, Accept)
    ((event,),) = (effect.events for effect in heard.effects)
    assert isinstance(event, AttentionRaised)
    assert f"stat:{status} err:27" in event.text


def test_a_report_on_an_ended_case_is_acknowledged_and_changes_nothing(
    reports: Submission, ended_case: PermitCase
) -> None:
    assert reports.to_cases(_report(), _found(ended_case)) == Accept()


@pytest.mark.parametrize("status", ["DELIVRD", "UNDELIV"])
def test_a_report_on_a_pin_changes_no_case(reports: Submission, case: PermitCase, status: str) -> None:
    assert reports.to_cases(_report("pin", status), _found(case)) == Accept()
    assert reports.to_cases(_report("pin", status), _found()) == Accept()


@pytest.mark.parametrize(
    ("report", "known", "reason"),
    [
        (_report(), False, Reason.NOT_FOUND),
        (_report("invoice"), True, Reason.INCONSISTENT),
        (_report(done_at="2026-02-30T09:05:00+07:00"), True, Reason.INCONSISTENT),
        (_report(done_at="0001-01-01T00:00:00+14:00"), True, Reason.INCONSISTENT),
        (_report(done_at="9999-12-31T23:59:59-14:00"), True, Reason.INCONSISTENT),
    ],
)
def test_a_report_that_fits_nothing_is_declined(
    reports: Submission, case: PermitCase, report: Payload, known: bool, reason: Reason
) -> None:
    heard = reports.to_cases(report, _found(case) if known else _found())
    assert isinstance(heard, Decline)
    assert heard.reason is reason


def test_a_report_is_identified_by_message_and_end(reports: Submission) -> None:
    assert reports.identity is not None
    first = reports.identity(_report())
    assert first == reports.identity(_report(done_at="2026-03-09T09:05:00+07:00"))
    assert first != reports.identity(_report(status="EXPIRED"))
