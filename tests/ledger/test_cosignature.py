"""Co-signatures as C2SP tlog-cosignature has them, read from a witness whose code is another."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conformance.notes import WitnessKey, read_checkpoint, read_key, verify
from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, NoteKey, open_note, sign
from gateway.ledger.cosignature import WitnessVerifier

ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
NOTE = sign(Checkpoint(ORIGIN, 20_852_163, bytes(range(100, 132))), KEY)
WITNESS = WitnessKey("saksi.dpupr.example", bytes(range(1, 33)))
VERIFIER = WitnessVerifier.parse(WITNESS.verifier)
TIME = 1_679_315_147


def line(time: int = TIME, key: WitnessKey = WITNESS, note: str = NOTE) -> str:
    return key.cosign(read_checkpoint(note), time)


def test_the_signed_text_and_the_line_are_those_of_c2sp_tlog_cosignature() -> None:
    said = base64.b64decode(line().split(" ")[2])
    assert (said[:4], said[4:12]) == (VERIFIER.key_id, TIME.to_bytes(8))
    text = f"cosignature/v1\ntime {TIME}\n" + NOTE.partition("\n\n")[0] + "\n"
    Ed25519PublicKey.from_public_bytes(VERIFIER.public_key).verify(said[12:], text.encode())


def test_a_line_is_found_and_the_newest_of_two_and_none_of_others() -> None:
    found = VERIFIER.cosignature_on(NOTE + line() + line(TIME + 5) + line(TIME + 1))
    assert found is not None
    assert (found.witness, found.time, found.line) == (WITNESS.name, TIME + 5, line(TIME + 5))
    another = WitnessKey(WITNESS.name, bytes(32))
    assert VERIFIER.cosignature_on(NOTE) is None
    assert VERIFIER.cosignature_on(NOTE + line(key=another)) is None


def test_the_ledgers_own_readers_pass_co_signatures_over() -> None:
    cosigned = NOTE + line()
    assert open_note(cosigned, [KEY.verifier]).size == 20_852_163
    verify(cosigned, read_key(KEY.verifier.encode()))


@pytest.mark.parametrize("at", [4, 11, 12, 75])
def test_a_changed_bit_of_time_or_signature_refuses_the_note(at: int) -> None:
    name, encoded = line().removeprefix("— ").split(" ")
    raw = bytearray(base64.b64decode(encoded))
    raw[at] ^= 1
    with pytest.raises(LedgerBroken) as caught:
        VERIFIER.cosignature_on(f"{NOTE}— {name} {base64.b64encode(raw).decode()}\n")
    assert caught.value.code == "checkpoint-signature"


def test_a_line_of_another_checkpoint_refuses_the_note() -> None:
    other = sign(Checkpoint(ORIGIN, 7, bytes(32)), KEY)
    with pytest.raises(LedgerBroken):
        VERIFIER.cosignature_on(NOTE + line(note=other))


@pytest.mark.parametrize(
    "text",
    ["", "saksi", KEY.verifier.encode(), WITNESS.verifier[:-4] + "AAA=", WITNESS.verifier.replace("saksi", "saksj")],
)
def test_a_verifier_key_that_is_no_witness_s_is_refused(text: str) -> None:
    with pytest.raises(LedgerBroken) as caught:
        WitnessVerifier.parse(text)
    assert caught.value.code == "verifier-key"
    assert WitnessVerifier.parse(WITNESS.verifier).encode() == WITNESS.verifier
