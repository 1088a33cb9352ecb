"""A mapping of ours that raises or says too much: the delivery is held back or calls a person, and nothing is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.dpupr.recommendation import recommendation_request
from gateway.contract.adapter import Notification, Repeat
from gateway.domain import events as e
from gateway.domain.errors import HubBusy, MappingFault, Refused, Unauthorised
from gateway.store.outgoing import StoredDelivery
from tests.exchange import voices
from tests.exchange.deliveries import asked, now
from tests.exchange.stage import RINA, Stage
from tests.exchange.test_faulty_adapters import raises, twisted
from tests.exchange.town import raw


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_a_need_that_the_adapter_cannot_map_is_held_back_and_sent_once_it_is_mended(stage: Stage, agency: str) -> None:
    delivery = asked(stage, agency)
    right = twisted(stage, agency, delivery.interaction, to_agency=raises)
    assert stage.deliver(agency) == 0
    row = now(stage, delivery)
    assert (row.state, row.attempts) == ("queued", 0)
    assert "cannot map" in (row.cause or "")
    assert "9999014506900001" not in (row.cause or "")
    assert stage.town.calls[agency] == []
    stage.adapters[agency] = right
    stage.clock.advance(minutes=1)
    assert stage.deliver(agency) == 1
    assert now(stage, delivery).state in ("answered", "awaiting")


def more_than_agreed(stage: Stage) -> None:
    stage.agree("dukcapil", ('fields = ["NIK", "NAMA_LGKP"]', 'fields = ["NIK"]'))


def test_personal_data_beyond_the_agreement_does_not_leave(stage: Stage) -> None:
    more_than_agreed(stage)
    delivery = asked(stage, "dukcapil")
    assert stage.deliver("dukcapil") == 0
    assert "personal data beyond the agreement: /NAMA_LGKP" in (now(stage, delivery).cause or "")
    with pytest.raises(MappingFault) as raised:
        # its code is kept nowhere else
        stage.hub.outbound._preparing.prepare(StoredDelivery.of(now(stage, delivery)), stage.clock())
    assert raised.value.code == "own-personal-data-excess"
    assert stage.town.calls["dukcapil"] == []
    assert b"Siti" not in b"".join(stage.parts(delivery.id).values())


@pytest.mark.parametrize(
    ("agency", "payload"),
    [("dukcapil", {"NIK": "1"}), ("dpupr", {"case": "K-1"}), ("dpupr", {"nothing": "K-1"})],
)
def test_a_message_of_ours_that_breaks_the_agreed_schema_does_not_leave(
    stage: Stage, agency: str, payload: dict[str, str]
) -> None:
    delivery = asked(stage, agency)
    twisted(stage, agency, delivery.interaction, to_agency=lambda *_: payload)
    assert stage.deliver(agency) == 0
    assert "breaks the agreed schema" in (now(stage, delivery).cause or "")
    assert stage.town.calls[agency] == []


def test_a_value_that_the_agreed_xsd_does_not_know_does_not_leave(stage: Stage) -> None:
    delivery = asked(stage, "dpupr")
    twisted(
        stage,
        "dpupr",
        "technical-recommendation",
        to_agency=lambda case, ask, message: {**recommendation_request(case, ask, message), "service": "lain"},
    )
    assert stage.deliver("dpupr") == 0
    assert "breaks the agreed schema" in (now(stage, delivery).cause or "")


def test_a_soap_notification_without_a_reply_is_acknowledged_by_any_signed_answer(stage: Stage) -> None:
    delivery = asked(stage, "dpupr")
    told = Notification(
        name="technical-recommendation",
        security="wss-x509",
        serves=e.RequestRecommendation,
        request="dpupr/technical-recommendation/1.0/request",
        to_agency=recommendation_request,
        repeat=Repeat.SAME_ID,
    )
    stage.adapters["dpupr"] = replace(stage.adapters["dpupr"], interactions=(told,))
    stage.deliver("dpupr")
    assert now(stage, delivery).state == "answered"


def test_a_mapping_that_finds_the_hub_busy_keeps_nothing(stage: Stage) -> None:
    def busy(*_: object) -> Any:
        raise HubBusy("later", after_s=7)

    twisted(stage, "dpupr", "permit-validity", answer=busy)
    with stage.unchanged("exchange", "leaf"):
        said = voices.ask_validity(stage)
    assert (said.status, said.code, said.headers["retry-after"]) == (503, "hub-busy", "7")


def test_a_message_that_nothing_identifies_is_taken_each_time(stage: Stage) -> None:
    case = stage.validated()
    reference = stage.town.calls["sms"][0].json["reference"]
    twisted(stage, "sms", "delivery-report", identity=None)
    for _ in range(2):
        said = voices.report(stage, {**voices.REPORT, "reference": reference})
        assert said.json["messageId"] == said.json["exchange"]
    assert len(stage.exchanges("sms")) == 2
    assert stage.case(case.id).ended is False


def test_what_a_missing_agency_speaks_is_not_found_in_the_directory(stage: Stage) -> None:
    with pytest.raises(Unauthorised) as raised:
        stage.hub.directory.terms("nobody", "x", stage.clock())
    assert raised.value.code == "agency-unknown"
    with pytest.raises(Unauthorised) as raised:
        stage.hub.directory.terms_of("nobody", "x", "nobody-2026", "1.0")
    assert raised.value.code == "no-agreement"
    stage.suspend("dpupr")
    with pytest.raises(Unauthorised) as raised:
        stage.hub.directory.terms("dpupr", "permit-validity", stage.clock())
    assert (raised.value.code, "pemeriksaan" in raised.value.text) == ("agency-suspended", True)


def test_a_mapping_that_says_that_a_need_cannot_be_sent_gives_it_up(stage: Stage) -> None:
    def refuses(*_: object) -> Any:
        raise Refused("nomor telepon kosong", code="phone-missing")

    delivery = asked(stage, "dukcapil")
    twisted(stage, "dukcapil", "verify-resident", to_agency=refuses)
    assert stage.deliver("dukcapil") == 0
    assert now(stage, delivery).state == "dead"
    assert any("nomor telepon kosong" in text for text in stage.case(delivery.case_id).attention)
    assert json.loads(stage.leaves(delivery.id)[-1])["kind"] == "dead"


def test_an_answer_that_the_adapter_cannot_map_is_kept_for_a_person(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    right = twisted(stage, "dukcapil", "verify-resident", to_case=raises)
    stage.deliver("dukcapil")
    assert now(stage, delivery).state == "dead"
    assert "reply-1" in stage.parts(delivery.id)
    stage.adapters["dukcapil"] = right
    stage.letters.redrive(delivery.id, RINA.actor)
    stage.deliver("dukcapil")
    assert now(stage, delivery).state == "answered"


def test_a_notification_without_an_agreed_reply_is_acknowledged_by_any_2xx(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(delivery.case_id, RINA)
    twisted(stage, "sms", "send-message", reply=None, to_case=None)
    stage.town.next("sms", raw(b"OK", 204))
    stage.deliver("sms")
    assert stage.state(stage.delivery(delivery.case_id, "sms")) == "answered"
    stage.hub.deeds.return_(delivery.case_id, RINA, ["ktp"])
    stage.town.next("sms", raw(b"OK", 400))
    stage.deliver("sms")
    assert stage.state(stage.delivery(delivery.case_id, "sms")) == "dead"


def test_a_reply_that_nobody_maps_is_an_acknowledgement(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(delivery.case_id, RINA)
    twisted(stage, "sms", "send-message", to_case=None)
    stage.deliver("sms")
    assert stage.state(stage.delivery(delivery.case_id, "sms")) == "answered"


def test_a_history_that_was_tampered_with_sends_nothing_and_says_so(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    with stage.hub.store.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM case_event")
    assert stage.deliver("dukcapil") == 0
    assert "history" in (now(stage, delivery).cause or "")
