"""Any agency, simulated from its adapter, its agreement and the examples of its schemas."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient
from lxml import etree

from conformance.peers.agreed.agreement import script_of
from conformance.peers.agreed.peer import AgreedPeer
from conformance.peers.agreed.soap import VERSIONS
from conformance.peers.config import load_config, make_config
from conformance.peers.peer import Surroundings
from conformance.signing import jws, soap, wss
from conformance.signing.keys import Identity
from gateway.cli.skeleton.choice import Model
from gateway.contract.adapter import Adapter
from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured
from gateway.validation.library import SchemaLibrary, default_roots
from tests.conformance.conftest import NOW, FakeHub, Heard
from tests.skeletons import choice_of, written

CASE = "K-2026-000099"
ASKED = {"case": CASE, "service": "krk", "applicantName": "Siti Contoh", "address": "Jalan 1", "purpose": "Toko"}
Play = Callable[[Model, Transport], AgreedPeer]


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Model, Transport], Adapter]:
    folder = tmp_path_factory.mktemp("agreed")
    kinds = [(Model.REQUEST, each) for each in Transport] + [(Model.SUBMISSION, Transport.REST)]
    kinds += [(Model.QUERY, Transport.SOAP_11), (Model.NOTIFICATION, Transport.REST)]
    made = {}
    for model, transport in kinds:
        agency = f"played-{model}-{transport}".replace(".", "")
        made[model, transport] = written(folder / agency, choice_of(model, transport, agency=agency))
    return made


@pytest.fixture
def play(
    adapters: dict[tuple[Model, Transport], Adapter],
    tmp_path: Path,
    agency_folder: Path,
    hub_folder: Path,
    surroundings: Surroundings,
    hub: FakeHub,
) -> Iterator[Play]:
    started: list[AgreedPeer] = []

    def run(model: Model, transport: Transport) -> AgreedPeer:
        adapter = adapters[model, transport]
        agency = adapter.agency.id
        folder = tmp_path / agency
        if not folder.exists():
            shutil.copytree(agency_folder, folder)  # keys take long to make
        make_config(folder, agency, hub=hub.url, hub_certificate=hub_folder / "certificate.pem", port=0)
        script = script_of(agency, f"{adapter.package}:ADAPTER")
        peer = AgreedPeer(folder, load_config(folder, agency), surroundings, script=script)
        peer.start()
        started.append(peer)
        return peer

    yield run
    for each in started:
        each.stop()


class Hub:
    """Speaks to a peer as the hub does, and answers it."""

    def __init__(self, peer: AgreedPeer, transport: Transport, identity: Identity, agency: Identity) -> None:
        self.peer, self.identity, self.agency = peer, identity, agency
        self.version = VERSIONS.get(transport)
        (self.part,) = peer._script.parts
        adapter = peer._script.adapter
        self.library = SchemaLibrary(default_roots([adapter]))

    def says(self, payload: dict[str, Any], message_id: str = "urn:m:1", signer: Identity | None = None) -> Any:
        who, declared = signer or self.identity, self.part.declared
        if self.version is None:
            body = json.dumps(payload).encode()
            claims: dict[str, str | int] = {"iss": "dpmptsp", "aud": self.peer.agency, "jti": message_id}
            claims |= {"agr": f"{self.peer.agency}-2026/1.0", "int": declared.name}
            headers = {"Content-Type": "application/json", jws.HEADER: jws.sign_detached(body, who, claims, at=NOW)}
            return TestClient(self.peer.app).post("/any/path", content=body, headers=headers)
        element = self.library.xml(declared.request).to_element(payload)
        addressing = soap.Addressing(message_id=message_id, to="http://x/", action=soap.action_of(element))
        data = wss.sign(soap.envelope(element, addressing, soap=self.version), who, at=NOW)
        headers = {"Content-Type": soap.CONTENT_TYPES[self.version]}
        return TestClient(self.peer.app).post("/", content=data, headers=headers)

    def heard(self, response: Any) -> dict[str, str]:
        """What the peer answered, its signature verified."""
        assert response.status_code == 200, response.text
        if self.version is None:
            token = response.headers[jws.HEADER]
            self.claims(token, response.content)
            said: dict[str, str] = response.json()
            return said
        proven = wss.verify(response.content, [self.agency.certificate], at=NOW)
        assert proven.relates_to == "urn:m:1"
        assert etree.QName(soap.parse(response.content)).namespace == self.version
        return {etree.QName(each).localname: each.text or "" for each in proven.document}

    def claims(self, token: str, body: bytes) -> dict[str, str | int]:
        trusted = [self.agency.certificate]
        return jws.verify_detached(token, body, trusted, issuer=self.peer.agency, audience="dpmptsp", at=NOW)

    def acknowledges(self, heard: Heard) -> Response:
        if self.version is None:
            token = heard.headers[jws.HEADER.lower()]
            jti = str(self.claims(token, heard.body)["jti"])
            body = json.dumps({"messageId": jti, "receivedAt": "2026-03-02T09:00:00+07:00", "exchange": "x"}).encode()
            claims: dict[str, str | int] = {"iss": "dpmptsp", "aud": self.peer.agency, "jti": "a", "agr": "x/1.0"}
            claims |= {"int": self.part.declared.name, "rel": jws.body_digest(heard.body)}
            headers = {jws.HEADER: jws.sign_detached(body, self.identity, claims, at=NOW)}
            return Response(body, media_type="application/json", headers=headers)
        said = wss.verify(heard.body, [self.agency.certificate], at=NOW)
        document = soap.acknowledgement(said.message_id, NOW, "x-1")
        addressing = soap.Addressing(
            message_id="urn:ack", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to=said.message_id
        )
        return Response(wss.sign(soap.envelope(document, addressing, soap=self.version), self.identity, at=NOW))


@pytest.mark.parametrize("transport", Transport)
def test_a_request_is_acknowledged_and_answered_by_the_agreed_example_about_its_case(
    play: Play, hub: FakeHub, hub_identity: Identity, agency: Identity, transport: Transport
) -> None:
    peer = play(Model.REQUEST, transport)
    ours = Hub(peer, transport, hub_identity, agency)
    hub.answer = ours.acknowledges
    assert ours.heard(ours.says(ASKED))["messageId"] == "urn:m:1"
    assert ours.heard(ours.says(ASKED))["messageId"] == "urn:m:1"
    (answer,) = hub.wait_for(1)
    assert CASE.encode() in answer.body
    assert b"400/17/2026" in answer.body
    assert ours.says({**ASKED, "purpose": "Gudang"}).status_code == 400
    assert ours.says({**ASKED, "service": ""}, "urn:m:2").status_code == 400
    assert ours.says(ASKED, "urn:m:3", signer=agency).status_code == 400
    codes = [each["code"] for each in peer.journal.entries("refused")]
    assert codes == ["message-id-reused", "schema-violation", "certificate-unknown"]


def test_an_answer_that_is_owed_is_given_after_a_restart_as_it_was_ordered_meanwhile(
    play: Play, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    peer = play(Model.REQUEST, Transport.SOAP_12)
    ours = Hub(peer, Transport.SOAP_12, hub_identity, agency)
    name = ours.part.declared.name
    client = TestClient(peer.app)
    assert client.post(f"/_control/answer/{name}", json={"members": {"favourable": "ya"}}).status_code == 422
    assert client.post("/_control/answer/nothing", json={}).status_code == 422
    assert client.post(f"/_control/send/{name}", json={}).status_code == 422
    assert client.post(f"/_control/answer/{name}", json={"members": {"favourable": False}}).status_code == 200
    ours.heard(ours.says(ASKED))
    hub.wait_for(1)  # it answers 503
    peer.stop()
    hub.answer = ours.acknowledges
    play(Model.REQUEST, Transport.SOAP_12)
    answers = hub.wait_for(len(hub.heard) + 1)
    assert b"<" in answers[-1].body
    assert b"favourable>false<" in answers[-1].body


def test_a_query_is_answered_and_a_notification_acknowledged_in_the_same_call(
    play: Play, hub_identity: Identity, agency: Identity
) -> None:
    query = Hub(play(Model.QUERY, Transport.SOAP_11), Transport.SOAP_11, hub_identity, agency)
    asked = {"case": CASE, "service": "krk", "nik": "9999014506900001", "applicantName": "Siti Contoh"}
    assert query.heard(query.says(asked)) == {"case": CASE, "registered": "true", "text": "Sesuai."}
    told = Hub(play(Model.NOTIFICATION, Transport.REST), Transport.REST, hub_identity, agency)
    notice = {"case": CASE, "service": "krk", "phone": "+6281200000017", "notice": "approved", "text": "Disetujui."}
    assert told.heard(told.says(notice))["messageId"] == "urn:m:1"


def test_it_speaks_first_when_it_is_told_to(play: Play, hub: FakeHub, hub_identity: Identity, agency: Identity) -> None:
    peer = play(Model.SUBMISSION, Transport.REST)
    ours = Hub(peer, Transport.REST, hub_identity, agency)
    hub.answer = ours.acknowledges
    name = ours.part.declared.name
    said = TestClient(peer.app).post(f"/_control/send/{name}", json={"members": {"text": "Tidak sesuai."}})
    assert said.status_code == 200
    (sent,) = hub.heard
    assert sent.path == f"/rest/{peer.agency}/{name}"
    assert sent.json["text"] == "Tidak sesuai."
    assert peer.journal.entries("sent")[0]["heard"] == said.json()


def test_what_cannot_be_played_is_said(adapters: dict[tuple[Model, Transport], Adapter], tmp_path: Path) -> None:
    for agency, named, says in (
        ("nobody", None, "no adapter is installed"),
        ("dukcapil", None, "nothing that dukcapil agreed can be played"),
        ("sms", "adapters.dpupr:ADAPTER", "that of dpupr"),
        ("sms", "adapters.sms:NOTHING", "give module:NAME"),
        ("sms", "adapters.sms:__name__", "no Adapter"),
    ):
        with pytest.raises(Misconfigured, match=says):
            script_of(agency, named)
    adapter = adapters[Model.QUERY, Transport.SOAP_11]
    other = replace(adapter, agreement="nothing-2026")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{adapter.package}.ADAPTER", other)
        with pytest.raises(Misconfigured, match="no agreement"):
            script_of(adapter.agency.id, f"{adapter.package}:ADAPTER")
    with pytest.raises(Misconfigured, match="hub"):
        make_config(tmp_path / "a", "a", hub="nowhere", hub_certificate=tmp_path / "hub.pem", port=0)
    with pytest.raises(Misconfigured, match="no such file"):
        make_config(tmp_path / "a", "a", hub="http://127.0.0.1:1", hub_certificate=tmp_path / "hub.pem", port=0)
    assert not (tmp_path / "a").exists()
