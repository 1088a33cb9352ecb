"""Reading the stored ledger, and reading when the store does not answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.domain.errors import HubBusy
from gateway.store.outgoing import WrappedKey
from gateway.store.reading import Reader
from gateway.store.tables import (
    CheckpointRow,
    DataKeyRow,
    LeafRow,
    TileRow,
    TreeHeadRow,
)
from tests.store.rows import NOW, Put


def leaf(number: int, index: int | None, exchange: str | None = None) -> dict[str, Any]:
    row = {"id": f"l-{number}", "exchange": exchange, "case_id": "c-1" if exchange else None}
    return {**row, "canonical": b"{}", "hash": bytes([number]) * 32, "tree_index": index}


def test_leaves_that_wait_and_leaves_in_place(reader: Reader, put: Put) -> None:
    put(LeafRow, leaf(1, 1, "x-1"), leaf(2, 0, "x-2"), leaf(3, None), leaf(4, None, "x-1"))
    assert [row.id for row in reader.pending_leaves()] == ["l-3", "l-4"]
    assert [row.id for row in reader.pending_leaves(limit=1)] == ["l-3"]
    assert [row.id for row in reader.pending_leaves(after=reader.pending_leaves()[0].serial or 0)] == ["l-4"]
    assert reader.pending_count() == 2
    assert [row.id for row in reader.leaves(0, 10)] == ["l-2", "l-1"]
    assert [row.id for row in reader.leaves(1, 10)] == ["l-1"]
    assert reader.leaf_hashes(0) == [bytes([2]) * 32, bytes([1]) * 32]
    assert [row.id for row in reader.leaves_of_exchange("x-1")] == ["l-1", "l-4"]
    assert [row.id for row in reader.leaves_of_exchanges({"x-1", "x-2"})] == ["l-1", "l-2", "l-4"]
    assert [row.id for row in reader.leaves_of_case("c-1")] == ["l-1", "l-2", "l-4"]
    found = reader.leaf("l-3")
    assert found is not None
    assert found.tree_index is None
    assert reader.leaf("l-9") is None


def test_the_tree_its_checkpoints_and_how_far_they_reach(reader: Reader, put: Put) -> None:
    assert (reader.tree_size(), reader.last_checkpoint(), reader.tile(0, 0), reader.tile_count()) == (0, None, None, 0)
    extent = reader.extent()
    assert (extent.head, extent.checkpoint, extent.placed) == (0, 0, 0)
    put(TreeHeadRow, {"id": 1, "size": 9})
    put(TileRow, {"level": 0, "number": 0, "hashes": bytes(64)})
    put(CheckpointRow, *({"size": size, "previous": 0, "note": f"n{size}", "at": NOW} for size in (8, 2, 5)))
    put(LeafRow, leaf(1, 6))
    extent = reader.extent()
    assert (extent.head, extent.checkpoint, extent.placed) == (9, 8, 7)
    assert (reader.tree_size(), reader.tile(0, 0), reader.tile_count()) == (9, bytes(64), 1)
    last = reader.last_checkpoint()
    assert last is not None
    assert (last.size, last.note) == (8, "n8")
    assert reader.checkpoint(5) is not None
    assert reader.checkpoint(6) is None
    assert [row.size for row in reader.checkpoints()] == [2, 5, 8]
    assert [row.size for row in reader.checkpoints(above=2, up_to=5)] == [5]
    assert [row.size for row in reader.checkpoints(limit=1)] == [2]


def test_wrapped_keys_by_scope(reader: Reader, put: Put) -> None:
    put(DataKeyRow, {"scope": "case/c-1", "wrapped": b"w", "under": "dossier/d"})
    assert (reader.data_key("case/c-1"), reader.data_key("case/c-2")) == (WrappedKey(b"w", "dossier/d", None), None)
    put(DataKeyRow, {"scope": "dossier/d", "wrapped": b"o"})
    put(DataKeyRow, {"scope": "case/c-3", "wrapped": b"v", "under": "dossier/d"})
    wrapped = {"case/c-1": WrappedKey(b"w", "dossier/d", b"o"), "dossier/d": WrappedKey(b"o", None, None)}
    assert reader.data_keys(["case/c-1", "dossier/d", "case/c-9"]) == wrapped
    assert reader.keys_under("dossier/d") == ["case/c-1", "case/c-3"]


def test_a_store_that_does_not_answer_is_busy(engine: Engine, reader: Reader) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE agency")
        connection.exec_driver_sql("DROP TABLE counter")
        connection.exec_driver_sql("DROP TABLE exchange_part")
    asked: list[Callable[[], object]] = [
        reader.agencies,
        lambda: reader.counter("a"),
        lambda: reader.part_digests({"x-1"}),
    ]
    for ask in asked:
        with pytest.raises(HubBusy, match="cannot be read") as caught:
            ask()
        assert caught.value.after_s is not None
