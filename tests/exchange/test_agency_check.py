"""What a check of an agency says of late: exchanges, refusals, deliveries that wait or were given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lxml import etree

from gateway.contract.message import Message, Transport
from gateway.domain.errors import HubBusy, Unauthenticated
from gateway.exchange.checking import check_agreement
from gateway.exchange.directory import Directory
from gateway.operations import failed_proofs
from gateway.operations.agency_check import AgencyCheck, Line
from gateway.operations.allowance import Allowance
from gateway.store.plan import Outcome, Plan
from gateway.transport.sight import Sight, Stage, Verdict
from gateway.trust.diagnosis import Finding
from gateway.validation.library import SchemaLibrary
from tests.exchange import voices
from tests.exchange.stage import LIBRARY
from tests.exchange.stage import Stage as Hub


def checked(hub: Hub, agency: str = "dpupr", library: object = LIBRARY) -> list[Line]:
    directory: Directory = hub.hub.directory
    check = AgencyCheck(
        reader=hub.hub.store.reader,
        library=library,  # type: ignore[arg-type]  # a library, or one that has less
        party=directory.party,
        endpoint=directory.endpoint,
        differences=lambda adapter, agreement: check_agreement(adapter, agreement, LIBRARY),
        look=lambda url: (Sight(stage=Stage.DNS, verdict=Verdict.OK, expected="", found=url),),
        own=hub.certificate,
        at=hub.clock(),
    )
    return list(check.run(hub.adapters[agency]))


def lately(hub: Hub, agency: str = "dpupr") -> list[tuple[str, str]]:
    return [(each.verdict.value, each.found) for each in checked(hub, agency) if each.step == "lately"]


def test_the_last_exchanges_each_way_are_named(stage: Hub) -> None:
    delivery = stage.requested()
    assert voices.answer(stage, delivery).status == 200
    said = [found for verdict, found in lately(stage) if verdict == "ok"]
    assert said[0] == f"last accepted from the agency: technical-recommendation at {stage.clock().isoformat()}"
    assert said[1].startswith("last accepted to the agency: technical-recommendation at ")


def test_refusals_are_counted_by_code_for_a_week(stage: Hub) -> None:
    stage.cease("dpupr")
    for number in range(2):
        assert voices.ask_validity(stage, message_id=f"m-{number}").code == "no-agreement"
    assert ("warn", f"2 x no-agreement in 7 days, last at {stage.clock().isoformat()}") in lately(stage)
    stage.clock.advance(days=8)
    assert not any("no-agreement" in found for _, found in lately(stage))


def test_deliveries_that_wait_and_that_were_given_up_are_named_with_their_cause(stage: Hub) -> None:
    stage.endpoint("dukcapil", "http://127.0.0.1:9/nobody")
    stage.register()
    assert any("1 deliveries queued" in found for _, found in lately(stage, "dukcapil"))
    stage.deliver("dukcapil")
    waiting = next(each for each in lately(stage, "dukcapil") if "not-sent" in each[1])
    assert waiting[0] == "warn"
    assert "TCP" in waiting[1]
    for _ in range(200):
        stage.clock.advance(hours=12)
        stage.deliver("dukcapil")
    dead = next(each for each in lately(stage, "dukcapil") if "given up" in each[1])
    assert dead[0] == "FAIL"
    assert "TCP" in dead[1] or "agency-unreachable" in dead[1]


def test_the_last_failed_signature_is_named_with_its_cause_and_without_values(stage: Hub) -> None:
    delivery = stage.requested()
    root = etree.fromstring(voices.callback(stage, delivery, case=delivery.case_id))
    etree.indent(root[1])
    with stage.unchanged("exchange", "leaf"):
        for _ in range(failed_proofs.EACH + 2):
            assert voices.post(stage, voices.SOAP_PATH, etree.tostring(root), voices.SOAP_12).code == "signature-digest"
    (found,) = [found for _, found in lately(stage) if "signature-digest" in found]
    assert "white-space-added" in found
    assert "at technical-recommendation" in found
    assert delivery.case_id not in found
    assert "Budi" not in found
    (row,) = stage.hub.store.reader.failed_proofs("dpupr")
    assert row.count == failed_proofs.EACH
    stage.clock.advance(days=8)
    assert not any("signature-digest" in found for _, found in lately(stage))


def test_what_is_no_failed_proof_or_not_signed_is_not_kept(stage: Hub) -> None:
    assert voices.post(stage, voices.SOAP_PATH, b"<x/>", voices.SOAP_12).code == "envelope-invalid"
    assert voices.post(stage, voices.JWS_PATH, b"{}", voices.JSON).code == "signature-missing"
    assert voices.post(stage, voices.BANK_PATH + "/inquiry", b"{}", voices.JSON).status in (401, 404)
    assert [(row.agency, row.code) for row in stage.hub.store.reader.failed_proofs("dpupr")] == [
        ("dpupr", "signature-missing")
    ]
    assert stage.hub.store.reader.failed_proofs("bank") == []


def test_a_store_that_cannot_write_loses_the_hint_alone(stage: Hub) -> None:
    class Full:
        def commit(self, plan: Plan) -> Outcome:
            raise HubBusy("penuh")

    class Findings:
        def __call__(self, message: Message) -> tuple[Finding, ...]:
            return ()

    keep = failed_proofs.FailedProofs(
        reader=stage.hub.store.reader,
        unit_of_work=Full(),  # type: ignore[arg-type]  # a writer whose disk is full
        findings=Findings(),
        allowance=Allowance(each=1, in_all=1),
    )
    message = Message(
        agency="dpupr",
        interaction="x",
        transport=Transport.REST,
        method="POST",
        path="/",
        headers={},
        body=b"",
        received_at=stage.clock(),
        address="127.0.0.1",
    )
    keep(message, Unauthenticated("tidak"))
    assert stage.hub.store.reader.failed_proofs("dpupr") == []


def test_what_adapter_and_agreement_differ_in_is_named(stage: Hub) -> None:
    adapter = stage.adapters["dpupr"]
    changed = tuple(replace(each, security="basic") for each in adapter.interactions)
    stage.adapters["dpupr"] = replace(adapter, interactions=changed)
    try:
        found = [each for each in checked(stage) if each.step == "adapter"]
        assert found
        assert {each.verdict for each in found} == {Verdict.FAIL}
    finally:
        stage.adapters["dpupr"] = adapter


def test_an_agreement_near_its_end_and_one_that_is_over_are_told_apart(stage: Hub) -> None:
    def verdict() -> Verdict:
        return next(each.verdict for each in checked(stage) if each.step == "agreement")

    assert verdict() is Verdict.OK
    agreement = stage.hub.directory.active_agreement("dpupr", stage.clock().date())
    assert agreement is not None
    stage.clock.at += timedelta(days=(agreement.valid_until - stage.clock().date()).days - 10)
    assert verdict() is Verdict.WARN
    stage.clock.advance(days=20)
    assert verdict() is Verdict.FAIL


def test_each_address_is_looked_at_once(stage: Hub) -> None:
    found = [each.found for each in checked(stage, "oss") if each.step == "dns"]
    assert len(found) == len(set(found)) >= 1


def test_a_schema_that_cannot_be_read_is_named(stage: Hub) -> None:
    assert next(each for each in checked(stage) if each.step == "schemas").verdict is Verdict.OK
    found = [each for each in checked(stage, library=SchemaLibrary(())) if each.step == "schemas"]
    assert found
    assert all(each.verdict is Verdict.FAIL and "is not published" in each.found for each in found)


def test_our_own_certificate_is_judged_too(stage: Hub) -> None:
    def verdict() -> Verdict:
        return next(each.verdict for each in checked(stage) if each.step == "own")

    end = stage.certificate.not_valid_after_utc
    assert verdict() is Verdict.OK
    stage.clock.at = end - timedelta(days=3)
    assert verdict() is Verdict.WARN
    stage.clock.at = end + timedelta(days=1)
    assert verdict() is Verdict.FAIL
