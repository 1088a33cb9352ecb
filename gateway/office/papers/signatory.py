"""Whose name stands under a paper."""

from __future__ import annotations

from typing import Protocol

from gateway.domain.errors import CaseRefusal
from gateway.domain.identifiers import NIP


class Official(Protocol):
    """Anybody with a name, an office and perhaps a NIP: an officer of the staff register, a signatory."""

    @property
    def name(self) -> str:
        """As it is printed, with academic titles."""

    @property
    def title(self) -> str:
        """The office held: `Kepala DPM-PTSP Kota Mojokerto`."""

    @property
    def nip(self) -> str | None:
        """The NIP, None for staff without one."""


def nip_of(official: Official) -> NIP:
    """Give the NIP that stands under the name.

    Raises CaseRefusal `signatory-without-nip` (13(4): only an authorised civil servant signs), InvalidIdentifier for a
    NIP that is none.
    """
    if official.nip is None:
        raise CaseRefusal(
            f"{official.name} has no NIP in the staff register: enter it, or let another official sign",
            code="signatory-without-nip",
            clause="Pasal 13(4)",
        )
    return NIP(official.nip)


def signature_data(official: Official) -> dict[str, str]:
    """Give what a template prints of the signatory. Raises what `nip_of` raises."""
    return {"name": official.name, "title": official.title, "nip": nip_of(official).printed}
