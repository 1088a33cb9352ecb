"""A history written anew by whoever has the office's own key: everything in the store agrees with itself afterwards."""

from __future__ import annotations

from sqlalchemy import text

from gateway.ledger.checkpoint import Checkpoint, sign
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.tree import extend
from tests.drill.grounds import DrillOffice
from tests.operations.ledgers import KEY


def change_leaf(office: DrillOffice, index: int) -> None:
    """Let a leaf tell another time by a microsecond, and sign a history in which it always did."""
    before = bytes(office.value(f"SELECT canonical FROM leaf WHERE tree_index = {index}"))  # noqa: S608 - a number
    at = before.index(b'Z","commitments"') - 1
    digit = b"1" if before[at : at + 1] != b"1" else b"2"
    after = before[:at] + digit + before[at + 1 :]
    office.damage(
        "UPDATE leaf SET canonical = :text, hash = :hash WHERE tree_index = :at",
        text=after,
        hash=leaf_hash(after),
        at=index,
    )
    sign_anew(office)


def drop_leaf(office: DrillOffice, index: int) -> None:
    """Let a leaf never have been, and sign a history without it. It is one that commits to nothing."""
    size = office.reader.tree_size()
    office.damage("DELETE FROM leaf WHERE tree_index = :at", at=index)
    for at in range(index + 1, size):
        office.damage("UPDATE leaf SET tree_index = :to WHERE tree_index = :at", to=at - 1, at=at)
    sign_anew(office, without=index)


def sign_anew(office: DrillOffice, *, without: int | None = None) -> None:
    """Make tiles, head and every checkpoint anew for the leaves that are there now."""
    hashes = office.reader.leaf_hashes(0)
    sizes = [each.size - (without is not None and each.size > without) for each in office.reader.checkpoints()]
    grown = extend(0, lambda _: b"", hashes)
    with office.engine.connect() as connection:
        rows = connection.execute(text("SELECT size, at FROM checkpoint ORDER BY size")).all()
        for table in ("checkpoint", "tile"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - two names
        for tile, data in grown.tiles.items():
            row = {"level": tile.level, "number": tile.index, "hashes": data}
            connection.execute(text("INSERT INTO tile (level, number, hashes) VALUES (:level, :number, :hashes)"), row)
        before = 0
        for size, (_, at) in zip(sizes, rows, strict=True):
            note = sign(Checkpoint(KEY.name, size, root(hashes[:size])), KEY)
            row = {"size": size, "previous": before, "note": note, "at": at}
            connection.execute(
                text("INSERT INTO checkpoint (size, previous, note, at) VALUES (:size, :previous, :note, :at)"), row
            )
            before = size
        connection.execute(text("UPDATE tree_head SET size = :size"), {"size": len(hashes)})
