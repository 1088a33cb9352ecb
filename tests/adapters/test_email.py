"""A mail relay: notices go out, and what became of them is evidence or calls a person (Pasal 8(6), 14(3))."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.email import ADAPTER
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
from gateway.domain.events import AttentionRaised, EmailApplicant, NoticeKind, NoticeReceived, Reference

MESSAGE_ID = "0198c0de-0000-7000-8000-000000000017"
MAIL = EmailApplicant(notice=NoticeKind.CHARGE, subject="DPM-PTSP: ketetapan", text="Kode bayar 17.\n\nSIMOJO\n")


@pytest.fixture
def mails() -> Notification[EmailApplicant]:
    declared = ADAPTER.interaction("send-mail")
    assert isinstance(declared, Notification)
    return declared


@pytest.fixture
def reports() -> Submission:
    declared = ADAPTER.interaction("mail-report")
    assert isinstance(declared, Submission)
    return declared


def _report(about: str = "charge", status: str = "delivered", **members: Json) -> Payload:
    return {
        "reference": f"{MESSAGE_ID}/{about}",
        "status": status,
        "at": "2026-03-02T09:05:00+07:00",
    } | members


def _found(*cases: PermitCase) -> Found:
    return {Reference(kind="message", value=MESSAGE_ID): cases}


def test_a_notice_goes_to_the_one_address_that_was_given_pasal_8_6(
    mails: Notification[EmailApplicant], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    payload = mails.to_agency(case, MAIL, MESSAGE_ID)
    assert payload == {
        "to": "siti@contoh.example",
        "subject": MAIL.subject,
        "text": MAIL.text,
        "reference": f"{MESSAGE_ID}/charge",
    }
    assert violations(mails.request, payload) == []
    assert (mails.repeat, mails.redact) == (Repeat.SAME_ID, ())


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("to", "siti@contoh.example\nBcc: budi@contoh.example"),
        ("to", "siti@contoh.example\n"),
        ("to", "siti@contoh.example, budi@contoh.example"),
        ("subject", "Izin\r\nBcc: budi@contoh.example"),
        ("subject", "Izin\n"),
        ("subject", "Izin\x85Bcc: budi@contoh.example"),
        ("text", "a\x00b"),
    ],
)
def test_nothing_that_anybody_wrote_can_become_a_header(
    mails: Notification[EmailApplicant],
    case: PermitCase,
    violations: Callable[[str, Payload], list[str]],
    member: str,
    value: str,
) -> None:
    payload = {**mails.to_agency(case, MAIL, MESSAGE_ID), member: value}
    assert violations(mails.request, payload) != []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [({"status": "accepted"}, Accept), ({"status": "busy"}, Retry), ({"status": "rejected", "text": "x"}, AskPerson)],
)
def test_the_relays_answer_decides_what_is_next(
    mails: Notification[EmailApplicant], case: PermitCase, reply: dict[str, Json], kind: type
) -> None:
    assert mails.to_case is not None
    assert isinstance(mails.to_case(case, MAIL, reply), kind)


@pytest.mark.parametrize("notice", list(NoticeKind))
def test_every_notice_is_recognised_in_its_own_report(
    mails: Notification[EmailApplicant],
    reports: Submission,
    case: PermitCase,
    notice: NoticeKind,
    violations: Callable[[str, Payload], list[str]],
) -> None:
    sent = mails.to_agency(case, replace(MAIL, notice=notice), MESSAGE_ID)
    report = {"reference": sent["reference"], "status": "delivered", "at": "2026-03-02T02:05:00Z", "detail": "2.0.0"}
    assert violations(reports.request, report) == []
    assert reports.about(report) == (Reference(kind="message", value=MESSAGE_ID),)
    heard = reports.to_cases(report, _found(case))
    assert isinstance(heard, Accept)
    assert [effect.events for effect in heard.effects] == [
        (
            NoticeReceived(
                notice=notice,
                evidence=f"mail:{MESSAGE_ID}/{notice.value} stat:delivered",
                received_at=datetime(2026, 3, 2, 2, 5, tzinfo=UTC),
            ),
        )
    ]


@pytest.mark.parametrize("status", ["bounced", "complained"])
def test_a_mail_that_did_not_reach_its_reader_starts_no_period_and_calls_an_officer_pasal_14_3(
    reports: Submission, case: PermitCase, status: str
) -> None:
    heard = reports.to_cases(_report(status=status, detail="5.1.1"), _found(case))
    assert isinstance(heard, Accept)
    ((event,),) = (effect.events for effect in heard.effects)
    assert isinstance(event, AttentionRaised)
    assert f"stat:{status}, 5.1.1" in event.text


@pytest.mark.parametrize("status", ["delivered", "bounced"])
def test_the_same_end_told_again_under_a_new_message_id_changes_nothing(
    reports: Submission, case: PermitCase, status: str
) -> None:
    first = reports.to_cases(_report(status=status), _found(case))
    assert isinstance(first, Accept)
    (effect,) = first.effects
    told = case.apply(effect.events[0], case.registered_at) if status == "bounced" else _noticed(case, effect.events[0])
    assert reports.to_cases(_report(status=status), _found(told)) == Accept()
    other = "bounced" if status == "delivered" else "delivered"
    contradiction = reports.to_cases(_report(status=other), _found(told))
    assert isinstance(contradiction, Accept)
    assert len(contradiction.effects) == 1


def _noticed(case: PermitCase, event: object) -> PermitCase:
    assert isinstance(event, NoticeReceived)
    return replace(case, notices=(event,))


def test_a_report_on_an_ended_case_is_acknowledged_and_changes_nothing(
    reports: Submission, ended_case: PermitCase
) -> None:
    assert reports.to_cases(_report(), _found(ended_case)) == Accept()


@pytest.mark.parametrize(
    ("report", "known", "reason"),
    [
        (_report(), False, Reason.NOT_FOUND),
        (_report("pin"), True, Reason.INCONSISTENT),
        (_report(at="2026-02-30T09:05:00+07:00"), True, Reason.INCONSISTENT),
        (_report(at="9999-12-31T23:59:59-14:00"), True, Reason.INCONSISTENT),
    ],
)
def test_a_report_that_fits_nothing_is_declined(
    reports: Submission, case: PermitCase, report: Payload, known: bool, reason: Reason
) -> None:
    heard = reports.to_cases(report, _found(case) if known else _found())
    assert isinstance(heard, Decline)
    assert heard.reason is reason
