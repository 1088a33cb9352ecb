"""The simulated agency takes files of the office: manifest, pieces, report and result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conformance.peers.agreed.agreement import Part, Script
from conformance.peers.agreed.files import PIECE_BYTES
from conformance.peers.agreed.peer import AgreedPeer
from conformance.peers.config import load_config, make_config
from conformance.peers.peer import Surroundings
from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from tests.batch.kasda import AGREEMENT, KASDA
from tests.conformance.conftest import NOW, FakeHub

TOKEN = {"Authorization": f"Bearer {'t' * 43}"}
CONTENT = b"registration,service\r\nR-1,krk\r\ntanpa nomor,krk\r\n"


def script() -> Script:
    head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0]
    agreement = read_agreement(head.replace("dpupr", "kasda") + AGREEMENT)
    (declared,), (agreed,) = KASDA.interactions, agreement.interactions
    parts = (Part(declared=declared, agreed=agreed),)
    return Script(adapter=KASDA, agreement=agreement, library=SchemaLibrary(default_roots([KASDA])), parts=parts)


@pytest.fixture
def peer(tmp_path: Path, hub_folder: Path, surroundings: Surroundings, hub: FakeHub) -> Iterator[AgreedPeer]:
    folder = tmp_path / "kasda"
    make_config(folder, "kasda", hub=hub.url, hub_certificate=hub_folder / "certificate.pem", port=0)
    opened = AgreedPeer(folder, load_config(folder, "kasda"), surroundings, script=script())
    opened.start()
    yield opened
    opened.stop()


def manifest(content: bytes = CONTENT, **edits: Any) -> dict[str, Any]:
    return {
        "batch": "b-1",
        "fileName": "b-1.csv",
        "format": "csv",
        "encoding": "UTF-8",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "records": 2,
        "uploadTokenSha256": hashlib.sha256(b"t" * 43).hexdigest(),
        **edits,
    }


def announced(client: TestClient, identity: Identity, said: dict[str, Any], message_id: str = "m-1") -> Any:
    body = json.dumps(said).encode()
    claims = {"iss": "dpmptsp", "aud": "kasda", "jti": message_id, "agr": "kasda-2026/1.0", "int": "tunggakan"}
    headers = {"Content-Type": "application/json", jws.HEADER: jws.sign_detached(body, identity, claims, at=NOW)}
    return client.post("/berkas", content=body, headers=headers)


def sent(client: TestClient, address: str, piece: bytes, offset: int) -> Any:
    return client.patch(address, content=piece, headers={**TOKEN, "Upload-Offset": str(offset)})


def test_a_file_is_taken_in_pieces_and_answered_record_by_record(peer: AgreedPeer, hub_identity: Identity) -> None:
    client = TestClient(peer.app)
    said = announced(client, hub_identity, manifest())
    assert said.status_code == 200, said.text
    assert announced(client, hub_identity, manifest()).json() == said.json()
    assert announced(client, hub_identity, manifest(records=3), "m-2").json()["code"] == "batch-name-used"
    address = said.json()["upload"]
    assert client.head(address).status_code == 422  # without the token
    assert sent(client, address, CONTENT[:9], 0).headers["upload-offset"] == "9"
    wrong = sent(client, address, CONTENT[:9], 0)
    assert (wrong.status_code, wrong.headers["upload-offset"]) == (409, "9")
    assert sent(client, address, b"x" * (PIECE_BYTES + 1), 9).status_code == 413
    assert client.get(address, headers=TOKEN).json()["state"] == "uploading"
    assert client.head(address, headers=TOKEN).headers["upload-complete"] == "?0"
    assert sent(client, address, CONTENT[9:], 9).headers["upload-complete"] == "?1"
    report = client.get(address, headers=TOKEN)
    trusted = [peer.identity.certificate]
    token = report.headers[jws.HEADER]
    jws.verify_detached(token, report.content, trusted, issuer="kasda", audience="dpmptsp", at=NOW)
    counts = {name: report.json()[name] for name in ("state", "read", "accepted", "invalid")}
    assert counts == {"state": "completed", "read": 2, "accepted": 1, "invalid": 1}
    result = client.get(f"{address}/result", headers=TOKEN)
    lines = ["number,key,outcome,reason,text", "1,R-1,accepted,,", "2,tanpa nomor,invalid,,", ""]
    assert result.text.split("\r\n") == lines
    assert report.json()["resultSha256"] == hashlib.sha256(result.content).hexdigest()
    rest = client.get(f"{address}/result", headers={**TOKEN, "Range": "bytes=6-"})
    assert (rest.status_code, rest.content) == (206, result.content[6:])


def test_a_file_that_is_another_is_refused_and_faults_can_be_ordered(peer: AgreedPeer, hub_identity: Identity) -> None:
    client = TestClient(peer.app)
    address = announced(client, hub_identity, manifest(sha256="0" * 64)).json()["upload"]
    client.post("/_control/fault", json={"kind": "down"})
    assert sent(client, address, CONTENT, 0).status_code == 503
    assert sent(client, address, CONTENT, 0).status_code == 204
    report = client.get(address, headers=TOKEN).json()
    assert (report["state"], report["read"], report["unread"]) == ("refused", 0, 2)
