"""Who acts at the office, and whether an official may sign today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.domain.errors import CaseRefusal
from gateway.domain.events import SigningMethod
from gateway.domain.identifiers import NIK
from gateway.store.tables import StaffRow


@dataclass(frozen=True, kw_only=True)
class Officer:
    """A member of staff as deeds need to know them. `phone` receives PINs (13(3)).

    `nik` is what a certified signature service knows the official by.
    """

    id: str
    name: str
    title: str
    nip: str | None = None
    phone: str | None = None
    delegation: str | None = None
    delegation_from: date | None = None
    delegation_until: date | None = None
    delegation_electronic: bool = False
    nik: NIK | None = None

    @property
    def actor(self) -> str:
        """How deeds name this officer."""
        return f"staff/{self.id}"

    def require_delegation(self, on: date, method: SigningMethod) -> str:
        """The number of the delegation under which this official may sign that day by that method (13(4), 13(5)).

        Raises CaseRefusal `delegation-missing`, `delegation-expired` or `delegation-method`.
        """
        if self.delegation is None or self.nip is None:
            raise CaseRefusal(
                f"{self.name} has no delegation to sign: register one, or let another official sign",
                code="delegation-missing",
                clause="Pasal 13(4)",
            )
        begun = self.delegation_from is None or self.delegation_from <= on
        if not begun or (self.delegation_until is not None and on > self.delegation_until):
            raise CaseRefusal(
                f"delegation {self.delegation} is valid from {self.delegation_from} to {self.delegation_until}",
                code="delegation-expired",
                clause="Pasal 13(4)",
            )
        if method is SigningMethod.ELECTRONIC and not self.delegation_electronic:
            raise CaseRefusal(
                f"delegation {self.delegation} does not cover electronic signing: choose wet ink for this document",
                code="delegation-method",
                clause="Pasal 13(5)",
            )
        return self.delegation


def officer_of(row: StaffRow) -> Officer:
    """Read an officer from the store."""
    return Officer(
        id=row.id,
        name=row.name,
        title=row.title,
        nip=row.nip,
        phone=row.phone,
        delegation=row.delegation,
        delegation_from=row.delegation_from,
        delegation_until=row.delegation_until,
        delegation_electronic=row.delegation_electronic,
        nik=NIK(row.nik) if row.nik else None,
    )
