"""A stored ledger is found whole, and each damage to the file is named (Pasal 22)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import NoteKey
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.verify import verify_export
from gateway.operations import ledger_export, ledger_tiles
from gateway.operations.ledger_export import export_lines, verify_store
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey
from tests.operations.ledgers import KEY, Office, counted_bytes
from tests.operations.test_ledger_cases import CaseOffice

TRUSTED = KEY.verifier.encode()


@pytest.fixture
def office(engine: Engine) -> Iterator[Office]:
    """An office whose facts can be replayed, for verification replays them."""
    opened = CaseOffice(engine)
    yield opened
    opened.writer.close()


def fault(office: Office) -> LedgerBroken:
    with pytest.raises(LedgerBroken) as caught:
        office.verify()
    return caught.value


# --- whole ledgers -------------------------------------------------------------------------------------------------


def test_an_empty_ledger_is_whole(office: Office) -> None:
    verdict = office.verify()
    assert (verdict.ledger.size, verdict.ledger.checkpoints, verdict.tiles, verdict.pending) == (0, 0, 0, 0)


def test_a_filled_ledger_is_whole_and_every_stored_part_was_looked_at(filled: Office) -> None:
    verdict = filled.verify()
    assert (verdict.ledger.size, verdict.ledger.checkpoints) == (13, 3)
    assert verdict.ledger.parts_checked == 4 * 4 + 3
    assert verdict.ledger.parts_complete
    assert verdict.ledger.trusted
    assert (verdict.tiles, verdict.pending) == (1, 0)


def test_leaves_that_wait_for_their_place_are_looked_at_too(filled: Office) -> None:
    filled.exchange("ex-5", "case-9")
    filled.step("case-9", 1)
    filled.deeds(2)
    verdict = filled.verify()
    assert (verdict.ledger.size, verdict.pending) == (13, 5)


def test_a_ledger_of_many_tiles_and_batches_is_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_export, "BATCH", 100)
    monkeypatch.setattr(ledger_tiles, "BATCH", 100)
    for _ in range(3):
        office.deeds(256)
        office.exchange(office.new_id())
        while office.integrator().run_once(limit=150):
            office.now += timedelta(seconds=1)
    office.deeds(101)
    verdict = office.verify()
    assert verdict.ledger.size == 3 * 258
    assert verdict.ledger.checkpoints == 6
    assert verdict.tiles == 4 + 1
    assert verdict.pending == 101


def test_the_lines_alone_prove_the_ledger_elsewhere(filled: Office) -> None:
    lines = list(export_lines(filled.reader, filled.vault, [KEY.verifier]))
    verdict = verify_export(lines, TRUSTED)
    assert (verdict.size, verdict.parts_checked, verdict.parts_complete) == (13, 19, True)
    assert [json.loads(line)["i"] for line in lines if line.startswith('{"i"')] == list(range(13))


def test_no_message_and_no_key_is_in_the_lines(filled: Office) -> None:
    lines = "".join(export_lines(filled.reader, filled.vault, [KEY.verifier]))
    key = filled.vault.stored_key("case/case-1")
    assert key is not None
    assert key.hex() not in lines
    assert "<request" not in lines
    assert "Siti Contoh" not in lines


def test_after_a_roll_over_of_the_note_key_both_keys_are_needed(filled: Office) -> None:
    following = NoteKey.from_seed(KEY.name, bytes(range(1, 33)))
    filled.deeds(3)
    assert filled.integrator(following).run_once() == 3
    both = [following.verifier, KEY.verifier]
    assert verify_store(filled.reader, filled.vault, both).ledger.checkpoints == 4
    with pytest.raises(LedgerBroken) as caught:
        filled.verify()
    assert caught.value.code == "checkpoint-signature"


def test_progress_is_told(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.ledger.verify.PROGRESS_EVERY", 5)
    told: list[int] = []
    verify_store(filled.reader, filled.vault, KEY.verifier, told.append)
    assert told == [5, 10]


# --- one byte, or one row ------------------------------------------------------------------------------------------

Damaging = Callable[[Office], None]

EX_3 = "id = (SELECT id FROM leaf WHERE exchange = 'ex-3' ORDER BY serial LIMIT 1)"
LEAF_6 = "tree_index = 6"


def flip(table: str, column: str, where: str, byte: int = 0) -> Damaging:
    return lambda office: office.flip(table, column, where, byte)


def run(statement: str) -> Damaging:
    """Change the store; `:byte` is one byte of zeros."""
    return lambda office: office.damage(statement, **({"byte": b"\0"} if ":byte" in statement else {}))


@pytest.mark.parametrize(
    ("damage", "code", "named"),
    [
        # stored messages
        (flip("exchange_part", "body", "exchange = 'ex-1' AND name = 'request'"), "part-differs", "'ex-1'"),
        (flip("exchange_part", "body", "exchange = 'ex-2' AND name = 'answer-headers'", -1), "part-differs", "'ex-2'"),
        (flip("exchange_part", "name", "exchange = 'ex-2' AND name = 'answer'"), "part-missing", "'ex-2'"),
        (flip("exchange_part", "exchange", "exchange = 'ex-4' AND name = 'answer'"), "part-missing", "'ex-4'"),
        (flip("case_event", "body", "case_id = 'case-1' AND seq = 2", 9), "part-differs", "'case-1'"),
        (run("DELETE FROM exchange_part WHERE exchange = 'ex-3' AND name = 'request'"), "part-missing", "'ex-3'"),
        (run("DELETE FROM case_event WHERE case_id = 'case-2'"), "part-missing", "'case-2'"),
        (run("INSERT INTO exchange_part VALUES ('ex-3', 'sent-9', :byte)"), "part-missing", "'ex-3'"),
        (run("INSERT INTO exchange_part VALUES ('ex-8', 'request', :byte)"), "part-missing", "'ex-8'"),
        # leaves
        (flip("leaf", "canonical", LEAF_6, 0), "leaf-changed", "leaf 6"),
        (flip("leaf", "canonical", LEAF_6, 40), "leaf-changed", "leaf 6"),
        (flip("leaf", "canonical", LEAF_6, -1), "leaf-changed", "leaf 6"),
        (run("UPDATE leaf SET canonical = canonical || 'x' WHERE tree_index = 6"), "leaf-changed", "leaf 6"),
        (flip("leaf", "hash", LEAF_6), "leaf-hash-changed", "leaf 6"),
        (flip("leaf", "id", LEAF_6), "leaf-changed", "leaf 6"),
        (flip("leaf", "exchange", LEAF_6), "leaf-changed", "leaf 6"),
        (flip("leaf", "case_id", LEAF_6), "part-missing", "leaf 6"),
        (run("UPDATE leaf SET case_id = 'case-1' WHERE tree_index = 6"), "part-differs", "leaf 6"),
        (run("UPDATE leaf SET tree_index = 99 WHERE tree_index = 12"), "tree-size", "stored tree"),
        (run("UPDATE leaf SET tree_index = NULL WHERE tree_index = 6"), "index-gap", "leaf 6"),
        (run("DELETE FROM leaf WHERE tree_index = 0"), "index-gap", "leaf 0"),
        (run("DELETE FROM leaf WHERE tree_index = 6"), "index-gap", "leaf 6"),
        (run("DELETE FROM leaf WHERE tree_index = 12"), "tree-size", "stored tree"),
        # tree
        (flip("tile", "hashes", "level = 0", 0), "tree-node", "tile 0/0"),
        (flip("tile", "hashes", "level = 0", 7 * 32 + 5), "tree-node", "leaf 7"),
        (flip("tile", "hashes", "level = 0", -1), "tree-node", "leaf 12"),
        (run("DELETE FROM tile"), "tree-node", "tile 0/0"),
        (run("INSERT INTO tile VALUES (0, 1, :byte)"), "tree-node", "1 tiles over 13 leaves"),
        (run("UPDATE tree_head SET size = 12"), "tree-size", "stored tree"),
        (run("DELETE FROM tree_head"), "tree-size", "stored tree"),
        (flip("checkpoint", "note", "size = 9", 30), "checkpoint-signature", "checkpoint"),
        (run("DELETE FROM checkpoint WHERE size = 9"), "checkpoint-missing", "over 13 leaves"),
        (run("DELETE FROM checkpoint WHERE size = 13"), "tree-size", "stored tree"),
        # what the tree stands on
        (run("DELETE FROM exchange WHERE id = 'ex-3'"), "part-missing", "'ex-3'"),
        (run("UPDATE exchange SET at = '2026-01-07 00:00:00' WHERE id = 'ex-2'"), "part-missing", "'ex-2'"),
        (flip("data_key", "wrapped", "scope = 'case/case-2'", 20), "part-missing", "'ex-3'"),
        (run("DELETE FROM data_key WHERE scope = 'case/case-2'"), "part-missing", "'case/case-2'"),
    ],
)
def test_each_damage_to_the_file_is_named(filled: Office, damage: Damaging, code: str, named: str) -> None:
    filled.verify()
    damage(filled)
    error = fault(filled)
    assert error.code == code
    assert named in error.text
    assert error.clause == "Pasal 22(4)"


@pytest.mark.parametrize(
    ("damage", "code", "named"),
    [
        (flip("exchange_part", "body", "exchange = 'ex-5' AND name = 'request'"), "part-differs", "'ex-5'"),
        (run("DELETE FROM exchange_part WHERE exchange = 'ex-5' AND name = 'answer'"), "part-missing", "'ex-5'"),
        (flip("leaf", "canonical", "exchange = 'case-9'", 40), "leaf-changed", "'case-9'"),
        (run("UPDATE leaf SET canonical = canonical || 'x' WHERE exchange = 'case-9'"), "leaf-changed", "'case-9'"),
        (flip("leaf", "hash", "exchange = 'case-9'"), "leaf-changed", "'case-9'"),
        (run("DELETE FROM leaf WHERE exchange = 'case-9'"), "part-missing", "'case-9'"),
        (
            run("DELETE FROM leaf WHERE serial = (SELECT min(serial) FROM leaf WHERE exchange = 'ex-5')"),
            "part-missing",
            "'ex-5'",
        ),
    ],
)
def test_damage_to_what_waits_for_the_tree_is_named(filled: Office, damage: Damaging, code: str, named: str) -> None:
    filled.exchange("ex-5")
    filled.step("case-9", 1)
    filled.verify()
    damage(filled)
    error = fault(filled)
    assert error.code == code
    assert named in error.text


def test_a_leaf_forged_together_with_its_hash_is_told_by_the_checkpoint(filled: Office) -> None:
    forged = bytes(filled.value("SELECT canonical FROM leaf WHERE tree_index = 6")).replace(b'"id-', b'"ID-')
    statement = "UPDATE leaf SET canonical = :text, hash = :hash, id = replace(id, 'id-', 'ID-') WHERE tree_index = 6"
    filled.damage(statement, text=forged, hash=leaf_hash(forged))
    error = fault(filled)
    assert (error.code, error.violations[0].path) == ("leaf-changed", "leaves 4 to 8")


def test_bytes_in_place_of_a_leaf_that_never_were_one_are_named(filled: Office) -> None:
    filled.damage(
        "UPDATE leaf SET canonical = :text, hash = :hash WHERE tree_index = 6", text=b"\xff", hash=leaf_hash(b"\xff")
    )
    error = fault(filled)
    assert (error.code, error.violations[0].path) == ("leaf-not-canonical", "leaf 6")


def test_another_master_key_opens_nothing(filled: Office) -> None:
    other = Vault(filled.reader, MasterKey(bytes(32)), lambda size: counted_bytes(size, filled.numbers))
    with pytest.raises(LedgerBroken, match="master key") as caught:
        verify_store(filled.reader, other, KEY.verifier)
    assert "'ex-1'" in caught.value.text


def test_a_forger_without_the_note_key_is_found_by_whoever_trusts_the_right_one(filled: Office) -> None:
    with pytest.raises(LedgerBroken) as caught:
        verify_store(filled.reader, filled.vault, NoteKey.from_seed(KEY.name, bytes(32)).verifier)
    assert caught.value.code == "checkpoint-signature"


def test_a_leaf_deleted_while_the_tiles_are_compared_is_noticed(filled: Office) -> None:
    filled.damage("DELETE FROM leaf WHERE tree_index = 12")
    with pytest.raises(LedgerBroken) as caught:
        ledger_tiles.check_tiles(filled.reader, 13)
    assert (caught.value.code, caught.value.violations[0].path) == ("tree-size", "leaf 12")


def test_a_tree_that_grows_meanwhile_is_compared_as_far_as_it_went(filled: Office) -> None:
    filled.deeds(300)
    filled.integrator().run_once()
    assert ledger_tiles.check_tiles(filled.reader, 13) == 1
