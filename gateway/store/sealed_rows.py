"""Rows in which some columns are sealed and the others are not: which, under which key, at which place.

Exact bytes of exchanges, facts, cases and documents have reads of their own. Everything else that may name a person
stands here, and `tests/store/test_columns.py` asks it of every column that there is:

    delivery, attempt, PIN      the key of their case
    file of records             the key of the day on which it was announced or begun (`batch.made_at`)
    record put aside, left out  the key of its case where it is about one, else that of the file
    reconciliation              the key of the day on which it was made
    restricted read             the key of its day: who looked, and why, is kept when the person's data are erased
    erasure                     the key of the day on which it was proposed, likewise

The unit of a row is its primary key, so every row, and every record that is put aside, has a key of its own. Sealing
takes `sealed` (asks a vault for the key) or `sealed_with` (has it). Opening is the reader's: no caller sees a sealed
column. A text whose key is no more reads as ERASED, one that was changed as DAMAGED; bytes raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlmodel import SQLModel

from gateway.domain.errors import Refused, Tampered
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, table_of
from gateway.store.sealing import DAMAGED, ERASED, BodySeal, Keys, Place, Shut, open_blob, open_text
from gateway.store.tables import (
    AttemptRow,
    BatchHeldRow,
    BatchLeftOutRow,
    BatchPieceRow,
    BatchRow,
    DeliveryRow,
    ErasureRow,
    PinChallengeRow,
    ReconciliationPieceRow,
    ReconciliationSettledRow,
    RestrictedReadRow,
)

if TYPE_CHECKING:
    from gateway.store.vault import Vault

SEALED: Mapping[type[SQLModel], tuple[str, ...]] = {
    DeliveryRow: ("ask_body", "payload", "cause"),
    AttemptRow: ("detail",),
    BatchRow: ("manifest", "cause"),
    BatchPieceRow: ("body",),
    BatchHeldRow: ("body", "cause"),
    BatchLeftOutRow: ("cause",),
    PinChallengeRow: ("phone", "digest"),
    ReconciliationPieceRow: ("body",),
    ReconciliationSettledRow: ("reason",),
    RestrictedReadRow: ("reason",),
    ErasureRow: ("reason", "permit_reason", "refused_because"),
}
"""The sealed columns of each table; what is null or empty stays so."""

KEYS: Mapping[type[SQLModel], tuple[str, ...]] = {
    model: tuple(column.name for column in table_of(model).primary_key.columns) for model in SEALED
}


class SealedValues(NamedTuple):
    """Values of a row as they are stored, and the plan that creates their key: empty once it is stored."""

    values: dict[str, Any]
    plan: Plan


def unit_of(model: type[SQLModel], key: Mapping[str, Any]) -> str:
    """What is sealed under one key: a row, by its primary key; `key` may have more than that."""
    return "/".join(str(key[name]) for name in KEYS[model])


def place_of(model: type[SQLModel], key: Mapping[str, Any], column: str) -> Place:
    """Where a sealed column stands."""
    return Place(unit_of(model, key), str(model.__tablename__), column)


def sealed(
    vault: Vault,
    model: type[SQLModel],
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    case_id: str | None = None,
    at: datetime,
) -> SealedValues:
    """Values of a row, sealed under the key of this case, else of the day of `at`. Asks for a key only if it needs one.

    Where an erasure has destroyed that key, the texts are ERASED: whatever else the plan says still holds. Raises
    Tampered, and Refused `erased` for bytes, which nobody keeps for nothing.
    """
    if not any(values.get(column) for column in SEALED[model]):
        return SealedValues(dict(values), Plan())
    try:
        made = vault.exchange_key(case_id, at)
    except Refused:
        if any(isinstance(values.get(column), bytes) for column in SEALED[model]):
            raise
        return SealedValues({**values, **{column: ERASED for column in SEALED[model] if values.get(column)}}, Plan())
    return SealedValues(
        _sealed_by(vault.exchange_seal(unit_of(model, key), case_id, at, made.key), model, values), made.plan
    )


def sealed_with(
    scope: str, secret: bytes, model: type[SQLModel], key: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The same under the data key `secret` of a scope, which the caller has."""
    if not any(values.get(column) for column in SEALED[model]):
        return dict(values)
    return _sealed_by(BodySeal(scope, secret, unit_of(model, key)), model, values)


def _sealed_by(seal: BodySeal, model: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    stored, table = dict(values), str(model.__tablename__)
    for column in SEALED[model]:
        plain = values.get(column)
        if plain:
            stored[column] = (seal.blob if isinstance(plain, bytes) else seal.text)(table, column, plain)
    return stored


def open_row(row: SQLModel, keys: Keys) -> None:
    """Open the sealed columns of a row that was read, in place. Raises Shut and Tampered for bytes alone."""
    model = type(row)
    key = {name: getattr(row, name) for name in KEYS[model]}
    for column in SEALED[model]:
        stored = getattr(row, column)
        if stored:
            setattr(row, column, _open(stored, place_of(model, key, column), keys))


def open_delivery(row: StoredDelivery, keys: Keys) -> StoredDelivery:
    """A delivery that was read as plain values, opened."""
    columns = SEALED[DeliveryRow]
    opened: dict[str, Any] = {
        name: _open(stored, place_of(DeliveryRow, {"id": row.id}, name), keys)
        for name in columns
        if (stored := getattr(row, name))
    }
    return replace(row, **opened)


def _open(stored: bytes | str, place: Place, keys: Keys) -> bytes | str:
    if isinstance(stored, bytes):
        return open_blob(stored, place, keys)
    try:
        return open_text(stored, place, keys)
    except Shut:
        return ERASED
    except Tampered:
        return DAMAGED
