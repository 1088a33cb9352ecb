"""A mapping that raises is a fault of the hub: inbound nothing is bound, outbound nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.contract.adapter import Accept, Adapter, Effect, Interaction
from gateway.domain import events as e
from gateway.domain.errors import Refused
from tests.exchange import voices
from tests.exchange.deliveries import meanwhile
from tests.exchange.stage import Stage, application
from tests.exchange.test_refused_terms import recorded


def twisted(stage: Stage, agency: str, name: str, **members: Any) -> Adapter:
    """Put an adapter with another function in the place of the agency's; gives the right one."""
    right = stage.adapters[agency]
    interactions: tuple[Interaction, ...] = tuple(
        replace(each, **members) if each.name == name else each for each in right.interactions
    )
    stage.adapters[agency] = replace(right, interactions=interactions)
    return right


def raises(*_: object) -> Any:
    """A mapping's mistake, with a person's data in its message."""
    raise KeyError("9999014506900001")


# --- inbound ------------------------------------------------------------------------------------------------------


def test_a_callback_that_the_adapter_cannot_map_may_be_sent_again_and_is_taken_once_it_is_mended(stage: Stage) -> None:
    delivery = stage.requested()
    right = twisted(stage, "dpupr", "technical-recommendation", to_case=raises)
    with stage.unchanged():
        said = voices.answer(stage, delivery)
    assert (said.status, said.code, said.clause) == (500, "mapping-fault", "adapter")
    assert said.headers["retry-after"] == "300"
    assert b"9999014506900001" not in said.body
    assert recorded(stage, "dpupr", "mapping-fault").message_id is None
    stage.adapters["dpupr"] = right
    assert voices.answer(stage, delivery).status == 200
    assert stage.state(delivery) == "answered"


@pytest.mark.parametrize("member", ["about", "answer"])
def test_an_inquiry_that_the_adapter_cannot_map_may_be_sent_again(stage: Stage, member: str) -> None:
    right = twisted(stage, "dpupr", "permit-validity", **{member: raises})
    with stage.unchanged():
        said = voices.ask_validity(stage)
    assert (said.status, said.code) == (500, "mapping-fault")
    stage.adapters["dpupr"] = right
    assert voices.ask_validity(stage).code == "not-found"


def test_a_submission_that_the_adapter_cannot_map_is_refused_in_its_dialect_and_taken_later(stage: Stage) -> None:
    right = twisted(stage, "oss", "receiveNIB", to_cases=raises)
    with stage.unchanged():
        said = voices.send_nib(stage)
    assert (said.status, said.json["responreceiveNIB"]["status"]) == (500, "2")
    assert b"9999014506900001" not in said.body
    recorded(stage, "oss", "mapping-fault")
    stage.adapters["oss"] = right
    assert voices.send_nib(stage).json["responreceiveNIB"]["status"] == "1"


def test_a_body_that_the_adapter_cannot_identify_is_known_by_its_content(stage: Stage) -> None:
    twisted(stage, "oss", "receiveNIB", identity=raises)
    first = voices.send_nib(stage)
    assert voices.send_nib(stage).body == first.body
    (row,) = stage.exchanges("oss")
    assert (row.message_id or "").startswith("content:")


def test_a_dialect_that_raises_loses_its_shape_and_not_the_refusal(stage: Stage) -> None:
    right = stage.adapters["oss"]
    assert right.dialect is not None
    stage.adapters["oss"] = replace(right, dialect=replace(right.dialect, refuse=raises))
    said = voices.send_nib(stage, voices.nib(stage, tipe_dokumen="8"))
    assert (said.status, said.code) == (422, "schema-violation")
    assert voices.send_nib(stage, token="0" * 40).code == "token-wrong"


def test_a_dialect_that_cannot_acknowledge_keeps_nothing(stage: Stage) -> None:
    right = stage.adapters["oss"]
    assert right.dialect is not None
    stage.adapters["oss"] = replace(right, dialect=replace(right.dialect, accept=raises))
    with stage.unchanged():
        assert voices.send_nib(stage).status == 500
    recorded(stage, "oss", "mapping-fault")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"permitNumber": 17}, "mapping-fault"),
        ({"permitNumber": "001/KRK/III/2026", "valid": True}, "mapping-fault"),
    ],
)
def test_a_reply_of_ours_that_breaks_its_schema_does_not_leave(stage: Stage, answer: Any, code: str) -> None:
    twisted(stage, "dpupr", "permit-validity", answer=lambda _payload, _found: answer)
    said = voices.ask_validity(stage)
    assert (said.status, said.code) == (500, code)
    recorded(stage, "dpupr", code)


def test_a_reply_of_ours_with_personal_data_beyond_the_agreement_does_not_leave(stage: Stage) -> None:
    stage.agree("bank", ('fields = ["virtualAccountData/virtualAccountName"]', "fields = []"))
    data = {**voices.INQUIRY, "virtualAccountName": "Siti Contoh"}
    twisted(stage, "bank", "va-inquiry", answer=lambda _p, _f: {"responseCode": "2002400", "virtualAccountData": data})
    said = voices.ask_bill(stage)
    assert said.json["responseCode"] == "5002400"
    assert b"Siti" not in said.body
    recorded(stage, "bank", "own-personal-data-excess")


def test_a_case_that_is_opened_without_an_application_is_a_fault_of_the_adapter(stage: Stage) -> None:
    event = e.AttentionRaised(source="x", text="y")
    for effect in (Effect(case=None, events=(event,)), Effect(case=None, events=())):
        twisted(stage, "oss", "receiveNIB", to_cases=lambda _p, _f, each=effect: Accept(effects=(each,)))
        with stage.unchanged():
            assert voices.send_nib(stage).status == 500
    assert {row.code for row in stage.exchanges("oss")} == {"mapping-fault"}


def test_an_effect_on_a_case_that_is_not_there_is_refused(stage: Stage) -> None:
    effect = Effect(case="K-2026-NOBODY", events=(e.AttentionRaised(source="x", text="y"),))
    twisted(stage, "oss", "receiveNIB", to_cases=lambda _p, _f: Accept(effects=(effect,)))
    with stage.unchanged():
        voices.send_nib(stage)
    recorded(stage, "oss", "case-unknown")


def test_a_mapping_may_refuse_by_raising_one_of_our_errors(stage: Stage) -> None:
    def refuses(*_: object) -> Any:
        raise Refused("tidak sesuai", code="inconsistent", clause="adapter")

    twisted(stage, "dpupr", "permit-validity", answer=refuses)
    assert voices.ask_validity(stage).code == "inconsistent"


def test_a_callback_that_is_not_the_last_leaves_the_request_open(stage: Stage) -> None:
    delivery = stage.requested()
    right = twisted(stage, "dpupr", "technical-recommendation", to_case=lambda *_: Accept(final=False))
    assert voices.answer(stage, delivery).status == 200
    assert stage.state(delivery) == "awaiting"
    stage.adapters["dpupr"] = right
    assert voices.answer(stage, delivery, message_id="urn:dpupr:2").status == 200
    assert stage.state(delivery) == "answered"


def test_a_callback_that_is_not_the_last_and_overtakes_the_acknowledgement_is_waited_on_for_the_agreed_time(
    stage: Stage,
) -> None:
    case = stage.validated()
    delivery = stage.delivery(case.id, "dpupr")
    twisted(stage, "dpupr", "technical-recommendation", to_case=lambda *_: Accept(final=False))
    meanwhile(stage, "dpupr", lambda _call: voices.answer(stage, delivery))
    stage.deliver("dpupr")
    row = stage.delivery(case.id, "dpupr")
    assert (row.state, row.lease_until) == ("awaiting", None)
    assert row.remind_at is not None
    assert row.answer_due_at is not None
    assert row.remind_at < row.answer_due_at


def test_over_soap_a_dialect_of_an_adapter_is_not_spoken(stage: Stage) -> None:
    delivery = stage.requested()
    dialect = stage.adapters["oss"].dialect
    stage.adapters["dpupr"] = replace(stage.adapters["dpupr"], dialect=dialect)
    assert voices.any_callback(stage).code == "correlation-unknown"
    assert voices.answer(stage, delivery, message_id="urn:dpupr:2").status == 200


def test_a_credential_that_staff_have_not_set_is_said_without_names_and_keeps_nothing(stage: Stage) -> None:
    with stage.hub.store.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM credential WHERE agency IN ('sms', 'oss')")
    with stage.unchanged("exchange", "refusal_tally"):
        said = voices.any_report(stage)
        nib = voices.send_nib(stage)
    assert (said.status, said.code) == (500, "credential-missing")
    assert b"report_key" not in said.body
    assert nib.status == 500
    assert b"username" not in nib.body


def test_a_missing_schema_is_a_fault_of_ours_and_binds_nothing(stage: Stage) -> None:
    twisted(stage, "dpupr", "permit-validity", request="dpupr/permit-validity/9.9/request")
    said = voices.ask_validity(stage)
    assert (said.status, said.code) == (500, "schema-unknown")
    assert b"schemas/" not in said.body
    assert recorded(stage, "dpupr", "schema-unknown").message_id is None


def test_a_permit_named_twice_in_one_message_opens_one_case(stage: Stage) -> None:
    effect = Effect(case=None, events=(application("pbg"),), key=e.Reference(kind="oss-permit", value="I-17"))
    twisted(stage, "oss", "receiveNIB", to_cases=lambda _p, _f: Accept(effects=(effect, effect)))
    assert voices.send_nib(stage).json["responreceiveNIB"]["status"] == "1"
    assert len(stage.rows("permit_case")["permit_case"]) == 1
