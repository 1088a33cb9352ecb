"""An older store is brought to sealed bodies when it is opened, in bounded steps that may be interrupted anywhere.

1. keys        each case key, wrapped by the master key until now, is wrapped by the dossier key of its applicant
2. bodies      facts, cases, documents, parts: each is sealed under the key that its commitments are made with; then
               the rows of deliveries, files and the like (`gateway.operations.old_rows`)
3. done        the note that a table is to be sealed goes (SQLite overwrites what it frees: `secure_delete`)

Every step is a commit of its own over at most ROWS bodies, guarded by what was read; whatever is sealed already is
passed by. What cannot be sealed, since the exchange that it belongs to or its key is gone, stays as it is: that is
damage, which `simojo ledger verify` names, and sealing would hide it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sqlmodel import SQLModel

from gateway.casework.names import person_of
from gateway.domain.errors import Refused, Tampered
from gateway.domain.facts import decode_case
from gateway.operations.old_rows import OldRows
from gateway.store.plan import Change, Committed, Delete, Outcome, Plan, Update, table_of
from gateway.store.reading import Reader
from gateway.store.sealed_rows import SEALED
from gateway.store.sealing import BODY, CASES, DOCUMENTS, FACTS, PARTS, BodySeal
from gateway.store.tables import CaseEventRow, CaseRow, DocumentRow, PartRow, ToSealRow
from gateway.store.vault import Vault, scope_of

KEYS = "data_key"
"""What a store that was migrated notes of keys that no dossier wraps yet, among the tables of `to_seal`."""

STEPS: tuple[type[SQLModel], ...] = (CaseEventRow, CaseRow, DocumentRow, PartRow)


def seal_old_bodies(
    reader: Reader, vault: Vault, commit: Callable[[Plan], Outcome], told: Callable[[str, int], None]
) -> None:
    """Seal what an older version stored in clear; nothing where there is nothing. `told`: table and rows so far."""
    waiting = reader.to_seal()
    if KEYS in waiting:  # 1
        for ids in reader.case_ids(batch=50):
            for case_id in ids:
                _move(reader, vault, commit, case_id)
            told(KEYS, len(ids))
        commit(Plan.of(Delete(ToSealRow, {"name": KEYS})))
    for model in STEPS:  # 2
        if model.__tablename__ in waiting:
            _seal_table(reader, vault, commit, model, told)
            commit(Plan.of(Delete(ToSealRow, {"name": model.__tablename__})))  # 3
    for model in SEALED:
        name = str(model.__tablename__)
        if name in waiting:
            OldRows(reader, vault, commit).seal(model, partial(told, name))
            commit(Plan.of(Delete(ToSealRow, {"name": name})))  # 3


def _seal_table(
    reader: Reader,
    vault: Vault,
    commit: Callable[[Plan], Outcome],
    model: type[SQLModel],
    told: Callable[[str, int], None],
) -> None:
    behind: tuple[Any, ...] | None = None
    rows = reader.unsealed(model, behind)
    while rows:
        commit(Plan(tuple(_sealed(reader, vault, rows))))  # another process that does the same has done it: no matter
        told(str(model.__tablename__), len(rows))
        behind = tuple(getattr(rows[-1], column.name) for column in table_of(model).primary_key.columns)
        rows = reader.unsealed(model, behind)


def _sealed(reader: Reader, vault: Vault, rows: list[Any]) -> Iterator[Change]:
    keys: dict[str, bytes | None] = {}
    exchanges = reader.exchanges_by_id({row.exchange for row in rows if isinstance(row, PartRow)})
    for row in rows:
        if isinstance(row, PartRow):
            exchange = exchanges.get(row.exchange)
            scope, unit = (None if exchange is None else scope_of(exchange.case_id, exchange.at)), row.exchange
        else:
            unit = row.id if isinstance(row, CaseRow) else row.case_id
            scope = f"case/{unit}"
        if scope is not None and scope not in keys:
            keys[scope] = vault.opening_key(scope)
        key = None if scope is None else keys[scope]
        if scope is not None and key is not None:
            yield _change(row, BodySeal(scope, key, unit))


def _change(row: Any, seal: BodySeal) -> Change:
    match row:
        case CaseEventRow():
            key, body = {"case_id": row.case_id, "seq": row.seq}, seal.text(FACTS, str(row.seq), row.body)
        case CaseRow():
            key, body = {"id": row.id}, seal.text(CASES, BODY, row.body)
        case DocumentRow():
            key = {"case_id": row.case_id, "sha256": row.sha256}
            return Update(DocumentRow, key, {"body": row.body}, {"body": seal.blob(DOCUMENTS, row.sha256, row.body)})
        case _:
            key = {"exchange": row.exchange, "name": row.name}
            return Update(PartRow, key, {"body": row.body}, {"body": seal.blob(PARTS, row.name, row.body)})
    return Update(type(row), key, {"body": row.body}, {"body": body})


def _person(reader: Reader, case_id: str) -> str | None:
    """Whose a stored case is; None of one that cannot be read, which then has a dossier of its own."""
    row = reader.case(case_id)
    try:
        return None if row is None else person_of(decode_case(json.loads(row.body)).applicant)
    except (ValueError, KeyError, TypeError, Refused, Tampered):
        return None


def _move(reader: Reader, vault: Vault, commit: Callable[[Plan], Outcome], case_id: str) -> None:
    person = _person(reader, case_id)
    for _ in range(2):  # another process may have begun the same dossier meanwhile
        plan = vault.into_dossier(case_id, person)
        if not plan.changes or isinstance(commit(plan), Committed):
            return
