"""Checkpoints as C2SP signed notes, against a published note and by their refusals."""

from __future__ import annotations

import base64

import pytest

from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.checkpoint import Checkpoint, NoteKey, NoteVerifier, cosign, open_note, sign

# The example key pair and note of the documentation of golang.org/x/mod/sumdb/note.
PUBLISHED_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
PUBLISHED_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PUBLISHED_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
WITNESS = NoteKey.from_seed("drc.example/witness", bytes(range(1, 33)))
CHECKPOINT = Checkpoint(ORIGIN, 20_852_163, bytes(range(100, 132)))
NOTE = sign(CHECKPOINT, KEY)


def refused(text: str, *verifiers: NoteVerifier) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as caught:
        open_note(text, verifiers or [KEY.verifier])
    return caught.value


def resigned(body: str, key: NoteKey = KEY) -> str:
    """Sign any text: a note whose signature is good, whatever its text says."""
    return f"{body}\n{key.signature_line(body)}"


# --- published vectors ---------------------------------------------------------------------------------------------


def test_a_published_key_signs_the_published_note() -> None:
    key = NoteKey.from_seed("PeterNeumann", PUBLISHED_SEED)
    assert key.verifier.encode() == PUBLISHED_VERIFIER
    assert key.signature_line(PUBLISHED_TEXT) == PUBLISHED_LINE


@pytest.mark.parametrize(
    "text", [PUBLISHED_VERIFIER, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"]
)
def test_published_verifier_keys_read_back(text: str) -> None:
    assert NoteVerifier.parse(text).encode() == text


# --- a note that is good -------------------------------------------------------------------------------------------


def test_a_checkpoint_is_written_as_c2sp_says_and_reads_back() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "20852163", base64.b64encode(CHECKPOINT.root).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert open_note(NOTE, [KEY.verifier]) == CHECKPOINT


def test_the_empty_ledger_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, bytes(32))
    assert open_note(sign(empty, KEY), [KEY.verifier]) == empty


def test_an_unknown_signature_is_ignored_and_a_known_one_checked_c2sp_signed_note() -> None:
    note = cosign(NOTE, WITNESS)
    assert open_note(note, [KEY.verifier]) == CHECKPOINT
    assert open_note(note, [WITNESS.verifier]) == CHECKPOINT
    assert open_note(note, [KEY.verifier, WITNESS.verifier]) == CHECKPOINT
    damaged = NOTE + WITNESS.signature_line("another text\n")
    assert open_note(damaged, [KEY.verifier]) == CHECKPOINT
    assert refused(damaged, KEY.verifier, WITNESS.verifier).code == "checkpoint-signature"


def test_a_key_of_the_same_name_is_another_key() -> None:
    successor = NoteKey.from_seed(ORIGIN, bytes(range(2, 34)))
    assert open_note(cosign(NOTE, successor), [successor.verifier]) == CHECKPOINT
    error = refused(NOTE, successor.verifier)
    assert error.code == "checkpoint-signature"
    assert successor.verifier.key_id.hex() in error.text
    assert KEY.verifier.key_id.hex() in error.text


def test_sixteen_signatures_are_read_c2sp_signed_note() -> None:
    note = NOTE
    for number in range(15):
        note = cosign(note, NoteKey.from_seed(f"witness-{number}", bytes([number] * 32)))
    assert open_note(note, [KEY.verifier]) == CHECKPOINT


def test_generated_keys_differ_and_hide_their_seed() -> None:
    one, other = NoteKey.generate(ORIGIN), NoteKey.generate(ORIGIN)
    assert one.verifier != other.verifier
    assert open_note(sign(CHECKPOINT, one), [one.verifier]) == CHECKPOINT
    assert repr(one) == f"NoteKey(name={ORIGIN!r})"


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(0, len(NOTE), 3))
def test_a_note_with_one_changed_character_is_refused(at: int) -> None:
    changed = NOTE[:at] + ("A" if NOTE[at] != "A" else "B") + NOTE[at + 1 :]
    assert refused(changed).code in {"checkpoint-malformed", "checkpoint-signature"}


def test_no_known_key_no_checkpoint() -> None:
    assert refused(NOTE, WITNESS.verifier).code == "checkpoint-signature"
    with pytest.raises(LedgerBroken, match="a known key"):
        open_note(NOTE, [])


BODY = CHECKPOINT.body()
ROOT_LINE = base64.b64encode(CHECKPOINT.root).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        BODY,
        BODY + "\n",
        NOTE[:-1],
        NOTE + "\n",
        NOTE.replace("\n\n", "\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        NOTE.replace("— ", "—\u00a0"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace(ORIGIN, ORIGIN + "\t"),
        NOTE.replace(ORIGIN, ORIGIN + "\ud800"),
        NOTE + "— no-signature\n",
        NOTE + "— not-base64 ****\n",
        NOTE + "— not-canonical-base64 AAAAAAB=\n",
        NOTE + "— too-short AAAAAA==\n",
        NOTE + "— a+b AAAAAAAAAAAA\n",
        NOTE + "— a\u2003b AAAAAAAAAAAA\n",
        NOTE + "— x AAAAAAAAAAAA\n" * 8000,
        resigned(f"{ORIGIN}\n7\n"),
        resigned(f"{BODY}an extension\n"),
        resigned(f"\n7\n{ROOT_LINE}\n"),
        resigned(f"{ORIGIN}\n07\n{ROOT_LINE}\n"),
        resigned(f"{ORIGIN}\n-7\n{ROOT_LINE}\n"),
        resigned(f"{ORIGIN}\n٧\n{ROOT_LINE}\n"),
        resigned(f"{ORIGIN}\n7\n{ROOT_LINE[:-4]}\n"),
        resigned(f"{ORIGIN}\n7\n{ROOT_LINE} \n"),
    ],
)
def test_a_note_of_another_form_is_refused(text: str) -> None:
    assert refused(text).code == "checkpoint-malformed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000",
        PUBLISHED_VERIFIER.replace("c74f20a3", "c74f20a4"),
        PUBLISHED_VERIFIER.replace("c74f20a3", "C74F20A3"),
        PUBLISHED_VERIFIER.replace("Peter", "Pete"),
        PUBLISHED_VERIFIER[:-4],
        PUBLISHED_VERIFIER + "\n",
        PUBLISHED_VERIFIER.replace("+AR", "+BR"),
        PUBLISHED_VERIFIER.replace("Peter", "Peter "),
        PUBLISHED_VERIFIER.replace("Peter", "Peter\ud800"),
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_verifier_key_that_contradicts_itself_is_refused(text: str) -> None:
    with pytest.raises(LedgerBroken) as caught:
        NoteVerifier.parse(text)
    assert caught.value.code == "verifier-key"


def test_a_ledger_signs_under_its_own_name_only() -> None:
    with pytest.raises(Misconfigured, match="give both the same name"):
        sign(CHECKPOINT, WITNESS)


@pytest.mark.parametrize(("name", "seed"), [("a b", bytes(32)), ("a+b", bytes(32)), ("", bytes(32)), ("a", bytes(31))])
def test_a_note_key_that_cannot_be_one_is_refused(name: str, seed: bytes) -> None:
    with pytest.raises(Misconfigured, match="32-byte seed"):
        NoteKey.from_seed(name, seed)


def test_values_that_cannot_be_a_checkpoint_or_a_verifier_are_refused() -> None:
    for origin, size, tree in (("", 1, bytes(32)), (ORIGIN, -1, bytes(32)), (ORIGIN, 1, bytes(31))):
        with pytest.raises(ValueError, match="a checkpoint has"):
            Checkpoint(origin, size, tree)
    with pytest.raises(ValueError, match="32 bytes"):
        NoteVerifier(ORIGIN, bytes(31))
