"""Committed leaves get their places, in order, under signed checkpoints; damage is not signed over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.domain.errors import HubBusy, LedgerBroken
from gateway.ledger.checkpoint import NoteKey, open_note
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.tree import TileId, consistency_proof, verify_consistency
from gateway.operations.integrator import Integrator, StoredTiles
from gateway.store.plan import Committed, Conflict, Insert, Outcome, Plan
from gateway.store.tables import TileRow
from tests.operations.ledgers import KEY, NOW, ORIGIN, Office


def test_nothing_to_place_writes_nothing(office: Office) -> None:
    assert office.integrator().run_once() == 0
    assert office.reader.last_checkpoint() is None


def test_leaves_get_contiguous_places_in_the_order_of_their_commits_and_a_signed_checkpoint(office: Office) -> None:
    office.exchange("ex-1", "case-1")
    office.step("case-1", 1)
    waiting = [row.id for row in office.reader.pending_leaves()]
    assert office.integrator().run_once() == 3
    placed = office.reader.leaves(0)
    assert [row.id for row in placed] == waiting
    assert [row.tree_index for row in placed] == [0, 1, 2]
    last = office.reader.last_checkpoint()
    assert last is not None
    assert (last.size, last.previous, last.at) == (3, 0, NOW)
    signed = open_note(last.note, [KEY.verifier])
    assert (signed.origin, signed.size) == (ORIGIN, 3)
    assert signed.root == root([leaf_hash(row.canonical) for row in placed])
    assert office.reader.pending_leaves() == []
    assert office.integrator().run_once() == 0


def test_a_limit_leaves_the_rest_for_the_next_run_and_the_tree_only_grows(office: Office) -> None:
    office.deeds(600)
    integrator = office.integrator()
    assert [integrator.run_once(limit=250) for _ in range(4)] == [250, 250, 100, 0]
    notes = [open_note(each.note, [KEY.verifier]) for each in office.reader.checkpoints()]
    assert [note.size for note in notes] == [250, 500, 600]
    assert [each.previous for each in office.reader.checkpoints()] == [0, 250, 500]
    hashes = office.reader.leaf_hashes(0)
    assert [note.root for note in notes] == [root(hashes[: note.size]) for note in notes]
    proof = consistency_proof(250, 600, StoredTiles(office.reader))
    verify_consistency(250, 600, notes[0].root, notes[2].root, proof)


def test_one_leaf_at_a_time_gives_the_same_tree_as_all_at_once(office: Office) -> None:
    office.deeds(20)
    integrator = office.integrator()
    while integrator.run_once(limit=1):
        office.now += timedelta(seconds=1)
    last = office.reader.last_checkpoint()
    assert last is not None
    assert open_note(last.note, [KEY.verifier]).root == root(office.reader.leaf_hashes(0))
    assert office.reader.tile(0, 0) == b"".join(office.reader.leaf_hashes(0))
    assert len(office.reader.checkpoints()) == 20


class Overtaken:
    """A unit of work in which another integrator always comes first."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def commit(self, plan: Plan) -> Outcome:
        assert self._office.integrator().run_once() > 0
        return self._office.writer.commit(plan)

    def close(self) -> None:
        raise AssertionError


@pytest.mark.parametrize("first", [True, False])
def test_of_two_integrators_at_once_one_has_done_it_and_the_other_nothing(office: Office, *, first: bool) -> None:
    if not first:
        office.deeds(3)
        office.integrator().run_once()
    office.deeds(5)
    before = office.reader.tree_size()
    assert Integrator(office.reader, Overtaken(office), KEY, lambda: NOW).run_once() == 0
    assert office.reader.tree_size() == before + 5
    assert office.verify().ledger.size == before + 5


def test_many_integrators_and_writers_at_once_make_one_whole_ledger(office: Office) -> None:
    def write(number: int) -> None:
        office.exchange(f"ex-{number}")

    def integrate(_: int) -> int:
        return office.integrator().run_once(limit=7)

    office.exchange("ex-first")
    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, number) for number in range(15)]
        placed = sum(pool.map(integrate, range(40)))
        for each in writing:
            each.result()
    while more := office.integrator().run_once():
        placed += more
    verdict = office.verify()
    assert verdict.ledger.size == placed == 32
    assert verdict.pending == 0


def test_an_integrator_whose_reads_were_overtaken_has_done_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.deeds(3)
    office.integrator().run_once()
    office.deeds(2)
    integrator = office.integrator()
    read = office.reader.last_checkpoint
    overtaken: list[int] = []

    def late() -> object:
        if not overtaken:
            overtaken.append(1)
            overtaken.append(office.integrator().run_once())
        return read()

    monkeypatch.setattr(office.reader, "last_checkpoint", late)
    assert integrator.run_once() == 0
    assert overtaken == [1, 2]
    assert office.verify().ledger.size == 5


def test_a_roll_over_of_the_note_key_goes_on_from_the_old_key_s_checkpoint(filled: Office) -> None:
    following = NoteKey.from_seed(ORIGIN, bytes(range(1, 33)))
    filled.deeds(1)
    assert filled.integrator(following).run_once() == 1
    last = filled.reader.last_checkpoint()
    assert last is not None
    assert open_note(last.note, [following.verifier]).size == 14
    stranger = Integrator(filled.reader, filled.writer, NoteKey.from_seed(ORIGIN, bytes(32)), lambda: NOW)
    filled.deeds(1)
    with pytest.raises(LedgerBroken) as caught:
        stranger.run_once()
    assert caught.value.code == "checkpoint-signature"


# --- damage is not signed over -------------------------------------------------------------------------------------

FIRST_PENDING = "serial = (SELECT min(serial) FROM leaf WHERE exchange = 'ex-9' AND tree_index IS NULL)"


@pytest.mark.parametrize(
    ("table", "column", "where", "code", "named"),
    [
        ("leaf", "canonical", FIRST_PENDING, "leaf-changed", "'ex-9'"),
        ("leaf", "hash", FIRST_PENDING, "leaf-changed", "'ex-9'"),
        ("tile", "hashes", "level = 0 AND number = 0", "tree-node", "tiles"),
        ("checkpoint", "note", "size = 13", "checkpoint-signature", "checkpoint"),
    ],
)
def test_damage_stops_the_integrator(
    filled: Office, table: str, column: str, where: str, code: str, named: str
) -> None:
    filled.exchange("ex-9")
    filled.flip(table, column, where, 30)
    with pytest.raises(LedgerBroken) as caught:
        filled.integrator().run_once()
    assert caught.value.code == code
    assert named in caught.value.text
    assert filled.reader.tree_size() == 13
    assert filled.reader.pending_count() == 2
    filled.flip(table, column, where, 30)
    assert filled.integrator().run_once() == 2


@pytest.mark.parametrize("statement", ["UPDATE tree_head SET size = 12", "DELETE FROM checkpoint WHERE size = 13"])
def test_a_head_that_disagrees_with_the_last_checkpoint_stops_the_integrator(filled: Office, statement: str) -> None:
    filled.deeds(1)
    filled.damage(statement)
    with pytest.raises(LedgerBroken, match="as last signed") as caught:
        filled.integrator().run_once()
    assert caught.value.code == "tree-size"


def test_a_tile_that_stands_where_none_can_be_stops_the_integrator(office: Office) -> None:
    office.commit(Plan.of(Insert(TileRow, {"level": 0, "number": 0, "hashes": bytes(32)})))
    office.deeds(1)
    with pytest.raises(LedgerBroken, match="TileRow") as caught:
        office.integrator().run_once()
    assert caught.value.code == "tree-node"
    office.damage("DELETE FROM tile")
    assert office.integrator().run_once() == 1


def test_a_busy_store_is_told_and_nothing_is_half_placed(filled: Office) -> None:
    filled.deeds(1)
    filled.writer.close()
    with pytest.raises(HubBusy):
        filled.integrator().run_once()
    assert filled.reader.pending_count() == 1
    assert filled.reader.tree_size() == 13


def test_a_plan_of_the_integrator_is_whole_or_nothing(filled: Office) -> None:
    seen: list[Plan] = []

    class Watching:
        def commit(self, plan: Plan) -> Outcome:
            seen.append(plan)
            return filled.writer.commit(plan)

        def close(self) -> None:
            raise AssertionError

    filled.deeds(2)
    assert Integrator(filled.reader, Watching(), KEY, lambda: NOW).run_once() == 2
    (plan,) = seen
    assert {change.model.__tablename__ for change in plan.changes} == {"tree_head", "leaf", "tile", "checkpoint"}
    assert isinstance(filled.writer.commit(plan), Conflict)
    assert filled.writer.commit(Plan()) == Committed()


def test_tiles_are_read_once_and_a_missing_one_is_empty(filled: Office) -> None:
    tiles = StoredTiles(filled.reader)
    assert len(tiles(TileId(0, 0))) == 13 * 32
    filled.damage("DELETE FROM tile")
    assert len(tiles(TileId(0, 0))) == 13 * 32
    assert tiles(TileId(0, 1)) == b""
