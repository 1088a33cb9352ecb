"""What somebody holds of a ledger: what proves nothing is refused, and a rewrite is told where it is proven."""

from __future__ import annotations

import json

import pytest

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, NoteKey, cosign, sign
from gateway.ledger.encoding import encode_base64
from gateway.ledger.held import Held, read_held
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.tree import inclusion_proof
from gateway.ledger.verify import verify_export
from tests.ledger.exports import KEY, ORIGIN, TRUSTED, WITNESS, export, leaf

HASHES = [leaf_hash(leaf(number).canonical()) for number in range(20)]
NOTE = sign(Checkpoint(ORIGIN, 12, root(HASHES[:12])), KEY)
LINES = [json.dumps(line) for line in export()]


def receipt(index: int, text: str | None = None, note: str = NOTE) -> bytes:
    proof = [encode_base64(each) for each in inclusion_proof(index, 12, lambda _: b"".join(HASHES))]
    said = {"index": index, "leaf": text or leaf(index).canonical().decode(), "proof": proof}
    return json.dumps({"leaves": [said], "checkpoint": note}).encode()


def held(document: bytes) -> Held:
    return read_held(document, "what the agency holds", [KEY.verifier])


@pytest.mark.parametrize("document", [NOTE.encode(), cosign(NOTE, WITNESS).encode(), receipt(3)])
def test_a_ledger_that_goes_on_from_what_is_held_is_whole(document: bytes) -> None:
    assert verify_export(LINES, TRUSTED, held=[held(document)]).size == 20


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "checkpoint-malformed"),
        (b"\xff", "receipt-malformed"),
        (b"{}", "receipt-malformed"),
        (b'{"checkpoint": 7}', "receipt-malformed"),
        (json.dumps({"checkpoint": NOTE, "leaves": {}}).encode(), "receipt-malformed"),
        (json.dumps({"checkpoint": NOTE, "leaves": [1]}).encode(), "receipt-malformed"),
        (NOTE.replace("\n12\n", "\n13\n").encode(), "checkpoint-signature"),
        (receipt(3, text="{}"), "inclusion-proof"),
    ],
)
def test_what_proves_nothing_is_refused(document: bytes, code: str) -> None:
    with pytest.raises(LedgerBroken) as caught:
        held(document)
    assert caught.value.code == code


def test_a_checkpoint_of_another_ledger_is_not_held_of_this_one() -> None:
    other = Checkpoint("other.example/ledger", 12, root(HASHES[:12]))
    note = other.body() + "\n" + NoteKey.from_seed(ORIGIN, KEY.seed).signature_line(other.body())
    with pytest.raises(LedgerBroken, match="another ledger"):
        held(note.encode())


def test_a_rewrite_is_told_from_the_last_tree_that_agrees_to_the_first_that_does_not() -> None:
    first = Held(source="a", size=7, root=root(HASHES[:7]))
    other = Held(source="b", size=12, root=bytes(32))
    with pytest.raises(LedgerBroken) as caught:
        verify_export(LINES, TRUSTED, held=[other, first])
    assert (caught.value.code, caught.value.violations[0].path) == ("history-rewritten", "leaves 7 to 11")
    with pytest.raises(LedgerBroken) as caught:
        verify_export(LINES, TRUSTED, held=[Held(source="c", size=19, root=bytes(32), leaves={4: bytes(32)})])
    assert (caught.value.code, caught.value.violations[0].path) == ("history-rewritten", "leaf 4")


def test_a_ledger_shorter_than_what_is_held_was_rolled_back() -> None:
    with pytest.raises(LedgerBroken, match="at least the 21 leaves that d proves") as caught:
        verify_export(LINES, TRUSTED, held=[Held(source="d", size=21, root=bytes(32))])
    assert caught.value.code == "rolled-back"


def test_what_no_key_signed_is_told_before_what_is_held() -> None:
    changed = [line.replace("lf-3", "lf-93") if '"i": 3,' in line else line for line in LINES]
    with pytest.raises(LedgerBroken) as caught:
        verify_export(changed, TRUSTED, held=[Held(source="e", size=5, root=bytes(32))])
    assert (caught.value.code, caught.value.violations[0].path) == ("leaf-changed", "leaf 3")
