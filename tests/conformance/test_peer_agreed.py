"""Any agency, simulated from its adapter, its agreement and the examples of its schemas."""

from __future__ import annotations

import base64
import hashlib
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

from conformance.peers.agreed import batch
from conformance.peers.agreed.agreement import script_of
from conformance.peers.agreed.peer import AgreedPeer
from conformance.peers.agreed.soap import VERSIONS
from conformance.peers.config import load_config, make_config
from conformance.peers.documents import json_violations
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
    kinds += [(Model.QUERY, Transport.SOAP_11), (Model.NOTIFICATION, Transport.REST), (Model.BATCH, Transport.REST)]
    kinds += [(Model.MAILBOX, Transport.REST), (Model.MAILBOX, Transport.SOAP_12)]
    made = {}
    for model, transport in kinds:
        agency = f"played-{model}-{transport}".replace(".", "")
        made[model, transport] = written(folder / agency, choice_of(model, transport, agency=agency))
    return made


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.peers.collecting.PAUSE_S", 0.01)


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


class Box(Hub):
    """The hub's own services, as the agency calls them."""

    def path(self, name: str) -> str:
        soap_path = f"/soap/{self.peer.agency}/mailbox.{name}"
        return soap_path if self.version else f"/rest/{self.peer.agency}/mailbox/{name}"

    def item(self, payload: dict[str, Any], message_id: str) -> dict[str, Any]:
        declared, said = self.part.declared, {}
        if self.version is None:
            body = json.dumps(payload).encode()
            said["signature"] = self.token(body, message_id, int=declared.name)
        else:
            element = self.library.xml(declared.request).to_element(payload)
            addressing = soap.Addressing(message_id=message_id, to="urn:x", action=soap.action_of(element))
            body = wss.sign(soap.envelope(element, addressing, soap=self.version), self.identity, at=NOW)
        return {
            "messageId": message_id,
            "interaction": declared.name,
            "agreement": f"{self.peer.agency}-2026/1.0",
            "madeAt": "2026-03-02T02:55:00.000Z",
            "collected": 1,
            "visibleAgainAt": "2026-03-02T03:10:00.000Z",
            "mediaType": "application/json",
            **said,
            "body": base64.b64encode(body).decode(),
        }

    def token(self, body: bytes, jti: str, **claims: str) -> str:
        said: dict[str, str | int] = {"iss": "dpmptsp", "aud": self.peer.agency, "jti": jti, **claims}
        return jws.sign_detached(body, self.identity, said, at=NOW)

    def signed(self, heard: Heard, payload: dict[str, Any]) -> Response:
        body = json.dumps(payload).encode()
        token = self.token(body, "a", rel=jws.body_digest(heard.body))
        return Response(body, media_type="application/json", headers={jws.HEADER: token})

    def replies(self, heard: Heard, service: str, payload: dict[str, Any]) -> Response:
        said = {"agency": self.peer.agency, "at": "2026-03-02T03:00:00.000Z", **payload}
        if self.version is None:
            return self.signed(heard, said)
        element = self.library.xml(f"simojo/mailbox-{service}/1.0/reply").to_element(said)
        asked = wss.verify(heard.body, [self.agency.certificate], at=NOW)
        addressing = soap.Addressing(
            message_id="urn:r", to=soap.ANONYMOUS, action=soap.action_of(element), relates_to=asked.message_id
        )
        return Response(wss.sign(soap.envelope(element, addressing, soap=self.version), self.identity, at=NOW))

    def heard_words(self, heard: Heard) -> list[dict[str, Any]]:
        """The words of an acknowledgement, its signature verified."""
        if self.version is None:
            self.claims(heard.headers[jws.HEADER.lower()], heard.body)
            items: list[dict[str, Any]] = heard.json["item"]
            return items
        document = wss.verify(heard.body, [self.agency.certificate], at=NOW).document
        schema = self.library.xml("simojo/mailbox-acknowledge/1.0/request")
        assert schema.check(document) == ()
        said: Any = schema.to_payload(document)["item"]
        return list(said)


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


@pytest.mark.parametrize("transport", [Transport.REST, Transport.SOAP_12])
def test_a_mailbox_is_collected_and_each_item_acknowledged_or_refused(
    play: Play, hub: FakeHub, hub_identity: Identity, agency: Identity, transport: Transport
) -> None:
    peer = play(Model.MAILBOX, transport)
    ours, lying = Box(peer, transport, hub_identity, agency), ["urn:m:1"]

    def answer(heard: Heard) -> Response:
        if "collect" in heard.path:
            items = [ours.item({**ASKED, "purpose": each}, each) for each in lying]
            return ours.replies(heard, "collect", {"item": items, "more": False})
        named = [word["messageId"] for word in ours.heard_words(heard)]
        lying[:] = [each for each in lying if each not in named]
        results = [{"messageId": each, "result": "acknowledged"} for each in named]
        return ours.replies(heard, "acknowledge", {"item": results})

    hub.answer = answer
    hub.wait_for(1, ours.path("acknowledge"))
    client = TestClient(peer.app)
    assert client.post("/_control/refuse", json={"text": "Bukan wewenang kami."}).status_code == 200
    lying.append("urn:m:2")
    assert client.post("/_control/collect").json()["collected"] in (0, 1)  # it comes by itself as well
    hub.wait_for(2, ours.path("acknowledge"))
    words = [word for each in peer.journal.entries("acknowledged") for word in each["items"]]
    assert words[0] == {"messageId": "urn:m:1", "outcome": "taken"}
    assert words[-1] == {"messageId": "urn:m:2", "outcome": "refused", "text": "Bukan wewenang kami."}
    taken = {each["message_id"]: each["payload"]["purpose"] for each in peer.journal.entries("request")}
    assert taken == {"urn:m:1": "urn:m:1", "urn:m:2": "urn:m:2"}


def test_a_file_of_all_examples_is_sent_in_pieces_and_its_report_verified(
    play: Play, hub: FakeHub, hub_identity: Identity, agency: Identity
) -> None:
    peer = play(Model.BATCH, Transport.REST)
    ours = Box(peer, Transport.REST, hub_identity, agency)
    name, file = ours.part.declared.name, bytearray()
    results = [b"1,accepted", b"1,declined"]  # the second is not what the report is about
    report = {"state": "completed", "accepted": 2, "resultBytes": len(results[0])}
    report["resultSha256"] = hashlib.sha256(results[0]).hexdigest()

    def answer(heard: Heard) -> Response:
        if heard.path == f"/rest/{peer.agency}/{name}":
            return ours.signed(heard, {"upload": "/b/1", "pieceBytes": 100})
        assert heard.headers["authorization"].startswith("Bearer ")
        if heard.headers.get("upload-offset") is not None:
            file.extend(heard.body)
            return Response(status_code=204, headers={"Upload-Offset": str(len(file))})
        return Response(results.pop(0)) if heard.path.endswith("/result") else ours.signed(heard, report)

    hub.answer = answer
    said = TestClient(peer.app).post(f"/_control/send/{name}", json={"members": {"text": "Tidak sesuai."}})
    assert said.json() == {"report": report, "result": ["1,accepted"]}
    records = [json.loads(line) for line in file.splitlines()]
    assert [each["text"] for each in records] == ["Tidak sesuai."] * 2
    manifest = hub.heard[0].json
    assert json_violations("simojo/batch-manifest/1.0/manifest", manifest) == ()
    assert (manifest["records"], manifest["sha256"]) == (2, hashlib.sha256(file).hexdigest())
    assert [each.headers.get("upload-complete") for each in hub.at("/b/1")][:-2] == ["?0"] * (len(file) // 100) + ["?1"]
    assert TestClient(peer.app).post(f"/_control/send/{name}", json={"members": {"text": ""}}).status_code == 422
    file.clear()
    other = TestClient(peer.app).post(f"/_control/send/{name}", json={"members": {}})
    assert other.json()["code"] == "result-differs"


@pytest.mark.parametrize(("form", "file"), [
    ("csv", b'a,b\r\n1,true\r\n"x,y",\r\n'),
    ("xml", b"<records><record><a>1</a><b>true</b></record><record><a>x,y</a></record></records>"),
])  # fmt: skip
def test_records_are_written_in_each_form(form: str, file: bytes) -> None:
    assert batch.written(form, [{"a": "1", "b": True}, {"a": "x,y"}]) == file


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
