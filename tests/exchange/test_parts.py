"""The small parts: a store that cannot write, a wire and a model that an agreement rules out."""

from __future__ import annotations

from concurrent.futures import Future

import pytest
from sqlalchemy import Engine

from adapters.sms import ADAPTER as SMS
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.message import Json, Message, Reply, Transport
from gateway.dialect.party import Proven
from gateway.domain.errors import HubBusy, MappingFault, Misconfigured
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.wire import SoapForm, SoapWire
from gateway.exchange.answering import Heard, act
from gateway.store.plan import Claim, Conflict, Outcome, Plan
from gateway.store.tables import ExchangeRow
from gateway.store.unit_of_work import GroupCommit
from gateway.validation.library import ACKNOWLEDGEMENT
from tests.exchange import voices
from tests.exchange.agreed import library, terms
from tests.exchange.keys import AT
from tests.exchange.stage import Stage

PIN = terms(SMS, "send-pin")


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
