"""Receipts: an exchange proven offline, and each way in which a receipt can be wrong."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import LedgerBroken, Malformed
from gateway.ledger.checkpoint import Checkpoint, NoteKey, NoteVerifier, cosign, sign
from gateway.ledger.leaf import Leaf, LeafKind, commitment, part_salt
from gateway.ledger.receipt import build_receipt, verify_receipt
from gateway.ledger.tree import TileId, extend, leaf_hash

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
CASE_KEY = bytes(range(50, 82))
PARTS = {"request": b"<permohonan/>", "answer-body": b"<jawaban/>", "answer": b"<Envelope>sealed</Envelope>"}

Document = dict[str, Any]


def self_signed() -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.simojo.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=365))
    return builder.sign(key, hashes.SHA256())


CERTIFICATE = self_signed()
PEM = CERTIFICATE.public_bytes(Encoding.PEM).decode()
DER_OF_VERSION_53 = CERTIFICATE.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x34")
PEM_OF_VERSION_53 = ssl.DER_cert_to_PEM_cert(DER_OF_VERSION_53)


def leaf(number: int, kind: LeafKind, exchange: str, *parts: str) -> Leaf:
    salts = {part: part_salt(CASE_KEY, exchange, part) for part in parts}
    opaque = {part: commitment(salt, sha256(PARTS[part]).digest()).hex() for part, salt in salts.items()}
    return Leaf(id=f"lf-{number}", kind=kind, at=NOW, exchange=exchange, agreement="dpupr-2026@1.0", commitments=opaque)


LEAVES = [leaf(number, LeafKind.CASE_STEP, f"step-{number}") for number in range(300)]
LEAVES[40] = leaf(40, LeafKind.ACCEPTED, "ex-1", "request", "answer-body")
LEAVES[41] = leaf(41, LeafKind.ANSWERED, "ex-1", "answer")
TREE = extend(0, dict[TileId, bytes]().__getitem__, [leaf_hash(each.canonical()) for each in LEAVES])
NOTE = sign(Checkpoint(ORIGIN, TREE.size, TREE.root), KEY)
SALTS = {part: part_salt(CASE_KEY, "ex-1", part) for part in ("request", "answer")}


def build(**changes: Any) -> bytes:
    arguments: Document = {
        "leaves": {40: LEAVES[40].canonical(), 41: LEAVES[41].canonical()},
        "read": TREE.tiles.__getitem__,
        "checkpoint": NOTE,
        "verifier": KEY.verifier,
        "certificate": PEM,
        "salts": SALTS,
    }
    return build_receipt(**(arguments | changes))


RECEIPT = build()
TRUSTED = KEY.verifier.encode()


# --- a receipt that is good ----------------------------------------------------------------------------------------


def test_a_receipt_proves_both_leaves_and_the_exact_bytes_offline_pasal_22_4() -> None:
    supplied = {"request": PARTS["request"], "answer": PARTS["answer"]}
    verdict = verify_receipt(RECEIPT, TRUSTED, supplied)
    assert verdict.exchange == "ex-1"
    assert verdict.leaves == {40: LEAVES[40], 41: LEAVES[41]}
    assert verdict.checkpoint == Checkpoint(ORIGIN, 300, TREE.root)
    assert verdict.opened == ("request", "answer")
    assert verdict.trusted
    assert verdict.certificate_sha256 == CERTIFICATE.fingerprint(hashes.SHA256()).hex()


def test_a_receipt_judged_by_its_own_key_is_not_called_trusted() -> None:
    verdict = verify_receipt(RECEIPT, None)
    assert not verdict.trusted
    assert verdict.opened == ()


def test_a_receipt_with_the_signature_of_a_witness_is_good() -> None:
    witness = NoteKey.from_seed("drc.example/witness", bytes(32))
    assert verify_receipt(build(checkpoint=cosign(NOTE, witness)), TRUSTED).trusted


def test_a_receipt_is_the_same_bytes_each_time() -> None:
    assert build() == RECEIPT


def test_a_receipt_holds_the_salts_of_its_owner_and_no_others() -> None:
    assert json.loads(RECEIPT)["salts"] == {part: salt.hex() for part, salt in SALTS.items()}
    assert part_salt(CASE_KEY, "ex-1", "answer-body").hex() not in RECEIPT.decode()


def test_a_part_that_two_leaves_commit_to_is_opened_by_either() -> None:
    resealed = leaf(42, LeafKind.ANSWERED, "ex-1", "answer")
    other = Leaf(**(vars(resealed) | {"commitments": {"answer": "00" * 32}}))
    data = [each.canonical() for each in (LEAVES[41], other)]
    grown = extend(0, dict[TileId, bytes]().__getitem__, [leaf_hash(each) for each in data])
    document = build(
        leaves=dict(enumerate(data)),
        read=grown.tiles.__getitem__,
        checkpoint=sign(Checkpoint(ORIGIN, grown.size, grown.root), KEY),
        salts={"answer": SALTS["answer"]},
    )
    assert verify_receipt(document, TRUSTED, {"answer": PARTS["answer"]}).opened == ("answer",)


# --- building is refused -------------------------------------------------------------------------------------------


def test_a_leaf_beyond_the_checkpoint_has_no_receipt_yet() -> None:
    with pytest.raises(Malformed, match="leaf 300 is not in a tree of 300"):
        build(leaves={300: LEAVES[40].canonical()})


def test_damage_in_the_store_is_found_when_a_receipt_is_built() -> None:
    with pytest.raises(LedgerBroken) as caught:
        build(leaves={40: LEAVES[41].canonical()})
    assert caught.value.code == "inclusion-proof"


# --- a receipt that is wrong ---------------------------------------------------------------------------------------


def checked(
    change: Callable[[Document], object], trusted: str | None = TRUSTED, parts: Mapping[str, bytes] | None = None
) -> LedgerBroken:
    document = json.loads(RECEIPT)
    change(document)
    with pytest.raises(LedgerBroken) as caught:
        verify_receipt(json.dumps(document).encode(), trusted, parts)
    return caught.value


def test_a_receipt_spelled_differently_is_the_same_receipt() -> None:
    assert verify_receipt(json.dumps(json.loads(RECEIPT), indent=2).encode(), TRUSTED).trusted


def test_other_bytes_of_a_part_are_named() -> None:
    error = checked(lambda _: None, parts={"request": b"<permohonan />"})
    assert error.code == "part-differs"
    assert "part 'request' of exchange 'ex-1'" in error.text
    assert LEAVES[40].commitments["request"] in error.text


def test_a_part_that_the_receipt_cannot_open_is_not_passed_over() -> None:
    error = checked(lambda _: None, parts={"answer-body": PARTS["answer-body"]})
    assert error.code == "part-missing"
    assert "only answer, request" in error.text


def test_a_salt_without_a_commitment_is_refused() -> None:
    error = checked(lambda it: it["salts"].update(invented="00" * 32))
    assert error.code == "part-missing"
    assert "invented" in error.text


def test_a_wrong_salt_does_not_open_a_part() -> None:
    assert (
        checked(lambda it: it["salts"].update(request="00" * 32), parts={"request": PARTS["request"]}).code
        == "part-differs"
    )


def test_a_changed_leaf_is_not_in_the_tree() -> None:
    def change(document: Document) -> None:
        document["leaves"][0]["leaf"] = document["leaves"][0]["leaf"].replace("dpupr-2026", "dpupr-2027")

    error = checked(change)
    assert error.code == "inclusion-proof"
    assert "leaf 40" in error.text


@pytest.mark.parametrize("index", [39, 41, 299, 300])
def test_a_leaf_is_proven_at_its_own_index_only(index: int) -> None:
    assert checked(lambda it: it["leaves"][0].update(index=index)).code == "inclusion-proof"


def test_a_leaf_in_another_spelling_is_refused() -> None:
    def change(document: Document) -> None:
        document["leaves"][1]["leaf"] += " "

    error = checked(change)
    assert error.code == "leaf-not-canonical"
    assert error.text.startswith("leaf 41:")


def test_a_checkpoint_with_another_root_is_not_signed() -> None:
    def change(document: Document) -> None:
        lines = document["checkpoint"].split("\n")
        lines[1] = "301"
        document["checkpoint"] = "\n".join(lines)

    assert checked(change).code == "checkpoint-signature"


def test_a_receipt_of_a_stranger_is_not_trusted() -> None:
    stranger = NoteKey.from_seed(ORIGIN, bytes(32))
    document = build(checkpoint=sign(Checkpoint(ORIGIN, TREE.size, TREE.root), stranger), verifier=stranger.verifier)
    assert not verify_receipt(document, None).trusted
    with pytest.raises(LedgerBroken) as caught:
        verify_receipt(document, TRUSTED)
    assert caught.value.code == "verifier-key"


def test_the_key_of_a_witness_does_not_make_a_receipt() -> None:
    witness = NoteKey.from_seed("drc.example/witness", bytes(32))

    def change(document: Document) -> None:
        document["checkpoint"] = cosign(NOTE, witness)
        document["verifier"] = witness.verifier.encode()

    assert checked(change, witness.verifier.encode()).code == "checkpoint-origin"


def test_an_unreadable_verifier_key_is_refused() -> None:
    assert checked(lambda it: it.update(verifier="x"), None).code == "verifier-key"
    assert NoteVerifier.parse(TRUSTED) == KEY.verifier


def other_exchange(document: Document) -> None:
    data = LEAVES[50].canonical()
    read = TREE.tiles.__getitem__
    document["leaves"][0] = json.loads(build(leaves={50: data}, read=read, salts={}))["leaves"][0]


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it.update(format="something-else"),
        lambda it: it.update(version=2),
        lambda it: it.update(version=1.0),
        lambda it: it.update(unknown=1),
        lambda it: it.pop("certificate"),
        lambda it: it.update(certificate=7),
        lambda it: it.update(certificate=""),
        lambda it: it.update(certificate=PEM_OF_VERSION_53),
        lambda it: it.update(certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        lambda it: it.update(leaves=[]),
        lambda it: it.update(leaves={}),
        lambda it: it.update(leaves=["leaf"]),
        lambda it: it["leaves"].append(it["leaves"][0]),
        lambda it: it["leaves"][0].update(index=-1),
        lambda it: it["leaves"][0].update(index=True),
        lambda it: it["leaves"][0].update(index="40"),
        lambda it: it["leaves"][0].update(leaf=None),
        lambda it: it["leaves"][0].update(leaf="\ud800"),
        lambda it: it["leaves"][0].update(proof=["AAAA"]),
        lambda it: it["leaves"][0].update(proof="AAAA"),
        lambda it: it["leaves"][0].update(extra=1),
        lambda it: it.update(salts=[]),
        lambda it: it["salts"].update(request="00"),
        lambda it: it["salts"].update(request=None),
        other_exchange,
    ],
)
def test_a_receipt_of_another_form_is_refused(change: Callable[[Document], object]) -> None:
    assert checked(change).code == "receipt-malformed"


@pytest.mark.parametrize("document", [b"", b"\xff", b"null", RECEIPT + b"x", b"[" * 100_000])
def test_bytes_that_are_no_receipt_are_refused(document: bytes) -> None:
    with pytest.raises(LedgerBroken) as caught:
        verify_receipt(document, TRUSTED)
    assert caught.value.code == "receipt-malformed"


def test_a_member_said_twice_is_refused() -> None:
    with pytest.raises(LedgerBroken, match="named twice"):
        verify_receipt(RECEIPT[:-1] + b',"version":1}', TRUSTED)


TEXT = RECEIPT.decode()
SUPPLIED = {part: PARTS[part] for part in SALTS}
TRUTH = verify_receipt(RECEIPT, TRUSTED, SUPPLIED)


@pytest.mark.filterwarnings("ignore:(Parsed|The parsed)")  # a changed certificate may be odd enough to be warned of
@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.characters(max_codepoint=0x17F))
def test_no_changed_character_changes_what_is_proven(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    with suppress(LedgerBroken):
        verdict = verify_receipt(changed.encode(), TRUSTED, SUPPLIED)
        # The certificate alone is carried and not vouched for.
        assert replace(verdict, certificate_sha256="") == replace(TRUTH, certificate_sha256="")
