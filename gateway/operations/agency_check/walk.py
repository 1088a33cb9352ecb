"""The walk through the steps, and those of what was agreed and where the agency is called (1 to 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from gateway.contract.adapter import Adapter, Interaction, Mailbox, Outbound
from gateway.contract.agreement import Agreement, from_canonical
from gateway.contract.versions import version_order
from gateway.dialect.party import Party
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError
from gateway.operations.agency_check.keys import certificates, credentials, own_certificate
from gateway.operations.agency_check.lately import lately
from gateway.operations.agency_check.line import NEAR_END_DAYS, Line, fail, ok, warn
from gateway.store.reading import Reader
from gateway.store.tables import AgreementRow
from gateway.transport.sight import Sight
from gateway.validation.library import SchemaLibrary


@dataclass(frozen=True, kw_only=True)
class AgencyCheck:
    """Checks one agency.

    `party`, `endpoint` (a URL; raises Misconfigured) and `differences` are the directory's and the checking's;
    `look` probes a URL, None without network; `own` is our own signing certificate.
    """

    reader: Reader
    library: SchemaLibrary
    party: Callable[[str], Party]
    endpoint: Callable[[str, Interaction], str]
    differences: Callable[[Adapter, Agreement], tuple[str, ...]]
    look: Callable[[str], tuple[Sight, ...]] | None
    own: x509.Certificate
    at: datetime

    def run(self, adapter: Adapter) -> tuple[Line, ...]:
        """Walk all steps. Raises HubBusy when the store cannot be read."""
        agreement = self._in_force(adapter.agency.id)
        walks = (
            self._agency(adapter),
            self._agreement(adapter, agreement),
            self._adapter(adapter, agreement),
            self._schemas(adapter),
            self._endpoints(adapter),
            certificates(adapter, self.party(adapter.agency.id).certificates, self.at),
            own_certificate(self.own, self.at),
            credentials(adapter, {row.name for row in self.reader.credentials(adapter.agency.id)}),
            lately(self.reader, adapter.agency.id, self.at),
        )
        return tuple(line for walk in walks for line in walk)

    # --- 1. to 4. what was agreed ---------------------------------------------------------------------------------

    def _agency(self, adapter: Adapter) -> Iterator[Line]:
        agency = adapter.agency
        row = self.reader.agency(agency.id)
        if row is None:
            advice = "import its agreement: simojo agreement import"
            yield fail("agency", "a row in the store", f"{agency.id} has an adapter and no agreement yet", advice)
        elif row.suspended:
            advice = "mend the reason; staff lift the suspension"
            yield fail("agency", "may exchange", f"suspended: {row.suspended}", advice)
        else:
            yield ok("agency", f"{agency.name}, {agency.kind}; may exchange")

    def _in_force(self, agency: str) -> Agreement | None:
        """The active agreement that began last and is in force today."""
        today = local_date(self.at)
        return next((each for each in self._active(agency) if each.in_force(today)), None)

    def _active(self, agency: str) -> list[Agreement]:
        """The active agreements, the one that began last first."""
        active = [from_canonical(row.body) for row in self.reader.agreements(agency=agency, state="active")]
        return sorted(active, key=lambda each: (each.valid_from, version_order(each.version)), reverse=True)

    def _agreement(self, adapter: Adapter, agreement: Agreement | None) -> Iterator[Line]:
        expected = "one active agreement in force today"
        if agreement is None:
            kept = [_standing(row) for row in self.reader.agreements(agency=adapter.agency.id)]
            found = "; ".join(kept) or "none is kept"
            yield fail("agreement", expected, found, "activate one: simojo agreement activate")
            return
        today = local_date(self.at)
        coming = [each for each in reversed(self._active(adapter.agency.id)) if each.valid_from > today]
        last = min([agreement.valid_until, *(each.valid_from - timedelta(days=1) for each in coming)])
        days = (last - today).days
        found = f"{agreement.id}/{agreement.version}, active until {last} ({days} days left)"
        if coming and coming[0].valid_from == last + timedelta(days=1):
            yield ok("agreement", f"{found}, then {coming[0].id}/{coming[0].version}")
        elif days <= NEAR_END_DAYS:
            yield warn("agreement", expected, found, "agree on the next version, import and activate it")
        else:
            yield ok("agreement", found)

    def _adapter(self, adapter: Adapter, agreement: Agreement | None) -> Iterator[Line]:
        if agreement is None:
            yield warn("adapter", "an agreement to hold it against", "none is in force", "")
            return
        advice = "correct the adapter, or agree on a version that says the same"
        differences = self.differences(adapter, agreement)
        for each in differences:
            yield fail("adapter", "adapter and agreement say the same", each, advice)
        for later in reversed(self._active(adapter.agency.id)):
            if later.valid_from > local_date(self.at):
                for each in self.differences(adapter, later):
                    found = f"{later.version}, in force from {later.valid_from}: {each}"
                    yield warn("adapter", "it says the same as the next version", found, advice)
        if not differences:
            yield ok("adapter", f"{len(agreement.interactions)} interactions as agreed")

    def _schemas(self, adapter: Adapter) -> Iterator[Line]:
        wanted: dict[tuple[str, bool], None] = {}
        for each in adapter.interactions:
            soap = each.security == WSS_X509  # SOAP has no other profile
            for name in ("request", "reply", "answer"):
                document = getattr(each, name, None)
                if isinstance(document, str) and document:
                    wanted[document, soap] = None
        failed = False
        for document, soap in wanted:
            try:
                self.library.document(document, soap=soap)
            except GatewayError as fault:
                failed = True
                yield fail("schemas", f"{document} can be read", fault.text, "put the agreed file there")
        if not failed:
            yield ok("schemas", f"{len(wanted)} documents can be read")

    # --- 5. endpoints ---------------------------------------------------------------------------------------------

    def _endpoints(self, adapter: Adapter) -> Iterator[Line]:
        urls: dict[str, list[str]] = {}
        collected = [each.name for each in adapter.interactions if isinstance(each, Mailbox)]
        called = [each for each in adapter.interactions if isinstance(each, Outbound) and not isinstance(each, Mailbox)]
        for each in called:
            try:
                urls.setdefault(self.endpoint(adapter.agency.id, each), []).append(each.name)
            except GatewayError as fault:
                yield fail("endpoint", f"a URL for {each.name}", fault.text, "simojo agency endpoint sets it")
        if collected:
            yield ok("endpoint", f"none is needed for {', '.join(collected)}: the agency collects it")
        elif not called:
            yield ok("endpoint", "the hub calls nothing at this agency")
        for url, names in urls.items():
            yield ok("endpoint", f"{url} for {', '.join(dict.fromkeys(names))}")
            if self.look is None:
                yield warn("endpoint", "a look at it", "not looked at: without network (--offline)", "")
                continue
            for sight in self.look(url):
                yield Line(
                    step=str(sight.stage),
                    verdict=sight.verdict,
                    found=sight.found,
                    expected=sight.expected,
                    advice=sight.advice,
                )


def _standing(row: AgreementRow) -> str:
    said = from_canonical(row.body)
    return f"{row.id}/{row.version} is {row.state}, for {said.valid_from} to {said.valid_until}"
