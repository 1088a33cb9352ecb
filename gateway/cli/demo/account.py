"""The account of `simojo demo --all`: what came of it with each agency in each interaction model, from the store alone.

Everything counts that began since the run did. An agency or a model with which nothing ended well was not touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from gateway.domain.errors import Misconfigured
from gateway.store.reads.tallies import Tally
from gateway.validation.agreement_file import latest_agreements

MODELS = ("query", "request", "notification", "inquiry", "submission", "mailbox", "batch")
"""Every interaction model, as agreements name it."""

MAILBOX = "mailbox."
"""How the services begin by which an agency collects and acknowledges."""

HEADINGS = ("agency", "model", "transport", "exchanges", "refusals", "retries", "ledger entries")

Terms = Mapping[tuple[str, str], tuple[str, str]]
"""(agency, interaction) -> model and transport."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One agency in one model over one transport."""

    agency: str
    model: str
    transport: str
    exchanges: int = 0
    succeeded: int = 0
    refusals: int = 0
    retries: int = 0
    entries: int = 0

    def with_tally(self, tally: Tally) -> Line:
        """The same with another interaction's counts."""
        return replace(
            self,
            exchanges=self.exchanges + tally.exchanges,
            succeeded=self.succeeded + tally.succeeded,
            refusals=self.refusals + tally.refusals,
            retries=self.retries + tally.retries,
            entries=self.entries + tally.leaves,
        )

    @property
    def cells(self) -> tuple[str, ...]:
        """What is printed, as HEADINGS has it."""
        numbers = (self.exchanges, self.refusals, self.retries, self.entries)
        return (self.agency, self.model, self.transport, *map(str, numbers))


def agreed_terms(on: date) -> Terms:
    """What the agreements of the gateway say that are in force on that day."""
    return {
        (agreement.agency, each.name): (each.model, each.transport.value)
        for agreement in latest_agreements(on).values()
        for each in agreement.interactions
    }


def account(tallies: Sequence[Tally], terms: Terms) -> list[Line]:
    """The lines, by agency and model in their order. An interaction that was not agreed has the model `not agreed`."""
    lines: dict[tuple[str, str, str], Line] = {}
    for each in tallies:
        model, transport = _terms(each, terms)
        key = each.agency, model, transport
        line = lines.get(key, Line(agency=each.agency, model=model, transport=transport))
        lines[key] = line.with_tally(each)
    return sorted(lines.values(), key=lambda each: (each.agency, _order(each.model), each.transport))


def check_whole(lines: Sequence[Line], agencies: Sequence[str], home: Path) -> None:
    """Raise Misconfigured `demo-incomplete`, with what was not touched, unless every agency and model was."""
    touched = [each for each in lines if each.succeeded]
    agency = sorted(set(agencies) - {each.agency for each in touched})
    model = [each for each in MODELS if each not in {one.model for one in touched}]
    missing = [f"the agencies {', '.join(agency)}"] if agency else []
    missing += [f"the models {', '.join(model)}"] if model else []
    if missing:
        raise Misconfigured(
            f"nothing ended well with {' and '.join(missing)}: see {home / 'hub-log.txt'}, and journal.jsonl of each "
            f"agency under {home / 'agencies'}",
            code="demo-incomplete",
        )


def table(lines: Sequence[Line]) -> Iterator[str]:
    """The account as lines of text, with a sum; numbers stand to the right."""
    summed = Line(
        agency="all",
        model="",
        transport="",
        exchanges=sum(each.exchanges for each in lines),
        refusals=sum(each.refusals for each in lines),
        retries=sum(each.retries for each in lines),
        entries=sum(each.entries for each in lines),
    )
    rows = [HEADINGS, *(each.cells for each in lines), summed.cells]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADINGS))]
    words = HEADINGS.index("exchanges")
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row[:words], widths, strict=False))
        numbers = (f"{cell:>{width}}" for cell, width in zip(row[words:], widths[words:], strict=True))
        yield "  ".join((*cells, *numbers))


def _terms(tally: Tally, terms: Terms) -> tuple[str, str]:
    if tally.interaction.startswith(MAILBOX):
        mailboxes = (each for (agency, _), each in terms.items() if agency == tally.agency and each[0] == "mailbox")
        return next(mailboxes, ("mailbox", ""))
    return terms.get((tally.agency, tally.interaction), ("not agreed", ""))


def _order(model: str) -> int:
    return MODELS.index(model) if model in MODELS else len(MODELS)
