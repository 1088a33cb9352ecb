"""The certified signature (Pasal 13) through the real pipeline: released, sent once held, checked, and kept once.

What the service says, and what the hub does about each, are rows of `tests.exchange.tables.bsre`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as CaseStage
from gateway.domain.errors import CaseRefusal
from gateway.office.certified import HELD_FOR
from gateway.office.signing import PinStep
from gateway.store.tables import StaffRow
from gateway.trust.keys import fingerprint, signing_key
from gateway.trust.pdf_signature import SigningMaterial, pdf_signatures
from tests.databases import Behind, Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.signatures import PASSPHRASE, delivery, document, error, file, prepared, released, send
from tests.exchange.stage import DEWI, SECRETS, Stage
from tests.exchange.tables.bsre import signed_again
from tests.exchange.town import Door, Street, says, signed, signing_material
from tests.trust.authorities import root

PATIENCE = timedelta(minutes=13)


@pytest.fixture(scope="module")
def stage(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """One for all of this module: its tests have a case each."""
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        yield opened
        opened.close()


@pytest.fixture(autouse=True)
def _same_town(stage: Stage, street: Street) -> None:
    street.town = stage.town  # a stage of another module may have taken the street
    stage.town.scripts["bsre"].clear()


def holders(stage: Stage, *secrets: str) -> set[str]:
    with Behind(stage.settings.database_url) as behind:
        return {name for name, value in behind.stored() for secret in secrets if secret.encode() in value}


def attention(case: PermitCase) -> str:
    return " ".join(case.attention)


# --- signed -------------------------------------------------------------------------------------------------------


def test_the_service_signs_what_was_prepared_and_the_number_comes_into_force(stage: Stage) -> None:
    case = prepared(stage)
    challenge = released(stage, case)
    assert stage.case(case.id).stage is CaseStage.SIGNING
    send(stage, case)
    asked, sent = stage.town.calls["bsre"][-2:]
    assert (asked.path, asked.body) == ("/bsre/api/user/status/9999014101800001", b"")
    assert sent.path == "/bsre/api/v2/sign/pdf"
    user, password = SECRETS["bsre"]["basic_user"], SECRETS["bsre"]["basic_password"]
    basic = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    assert {asked.headers["authorization"], sent.headers["authorization"]} == {basic}
    pdf = document()
    assert sent.json == {
        "nik": "9999014101800001",
        "passphrase": PASSPHRASE,
        "signatureProperties": [
            {
                "tampilan": "INVISIBLE",
                "reason": f"Pengesahan {case.service_name} {case.reserved_number}",
                "location": "Kota Mojokerto",
            }
        ],
        "file": [base64.b64encode(pdf).decode()],
    }
    now = stage.case(case.id)
    assert (now.stage, now.number_active, now.attention) == (CaseStage.ACTIVE, True, ())
    row = stage.hub.store.reader.document(case.id, now.signed_sha256 or "")
    assert row is not None
    assert (row.kind, row.body.startswith(pdf)) == ("permit-signed", True)
    (signature,) = pdf_signatures(row.body)
    assert signature.intact
    assert signature.fingerprint == fingerprint(signing_material().key.certificate)
    body = next(row.body for row in stage.hub.store.reader.case_events(case.id) if row.kind == "DocumentSigned")
    for said in ("Dewi Contoh", "198001012005012001", "SK contoh 188.45/1/2026", "electronic", challenge):
        assert said in body


def test_what_left_is_kept_byte_for_byte_but_for_the_passphrase(stage: Stage) -> None:
    case = prepared(stage)
    challenge = released(stage, case)
    send(stage, case)
    row = delivery(stage, case)
    parts = stage.parts(row.id)
    sent = stage.town.calls["bsre"][-1].body
    assert parts["sent-1"] == sent.replace(PASSPHRASE.encode(), b"{{held:" + challenge.encode() + b"}}")
    assert b'"file"' in parts["reply-1"]
    assert "{{document:" in (row.payload or "")
    assert base64.b64encode(document())[:60].decode() not in (row.payload or "")
    of_status = stage.parts(delivery(stage, case, "user-status").id)
    assert of_status["sent-1"] == b""
    for said in (b'":method":"GET"', b'":path":"/bsre/api/user/status/9999014101800001"', b'"Authorization":"***"'):
        assert said in of_status["sent-1-headers"]


@pytest.mark.parametrize("factor", ["passphrase", "totp"])
def test_the_passphrase_is_nowhere_in_clear_before_and_after(
    stage: Stage, factor: str, capfd: pytest.CaptureFixture[str]
) -> None:
    case, secret = prepared(stage), f"rahasia-{factor}-1Q7z"
    stage.town.next("bsre", says({"status": "ISSUE"}), error(2031))
    challenge = released(stage, case, secret, factor)
    held = stage.hub.store.reader.held_secret(challenge)
    assert held is not None
    assert held.expires_at == stage.clock() + HELD_FOR
    shown = (secret, base64.b64encode(secret.encode()).decode(), secret.encode().hex())
    assert holders(stage, *shown) == set()
    send(stage, case)
    assert stage.town.calls["bsre"][-1].json[factor] == secret
    assert stage.hub.store.reader.held_secret(challenge) is None
    assert signed_again(stage, case).stage is CaseStage.ACTIVE
    assert holders(stage, *shown) == set()
    said = capfd.readouterr()
    assert secret not in said.out + said.err
    assert secret not in repr(stage.case(case.id))


# --- who signed ---------------------------------------------------------------------------------------------------


def test_a_signature_of_nobody_whom_the_offices_authorities_vouch_for_is_kept_and_not_used(stage: Stage) -> None:
    top = root()
    official = top.issue("Dewi Contoh")
    vouched = SigningMaterial(key=signing_key(official.key, official.certificate))
    stage.signer_ca_file = stage.folder / "signers.pem"
    stage.signer_ca_file.write_bytes(top.pem)
    stage.restart()
    try:
        case = prepared(stage)
        released(stage, case)
        send(stage, case)
        now = stage.case(case.id)
        assert now.stage is CaseStage.PREPARED
        assert "tidak berasal dari otoritas dalam SIMOJO_SIGNER_CA_FILE" in attention(now)
        assert now.signature_not_given is not None
        assert "has issued CN=Dinas Contoh" in now.signature_not_given.text
        assert [row.kind for row in stage.hub.store.reader.documents(case.id)] == ["permit-prepared"]
        assert b'"file"' in stage.parts(delivery(stage, case).id)["reply-1"]
        stage.town.next("bsre", says({"status": "ISSUE"}), file(lambda: signed(document(), vouched)))
        assert signed_again(stage, case).stage is CaseStage.ACTIVE
    finally:
        stage.signer_ca_file = None
        stage.restart()


# --- under way ----------------------------------------------------------------------------------------------------


def refused(stage: Stage, case: PermitCase, **given: str) -> str:
    with pytest.raises(CaseRefusal) as caught:
        released(stage, case, **given)
    return caught.value.code


def test_while_one_is_under_way_nobody_asks_for_another(stage: Stage) -> None:
    case = prepared(stage)
    challenge = stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN).id
    released(stage, case)
    pin = stage.hub.store.master.pin(challenge)
    with pytest.raises(CaseRefusal, match="is under way") as caught:
        stage.hub.signing.sign(case.id, DEWI, challenge, pin)
    assert (caught.value.code, caught.value.clause) == ("signature-under-way", "Pasal 13")
    assert refused(stage, case) == "signature-under-way"
    send(stage, case)
    assert stage.case(case.id).stage is CaseStage.ACTIVE


def test_without_passphrase_or_nik_nothing_is_asked_and_no_pin_is_used_up(stage: Stage) -> None:
    case = prepared(stage)
    challenge = stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN).id
    pin = stage.hub.store.master.pin(challenge)
    with pytest.raises(CaseRefusal, match="passphrase or TOTP") as caught:
        stage.hub.signing.sign(case.id, DEWI, challenge, pin)
    assert caught.value.code == "passphrase-missing"
    row = stage.hub.store.reader.pin_challenge(challenge)
    assert row is not None
    assert row.used_at is None
    unnamed = type(DEWI)(**{**vars(DEWI), "nik": None})
    with pytest.raises(CaseRefusal, match="NIK") as caught:
        stage.hub.signing.ask_pin(case.id, unnamed, PinStep.SIGN)
    assert caught.value.code == "signer-nik-missing"
    assert StaffRow.__table__.c.nik.nullable  # type: ignore[attr-defined]  # SQLModel sets it


def test_where_no_agreement_serves_it_the_hub_signs_by_itself(stage: Stage) -> None:
    case = prepared(stage)
    stage.suspend("bsre")
    try:
        assert refused(stage, case) == "passphrase-not-needed"
        challenge = stage.hub.signing.ask_pin(case.id, DEWI, PinStep.SIGN).id
        calls = len(stage.town.calls["bsre"])
        now = stage.hub.signing.sign(case.id, DEWI, challenge, stage.hub.store.master.pin(challenge))
        assert (now.stage, now.signature_asked) == (CaseStage.ACTIVE, None)
        send(stage, case)
        assert len(stage.town.calls["bsre"]) == calls
    finally:
        stage.suspend("bsre", None)


# --- too late -----------------------------------------------------------------------------------------------------


def test_what_could_not_be_sent_while_the_passphrase_was_held_is_not_sent(stage: Stage) -> None:
    case = prepared(stage)
    released(stage, case)
    stage.clock.advance(seconds=HELD_FOR.total_seconds())
    calls = len(stage.town.calls["bsre"])
    send(stage, case)
    assert [call.path for call in stage.town.calls["bsre"][calls:]] == ["/bsre/api/user/status/9999014101800001"]
    now = stage.case(case.id)
    assert (stage.state(delivery(stage, case)), now.stage) == ("dead", CaseStage.PREPARED)
    assert "PIN baru" in attention(now)
    assert signed_again(stage, case).stage is CaseStage.ACTIVE


def test_a_service_that_nobody_may_call_leaves_no_case_waiting_and_an_old_letter_disturbs_no_new_request(
    stage: Stage,
) -> None:
    case = prepared(stage)
    challenge = released(stage, case)
    stage.suspend("bsre")
    send(stage, case)
    old = delivery(stage, case)
    stage.clock.advance(seconds=PATIENCE.total_seconds())
    while stage.hub.timers.run_once():
        pass
    stage.suspend("bsre", None)
    now = stage.case(case.id)
    assert now.stage is CaseStage.PREPARED
    assert now.signature_not_given is not None
    assert now.signature_not_given.reason == "no-answer"
    assert stage.hub.store.reader.held_secret(challenge) is None
    released(stage, case)
    send(stage, case)
    assert stage.state(old) == "dead"
    now = stage.case(case.id)
    assert now.stage is CaseStage.ACTIVE
    assert now.signed_sha256 is not None
