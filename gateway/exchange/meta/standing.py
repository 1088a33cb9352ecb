"""How an agency stands with the hub: its agreements, whether one covers it today, and whether it is suspended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.contract.agreement import Agreement
from gateway.exchange.meta.inquiry import plain
from gateway.store.tables import AgreementRow


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One version of an agreement: its row, and what it says."""

    row: AgreementRow
    agreement: Agreement

    @property
    def reference(self) -> str:
        """`<agreement>/<version>`."""
        return f"{self.row.id}/{self.row.version}"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An agency's agreements, the one in force on `on` if there is one, and why it is suspended if it is.

    `coming` are the active versions that begin later, the next one first.
    """

    kept: Sequence[Kept]
    in_force: Agreement | None
    suspended: str | None
    on: date
    coming: Sequence[Agreement] = ()

    @property
    def last_day(self) -> date | None:
        """The last day of the one in force: its own, or the one before the next begins."""
        if self.in_force is None:
            return None
        begin = [each.valid_from - timedelta(days=1) for each in self.coming]
        return min([self.in_force.valid_until, *begin])

    @property
    def may_exchange(self) -> bool:
        """True when messages beside meta-services are let in."""
        return self.in_force is not None and self.suspended is None

    def line(self) -> str:
        """The same for a person, in one line of at most 512 characters."""
        if self.in_force is not None:
            next_ones = (f"; {each.id}/{each.version} from {each.valid_from} on" for each in self.coming)
            said = f"active: {self.in_force.id}/{self.in_force.version}" + "".join(next_ones)
        elif not self.kept:
            said = "none active: no agreement with this agency is kept at the hub"
        else:
            said = "none active: " + "; ".join(f"{each.reference} is {self._state(each)}" for each in self.kept)
        if self.suspended is not None:
            said = f"the agency is suspended ({self.suspended}); {said}"
        return plain(said, 512)

    def _state(self, kept: Kept) -> str:
        if kept.row.state != "active" or kept.agreement.in_force(self.on):
            return kept.row.state
        return f"active, and valid from {kept.agreement.valid_from} to {kept.agreement.valid_until}"
