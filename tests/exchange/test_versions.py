"""An agreement moves from 1.0 to 1.1 at a cut-over, a midnight in Jakarta, while exchanges of both are in flight."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.signing import jws
from gateway.domain.errors import Refused
from gateway.exchange.entry import GRACE
from tests.exchange import voices
from tests.exchange.cut_over import (
    DAY,
    FORM,
    ID,
    MIDNIGHT,
    REQUESTED,
    after_midnight,
    answer,
    before_midnight,
    conditions,
    end_second,
    last_call,
    second,
    spoken_in,
    under,
)
from tests.exchange.deliveries import asked, now
from tests.exchange.meta_voices import ask_rest
from tests.exchange.stage import Stage
from tests.exchange.test_rest_request import REQUEST, acknowledges
from tests.exchange.town import Answer, raw
from tests.exchange.voices import Said

# --- what we say --------------------------------------------------------------------------------------------------


def test_requests_and_answers_of_both_versions_cross_the_cut_over(stage: Stage) -> None:
    second(stage)
    sent = stage.requested()
    before_midnight(stage)
    waiting = asked(stage, "dpupr")
    assert (spoken_in(last_call(stage)), waiting.agreement_version) == ("1.0", "1.0")
    after_midnight(stage)
    made = asked(stage, "dpupr")
    assert made.agreement_version == "1.1"
    assert stage.deliver("dpupr") == 2
    assert [spoken_in(each) for each in stage.town.calls["dpupr"]] == ["1.0", "1.1", "1.1"]
    assert under(stage, sent) == ("1.0", "awaiting")
    assert under(stage, waiting) == under(stage, made) == ("1.1", "awaiting")  # nothing of it had left

    assert answer(stage, made, "1.1", "urn:dpupr:a").status == 200
    assert answer(stage, sent, "1.0", "urn:dpupr:b").status == 200
    assert answer(stage, waiting, "1.1", "urn:dpupr:c").status == 200
    assert [under(stage, each)[1] for each in (sent, waiting, made)] == ["answered"] * 3
    assert conditions(stage, sent) == ()
    assert conditions(stage, made) == ("Rekomendasi ini berlaku sampai dengan 2027-03-02.",)
    heard = {row.message_id: row.agreement for row in stage.exchanges("dpupr")}
    assert heard == {"urn:dpupr:a": f"{ID}/1.1", "urn:dpupr:b": f"{ID}/1.0", "urn:dpupr:c": f"{ID}/1.1"}
    kept = [stage.hub.store.reader.exchange(each.id) for each in (sent, waiting, made)]
    assert [each.agreement for each in kept if each] == [f"{ID}/{version}" for version in ("1.0", "1.1", "1.1")]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_in_the_form_of_another_version_is_refused_and_says_which_is_expected(
    stage: Stage, version: str
) -> None:
    other = "1.1" if version == "1.0" else "1.0"
    second(stage)
    if version == "1.1":
        after_midnight(stage)
    delivery = stage.requested()
    after_midnight(stage)
    with stage.unchanged():
        said = answer(stage, delivery, other)
    assert (said.status, said.code, said.clause) == (400, "version-expected", f"{ID}/{version}")
    assert f"dpupr/technical-recommendation/{version}/answer".encode() in said.body
    assert answer(stage, delivery, version).status == 200  # its message id was not bound
    assert stage.state(delivery) == "answered"


@pytest.mark.parametrize(
    ("script", "version"),
    [(raw(b"oops", 500), "1.0"), (raw(b"", 503), "1.1")],
    ids=["it may have arrived", "it was not taken"],
)
def test_a_retry_after_the_cut_over_says_the_same_again_unless_nothing_can_have_arrived(
    stage: Stage, script: Answer, version: str
) -> None:
    second(stage)
    before_midnight(stage)
    delivery = asked(stage, "dpupr")
    stage.town.next("dpupr", script)
    stage.deliver("dpupr")
    first = last_call(stage)
    stage.clock.advance(minutes=1)
    assert stage.deliver("dpupr") == 1
    assert (spoken_in(first), spoken_in(last_call(stage))) == ("1.0", version)
    assert first.message_id == last_call(stage).message_id
    assert under(stage, delivery) == (version, "awaiting")
    exchange = stage.hub.store.reader.exchange(delivery.id)
    assert exchange is not None
    assert exchange.agreement == f"{ID}/{version}"
    assert answer(stage, delivery, version).status == 200


def test_what_may_have_arrived_is_repeated_beyond_its_versions_last_day_for_the_grace_and_then_waits(
    stage: Stage,
) -> None:
    stage.agree("dpupr", ("valid_until = 2028-12-31", "valid_until = 2026-03-02"), version="0.9")
    second(stage)
    before_midnight(stage)
    delivery = asked(stage, "dpupr")
    stage.town.next("dpupr", raw(b"oops", 500), raw(b"oops", 500))
    stage.deliver("dpupr")
    stage.clock.at = MIDNIGHT + GRACE - timedelta(seconds=1)
    assert stage.deliver("dpupr") == 1
    assert (spoken_in(last_call(stage)), under(stage, delivery)) == ("1.0", ("0.9", "unknown"))
    stage.clock.advance(minutes=1)
    assert stage.deliver("dpupr") == 0
    assert under(stage, delivery) == ("0.9", "unknown")
    assert "agreement dpupr-2026 0.9 is valid from 2026-01-01 to 2026-03-02" in (now(stage, delivery).cause or "")
    assert answer(stage, delivery, "1.0").status == 200  # it had arrived after all
    assert stage.state(delivery) == "answered"


def test_what_the_version_in_force_does_not_have_waits_for_staff(stage: Stage) -> None:
    second(stage, ('services = ["krk", "pbg"]', 'services = ["pbg"]'))
    before_midnight(stage)
    delivery = asked(stage, "dpupr")
    after_midnight(stage)
    assert stage.deliver("dpupr") == 0
    assert under(stage, delivery) == ("1.0", "queued")
    assert "not for RequestRecommendation of service krk" in (now(stage, delivery).cause or "")


# --- what the agency says -----------------------------------------------------------------------------------------


def validity(stage: Stage, version: str, jti: str) -> Said:
    return voices.ask_validity(stage, agr=f"{ID}/{version}", jti=jti)


def test_an_inquiry_goes_by_the_version_in_force_and_a_repeat_gets_its_answer_again(stage: Stage) -> None:
    second(stage)
    before_midnight(stage)
    early = validity(stage, "1.1", "early")
    assert (early.status, early.code, early.clause) == (403, "version-not-yet", f"{ID}/1.0")
    first = validity(stage, "1.0", "first")
    assert first.code == "not-found"
    after_midnight(stage)
    late = validity(stage, "1.0", "late")
    assert (late.status, late.code, late.clause) == (403, "version-superseded", f"{ID}/1.1")
    assert (
        f"{ID}/1.1 is in force, since {DAY}, and its documents are at /rest/dpupr/openapi.json" in late.json["detail"]
    )
    assert validity(stage, "1.1", "new").code == "not-found"
    assert validity(stage, "1.0", "first").body == first.body
    stage.clock.advance(hours=5)
    again = validity(stage, "1.0", "first")  # sealed anew, under the version that it was answered under
    assert again.body == first.body
    claims = jws.verify_detached(
        again.headers["x-jws-signature"],
        again.body,
        [stage.certificate],
        issuer="dpmptsp",
        audience="dpupr",
        at=stage.clock(),
    )
    assert claims["agr"] == f"{ID}/1.0"
    bound = {row.message_id: row.agreement for row in stage.exchanges("dpupr") if row.message_id}
    assert bound == {"first": f"{ID}/1.0", "new": f"{ID}/1.1"}


def test_an_answer_given_before_a_version_that_calls_it_confidential_is_not_repeated_in_clear(stage: Stage) -> None:
    assert validity(stage, "1.0", "first").code == "not-found"
    second(stage, ("confidential = false", "confidential = true"))
    after_midnight(stage)
    assert validity(stage, "1.0", "first").code == "version-superseded"


def test_a_version_over_another_transport_leaves_the_old_address_to_answers_of_the_old_one(stage: Stage) -> None:
    soap = replace(stage.adapters["dpupr"].interactions[0], until="1.0")
    rest = replace(REQUEST, since="1.1")
    kept = stage.adapters["dpupr"].interactions[1:]
    stage.adapters["dpupr"] = replace(stage.adapters["dpupr"], interactions=(soap, rest, *kept))
    documents = [(f'"{REQUESTED}/{name}"', f'"{REQUEST.request}"') for name in ("request", "answer")]
    transport = ('transport = "soap-1.2"\nsecurity = "wss-x509"', 'transport = "rest"\nsecurity = "jws"')
    sent = stage.requested()
    second(stage, transport, *documents)
    after_midnight(stage)
    made = asked(stage, "dpupr")
    stage.town.next("dpupr", acknowledges(stage))
    assert stage.deliver("dpupr") == 1
    assert last_call(stage).headers["content-type"] == voices.JSON
    assert under(stage, made) == ("1.1", "awaiting")
    assert answer(stage, made, "1.0", "urn:dpupr:a").code == "version-expected"
    assert answer(stage, sent, "1.0", "urn:dpupr:b").status == 200


# --- rolled back --------------------------------------------------------------------------------------------------


def test_a_version_ended_before_its_cut_over_never_begins(stage: Stage) -> None:
    second(stage)
    end_second(stage)
    after_midnight(stage)
    delivery = stage.requested()
    assert (spoken_in(last_call(stage)), under(stage, delivery)) == ("1.0", ("1.0", "awaiting"))
    assert validity(stage, "1.0", "a").code == "not-found"
    with pytest.raises(Refused) as refused:
        stage.hub.store.registry.activate_for_development(ID, "1.1", "staff/siti")
    assert refused.value.code == "agreement-ended"


def test_after_a_roll_back_what_began_under_the_ended_version_is_concluded_under_it(stage: Stage) -> None:
    second(stage)
    after_midnight(stage)
    awaiting = stage.requested()
    unknown, waiting = asked(stage, "dpupr"), asked(stage, "dpupr")
    stage.town.next("dpupr", raw(b"oops", 500))
    stage.hub.outbound.deliver(unknown.id)
    end_second(stage)
    stage.clock.advance(minutes=1)
    assert stage.deliver("dpupr") == 2
    assert [under(stage, each) for each in (awaiting, unknown, waiting)] == [
        ("1.1", "awaiting"),
        ("1.1", "awaiting"),
        ("1.0", "awaiting"),
    ]
    assert answer(stage, awaiting, "1.1", "urn:dpupr:a").status == 200
    assert answer(stage, waiting, "1.1", "urn:dpupr:b").code == "version-expected"
    assert answer(stage, waiting, "1.0", "urn:dpupr:b").status == 200
    late = validity(stage, "1.1", "late")
    assert (late.code, late.clause) == ("version-superseded", f"{ID}/1.0")


def test_no_version_is_ended_or_put_into_force_so_that_a_day_is_left_without(stage: Stage) -> None:
    registry = stage.hub.store.registry
    with pytest.raises(Refused) as refused:
        registry.end_agreement(ID, "1.0", "staff/siti")
    assert refused.value.code == "agreement-gap"
    registry.end_agreement(ID, "1.0", "staff/siti", leave_gap=True)
    assert validity(stage, "1.0", "a").code == "no-agreement"


def test_a_version_that_its_adapter_does_not_say_suspends_the_agency_on_its_first_day(stage: Stage) -> None:
    second(stage, ('repeat = "same-id"', 'repeat = "safe"'))
    before_midnight(stage)
    stage.hub.day_watch.run_once()
    assert stage.hub.directory.suspension("dpupr") is None
    after_midnight(stage)
    stage.hub.day_watch.run_once()
    reason = stage.hub.directory.suspension("dpupr") or ""
    assert "repeat is same-id in the adapter and safe in the agreement" in reason


# --- what is told of both -----------------------------------------------------------------------------------------


def test_documents_of_the_version_in_force_and_of_the_coming_one_are_served(stage: Stage) -> None:
    second(stage)
    told = ask_rest(stage, "documents", message_id="m-1").json["document"]
    for each in told:
        served = stage.client.get(each["url"])
        assert (served.status_code, hashlib.sha256(served.content).hexdigest()) == (200, each["sha256"])
    urls = [each["url"].removeprefix(stage.door.url) for each in told]
    base = "/soap/dpupr/technical-recommendation"
    for place, version in ((f"{base}?wsdl", "1.0"), (f"{base}/1.1?wsdl", "1.1"), (f"{base}/required/1.1?wsdl", "1.1")):
        assert place in urls
        assert f"{FORM}:".encode() in stage.client.get(place).content
        assert f":{version}".encode() in stage.client.get(place).content
    assert "/rest/dpupr/1.1/openapi.json" in urls
    assert stage.client.get("/rest/dpupr/openapi.json").json()["info"]["version"] == "1.0"
    assert stage.client.get("/rest/dpupr/1.1/openapi.json").json()["info"]["version"] == "1.1"
    assert voices.read(stage.client.get("/rest/dpupr/1.2/openapi.json")).code == "version-unknown"
    after_midnight(stage)
    assert stage.client.get("/rest/dpupr/openapi.json").json()["info"]["version"] == "1.1"
    assert f"{FORM}:answer:1.1".encode() in stage.client.get(f"{base}?wsdl").content


def test_an_agency_is_told_what_is_allowed_until_when_and_what_comes_then(stage: Stage) -> None:
    second(stage)
    told = ask_rest(stage, "allowed", message_id="m-1").json
    assert (told["agreement"], told["validUntil"]) == (f"{ID}/1.0", "2026-03-02")
    assert told["interaction"][0]["request"] == "dpupr/technical-recommendation/1.0/request"
    line = ask_rest(stage, "echo", message_id="m-2").json["agreement"]
    assert line == f"active: {ID}/1.0; {ID}/1.1 from {DAY} on"
    kept = {each["version"]: each for each in ask_rest(stage, "agreements", message_id="m-3").json["agreement"]}
    assert [(kept[each]["state"], kept[each]["inForce"], kept[each]["validFrom"]) for each in ("1.0", "1.1")] == [
        ("active", True, "2026-01-01"),
        ("active", False, str(DAY)),
    ]
    after_midnight(stage)
    told = ask_rest(stage, "allowed", message_id="m-4").json
    assert (told["agreement"], told["validUntil"]) == (f"{ID}/1.1", "2030-12-31")
    assert told["interaction"][0]["request"] == "dpupr/technical-recommendation/1.1/request"
