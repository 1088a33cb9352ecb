"""Whose name stands under a paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.domain.errors import CaseRefusal
from gateway.domain.identifiers import NIP


class Official(Protocol):
    """Anybody with a name, an office and perhaps a NIP, as the staff register knows them."""

    @property
    def name(self) -> str:
        """As it is printed, with academic titles."""

    @property
    def title(self) -> str:
        """The office held: `Kepala DPM-PTSP Kota Mojokerto`."""

    @property
    def nip(self) -> str | None:
        """The NIP, None for staff without one."""


@dataclass(frozen=True, kw_only=True)
class Signatory:
    """Who signs: `name` with academic titles, `title` is the office held, `rank` (pangkat) may stay empty."""

    name: str
    title: str
    nip: NIP
    rank: str = ""


def signatory_of(official: Official) -> Signatory:
    """Give the signatory that this official is.

    Raises CaseRefusal `signatory-without-nip` (13(4): only an authorised civil servant signs), InvalidIdentifier for a
    NIP that is none.
    """
    if official.nip is None:
        raise CaseRefusal(
            f"{official.name} has no NIP in the staff register: enter it, or let another official sign",
            code="signatory-without-nip",
            clause="Pasal 13(4)",
        )
    return Signatory(name=official.name, title=official.title, nip=NIP(official.nip))
