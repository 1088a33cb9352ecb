"""PHP, Node, Java, C# and Python over signed SOAP: taken, verified, and refused when somebody reaches into the wire."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import pytest

from conformance.signing.keys import make_identity
from gateway.machine import now
from gateway.store.tables import DeliveryRow
from tests.exchange.town import refused_port
from tests.interop import forging
from tests.interop.between import Change, replacing
from tests.interop.clients import SOAP_CLIENTS, Client, Ran
from tests.interop.hub import InteropStage, pfx
from tests.interop.matrix import note

VERSIONS = ("1.2", "1.1")
MEDIA = {"1.2": "application/soap+xml", "1.1": "text/xml"}
_number = itertools.count(1)
CRASHES = ("Traceback", "Exception", "Stack trace", "    at ")
"""How an error looks that nobody foresaw."""

pytestmark = [
    pytest.mark.parametrize("client", SOAP_CLIENTS, ids=lambda client: client.folder),
    pytest.mark.parametrize("version", VERSIONS),
]


def recommend(hub: InteropStage, client: Client, version: str, delivery: DeliveryRow, **other: object) -> Ran:
    given = {"folder": hub.dpupr, "number": f"600/{next(_number):04d}/2026", **other}
    command = client.soap["recommend"]
    return client.run(command, given["folder"], delivery.message_id, delivery.case_id, given["number"], version)


def refused(ran: Ran) -> str:
    """What a client says when it refuses, in a sentence of its own."""
    assert (ran.code, ran.out) == (1, ""), ran
    assert ran.err.strip()
    assert not any(each in ran.err for each in CRASHES), ran.err
    return ran.err


def test_a_signed_recommendation_is_taken_and_its_acknowledgement_verified(
    hub: InteropStage, client: Client, version: str
) -> None:
    delivery = hub.requested()
    ran = recommend(hub, client, version, delivery)
    assert (ran.code, ran.err) == (0, "")
    assert hub.recommended(delivery)
    passed = hub.between.passed[-1]
    assert passed.request.headers["content-type"].startswith(MEDIA[version])
    (exchange, *_) = [row for row in hub.exchanges("dpupr") if row.id in ran.out]
    assert f"acknowledged (diterima): {exchange.message_id}" in ran.out
    note(client, f"SOAP {version}", "signed")
    note(client, f"SOAP {version}", "verified")


def test_an_echo_comes_back(hub: InteropStage, client: Client, version: str) -> None:
    ran = client.run(client.soap["echo"], hub.dpupr, "Halo <hub> & kawan", version)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "echo (gema): Halo <hub> & kawan - agreement active: dpupr-2026/1.0\n"
    note(client, f"SOAP {version}", "echo")


def test_a_signed_refusal_is_verified_and_told_with_its_code_and_path(
    hub: InteropStage, client: Client, version: str
) -> None:
    delivery = hub.requested()
    with hub.unchanged():
        said = refused(recommend(hub, client, version, delivery, number="6" * 65))
    assert "schema-violation" in said
    assert "/number" in said
    assert b"Signature" in hub.between.passed[-1].answer.body
    with hub.between.changing(answer=replacing(b"schema-violation<", b"schema-violated<")):
        forged = refused(recommend(hub, client, version, delivery, number="6" * 65))
    assert "ditolak" not in forged
    note(client, f"SOAP {version}", "refusal")


def test_a_request_of_a_stranger_is_refused_by_name(
    hub: InteropStage, client: Client, version: str, tmp_path: Path
) -> None:
    delivery = hub.requested()
    folder = tmp_path / "stranger"
    folder.mkdir()
    shutil.copy(hub.dpupr / "config.json", folder)
    make_identity(folder, "dpupr", serial=18, at=now())
    pfx(folder)
    with hub.unchanged():
        said = refused(recommend(hub, client, version, delivery, folder=folder))
    assert "certificate-unknown" in said
    note(client, f"SOAP {version}", "stranger", "certificate-unknown")


def test_a_hub_that_is_away_is_told_in_a_sentence(
    hub: InteropStage, client: Client, version: str, tmp_path: Path
) -> None:
    folder = tmp_path / "away"
    shutil.copytree(hub.dpupr, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["hub"] = f"http://127.0.0.1:{refused_port()}"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    refused(client.run(client.soap["echo"], folder, "Halo", version))


@pytest.mark.parametrize("part", ["Body", "Timestamp", "To"])
def test_a_request_that_is_changed_on_its_way_is_refused_by_name_and_changes_nothing(
    hub: InteropStage, client: Client, version: str, part: str
) -> None:
    delivery = hub.requested()
    changes: dict[str, Change] = {
        "Body": replacing(b"Ir. Contoh", b"Ir. Palsu"),
        "Timestamp": forging.a_minute_longer,
        "To": replacing(b"/soap/dpupr/technical-recommendation</", b"/soap/dpupr/another</"),
    }
    with hub.unchanged(), hub.between.changing(request=changes[part]):
        said = refused(recommend(hub, client, version, delivery))
    assert "signature-digest" in said
    assert part in said
    note(client, f"SOAP {version}", "tampered-request", "signature-digest")


FORGERIES = ("changed", "unsigned", "wrapped", "by a stranger", "of another message")


def test_no_forged_answer_is_believed(hub: InteropStage, client: Client, version: str, tmp_path: Path) -> None:
    genuine = recommend(hub, client, version, hub.requested())
    assert genuine.code == 0
    forgeries: dict[str, Change] = {
        "changed": replacing(b"essageId>urn:", b"essageId>uri:"),
        "unsigned": forging.without_signature,
        "wrapped": forging.wrapped,
        "by a stranger": forging.signed_by(make_identity(tmp_path, "dpmptsp", serial=19, at=now())),
        "of another message": forging.about_another(hub.between.passed[-1].answer),
    }
    assert tuple(forgeries) == FORGERIES
    for forgery in forgeries.values():
        with hub.between.changing(answer=forgery):
            refused(recommend(hub, client, version, hub.requested()))
    note(client, f"SOAP {version}", "tampered-answer", f"{len(forgeries)} refused")
