"""What the page tells: people's words for exchanges, attempts, facts and certificates, in Indonesian, times in WIB."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.contract.agreement import AgreedInteraction
from gateway.domain.calendar import JAKARTA
from gateway.operations.evidence.papers import Standing
from gateway.operations.evidence.views import View
from gateway.operations.evidence.words import CONTENT, FACTS, OUTCOMES, PROOFS, VERDICTS
from gateway.store.reads.evidence import DocumentTitle
from gateway.store.tables import AttemptRow, CaseEventRow, ExchangeRow

LONGEST = 6000
"""Characters of a message that the page shows; `shown.json` has all of it."""


@dataclass(frozen=True, kw_only=True)
class ToldExchange:
    """One exchange, ready for the page."""

    id: str
    who: str
    at: str
    said: str
    verdict: str
    agreement: str
    proof: str
    messages: Sequence[Mapping[str, object]]
    attempts: Sequence[str]


@dataclass
class Told:
    """Gathers it while the bundle is written."""

    exchanges: list[ToldExchange] = field(default_factory=list)
    standings: dict[str, Standing] = field(default_factory=dict)
    witnesses: set[str] = field(default_factory=set)
    _moments: list[tuple[datetime, str]] = field(default_factory=list)

    def exchange(
        self,
        row: ExchangeRow,
        shown: Sequence[View],
        attempts: Sequence[AttemptRow],
        agreed: AgreedInteraction | None,
        agency: str,
    ) -> None:
        """An exchange with its messages and attempts."""
        speaks = f"{agency} kepada SIMOJO" if row.direction == "in" else f"SIMOJO kepada {agency}"
        code = "" if row.code is None or row.code in VERDICTS else f" ({row.code})"
        verdict = VERDICTS.get(row.verdict, row.verdict) + code
        self._moments.append((row.at, f"{speaks}: {row.interaction}, {verdict}"))
        tries = []
        for each in attempts:
            ended = OUTCOMES.get(each.outcome or "", each.outcome or "belum berakhir")
            tries.append(f"percobaan {each.number}, {wib(each.started_at)}: {ended}")
            self._moments.append((each.started_at, f"percobaan {each.number} ke {agency}: {ended}"))
        proof = "Tidak ada perjanjian yang mencakup pertukaran ini."
        if agreed is not None:
            proof = PROOFS.get(agreed.security, f"Profil keamanan {agreed.security}.")
        self.exchanges.append(
            ToldExchange(
                id=row.id,
                who=speaks,
                at=wib(row.at),
                said=row.interaction,
                verdict=verdict,
                agreement=row.agreement or "tidak ada",
                proof=proof,
                messages=[_message(each) for each in shown],
                attempts=tries,
            )
        )

    def vouched(self, witnesses: Sequence[str]) -> None:
        """Witnesses who co-signed the checkpoint of a receipt."""
        self.witnesses.update(witnesses)

    def certificates(self, standings: Sequence[Standing]) -> None:
        """Certificates, each once: as it stood at the first exchange that names it."""
        for each in standings:
            self.standings.setdefault(each.fingerprint, each)

    def fact(self, row: CaseEventRow) -> None:
        """A fact of the case: its kind, its time and who entered it; not what it says."""
        said = f"{FACTS.get(row.kind, row.kind)} ({row.actor})"
        late = "" if row.entered_at == row.occurred_at else f", dicatat {wib(row.entered_at)}"
        self._moments.append((row.occurred_at, said + late))

    def document(self, title: DocumentTitle) -> None:
        """A document of the case."""
        self._moments.append((title.made_at, f"dokumen {title.kind} disimpan, SHA-256 {title.sha256}"))

    def timeline(self) -> list[tuple[datetime, str]]:
        """All that happened, in the order of time."""
        return sorted(self._moments, key=lambda each: each[0])


def instant(at: datetime) -> str:
    """Write an instant in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def wib(at: datetime) -> str:
    """Write an instant as the city reads it."""
    return at.astimezone(JAKARTA).strftime("%d-%m-%Y %H:%M:%S WIB")


def _message(view: View) -> Mapping[str, object]:
    text = "" if view.payload is None else json.dumps(view.payload, ensure_ascii=False, indent=2)
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n... (lengkapnya dalam shown.json)"
    kind, _, number = view.name.removesuffix("-plain").partition("-")
    title = CONTENT.get(kind, kind) + (f" {number}" if number.isdecimal() else "")
    return {"title": title, "name": view.name, "text": shown, "why": view.why, "headers": dict(view.headers)}
