"""The small parts: backoff, verdicts, adapters found, agreements checked, a store that cannot write."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import EntryPoint
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.dpupr import ADAPTER as DPUPR
from adapters.satpolpp import ADAPTER as SATPOLPP
from adapters.sms import ADAPTER as SMS
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Accept, Adapter, Decline, Inquiry, Outbound, Reason, Repeat
from gateway.contract.agreement import RetrySchedule
from gateway.contract.message import Json, Message, Reply, Transport
from gateway.dialect.party import Proven
from gateway.domain.errors import GatewayError, HubBusy, MappingFault, Misconfigured, Refused, Unauthorised
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.wire import SoapForm, SoapWire
from gateway.exchange.answering import Heard, act
from gateway.exchange.backoff import wait_before
from gateway.exchange.checking import check_agreement
from gateway.exchange.directory import Terms
from gateway.exchange.mapping import Mapping
from gateway.exchange.plugins import GROUP, load_adapters
from gateway.exchange.speaking import reply_document, retry_after
from gateway.exchange.states import Delivery
from gateway.exchange.verdict import HELD_BACK, Judge
from gateway.store.plan import Claim, Conflict, Outcome, Plan
from gateway.store.tables import ExchangeRow
from gateway.store.unit_of_work import GroupCommit
from gateway.trust.policy import KeyKind
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from tests.exchange import voices
from tests.exchange.keys import AT
from tests.exchange.stage import Stage

SCHEDULE = RetrySchedule(first_s=5, factor=2, max_s=60, attempts=5)


# --- backoff ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "whole"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (500, 60), (5000, 60)])
def test_waits_grow_to_the_agreed_most_and_lie_between_half_and_whole(attempts: int, whole: float) -> None:
    least, middle, most = (
        wait_before(SCHEDULE, attempts, chance, None).total_seconds()
        for chance in (lambda: 0.0, lambda: 0.5, lambda: 1.0)
    )
    assert (least, middle, most) == (whole / 2, whole * 0.75, whole)


@pytest.mark.parametrize(("asked", "expected"), [(1, 5), (30, 30), (10**9, 86_400)])
def test_an_agency_that_says_when_is_obeyed_up_to_a_day_and_never_sooner_than_the_schedule(
    asked: int, expected: float
) -> None:
    assert wait_before(SCHEDULE, 1, lambda: 1.0, asked) == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("9" * 400, 999_999_999),
        ("²", None),
        ("Mon, 05 Jan 2026 03:01:00 GMT", 60),
        ("Mon, 05 Jan 2026 02:00:00 GMT", 0),
        ("Mon, 05 Jan 2026 03:00:00.5 GMT", None),
        ("Monday, 05-Jan-26 03:01:00 GMT", 60),
        ("Mon, 32 Jan 2026 03:01:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(text: str, seconds: int | None) -> None:
    assert retry_after({"retry-after": text}, datetime(2026, 1, 5, 3, 0, tzinfo=UTC)) == seconds


# --- verdicts -----------------------------------------------------------------------------------------------------


def terms(adapter: Adapter, name: str) -> Terms:
    agreement = read_agreement(packaged_agreements()[adapter.agreement])
    declared, agreed = adapter.interaction(name), agreement.interaction(name)
    assert declared is not None
    assert agreed is not None
    return Terms(adapter=adapter, interaction=declared, agreement=agreement, agreed=agreed)


JUDGE = Judge(lambda: 0.0)
RECOMMENDATION = terms(DPUPR, "technical-recommendation")
PIN = terms(SMS, "send-pin")


def test_a_declined_answer_calls_a_person() -> None:
    verdict = JUDGE.heard(RECOMMENDATION, Decline(reason=Reason.NOT_FOUND, text="tidak ada"), 1, AT, made_at=AT)
    assert (verdict.state, verdict.attention) == (Delivery.ANSWERED, "tidak ada")
    assert JUDGE.heard(RECOMMENDATION, Accept(), 1, AT, made_at=AT).state is Delivery.AWAITING
    assert JUDGE.heard(PIN, None, 1, AT, made_at=AT).state is Delivery.ANSWERED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (MappingFault("x"), Delivery.DEAD),
        (Refused("x"), Delivery.UNKNOWN),
        (Misconfigured("x"), Delivery.UNKNOWN),
    ],
)
def test_a_fault_after_the_answer_came_leaves_what_was_done_unknown(error: GatewayError, state: Delivery) -> None:
    assert JUDGE.failed(RECOMMENDATION, error, 1, AT).state is state
    assert JUDGE.failed(PIN, error, 1, AT).state is Delivery.DEAD


def test_what_may_not_be_repeated_is_not_repeated_when_a_worker_was_lost() -> None:
    assert JUDGE.lease_ran_out(RECOMMENDATION, 1, AT).state is Delivery.UNKNOWN
    assert JUDGE.lease_ran_out(RECOMMENDATION, 8, AT).state is Delivery.DEAD
    assert JUDGE.lease_ran_out(PIN, 1, AT).state is Delivery.DEAD


def test_a_lost_worker_without_terms_leaves_its_delivery_to_staff_where_repeating_is_agreed() -> None:
    suspended = Unauthorised("agency sms is suspended", code="agency-suspended")
    held = JUDGE.lease_ran_out_uncovered(RECOMMENDATION.interaction, suspended, AT)
    assert (held.state, held.due_at, held.cause) == (Delivery.UNKNOWN, AT + HELD_BACK, suspended.text)
    for interaction in (PIN.interaction, None):
        dead = JUDGE.lease_ran_out_uncovered(interaction, suspended, AT)
        assert (dead.state, dead.due_at) == (Delivery.DEAD, None)
        assert "ask the agency" in (dead.attention or "")


def test_the_hub_does_not_speak_first_in_an_inquiry() -> None:
    with pytest.raises(Misconfigured, match="does not speak first"):
        reply_document(terms(DPUPR, "permit-validity"))


# --- mappings -----------------------------------------------------------------------------------------------------


def test_a_mappings_mistake_is_a_fault_of_ours_that_shows_no_value() -> None:
    with pytest.raises(MappingFault) as raised, Mapping("dpupr/x"):
        raise ValueError("9999014506900001")
    assert "ValueError" in raised.value.text
    assert "9999014506900001" not in raised.value.text
    with pytest.raises(Refused, match="genau"), Mapping("dpupr/x"):
        raise Refused("genau")
    with pytest.raises(KeyboardInterrupt), Mapping("dpupr/x"):
        raise KeyboardInterrupt


# --- adapters -----------------------------------------------------------------------------------------------------


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_adapters_are_found_by_their_entry_points() -> None:
    found = load_adapters([point("sms", "adapters.sms:ADAPTER"), point("dpupr", "adapters.dpupr:ADAPTER")])
    assert list(found) == ["dpupr", "sms"]


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([point("x", "adapters.nothing:ADAPTER")], "adapter-invalid"),
        ([point("x", "adapters.sms:NOTHING")], "adapter-invalid"),
        ([point("x", "adapters.sms.mapping:PIN")], "adapter-invalid"),
        ([point("a", "adapters.sms:ADAPTER"), point("b", "adapters.sms:ADAPTER")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_parts:TWICE")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_parts:TWICE_IN_ONE_AGREEMENT")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_parts:OF_NO_VERSION")], "adapter-invalid"),
        ([point("a", "tests.exchange.test_parts:NAMED_AS_META")], "adapter-invalid"),
        ([point("a", "tests.exchange.test_parts:AT_A_META_PATH")], "adapter-invalid"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_named(points: list[EntryPoint], code: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        load_adapters(points)
    assert raised.value.code == code


TWICE = replace(SMS, interactions=SMS.interactions * 2)
TWICE_IN_ONE_AGREEMENT = replace(
    SMS,
    interactions=(replace(SMS.interactions[0], until="1.1"), replace(SMS.interactions[0], since="1.1")),
)
OF_NO_VERSION = replace(SMS, interactions=(replace(SMS.interactions[0], since="v1"),))
NAMED_AS_META = replace(SMS, interactions=(replace(SMS.interactions[0], name="meta.echo"),))
AT_A_META_PATH = replace(SMS, interactions=(replace(SMS.interactions[0], path="meta/anything"),))


# --- adapter, agreement and schemas -------------------------------------------------------------------------------


def library() -> SchemaLibrary:
    return SchemaLibrary(default_roots([DPUPR, SMS, SATPOLPP]))


def twisted(adapter: Adapter, name: str, **members: Any) -> Adapter:
    changed = [replace(each, **members) if each.name == name else each for each in adapter.interactions]
    return replace(adapter, interactions=tuple(changed))


@pytest.mark.parametrize("adapter", [DPUPR, SMS], ids=lambda each: each.agency.id)
def test_the_packaged_agreements_fit_their_adapters(adapter: Adapter) -> None:
    assert check_agreement(adapter, read_agreement(packaged_agreements()[adapter.agreement]), library()) == ()


def test_every_difference_of_adapter_and_agreement_is_said_in_a_sentence() -> None:
    said = packaged_agreements()["dpupr-2026"]
    agreement = read_agreement(said)

    def differs(adapter: Adapter, other: str = said) -> str:
        return " | ".join(check_agreement(adapter, read_agreement(other), library()))

    assert "REST" not in differs(DPUPR)
    over_soap = twisted(DPUPR, "technical-recommendation", security="jws")
    assert "profile jws does not go with soap-1.2" in differs(over_soap)
    assert "no inbound profile 'nothing'" in differs(twisted(DPUPR, "permit-validity", security="nothing"))
    over_rest = said.replace('transport = "soap-1.2"', 'transport = "rest"')
    both = differs(twisted(DPUPR, "technical-recommendation", security="nothing"), over_rest)
    assert "no inbound profile 'nothing'" in both
    assert "no outbound profile 'nothing'" in both
    probing = twisted(DPUPR, "technical-recommendation", security="jws", repeat=Repeat.PROBE)
    assert "repeat = probe is not served" in differs(probing, over_rest)
    missing = said.replace("dpupr/permit-validity/1.0/request", "dpupr/permit-validity/9.9/request")
    assert "'dpupr/permit-validity/9.9/request' (.json) is not published" in differs(DPUPR, missing)
    unmarked = said.replace("fields = []", 'fields = ["permitNumber"]')
    assert "personal field permitNumber is permitted, and no schema" in differs(DPUPR, unmarked)
    shorter = replace(agreement, interactions=agreement.interactions[:1])
    assert any("permit-validity" in each for each in check_agreement(DPUPR, shorter, library()))


@pytest.mark.parametrize(
    ("twist", "said"),
    [
        (
            {"security": "basic"},
            "profile basic does not go with a mailbox, whose items are signed; jws and wss-x509 can",
        ),
        ({"repeat": Repeat.NEVER}, "repeat = never does not go with a mailbox"),
        ({"redact": ("pin",)}, "a mailbox has no secrets to fill in (redact names pin)"),
    ],
)
def test_a_mailbox_is_signed_given_again_and_holds_no_secret(twist: dict[str, Any], said: str) -> None:
    agreement = read_agreement(packaged_agreements()["satpolpp-2026"])
    assert check_agreement(SATPOLPP, agreement, library()) == ()
    found = check_agreement(twisted(SATPOLPP, "recommendation-task", **twist), agreement, library())
    assert any(said in each for each in found)


@pytest.mark.parametrize("agency", ["bank", "djp", "dukcapil", "oss", "sms", "dpupr"])
def test_confidential_goes_with_the_profiles_that_can_encrypt(agency: str) -> None:
    adapter = load_adapters()[agency]
    said = packaged_agreements()[adapter.agreement].replace("confidential = false", "confidential = true")
    assert "confidential = true" in said
    found = check_agreement(adapter, read_agreement(said), library())
    unable = [each for each in found if "which cannot encrypt; jws and wss-x509 can" in each]
    assert len(unable) == (0 if agency == "dpupr" else len(read_agreement(said).interactions))


@pytest.mark.parametrize(
    ("kind", "unable"),
    [
        (KeyKind.RSA, []),
        (KeyKind.P256, ["technical-recommendation"]),
        (KeyKind.ED25519, ["technical-recommendation", "permit-validity"]),
    ],
)
def test_confidential_goes_with_a_key_of_the_hub_that_can_decrypt(kind: KeyKind, unable: list[str]) -> None:
    clear = packaged_agreements()["dpupr-2026"]
    secret = clear.replace("confidential = false", "confidential = true")
    found = check_agreement(DPUPR, read_agreement(secret), library(), kind)
    assert [each.partition(":")[0] for each in found] == [f"dpupr/{name}" for name in unable]
    assert all("SIMOJO_SIGNING_KEY_FILE" in each for each in found)
    assert check_agreement(DPUPR, read_agreement(clear), library(), kind) == ()


def test_an_agency_whose_adapter_and_agreement_differ_is_suspended_alone_until_they_agree(stage: Stage) -> None:
    right = stage.adapters["dpupr"]
    stage.adapters["dpupr"] = twisted(right, "permit-validity", security="nothing")
    stage.hub.suspend_where_different()
    stage.adapters["dpupr"] = right
    assert voices.ask_validity(stage).code == "agency-suspended"
    assert voices.send_nib(stage).json["responreceiveNIB"]["status"] == "1"
    stage.hub.suspend_where_different()
    assert voices.ask_validity(stage).code == "not-found"


def test_models_of_the_vocabulary_are_told_apart() -> None:
    assert isinstance(RECOMMENDATION.interaction, Outbound)
    assert isinstance(terms(DPUPR, "permit-validity").interaction, Inquiry)
    assert RECOMMENDATION.reference == "dpupr-2026/1.0"


# --- a store that cannot write ------------------------------------------------------------------------------------


class FullDisk(GroupCommit):
    """Takes nothing; `taken` counts what was asked of it."""

    taken = 0

    def submit(self, plan: Plan) -> Future[Outcome]:
        type(self).taken += 1
        raise HubBusy("the store cannot write now; nothing was kept, send again", after_s=5)


class Crowd(GroupCommit):
    """Another is always first at an exchange."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.losses = 0

    def submit(self, plan: Plan) -> Future[Outcome]:
        first = next((each for each in plan.changes if isinstance(each, Claim) and each.model is ExchangeRow), None)
        if first is None:
            return super().submit(plan)
        self.losses += 1
        lost: Future[Outcome] = Future()
        lost.set_result(Conflict(first))
        return lost


@pytest.mark.parametrize("name", ["soap", "jws", "oss"])
@pytest.mark.parametrize(("writer", "after"), [(FullDisk, "5"), (Crowd, "1")])
def test_a_hub_that_cannot_keep_a_message_says_so_in_the_senders_form_and_keeps_nothing(
    stage: Stage, name: str, writer: type[GroupCommit], after: str
) -> None:
    stage.restart(writer)
    with stage.unchanged("exchange", "leaf"):
        said = voices.VOICES[name][1](stage)
    if name == "oss":
        assert (said.status, said.json["responreceiveNIB"]["status"]) == (504, "2")
    else:
        assert (said.status, said.code) == (503, "hub-busy")
        assert said.headers["retry-after"] == after
    stage.restart()
    voices.VOICES[name][1](stage)
    assert len(stage.exchanges(voices.VOICES[name][0])) == 1


# --- a wire and a model that an agreement rules out ---------------------------------------------------------------


def soap_wire() -> SoapWire:
    element = "{urn:simojo:acknowledgement:1.0}Acknowledgement"
    codec = SoapCodec("dpupr", "x", request=element, answer=element)
    form = SoapForm(document="dpupr/x/1.0/request", action="urn:x", codec=codec)
    return SoapWire([form], path="/soap/dpupr/x", address="https://hub.example/soap/dpupr/x", library=library())


@pytest.mark.parametrize("payload", [{"nothing": "x"}, {"messageId": "x"}, {"messageId": "x", "receivedAt": "now"}])
def test_a_soap_reply_of_ours_that_breaks_its_schema_does_not_leave(payload: dict[str, Json]) -> None:
    with pytest.raises(MappingFault, match="our own reply breaks"):
        soap_wire().reply(ACKNOWLEDGEMENT, payload)
    assert soap_wire().reply(ACKNOWLEDGEMENT, {"messageId": "x", "receivedAt": "2026-03-02T10:00:00Z"}).status == 200


def test_a_dialect_of_an_adapter_has_no_form_in_soap() -> None:
    with pytest.raises(Misconfigured, match="SOAP"):
        soap_wire().custom(Reply(status=200, payload={}))


def test_nothing_can_be_sent_to_an_interaction_in_which_the_hub_alone_speaks(stage: Stage) -> None:
    proven = Proven(agency="sms", actor="x", content=b"", document={})
    message = Message(
        agency="sms",
        interaction="send-pin",
        transport=Transport.REST,
        method="POST",
        path="/",
        headers={},
        body=b"",
        received_at=AT,
        address="",
    )
    entry = stage.hub.directory.current("sms")
    heard = Heard(entry=entry, terms=PIN, message=message, proven=proven, payload={}, message_id=None, exchange="x-1")
    steps = CaseSteps(stage.hub.casework, Occasion(actor="x", occurred_at=AT, entered_at=AT))
    with pytest.raises(Misconfigured, match="nothing can be sent to it"):
        act(heard, soap_wire(), steps, stage.hub.casework, library(), AT)
