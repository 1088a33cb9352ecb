"""Facts, Asks and cases as JSON and back: exact, strict, and silent about the values that they refuse."""

import importlib
import json
import pkgutil
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings

from gateway.domain import events as e
from gateway.domain import events as package
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import Malformed
from gateway.domain.events import Ask, CaseEvent
from gateway.domain.facts import (
    ASK_KINDS,
    EVENT_KINDS,
    Json,
    decode,
    decode_ask,
    decode_case,
    decode_event,
    encode,
    encode_ask,
    encode_case,
    encode_event,
)
from gateway.domain.identifiers import NIK
from gateway.domain.skrd import MAX_AMOUNT
from tests.domain import journeys as j
from tests.domain.journeys import SITE, START, case_in, notice_received, opened, registration
from tests.domain.strategies import asks, cases, events


def _body(event: CaseEvent) -> dict[str, Any]:
    return encode_event(event)[1]


def _malformed(kind: str, body: Json) -> Malformed:
    with pytest.raises(Malformed) as caught:
        decode_event(kind, body)
    return caught.value


def _path(kind: str, body: Json) -> str:
    error = _malformed(kind, body)
    assert error.code == "fact-malformed"
    (violation,) = error.violations
    assert violation.path in error.text
    return violation.path


@given(events())
@settings(max_examples=200)
def test_a_fact_reads_back_as_it_was_written(event: CaseEvent) -> None:
    kind, body = encode_event(event)
    assert decode_event(kind, json.loads(json.dumps(body))) == event


@given(asks())
@settings(max_examples=100)
def test_an_ask_reads_back_as_it_was_written(ask: Ask) -> None:
    kind, body = encode_ask(ask)
    assert decode_ask(kind, json.loads(json.dumps(body))) == ask


@given(cases())
@settings(max_examples=100)
def test_a_case_reads_back_as_it_was_written(case: PermitCase) -> None:
    body = encode_case(case)
    read = decode_case(json.loads(rfc8785.dumps(body)))
    assert read == case
    assert encode_case(read) == body


@pytest.mark.parametrize("stage", Stage)
def test_a_case_of_every_stage_reads_back(stage: Stage) -> None:
    case = case_in(stage)
    assert decode_case(encode_case(case)) == case


def test_every_fact_and_ask_of_the_package_can_be_stored() -> None:
    found: set[type] = set()
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        names = vars(importlib.import_module(module.name)).values()
        found |= {each for each in names if isinstance(each, type) and issubclass(each, CaseEvent | Ask)}
    assert found - {CaseEvent, Ask} == {*EVENT_KINDS.values(), *ASK_KINDS.values()}
    assert all(kind == each.__name__ and is_dataclass(each) for kind, each in EVENT_KINDS.items())
    assert len(EVENT_KINDS) == 44
    assert len(ASK_KINDS) == 14


def test_identifiers_are_parsed_again_on_reading() -> None:
    applicant = decode_event(*encode_event(registration()))
    assert isinstance(applicant, e.ApplicationRegistered)
    assert type(applicant.applicant.nik) is NIK


@pytest.mark.parametrize(("read", "kind"), [(decode_event, "PermitGranted"), (decode_ask, "PermitRevoked")])
def test_an_unknown_kind_is_refused(read: Any, kind: str) -> None:
    with pytest.raises(Malformed, match=kind) as caught:
        read(kind, {})
    assert caught.value.code == "fact-unknown"


def test_an_unknown_field_is_refused_with_its_path() -> None:
    body = _body(registration())
    assert _path("ApplicationRegistered", body | {"shoe_size": 42}) == "/shoe_size"
    nested = body | {"applicant": {**body["applicant"], "religion": "x"}}
    assert _path("ApplicationRegistered", nested) == "/applicant/religion"
    assert decode_event("ApplicationRegistered", body) == registration()


def test_a_missing_field_is_refused_unless_it_has_a_default() -> None:
    body = _body(j.CHARGED)
    without = {name: value for name, value in body["skrd"].items() if name != "payment_code"}
    assert _path("ChargeIssued", {"skrd": without}) == "/skrd/payment_code"
    registered = _body(registration())
    assert decode_event("ApplicationRegistered", registered | {"helper": None}) == registration()
    older = {name: value for name, value in registered.items() if name not in ("helper", "documents")}
    assert decode_event("ApplicationRegistered", older) == registration()
    asked = {name: value for name, value in _body(j.REQUESTED).items() if name not in ("signer_title", "check_url")}
    assert decode_event("SignatureRequested", asked) == j.REQUESTED


def test_a_snapshot_from_before_a_field_existed_can_be_read() -> None:
    case = opened()
    older = {name: value for name, value in encode_case(case).items() if name != "in_force_since"}
    assert decode_case(older) == case


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("ResidentVerified", {"name_score": True}, "/name_score"),
        ("ResidentVerified", {"name_score": "100"}, "/name_score"),
        ("ResidentVerified", [], ""),
        ("ApplicationRejected", {"officer": "o", "grounds": "alasan"}, "/grounds"),
        ("ApplicationRejected", {"officer": "o", "grounds": ["a", 1]}, "/grounds/1"),
        ("ApplicationRejected", {"officer": None, "grounds": []}, "/officer"),
        ("ApprovedByFiction", {"due_on": "20260311"}, "/due_on"),
        ("ApprovedByFiction", {"due_on": "2026-02-30"}, "/due_on"),
        ("SigningMethodChosen", {"officer": "o", "method": "stamp", "reason": "r"}, "/method"),
        ("SurveyCompleted", {"answers": {f"u{n}": 4 for n in range(1, 9)} | {"u9": 5}}, "/answers"),
        ("SurveyCompleted", {"answers": {f"u{n}": 4 for n in range(1, 9)}}, "/answers/u9"),
    ],
)
def test_a_value_of_another_type_or_form_is_refused_with_its_path(kind: str, body: Json, path: str) -> None:
    assert _path(kind, body) == path


@pytest.mark.parametrize("text", ["2026-03-02T09:00:00", "2026-03-02T09:00:00+07:00", "2026-03-02", "kemarin"])
def test_a_moment_is_read_in_utc_alone(text: str) -> None:
    event = notice_received(datetime(2026, 3, 2, 2, 0, tzinfo=UTC))
    body = _body(event)
    assert body["received_at"] == "2026-03-02T02:00:00+00:00"
    assert decode_event("NoticeReceived", body) == event
    assert _path("NoticeReceived", body | {"received_at": text}) == "/received_at"


def test_a_damaged_nik_is_refused_and_not_repeated() -> None:
    body = _body(registration())
    damaged = body | {"applicant": {**body["applicant"], "nik": "9999014513900001"}}
    error = _malformed("ApplicationRegistered", damaged)
    assert error.violations[0].path == "/applicant/nik"
    assert "9999014513900001" not in f"{error.text}{error.violations}"


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        MAX_AMOUNT + 1,
        -MAX_AMOUNT - 1,
        datetime(2026, 3, 2),  # noqa: DTZ001 - the fault under test
        b"bytes",
        {"a": 1},
        ["list"],
        object(),
        SITE.__class__,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_keep_exactly_is_not_written(value: object) -> None:
    with pytest.raises(Malformed) as caught:
        encode(value)
    assert caught.value.code == "fact-malformed"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (MAX_AMOUNT, MAX_AMOUNT),
        (-MAX_AMOUNT, -MAX_AMOUNT),
        ("é", "é"),
        (date(2026, 3, 2), "2026-03-02"),
        (START, "2026-03-02T02:00:00+00:00"),
        ((1, "a"), [1, "a"]),
        (e.Origin.OSS, "oss"),
    ],
)
def test_what_json_keeps_is_written_plainly(value: object, written: Json) -> None:
    assert encode(value) == written
    assert type(encode(value)) is type(written)


def test_an_integer_beyond_every_json_readers_is_not_read() -> None:
    assert decode(int, MAX_AMOUNT) == MAX_AMOUNT
    with pytest.raises(Malformed):
        decode(int, MAX_AMOUNT + 1)


@dataclass(frozen=True)
class _Unreadable:
    bytes_of_it: bytes


def test_a_field_of_a_type_without_a_reader_is_a_programming_error() -> None:
    with pytest.raises(TypeError, match="teach"):
        decode(_Unreadable, {"bytes_of_it": "x"})


def test_a_written_case_holds_every_field() -> None:
    case = replace(case_in(Stage.HANDED_OVER), attention=("x",))
    assert set(encode_case(case)) == {each.name for each in fields(PermitCase)}
