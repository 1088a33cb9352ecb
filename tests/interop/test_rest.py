"""Node jose, Python joserfc and curl over signed REST: taken, verified, and refused when somebody reaches in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conformance.signing.keys import make_identity
from gateway.machine import now
from tests.exchange.town import refused_port
from tests.interop import forging
from tests.interop.between import Change, Half, replacing
from tests.interop.clients import CURL, REST_CLIENTS, Client, Ran
from tests.interop.hub import InteropStage
from tests.interop.matrix import note
from tests.interop.test_soap import refused

UNKNOWN = "009/KRK/III/2026"

pytestmark = pytest.mark.parametrize("client", REST_CLIENTS, ids=lambda client: f"{client.folder}-rest")


def ask(client: Client, folder: Path, number: str) -> Ran:
    if client is CURL:
        question = json.dumps({"permitNumber": number})
        return client.run(client.rest["ask"], folder, "permit-validity", "dpupr-2026/1.0", question)
    return client.run(client.rest["validity"], folder, number)


def test_a_signed_question_is_answered_and_the_answer_verified(hub: InteropStage, client: Client) -> None:
    ran = ask(client, hub.dpupr, hub.permit)
    assert (ran.code, ran.err) == (0, "")
    assert hub.permit in ran.out
    assert "in-force" in ran.out
    note(client, "REST", "signed")
    note(client, "REST", "verified")


def test_an_echo_comes_back(hub: InteropStage, client: Client) -> None:
    if client is CURL:
        ran = client.run(client.rest["ask"], hub.dpupr, "meta.echo", "meta/1.0", '{"text":"Halo <hub> & kawan"}')
    else:
        ran = client.run(client.rest["echo"], hub.dpupr, "Halo <hub> & kawan", "rest")
    assert (ran.code, ran.err) == (0, "")
    assert "Halo <hub> & kawan" in ran.out
    assert "active: dpupr-2026/1.0" in ran.out
    note(client, "REST", "echo")


@pytest.mark.parametrize(("number", "code"), [(UNKNOWN, "not-found"), ("6" * 65, "schema-violation")])
def test_a_signed_refusal_is_verified_and_told_with_its_code(
    hub: InteropStage, client: Client, number: str, code: str
) -> None:
    said = refused(ask(client, hub.dpupr, number))
    assert code in said
    assert "x-jws-signature" in hub.between.passed[-1].answer.headers
    note(client, "REST", "refusal")


def test_a_question_of_a_stranger_is_refused_by_name(hub: InteropStage, client: Client, tmp_path: Path) -> None:
    shutil.copy(hub.dpupr / "config.json", tmp_path)
    make_identity(tmp_path, "dpupr", serial=18, at=now())
    with hub.unchanged():
        said = refused(ask(client, tmp_path, hub.permit))
    assert "certificate-unknown" in said
    note(client, "REST", "stranger", "certificate-unknown")


def test_a_hub_that_is_away_is_told_in_a_sentence(hub: InteropStage, client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "away"
    shutil.copytree(hub.dpupr, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["hub"] = f"http://127.0.0.1:{refused_port()}"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    refused(ask(client, folder, hub.permit))


def test_a_question_that_is_changed_on_its_way_is_refused_by_name_and_changes_nothing(
    hub: InteropStage, client: Client
) -> None:
    changed = replacing(hub.permit.encode(), UNKNOWN.encode())
    with hub.unchanged("exchange"), hub.between.changing(request=changed):
        said = refused(ask(client, hub.dpupr, hub.permit))
    assert "signature-wrong" in said
    note(client, "REST", "tampered-request", "signature-wrong")


def test_no_forged_answer_is_believed(hub: InteropStage, client: Client, tmp_path: Path) -> None:
    assert ask(client, hub.dpupr, hub.permit).code == 0
    earlier = hub.between.passed[-1].answer
    stranger = make_identity(tmp_path, "dpmptsp", serial=19, at=now())

    def by_a_stranger(half: Half) -> Half:
        return forging.json_signed_by(stranger, hub.between.passed[-1].request)(half)

    forgeries: dict[str, Change] = {
        "changed": replacing(b'"krk"', b'"pbg"'),
        "unsigned": forging.json_unsigned,
        "by a stranger": by_a_stranger,
    }
    for forgery in forgeries.values():
        with hub.between.changing(answer=forgery):
            refused(ask(client, hub.dpupr, hub.permit))
    # The same answer to another question: the body fits, and the signature is the hub's.
    with hub.between.changing(answer=forging.about_another(earlier)):
        refused(ask(client, hub.dpupr, UNKNOWN))
    note(client, "REST", "tampered-answer", f"{len(forgeries) + 1} refused")
