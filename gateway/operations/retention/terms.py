"""How long what was said under an agreement is kept: `keep_for` of the interaction, in the exchange's own version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.contract.agreement import Agreement, from_canonical
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Misconfigured
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow


@dataclass(frozen=True)
class Terms:
    """The agreements of all versions that were ever in force, by `<id>/<version>`, as they stood `at`."""

    agreements: Mapping[str, Agreement]
    at: datetime

    @classmethod
    def read(cls, reader: Reader, at: datetime) -> Terms:
        """Read them. A stored form that cannot be read rules nothing: what was said under it is kept."""
        found: dict[str, Agreement] = {}
        for row in reader.agreements():
            try:
                found[f"{row.id}/{row.version}"] = from_canonical(row.body)
            except Misconfigured:
                continue
        return cls(found, at)

    @property
    def latest(self) -> datetime | None:
        """Nothing that began from then on is over its time; None where nothing is agreed."""
        return max((self._bound(each) for each in self.agreements.values()), default=None)

    @property
    def oldest(self) -> datetime | None:
        """What began before then is over its time under whatever was agreed."""
        return min((years_before(self.at, _longest(each)) for each in self.agreements.values()), default=None)

    def bound(self, agreement: str) -> datetime:
        """The same of one agreement, by its id, over all versions: what its `erased` leaf names as `until`."""
        return max(self._bound(each) for each in self.agreements.values() if each.id == agreement)

    def until(self, row: ExchangeRow) -> datetime | None:
        """Exchanges of this kind that began before then are over their time; None where nobody agreed on one.

        A service that the agreement does not name, of the hub's own, is kept as long as the longest that it does.
        """
        agreed = self.agreements.get(row.agreement or "")
        if agreed is None:
            return None
        interaction = agreed.interaction(row.interaction)
        if interaction is not None:
            return years_before(self.at, interaction.keep_for_years)
        return years_before(self.at, _longest(agreed))

    def _bound(self, agreed: Agreement) -> datetime:
        return years_before(self.at, min(each.keep_for_years for each in agreed.interactions))


def _longest(agreed: Agreement) -> int:
    return max(each.keep_for_years for each in agreed.interactions)


def years_before(at: datetime, years: int) -> datetime:
    """The same moment of Jakarta so many years earlier; the 28th for a 29th of February that there was not."""
    local = at.astimezone(JAKARTA)
    try:
        return local.replace(year=local.year - years)
    except ValueError:
        return local.replace(year=local.year - years, day=28)
