"""The harness's one reader of signed notes (C2SP signed-note, tlog-checkpoint): strict, and one spelling of each."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from conformance.notes import (
    LEDGER,
    MAX_CHARACTERS,
    WITNESS,
    NotAKey,
    NotANote,
    NotSigned,
    WitnessKey,
    read_checkpoint,
    read_key,
    verify,
)
from gateway.ledger.checkpoint import Checkpoint, NoteKey, sign

SIGNER = NoteKey.from_seed("simojo.example/ledger", bytes(range(32)))
OTHER = NoteKey.from_seed("simojo.example/ledger", bytes(32))
KEY = read_key(SIGNER.verifier.encode())
ROOT = bytes(range(100, 132))
NOTE = sign(Checkpoint(SIGNER.name, 20_852_163, ROOT), SIGNER)
SAKSI = WitnessKey("saksi.dpupr.example", bytes(32))
LINE = NOTE.rpartition("\n\n")[2]


def test_a_checkpoint_is_read_and_verified_under_the_lines_of_others() -> None:
    found = read_checkpoint(NOTE + SAKSI.cosign(read_checkpoint(NOTE), 1_679_315_147))
    assert (found.origin, found.size, found.root) == (SIGNER.name, 20_852_163, ROOT)
    assert NOTE.startswith(found.body + "\n")
    verify(found.note, KEY)
    verify(sign(Checkpoint(SIGNER.name, 0, ROOT), SIGNER), KEY)


def respelled(text: str) -> str:
    """The same bytes in a base64 with other bits to spare."""
    filling = text.rstrip("=")
    raw = base64.b64decode(text)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    others = (f"{filling[:-1]}{each}{text[len(filling) :]}" for each in letters)
    return next(each for each in others if each != text and base64.b64decode(each) == raw)


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note[:-1],
        lambda note: note.rpartition("\n\n")[0] + "\n",
        lambda note: note.rpartition("\n\n")[0] + "\n\n",
        lambda note: note + "\n",
        lambda note: note.replace("\n", "\r\n"),
        lambda note: note.replace("\n", "\x00\n", 1),
        lambda note: note.replace("example", "\udc80", 1),
        lambda note: note.replace("\n20852163\n", "\n020852163\n"),
        lambda note: note.replace("\n20852163\n", "\n+20852163\n"),
        lambda note: note.replace("\n20852163\n", "\n٢\n"),
        lambda note: note.replace("\n20852163\n", f"\n1{'0' * 19}\n"),
        lambda note: note.replace("\n20852163\n", "\n20852163\nmore\n"),
        lambda note: note.replace(SIGNER.name, "", 1),
        lambda note: note.replace(base64.b64encode(ROOT).decode(), base64.b64encode(ROOT[1:]).decode()),
        lambda note: note.replace(base64.b64encode(ROOT).decode(), respelled(base64.b64encode(ROOT).decode())),
        lambda note: note + "— one\n",
        lambda note: note + "- one AAAAAAA=\n",
        lambda note: note + "— o+ne AAAAAAA=\n",
        lambda note: note + "— one AAAAAA==\n",
        lambda note: note + "— one AAAAAA\n",
        lambda note: note + "— one  AAAAAAA=\n",
        lambda note: note + "— one AAAAAAB=\n",
        lambda note: note + "— one AAAAAAA=\n" * (MAX_CHARACTERS // 10),
    ],
)
def test_what_is_not_a_checkpoint_in_its_one_spelling_is_refused(change: Callable[[str], str]) -> None:
    assert change(NOTE) != NOTE
    with pytest.raises(NotANote):
        read_checkpoint(change(NOTE))


@pytest.mark.parametrize(
    "note",
    [
        NOTE.replace("\n20852163\n", "\n20852164\n"),
        sign(Checkpoint(SIGNER.name, 7, ROOT), OTHER),
        NOTE.replace(LINE, SAKSI.cosign(read_checkpoint(NOTE), 1)),
        NOTE + sign(Checkpoint(SIGNER.name, 7, ROOT), SIGNER).rpartition("\n\n")[2],
        NOTE.replace(LINE, f"— {KEY.name} {base64.b64encode(KEY.key_id + bytes(63)).decode()}\n"),
    ],
    ids=[
        "another text",
        "another key of that name",
        "a witness alone",
        "one line of two is wrong",
        "a short signature",
    ],
)
def test_what_the_key_did_not_sign_is_told_from_what_cannot_be_read(note: str) -> None:
    with pytest.raises(NotSigned):
        verify(note, KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "saksi",
        "a+b",
        SIGNER.verifier.encode().replace("simojo", "simoja"),
        SIGNER.verifier.encode() + "\n",
        SIGNER.verifier.encode().replace("+", " +", 1),
        SIGNER.verifier.encode()[:-4],
        SAKSI.verifier,
    ],
)
def test_a_verifier_key_that_is_no_ledgers_is_refused(text: str) -> None:
    with pytest.raises(NotAKey):
        read_key(text, LEDGER)
    assert read_key(SAKSI.verifier, WITNESS).name == SAKSI.name
