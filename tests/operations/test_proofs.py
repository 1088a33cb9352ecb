"""Proofs out of the store: each holds for who checks it, and damage is found before a proof is handed out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from conformance.notes import WitnessKey, read_checkpoint
from gateway.domain.errors import LedgerBroken, Malformed, Refused, Retriable
from gateway.ledger.checkpoint import NoteKey, open_note, split_note
from gateway.ledger.leaf import part_salt
from gateway.ledger.merkle import leaf_hash, verify_consistency, verify_inclusion
from gateway.ledger.receipt import Receipt, verify_receipt
from gateway.operations.proofs import MERGE_DELAY_S, Proofs
from gateway.store.plan import Insert, Plan
from gateway.store.tables import CosignatureRow, TimestampRow, WitnessRow
from tests.operations.ledgers import KEY, NOW, Office


@pytest.fixture
def proofs(filled: Office) -> Proofs:
    return Proofs(filled.reader, KEY.verifier)


@pytest.fixture(scope="module")
def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.simojo.example")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=365))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def salts(office: Office, exchange: str, case_id: str, *parts: str) -> dict[str, bytes]:
    key = office.vault.case_key(case_id).key
    return {part: part_salt(key, exchange, part) for part in parts}


@pytest.mark.parametrize("index", [0, 6, 12])
def test_a_leaf_is_proven_in_the_last_checkpoint(filled: Office, proofs: Proofs, index: int) -> None:
    row = filled.reader.leaves(index, 1)[0]
    found = proofs.inclusion(row.id)
    assert (found.index, found.leaf) == (index, row.canonical)
    signed = open_note(found.checkpoint, [KEY.verifier])
    verify_inclusion(leaf_hash(found.leaf), found.index, signed.size, found.proof, signed.root)


def test_a_leaf_that_nobody_made_is_refused(proofs: Proofs) -> None:
    with pytest.raises(Refused) as caught:
        proofs.inclusion("id-none")
    assert caught.value.code == "leaf-unknown"


def test_a_leaf_that_waits_is_to_be_asked_for_again_after_the_merge_delay(filled: Office, proofs: Proofs) -> None:
    filled.deeds(1)
    (row,) = filled.reader.pending_leaves()
    with pytest.raises(Retriable) as caught:
        proofs.inclusion(row.id)
    assert (caught.value.code, caught.value.after_s) == ("not-yet-in-ledger", MERGE_DELAY_S)
    filled.integrator().run_once()
    assert proofs.inclusion(row.id).index == 13


def test_before_the_first_checkpoint_everything_waits(office: Office) -> None:
    office.exchange("ex-1")
    with pytest.raises(Retriable):
        Proofs(office.reader, KEY.verifier).receipt("ex-1", {}, "")


def test_each_tree_begins_with_each_earlier_one(filled: Office, proofs: Proofs) -> None:
    roots = {each.size: open_note(each.note, [KEY.verifier]).root for each in filled.reader.checkpoints()}
    for old, new in ((4, 9), (4, 13), (9, 13), (13, 13)):
        verify_consistency(old, new, roots[old], roots[new], proofs.consistency(old, new))
    for old, new in ((4, 14), (9, 4)):
        with pytest.raises(Malformed):
            proofs.consistency(old, new)


def test_a_tile_is_given_at_the_width_that_was_asked_for(filled: Office, proofs: Proofs) -> None:
    hashes_stored = filled.reader.leaf_hashes(0)
    assert proofs.tile("tile/0/000.p/13") == b"".join(hashes_stored)
    assert proofs.tile("tile/0/000.p/4") == b"".join(hashes_stored[:4])
    for path in ("tile/0/000.p/14", "tile/0/000", "tile/1/000.p/1", "tile/0/001.p/1"):
        with pytest.raises(Refused) as caught:
            proofs.tile(path)
        assert caught.value.code == "tile-unknown"
    with pytest.raises(Malformed):
        proofs.tile("tile/0/0")


def test_a_receipt_proves_an_exchange_with_nothing_but_itself(filled: Office, proofs: Proofs, certificate: str) -> None:
    opened = salts(filled, "ex-3", "case-2", "request", "answer")
    document = proofs.receipt("ex-3", opened, certificate)
    parts = {part: f"<{part} of='ex-3'/>".encode() for part in opened}
    verdict = verify_receipt(document, KEY.verifier.encode(), parts)
    assert (verdict.exchange, verdict.checkpoint.size) == ("ex-3", 9)  # the first that covers it
    assert [leaf.kind for leaf in verdict.leaves.values()] == ["accepted", "answered"]
    assert set(verdict.opened) == {"request", "answer"}
    with pytest.raises(LedgerBroken) as caught:
        verify_receipt(document, KEY.verifier.encode(), {"request": b"<request of='ex-2'/>"})
    assert caught.value.code == "part-differs"


def test_a_receipt_waits_until_all_leaves_of_the_exchange_are_placed(office: Office, certificate: str) -> None:
    office.exchange("ex-1")
    office.integrator().run_once(limit=1)
    with pytest.raises(Retriable) as caught:
        Proofs(office.reader, KEY.verifier).receipt("ex-1", {}, certificate)
    assert caught.value.code == "not-yet-in-ledger"
    office.integrator().run_once()
    assert Proofs(office.reader, KEY.verifier).receipt("ex-1", {}, certificate)


def test_there_is_no_receipt_of_an_exchange_that_never_was(proofs: Proofs, certificate: str) -> None:
    with pytest.raises(Refused) as caught:
        proofs.receipt("ex-none", {}, certificate)
    assert caught.value.code == "exchange-unknown"


def test_after_a_roll_over_a_receipt_names_the_key_that_signed(filled: Office, certificate: str) -> None:
    following = NoteKey.from_seed(KEY.name, bytes(range(1, 33)))
    proofs = Proofs(filled.reader, following.verifier, earlier=[KEY.verifier])
    before = proofs.receipt("ex-3", {}, certificate)
    assert verify_receipt(before, KEY.verifier.encode()).trusted
    filled.exchange("ex-5")
    filled.integrator(following).run_once()
    assert proofs.receipt("ex-3", {}, certificate) == before
    after = proofs.receipt("ex-5", {}, certificate)
    assert verify_receipt(after, following.verifier.encode()).checkpoint.size == 15
    with pytest.raises(LedgerBroken):
        Proofs(filled.reader, NoteKey.from_seed(KEY.name, bytes(32)).verifier).receipt("ex-3", {}, certificate)


@pytest.mark.parametrize(("table", "column"), [("tile", "hashes"), ("checkpoint", "note"), ("leaf", "canonical")])
def test_damage_is_found_before_a_proof_leaves(
    filled: Office, proofs: Proofs, certificate: str, table: str, column: str
) -> None:
    leaf = filled.reader.leaves_of_exchange("ex-3")[0]
    places = {"tile": ["level = 0"], "checkpoint": ["size = 9", "size = 13"], "leaf": [f"serial = {leaf.serial}"]}
    for where in places[table]:
        filled.flip(table, column, where, 40)
    with pytest.raises(LedgerBroken):
        proofs.receipt("ex-3", {}, certificate)
    with pytest.raises(LedgerBroken):
        proofs.inclusion(leaf.id)


# --- what others say of it ------------------------------------------------------------------------------------------


def vouch(office: Office, size: int, *, witness: WitnessKey | None = None, token: bytes = b"") -> None:
    """A line of this witness, or a timestamp, for the checkpoint over so many leaves."""
    if token:
        office.commit(Plan.of(Insert(TimestampRow, {"size": size, "token": token, "at": office.now})))
    if witness is None:
        return
    (note,) = (each.note for each in office.reader.checkpoints() if each.size == size)
    if office.reader.witness(witness.name) is None:
        staff = {"interval_s": 300, "proposed_by": "rina", "proposed_at": NOW, "size": 0, "failures": 0}
        row = {"name": witness.name, "verifier": witness.verifier, "state": "active", **staff}
        office.commit(Plan.of(Insert(WitnessRow, row)))
    line = witness.cosign(read_checkpoint(note), int(office.now.timestamp()))
    values = {"size": size, "witness": witness.name, "line": line, "signed_at": office.now}
    office.commit(Plan.of(Insert(CosignatureRow, values)))


def carried(document: bytes) -> tuple[int, list[str], bytes]:
    """Size of a receipt's checkpoint, who co-signed it, and its timestamp."""
    found = Receipt.parse(document)
    _, lines = split_note(found.checkpoint)
    return verify_receipt(document, KEY.verifier.encode()).checkpoint.size, [n for n, _ in lines[1:]], found.timestamp


def test_a_receipt_takes_the_earliest_checkpoint_that_others_vouch_for_most(
    filled: Office, proofs: Proofs, certificate: str
) -> None:
    first, second = (WitnessKey(f"saksi-{each}.example", bytes([each] * 32)) for each in (1, 2))
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (4, [], b"")
    vouch(filled, 13, token=b"of 13")
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (13, [], b"of 13")
    vouch(filled, 9, witness=first)
    vouch(filled, 9, witness=second)
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (9, [first.name, second.name], b"")
    vouch(filled, 4, token=b"of 4")  # covers ex-1, and nobody has co-signed it
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (9, [first.name, second.name], b"")
    vouch(filled, 13, witness=first)
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (13, [first.name], b"of 13")
    filled.damage("UPDATE witness SET state = 'removed' WHERE name = :name", name=first.name)
    assert carried(proofs.receipt("ex-1", {}, certificate)) == (9, [second.name], b"")


def test_a_witness_line_that_was_damaged_is_found_before_it_is_handed_out(
    filled: Office, proofs: Proofs, certificate: str
) -> None:
    vouch(filled, 9, witness=WitnessKey("saksi.example", bytes(32)))
    filled.flip("cosignature", "line", "size = 9", -9)
    with pytest.raises(LedgerBroken):
        proofs.receipt("ex-1", {}, certificate)
