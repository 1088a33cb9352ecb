"""`/ledger/` over HTTP: who may read what, from where, and how long it may be kept."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from conformance.notes import read_checkpoint, read_key, verify
from conformance.witness.judge import Contradiction, Witness
from conformance.witness.memory import Memory
from conformance.witness.visiting import HubFailed, visit
from gateway.app import Gateway
from gateway.domain.errors import Misconfigured
from gateway.edge.ledger import A_WHILE, FOR_EVER
from gateway.ledger.leaf import LeafKind
from gateway.operations.witnesses import Proposal, WitnessDeeds
from gateway.store.plan import Claim
from gateway.store.tables import TimestampRow
from tests.databases import Furnished
from tests.office.house import AGUS, NOW, RINA, House, settings_in

NAME = "saksi.dpupr.example"


@pytest.fixture
def web(house: House) -> TestClient:
    """Somebody before a hub whose ledger is whole."""
    while house.gateway.integrator.run_once():
        pass
    return TestClient(house.gateway.api)


def size(web: TestClient) -> int:
    return read_checkpoint(web.get("/ledger/checkpoint").text).size


def test_the_checkpoint_is_for_everybody_and_asked_for_anew(house: House, web: TestClient) -> None:
    answer = web.get("/ledger/checkpoint")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-cache"
    verify(answer.text, read_key(house.gateway.store.note_key.verifier.encode()))
    again = web.get("/ledger/checkpoint", headers={"If-None-Match": f'"other", W/{answer.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert web.head("/ledger/checkpoint").status_code == 200


def test_a_tile_may_be_kept_and_one_that_is_not_there_says_so_to_pages_too(house: House, web: TestClient) -> None:
    width = size(web) % 256
    answer = web.get(f"/ledger/tile/0/000.p/{width}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == A_WHILE
    assert answer.content == b"".join(house.gateway.store.reader.leaf_hashes(0))
    missing = web.get("/ledger/tile/0/000")
    assert (missing.status_code, missing.json()["code"]) == (404, "tile-unknown")
    assert (missing.headers["access-control-allow-origin"], missing.headers["cache-control"]) == ("*", "no-store")
    for path in ("00/000", "0/1", "0/000.p/0", "64/000"):
        assert web.get(f"/ledger/tile/{path}").status_code == 400, path
    house.commit(*(house.gateway.store.leaves.make(LeafKind.SIGN_IN, at=NOW).row for _ in range(256)))
    house.gateway.integrator.run_once()
    assert web.get("/ledger/tile/0/000").headers["cache-control"] == FOR_EVER


def test_leaves_are_for_auditors_alone(house: House, web: TestClient) -> None:
    house.employ("budi", scopes="ledger")
    width = size(web)
    path = f"/ledger/tile/entries/000.p/{width}"
    refused = web.get(path)
    assert (refused.status_code, refused.json()["code"]) == (401, "token-missing")
    assert web.get(path, headers=bearer(RINA)).status_code == 403
    answer = web.get(path, headers=bearer("budi"))
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cache-control"].startswith("private")
    first = answer.content[2 : 2 + int.from_bytes(answer.content[:2])]
    assert hashlib.sha256(b"\x00" + first).digest() == web.get("/ledger/tile/0/000.p/1").content


def test_a_timestamp_leads_with_its_checkpoint(house: House, web: TestClient) -> None:
    assert web.get("/ledger/timestamp").status_code == 404
    whole = size(web)
    house.commit(Claim(TimestampRow, ("size",), {"size": whole, "token": b"der", "at": NOW}))
    found = web.get("/ledger/timestamp", params={"covering": whole}).json()
    checkpoint = web.get("/ledger/checkpoint").text
    assert found == {"size": whole, "at": "2026-11-24T03:00:00.000Z", "checkpoint": checkpoint, "token": "ZGVy"}
    assert web.get("/ledger/timestamp", params={"covering": whole + 1}).status_code == 404


def test_an_authority_without_the_authorities_above_it_is_refused_at_start(
    furnished: Furnished, tmp_path: Path
) -> None:
    with furnished.copied(tmp_path) as url, pytest.raises(Misconfigured) as caught:
        Gateway(settings_in(tmp_path, database_url=url, timestamp_url="http://127.0.0.1:9/tsa"))
    assert caught.value.code == "timestamp-ca-missing"


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer token-of-{name}"}


def test_proofs_for_those_who_have_no_code_for_tiles(web: TestClient) -> None:
    whole = size(web)
    grown = web.get("/ledger/consistency", params={"from": 1}).json()
    assert (grown["from"]["size"], grown["to"]["size"]) == (1, whole)
    inside = web.get("/ledger/inclusion", params={"index": 0, "size": whole})
    assert inside.json()["tree"] == grown["to"]
    assert inside.headers["cache-control"] == FOR_EVER
    wrong: list[dict[str, Any]] = [{}, {"from": -1}, {"from": "x"}, {"from": 10**30}, {"from": whole + 1}]
    assert {web.get("/ledger/consistency", params=each).status_code for each in wrong} <= {400, 422}


def test_a_witness_that_nobody_can_call_comes_by_itself(house: House, web: TestClient, tmp_path: Path) -> None:
    said: list[str] = []
    memory = Memory(tmp_path / "saksi")
    key = memory.key(NAME, bytes)
    ledger = read_key(house.gateway.store.note_key.verifier.encode())
    witness = Witness(memory, key, (ledger,), house.clock, said.append)
    with pytest.raises(HubFailed, match="401"):
        visit(witness, web, "http://testserver")
    deeds = WitnessDeeds(
        reader=house.gateway.store.reader,
        unit_of_work=house.gateway.store.unit_of_work,
        leaves=house.gateway.store.leaves,
        clock=house.clock,
        production=False,
    )
    deeds.propose(Proposal(verifier=key.verifier), RINA)
    deeds.approve(NAME, AGUS)
    for _ in range(2):
        while house.gateway.integrator.run_once():
            pass
        co_signed = visit(witness, web, "http://testserver")
        assert co_signed is not None
        assert f"— {NAME} " in web.get("/ledger/checkpoint").text
        assert web.get("/ledger/checkpoint/witnessed").text == web.get("/ledger/checkpoint").text
        house.registered()
    assert said == []
    assert web.post("/ledger/cosignature", content=b"\xff").status_code == 400
    assert web.post("/ledger/cosignature", content=b"x" * 9000).status_code == 413

    class Liar:
        """A hub that shows an older checkpoint."""

        def __init__(self, note: str) -> None:
            self.note = note

        def get(self, url: str) -> Any:
            answer = web.get(url)
            answer._content = self.note.encode()
            return answer

        def post(self, url: str, **more: Any) -> Any:
            return web.post(url, **more)

    first = house.gateway.store.reader.checkpoints()[0].note
    with pytest.raises(Contradiction) as caught:
        visit(witness, Liar(first), "http://testserver")
    assert caught.value.kind == "rollback"
    assert caught.value.evidence.is_file()
    memory.close()
