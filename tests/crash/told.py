"""What clients were told, against what the store has of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.crash.clients import FRESH_S, Clients, Record, counted
from tests.crash.finding import Finding
from tests.crash.rows import Rows, aware


def lost(records: list[Record], rows: Rows) -> Iterator[Finding]:
    """What was answered stands in store and ledger as it was given; nothing else does; nothing is unanswered."""
    stored = rows.inbound
    placed = Counter(leaf["exchange"] for leaf in rows.leaves if leaf["tree_index"] is not None)
    for record in records:
        kept = stored.get((record.message.agency, record.message.stored_as), [])
        if record.answers:
            yield from _kept(record, kept, rows, placed)
        else:
            yield Finding(kind="lost", text=f"{_named(record)} was never answered: {dict(record.put_off)}")
    known = {(record.message.agency, record.message.stored_as) for record in records}
    for agency, message_id in stored:
        if (agency, message_id) not in known:
            yield Finding(kind="doubled", text=f"{agency} {message_id!r} is stored, and nobody has sent it")


def _kept(record: Record, kept: list[dict[str, Any]], rows: Rows, placed: Counter[str]) -> Iterator[Finding]:
    what = _named(record)
    days = {row["message_id"][:8] for row in kept} if record.message.agency == "bank" else {""}
    if not kept or len(kept) > len(days):
        kind = "doubled" if kept else "lost"
        yield Finding(kind=kind, text=f"{what} was answered and is stored {len(kept)} times")
        return
    parts = [part for row in kept for part in rows.parts[row["id"]].items()]
    given = {body for name, body in parts if name.startswith("answer")}
    for answer in record.answers:
        if answer.sealed.split(b"\n", 1)[1] not in given:
            yield Finding(kind="lost", text=f"{what}: an answer that was given is not among the stored ones")
    if "request" not in dict(parts):
        yield Finding(kind="lost", text=f"{what}: its request is not stored")
    if placed[kept[0]["id"]] < 2:
        yield Finding(kind="lost", text=f"{what}: {placed[kept[0]['id']]} leaves are in the ledger, two are due")


def _named(record: Record) -> str:
    return f"{record.message.agency} {record.message.kind} {record.message.stored_as[:60]}"


def changed(records: list[Record], rows: Rows, *, clock_was_right: bool) -> Iterator[Finding]:
    """A repeat got the first answer, and while it is fresh the very bytes.

    A hub whose clock was wrong for a while rightly thought an answer old, or sealed in the future, and sealed it anew:
    there the content alone is compared.
    """
    stored = rows.inbound
    for record in records:
        if not record.answers:
            continue
        first = record.answers[0]
        kept = stored.get((record.message.agency, record.message.stored_as), [])
        for later in record.answers[1:]:
            what = _named(record)
            if (later.status, later.content) != (first.status, first.content):
                yield Finding(kind="changed", text=f"{what}: a repeat got another answer than the first")
            elif not clock_was_right:
                continue
            elif kept and later.at - aware(kept[0]["at"]) < timedelta(seconds=FRESH_S) and later.sealed != first.sealed:
                yield Finding(kind="changed", text=f"{what}: a repeat got the answer sealed anew while it was fresh")


def refused(records: list[Record], clients: Clients) -> Iterator[Finding]:
    """Nobody was told no, or 500, who should have been served."""
    for record in records:
        for answer in record.answers:
            if answer.status not in record.message.good:
                said = answer.content[:300].decode("utf-8", "replace")
                what = f"{record.message.agency} {record.message.kind}"
                yield Finding(kind="refused", text=f"{what} got {answer.status}: {said}")
    faults = {told: times for told, times in clients.statuses.items() if told[1] == 500}
    if faults:
        yield Finding(kind="refused", text=f"answers were HTTP 500: {counted(faults)}")
    if clients.without_retry_after:
        yield Finding(kind="refused", text=f"answers named no Retry-After: {counted(clients.without_retry_after)}")
