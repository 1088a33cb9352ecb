"""What an agency does to a delivery: down, slow, busy for ever, refusing. Nothing is lost or doubled.

What becomes of a single answer is a row of `tests.exchange.tables` for each dialect.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain import events as e
from gateway.office.signing import PinStep
from gateway.store.plan import Delete, Plan, Update
from gateway.store.tables import DeliveryRow, EndpointRow
from tests.exchange.deliveries import asked, attempts, now
from tests.exchange.stage import DEWI, RINA, Stage, application
from tests.exchange.town import raw, refused_port, says


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_an_agency_that_is_down_gets_it_later(stage: Stage, agency: str) -> None:
    delivery = asked(stage, agency)
    stage.endpoint(agency, f"http://127.0.0.1:{refused_port()}/")
    stage.deliver(agency)
    row = now(stage, delivery)
    assert (row.state, attempts(stage, delivery)[0][0]) == ("not-sent", "not-sent")
    assert "reply-1" not in stage.parts(delivery.id)
    assert stage.deliver(agency) == 0
    stage.endpoint(agency, f"{stage.street.url}/{agency}")
    stage.clock.at = row.due_at
    assert stage.deliver(agency) == 1
    assert now(stage, delivery).state in ("answered", "awaiting")


@pytest.mark.parametrize("agency", ["dukcapil", "dpupr"])
def test_an_agency_that_is_slow_may_have_it_and_is_asked_again_where_that_was_agreed(stage: Stage, agency: str) -> None:
    stage.agree(agency, ('call_timeout = "10s"', 'call_timeout = "1500ms"'))
    delivery = asked(stage, agency)
    stage.town.next(agency, stage.town.silence)
    stage.deliver(agency)
    assert now(stage, delivery).state == "unknown"
    stage.clock.advance(seconds=10)
    stage.deliver(agency)
    assert now(stage, delivery).state in ("answered", "awaiting")
    assert len(stage.town.calls[agency]) == 2


def pin(stage: Stage) -> DeliveryRow:
    case = stage.validated()
    stage.hub.signing.ask_pin(case.id, DEWI, PinStep.APPROVE)
    return stage.delivery(case.id, "sms")


def test_a_pin_that_may_have_arrived_is_never_repeated_and_a_person_is_called(stage: Stage) -> None:
    stage.agree("sms", ('call_timeout = "10s"', 'call_timeout = "1500ms"'))
    delivery = pin(stage)
    stage.town.next("sms", stage.town.silence)
    stage.deliver("sms")
    row = now(stage, delivery)
    assert (row.state, attempts(stage, delivery)[-1][0]) == ("dead", "unknown")
    assert "pengulangan tidak disepakati" in (row.cause or "")
    assert any("pengulangan tidak disepakati" in text for text in stage.case(delivery.case_id).attention)


def test_a_pin_that_certainly_did_not_leave_is_sent_later(stage: Stage) -> None:
    delivery = pin(stage)
    stage.endpoint("sms", f"http://127.0.0.1:{refused_port()}/")
    stage.deliver("sms")
    assert now(stage, delivery).state == "not-sent"


@pytest.mark.parametrize(
    ("header", "least", "most"), [("120", 120, 120), ("nonsense", 2.5, 5), ("9" * 6, 86_400, 86_400)]
)
def test_retry_after_is_obeyed_up_to_a_day(stage: Stage, header: str, least: float, most: float) -> None:
    delivery = asked(stage, "dukcapil")
    stage.town.next("dukcapil", raw(b"", 429, Retry_After=header))
    stage.deliver("dukcapil")
    wait = (now(stage, delivery).due_at - stage.clock()).total_seconds()
    assert least <= wait <= most


def test_retry_after_of_a_receivers_fault_is_obeyed(stage: Stage) -> None:
    delivery = asked(stage, "dpupr")
    stage.town.next("dpupr", stage.town.faults(sender=False, Retry_After="77"))
    stage.deliver("dpupr")
    assert now(stage, delivery).due_at - stage.clock() == timedelta(seconds=77)


def test_attempts_used_up_end_in_a_dead_letter_with_a_leaf_and_a_call_for_a_person(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.town.always["dukcapil"] = raw(b"", 503)
    waits = []
    while (row := now(stage, delivery)).state != "dead":
        waits.append((row.due_at - stage.clock()).total_seconds())
        stage.clock.at = row.due_at
        assert stage.deliver("dukcapil") == 1
    assert row.attempts == 8
    for number, wait in enumerate(waits[1:], 1):
        whole = min(5 * 2 ** (number - 1), 600)
        assert whole / 2 <= wait <= whole
    assert any("Sudah dicoba 8 kali" in text for text in stage.case(delivery.case_id).attention)
    leaf = json.loads(stage.leaves(delivery.id)[-1])
    assert (leaf["kind"], leaf["extra"]["outcome"], leaf["extra"]["attempts"]) == ("dead", "used-up", 8)


def test_a_rejected_text_message_calls_a_person_and_is_not_sent_again(stage: Stage) -> None:
    case = stage.register()
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.town.next("sms", says({"status": "rejected", "text": "unknown prefix"}))
    stage.deliver("sms")
    assert stage.state(stage.delivery(case.id, "sms")) == "answered"
    assert any("unknown prefix" in text for text in stage.case(case.id).attention)


# --- what staff or adapters have to mend --------------------------------------------------------------------------


HELD: Mapping[str, tuple[Callable[[Stage], None], Callable[[Stage], object]]] = {
    "a suspended agency": (lambda s: s.suspend("dukcapil"), lambda s: s.suspend("dukcapil", None)),
    "no active agreement": (
        lambda s: s.cease("dukcapil"),
        lambda s: s.hub.store.registry.activate_for_development("dukcapil-2026", "1.0", "staff/siti"),
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_what_staff_have_to_mend_holds_back_without_an_attempt(stage: Stage, name: str) -> None:
    hinder, mend = HELD[name]
    delivery = asked(stage, "dukcapil")
    hinder(stage)
    assert stage.deliver("dukcapil") == 0
    row = now(stage, delivery)
    assert (row.state, row.attempts, row.due_at - stage.clock()) == ("queued", 0, timedelta(minutes=1))
    assert row.cause
    mend(stage)
    stage.clock.advance(minutes=1)
    assert stage.deliver("dukcapil") == 1
    assert now(stage, delivery).state == "answered"


def test_an_endpoint_that_http_cannot_carry_counts_as_not_sent(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    key = {"agency": "dukcapil", "interaction": "*"}
    stage.hub.store.unit_of_work.commit(Plan.of(Update(EndpointRow, key, {}, {"url": "ftp://127.0.0.1/"})))
    stage.deliver("dukcapil")
    assert now(stage, delivery).state == "not-sent"
    stage.endpoint("dukcapil", f"{stage.street.url}/dukcapil")
    stage.clock.advance(seconds=5)
    stage.deliver("dukcapil")
    assert now(stage, delivery).state == "answered"


def test_what_was_said_is_said_again_word_for_word_whatever_happened_to_the_case(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.town.next("dukcapil", raw(b"", 503))
    stage.deliver("dukcapil")
    other = replace(application().applicant, name="Siti Lain Contoh")
    stage.hub.deeds.record(delivery.case_id, "staff/rina", e.ApplicationCorrected(applicant=other))
    stage.clock.advance(minutes=1)
    stage.hub.outbound.deliver(delivery.id)
    names = [call.json["NAMA_LGKP"] for call in stage.town.calls["dukcapil"]]
    assert names[:2] == ["Siti Contoh", "Siti Contoh"]


def test_an_endpoint_that_nobody_set_holds_back(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    stage.hub.store.unit_of_work.commit(Plan.of(Delete(EndpointRow, {"agency": "dukcapil"})))
    assert stage.deliver("dukcapil") == 0
    assert "no endpoint of dukcapil is set" in (now(stage, delivery).cause or "")
    url = f"{stage.street.url}/dukcapil/own"
    stage.hub.store.registry.set_endpoint("dukcapil", url, "staff/siti", "verify-resident")
    stage.clock.advance(minutes=1)
    stage.deliver("dukcapil")
    assert [call.path for call in stage.town.calls["dukcapil"]] == ["/dukcapil/own"]


def test_soap_11_is_spoken_where_it_was_agreed(stage: Stage) -> None:
    stage.agree("dpupr", ('transport = "soap-1.2"', 'transport = "soap-1.1"'))
    delivery = asked(stage, "dpupr")
    stage.deliver("dpupr")
    (call,) = stage.town.calls["dpupr"]
    assert call.headers["content-type"] == "text/xml; charset=utf-8"
    assert call.headers["soapaction"].endswith('#RecommendationRequest"')
    assert now(stage, delivery).state == "awaiting"
