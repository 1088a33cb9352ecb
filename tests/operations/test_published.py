"""The published layout (C2SP tlog-tiles): every tile and bundle of every size, and proofs that hold."""

from __future__ import annotations

import pytest

from conformance.witness.merkle import check_consistency
from gateway.domain.errors import Malformed, Refused
from gateway.ledger.leaf import LeafKind
from gateway.ledger.merkle import HASH_SIZE, leaf_hash, root, verify_inclusion
from gateway.operations.published import Published
from gateway.store.plan import Plan
from tests.operations.ledgers import Office


@pytest.fixture
def published(office: Office) -> Published:
    """Of a ledger with 600 leaves: two full tiles and a partial one, and a level above."""
    office.deeds(600)
    office.integrator().run_once()
    return Published(office.reader)


def split(bundle: bytes) -> list[bytes]:
    """The entries of a bundle, by their lengths."""
    entries = []
    while bundle:
        size = int.from_bytes(bundle[:2])
        entries.append(bundle[2 : 2 + size])
        bundle = bundle[2 + size :]
    return entries


def test_bundles_hash_to_tiles_and_tiles_to_the_root(office: Office, published: Published) -> None:
    entries: list[bytes] = []
    for number, suffix in ((0, ""), (1, ""), (2, ".p/88")):
        bundle = split(published.entries(f"tile/entries/{number:03}{suffix}"))
        tile = published.tile(f"tile/0/{number:03}{suffix}")
        assert b"".join(leaf_hash(each) for each in bundle) == tile
        entries += bundle
    assert entries == [row.canonical for row in office.reader.leaves(0)]
    assert len(published.tile("tile/1/000.p/2")) == 2 * HASH_SIZE
    assert published.tile("tile/0/001.p/3") == published.tile("tile/0/001")[: 3 * HASH_SIZE]
    whole = published.consistency(0, None).new
    assert (whole.size, whole.root) == (600, root([leaf_hash(each) for each in entries]))


@pytest.mark.parametrize(
    "path", ["tile/0/002", "tile/0/002.p/89", "tile/0/003.p/1", "tile/1/000.p/3", "tile/2/000.p/1", "tile/63/000"]
)
def test_a_tile_that_the_tree_does_not_have_is_unknown(published: Published, path: str) -> None:
    with pytest.raises(Refused) as caught:
        published.tile(path)
    assert caught.value.code == "tile-unknown"


@pytest.mark.parametrize("path", ["tile/0/x999/x999/x999/x999/x999/999", "tile/entries/x999/x999/x999/999.p/255"])
def test_a_number_that_no_column_holds_is_unknown_too(published: Published, path: str) -> None:
    with pytest.raises(Refused) as caught:
        (published.entries if "entries" in path else published.tile)(path)
    assert caught.value.code == "tile-unknown"


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/1", "tile/00/000", "tile/64/000", "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/x000/001"),
        *("tile/-1/000", "tile/0/" + "x999/" * 1000 + "999", "../etc/passwd", ""),
    ],
)
def test_a_path_that_is_none_is_malformed(published: Published, path: str) -> None:
    for read in (published.tile, published.entries):
        with pytest.raises(Malformed):
            read(path)


@pytest.mark.parametrize("old", [0, 1, 255, 256, 257, 512, 599, 600])
def test_growth_is_proven_to_code_of_another_hand(published: Published, old: int) -> None:
    found = published.consistency(old, 600)
    check_consistency(old, found.old.root, 600, found.new.root, found.proof)
    for size in (0, 599, 600):
        if size >= old:
            part = published.consistency(old, size)
            check_consistency(old, found.old.root, size, part.new.root, part.proof)


def test_a_leaf_is_proven_in_every_tree_that_has_it(published: Published) -> None:
    for index, size in ((0, 1), (0, 600), (256, 300), (599, None)):
        found = published.inclusion(index, size)
        verify_inclusion(found.leaf, index, found.tree.size, found.proof, found.tree.root)
    for index, size in ((600, None), (5, 5), (0, 601)):
        with pytest.raises(Malformed):
            published.inclusion(index, size)
    with pytest.raises(Malformed):
        published.consistency(601, None)


def test_a_leaf_that_no_bundle_can_hold_is_said_so(office: Office) -> None:
    made = office.leaves.make(LeafKind.STAFF, at=office.now, extra={"long": "x" * 70_000})
    office.commit(Plan.of(made.row))
    office.integrator().run_once()
    with pytest.raises(Refused) as caught:
        Published(office.reader).entries("tile/entries/000.p/1")
    assert caught.value.code == "entry-too-large"


def test_an_empty_ledger_has_no_checkpoint(office: Office) -> None:
    with pytest.raises(Refused) as caught:
        Published(office.reader).checkpoint()
    assert caught.value.code == "checkpoint-unknown"
    assert Published(office.reader).consistency(0, None).proof == ()
