"""What `simojo ledger verify` shows: the bar while it runs, and what a damage means. Imports nothing of the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gateway.domain.errors import LedgerBroken
from gateway.ledger.finding import SHOWN, Finding

DAMAGED = 1
"""Exit code of a damaged ledger. What cannot be judged at all ends with 2, as every command that is refused."""
UNTRUSTED = 3
"""Exit code of an export that is whole by the keys that it brings itself, and by no other."""
OTHER_KEY = 4
"""Exit code of an export that is whole by the keys that it brings itself, where other keys were given to judge it."""

WIB = timezone(timedelta(hours=7), "WIB")


@contextmanager
def bar(size: int) -> Iterator[Callable[[int], None]]:
    """A bar of leaves on stderr with their rate and the time that remains; gives what is told the leaves done."""
    columns = (
        TextColumn("verifying"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("leaves", total=size, rate="")

        def done(leaves: int) -> None:
            took = max(time.monotonic() - began, 0.001)
            progress.update(task, completed=leaves, rate=f"{leaves / took:,.0f} leaves/s")

        yield done


def damage_text(damage: LedgerBroken, finding: Finding | None) -> str:
    """Say in lines what is damaged, what it affects, how much is in doubt and what to do now."""
    headline = "ledger is damaged" if finding is None else finding.headline
    lines = [f"{headline}: {damage.text} [{damage.code}]"]
    if finding is not None:
        lines += [f"  {name:<11}{text}" for name, text in _told(finding) if text]
    return "\n".join(lines)


def other_key_text(signed: Sequence[str], given: Sequence[str], size: int) -> str:
    """Say that an export is signed by keys of which none was given; nothing is known to be damaged."""
    advice = (
        "Compare the key ids with those on paper (`simojo ledger key` at the office). A mistyped or older key: give"
        " the right one; after a roll-over give every key, also the earlier ones. If the office never had the key"
        " that signed, this is not its ledger: keep the file, and call the office."
    )
    told = (
        ("signed by", ", ".join(signed)),
        ("given", ", ".join(given)),
        ("whole", f"its {size} leaves, by the keys that the export brings itself; that alone proves nothing"),
        ("do now", advice),
    )
    return "\n".join(
        ["ledger is signed by another key than the one given: check the key", *(f"  {a:<11}{b}" for a, b in told)]
    )


def _told(finding: Finding) -> Iterator[tuple[str, str]]:
    of_one = finding.first == finding.last
    yield "first", f"leaf {finding.first}" if of_one else f"leaves {finding.first} to {finding.last}"
    yield "exchange", _some(finding.exchanges)
    yield "case", _some(finding.cases)
    yield "agreement", _some(finding.agreements)
    if finding.since:
        yield "time", f"between {_wib(finding.since)} and {_wib(finding.until)}"
    yield "whole", f"the first {finding.proven} leaves, under a signed checkpoint"
    yield "in doubt", f"{finding.in_doubt} of {finding.size} leaves: they were not proven by this run"
    yield "do now", finding.advice


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:SHOWN]) + (", and more" if len(names) > SHOWN else "")


def _wib(text: str) -> str:
    """A leaf's time in the office's; as it is where it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(WIB).strftime("%Y-%m-%d %H:%M:%S WIB")
    except ValueError:
        return text
