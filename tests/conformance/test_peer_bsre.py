"""BSrE, simulated: states, refusals in its own shape, and signatures that hold."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pyhanko.pdf_utils.reader import PdfFileReader

from conformance.peers.bsre import USERS
from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from tests.conformance.conftest import SECRETS
from tests.office.papers.people import permit

HUB = "http://127.0.0.1:9"
BASIC = (SECRETS["bsre"]["basic_user"], SECRETS["bsre"]["basic_password"])
DEWI = "9999014101800001"


@pytest.fixture
def peer(folder_of: Callable[..., Path], start: Callable[[Path], Peer]) -> Peer:
    return start(folder_of("bsre", HUB))


def sign(peer: Peer, *, auth: tuple[str, str] = BASIC, nik: str = DEWI, pdf: bytes = b"", **factor: str) -> Any:
    asked = {
        "nik": nik,
        **(factor or {"passphrase": SECRETS["bsre"]["passphrase"]}),
        "signatureProperties": [{"tampilan": "INVISIBLE", "reason": "uji", "location": "Mojokerto"}],
        "file": [base64.b64encode(pdf or permit()).decode()],
    }
    answer = TestClient(peer.app).post("/api/v2/sign/pdf", json=asked, auth=auth)
    assert json_violations("bsre/sign-pdf/1.0/reply", answer.json()) == ()
    return answer


@pytest.mark.parametrize("nik", [*USERS, "9999014101800099"])
def test_each_user_has_a_state_and_strangers_are_not_registered(peer: Peer, nik: str) -> None:
    answer = TestClient(peer.app).get(f"/api/user/status/{nik}", auth=BASIC)
    assert json_violations("bsre/user-status/1.0/reply", answer.json()) == ()
    assert answer.json()["status"] == USERS.get(nik, ("", "NOT_REGISTERED"))[1]
    assert TestClient(peer.app).get(f"/api/user/status/{nik}", auth=("x", "y")).status_code == 401


def test_a_signed_file_is_the_sent_one_with_a_signature_of_the_service(peer: Peer) -> None:
    (file,) = sign(peer).json()["file"]
    signed = base64.b64decode(file)
    assert signed.startswith(permit())
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    assert signature.signer_cert.serial_number == peer.identity.certificate.serial_number
    assert signature.compute_digest() is not None
    entries = peer.journal.entries("signed")
    assert [(each["nik"], each["factor"]) for each in entries] == [(DEWI, "passphrase")]
    assert SECRETS["bsre"]["passphrase"] not in (peer.folder / "journal.jsonl").read_text()


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"passphrase": "salah"}, 400, 2031),
        ({"totp": "000000"}, 400, 2031),
        ({"nik": "9999014101800099"}, 400, 2011),
        ({"nik": "9999014101800002"}, 400, 2021),
        ({"nik": "12"}, 400, 400),
        ({"pdf": b"bukan PDF"}, 400, 500),
    ],
    ids=str,
)
def test_it_refuses_in_its_own_shape(peer: Peer, change: dict[str, Any], status: int, code: int) -> None:
    answer = sign(peer, **change)
    assert (answer.status_code, answer.json()["status_code"]) == (status, code)
    stranger = sign(peer, auth=("x", "y"))
    assert (stranger.status_code, stranger.json()["status"]) == (401, 401)


def test_a_totp_is_good_once(peer: Peer) -> None:
    totp = TestClient(peer.app).get(f"/_control/totp/{DEWI}").json()["totp"]
    assert sign(peer, totp=totp).status_code == 200
    assert sign(peer, totp=totp).json()["status_code"] == 2031


def test_other_files_come_when_they_are_ordered(peer: Peer) -> None:
    client = TestClient(peer.app)
    assert sign(peer).status_code == 200
    said = []
    for kind in ("unsigned", "other", "text", "not-base64"):
        client.post("/_control/signing", json={"kind": kind})
        said.append(sign(peer).json()["file"][0])
    assert base64.b64decode(said[0]) == permit()
    assert base64.b64decode(said[1]).startswith(permit())
    assert base64.b64decode(said[2]) == b"bukan PDF"
    assert said[3] == "%PDF-1.7 ..."
    assert base64.b64decode(sign(peer).json()["file"][0]).startswith(permit())
