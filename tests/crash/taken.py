"""What lay in the mailbox: each item was given, and the agency's word about it counted once."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.crash.clients import Record
from tests.crash.finding import Finding
from tests.crash.mailbox import AGENCY
from tests.crash.rows import Rows

COUNTED, SAID_BEFORE = "acknowledged", "already"


def mailboxes(records: Sequence[Record], rows: Rows) -> Iterator[Finding]:
    """One word counted for each item, and one leaf tells of it; every other word was one that was said before.

    That it was given, and how often, `heard.outward` says of it as of what was sent.
    """
    words = _words(records)
    told = Counter(leaf["exchange"] for leaf in rows.leaves if b'"kind":"reply"' in bytes(leaf["canonical"]))
    for row in rows.deliveries:
        if row["agency"] != AGENCY:
            continue
        what, heard = f"item {row['message_id']} of case {row['case_id']}", words[row["message_id"]]
        for kind, times in (("its word counted", heard[COUNTED]), ("a leaf tells of its word", told[row["id"]])):
            if times != 1:
                yield Finding(kind="doubled" if times else "lost", text=f"{what}: {kind} {times} times")
        if other := set(heard) - {COUNTED, SAID_BEFORE}:
            yield Finding(kind="lost", text=f"{what} was taken, and the hub said {', '.join(sorted(other))}")


def _words(records: Sequence[Record]) -> dict[str, Counter[str]]:
    """What the hub said of each word about an item, by its message id; a repeat is the same word."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for record in records:
        if record.message.kind == "mailbox.acknowledge" and record.answers:
            for each in json.loads(record.answers[0].content).get("item", ()):
                found[each["messageId"]][each["result"]] += 1
    return found
