"""Which parts are measured, how long each: from the command's arguments, BENCH_ONLY and BENCH_SECONDS."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

FULL_SECONDS, LOOK_SECONDS = 10.0, 3.0
"""Length of a measurement in the whole run, and where only some parts are named: a look should be short."""
CONNECTIONS = 16


class Protocol(StrEnum):
    """REST with detached JWS (ES256), or SOAP 1.2 with WS-Security X.509 (RSA-2048, SHA-256)."""

    REST = "rest"
    SOAP = "soap"


class Engine(StrEnum):
    """SQLite with `synchronous=FULL`, or PostgreSQL with `fsync=on`."""

    SQLITE = "sqlite"
    POSTGRES = "postgres"

    @property
    def processes(self) -> int:
        """Processes of hub, reference and floor: one process writes to an SQLite file, two share a PostgreSQL."""
        return 1 if self is Engine.SQLITE else 2


class Size(StrEnum):
    """Bytes of the document."""

    KB2 = "2kb"
    KB100 = "100kb"


class Part(StrEnum):
    """What is measured."""

    FLOOR = "floor"
    REFERENCE = "reference"
    HUB = "hub"
    CASES = "cases"
    STORED = "stored"
    DELIVERIES = "deliveries"


MATRIX = (Part.FLOOR, Part.REFERENCE, Part.HUB)
"""The parts that are measured for every protocol, engine and size."""


class UnknownChoice(Exception):
    """A word that names no part."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was chosen. A dimension of which nothing is named is measured whole; of the parts, the three compared."""

    protocols: tuple[Protocol, ...]
    engines: tuple[Engine, ...]
    sizes: tuple[Size, ...]
    parts: tuple[Part, ...]
    seconds: float

    @property
    def matrix(self) -> Iterator[tuple[Protocol, Engine, Size]]:
        """Every combination of what was chosen."""
        return ((a, b, c) for b in self.engines for a in self.protocols for c in self.sizes)


def choose(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> Choice:
    """Read what is to be measured. Raises UnknownChoice with what there is."""
    said = [word for text in (*words, environ.get("BENCH_ONLY", "")) for word in text.replace(",", " ").split()]
    kinds: tuple[type[StrEnum], ...] = (Protocol, Engine, Size, Part)
    known = [each.value for kind in kinds for each in kind]
    if wrong := [word for word in said if word not in known]:
        raise UnknownChoice(f"there is no {', '.join(wrong)} to measure; there are {', '.join(known)}")
    try:
        seconds = float(environ.get("BENCH_SECONDS") or (LOOK_SECONDS if said else FULL_SECONDS))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise UnknownChoice("BENCH_SECONDS is the length of each measurement in seconds, such as 10")
    return Choice(
        protocols=tuple(each for each in Protocol if each in said) or tuple(Protocol),
        engines=tuple(each for each in Engine if each in said) or tuple(Engine),
        sizes=tuple(each for each in Size if each in said) or tuple(Size),
        parts=tuple(each for each in Part if each in said) or (MATRIX if said else tuple(Part)),
        seconds=seconds,
    )
