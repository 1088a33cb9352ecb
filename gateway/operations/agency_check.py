"""Is everything in place to exchange with one agency? A walk that stops at nothing, a line for each step.

1. agency        known here, and not suspended
2. agreement     one is in force; how long still
3. adapter       adapter and agreement say the same
4. schemas       each agreed document can be read
5. endpoint      each address that we call: DNS, TCP, TLS, HTTP, clock (`gateway.transport.probe`)
6. certificate   those registered for the agency: usable now, for which uses, how long still, overlap
7. own           our own signing certificate
8. credentials   the secrets that the agency's profiles need are set
9. lately        last exchanges each way, refusals by code, deliveries that wait or were given up

It reads and looks, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from gateway.contract.adapter import Adapter, Interaction, Mailbox, Outbound
from gateway.contract.agreement import Agreement, from_canonical
from gateway.contract.versions import version_order
from gateway.dialect.party import Party
from gateway.dialect.profiles import CREDENTIALS, SNAP_BI, WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Refused
from gateway.store.reading import Reader
from gateway.store.tables import AgreementRow
from gateway.transport.sight import Sight, Verdict
from gateway.trust.certificates import RegisteredCertificate, Use, check_usable
from gateway.validation.library import SchemaLibrary

NEAR_END_DAYS: Final = 30
LATELY: Final = timedelta(days=7)
OLD: Final = timedelta(hours=1)
UNDONE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("queued", "not-sent", "unknown"), "sent within an hour"),
    **dict.fromkeys(("laid-down", "collected"), "collected and acknowledged within an hour"),
}
"""What is expected of a delivery in such a state."""
_SIGNED = frozenset({WSS_X509, "jws"}) | SNAP_BI
"""Profiles in which the agency proves itself by a certificate."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one step found. `expected` and `advice` are empty where all is well."""

    step: str
    verdict: Verdict
    found: str
    expected: str = ""
    advice: str = ""


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
            self._certificates(adapter),
            self._own(),
            self._credentials(adapter),
            self._lately(adapter.agency.id),
        )
        return tuple(line for walk in walks for line in walk)

    # --- 1. to 4. what was agreed ---------------------------------------------------------------------------------

    def _agency(self, adapter: Adapter) -> Iterator[Line]:
        agency = adapter.agency
        row = self.reader.agency(agency.id)
        if row is None:
            advice = "import its agreement: simojo agreement import"
            yield _fail("agency", "a row in the store", f"{agency.id} has an adapter and no agreement yet", advice)
        elif row.suspended:
            advice = "mend the reason; staff lift the suspension"
            yield _fail("agency", "may exchange", f"suspended: {row.suspended}", advice)
        else:
            yield _ok("agency", f"{agency.name}, {agency.kind}; may exchange")

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
            yield _fail("agreement", expected, found, "activate one: simojo agreement activate")
            return
        today = local_date(self.at)
        coming = [each for each in reversed(self._active(adapter.agency.id)) if each.valid_from > today]
        last = min([agreement.valid_until, *(each.valid_from - timedelta(days=1) for each in coming)])
        days = (last - today).days
        found = f"{agreement.id}/{agreement.version}, active until {last} ({days} days left)"
        if coming and coming[0].valid_from == last + timedelta(days=1):
            yield _ok("agreement", f"{found}, then {coming[0].id}/{coming[0].version}")
        elif days <= NEAR_END_DAYS:
            yield _warn("agreement", expected, found, "agree on the next version, import and activate it")
        else:
            yield _ok("agreement", found)

    def _adapter(self, adapter: Adapter, agreement: Agreement | None) -> Iterator[Line]:
        if agreement is None:
            yield _warn("adapter", "an agreement to hold it against", "none is in force", "")
            return
        advice = "correct the adapter, or agree on a version that says the same"
        differences = self.differences(adapter, agreement)
        for each in differences:
            yield _fail("adapter", "adapter and agreement say the same", each, advice)
        for later in reversed(self._active(adapter.agency.id)):
            if later.valid_from > local_date(self.at):
                for each in self.differences(adapter, later):
                    found = f"{later.version}, in force from {later.valid_from}: {each}"
                    yield _warn("adapter", "it says the same as the next version", found, advice)
        if not differences:
            yield _ok("adapter", f"{len(agreement.interactions)} interactions as agreed")

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
                yield _fail("schemas", f"{document} can be read", fault.text, "put the agreed file there")
        if not failed:
            yield _ok("schemas", f"{len(wanted)} documents can be read")

    # --- 5. endpoints ---------------------------------------------------------------------------------------------

    def _endpoints(self, adapter: Adapter) -> Iterator[Line]:
        urls: dict[str, list[str]] = {}
        collected = [each.name for each in adapter.interactions if isinstance(each, Mailbox)]
        called = [each for each in adapter.interactions if isinstance(each, Outbound) and not isinstance(each, Mailbox)]
        for each in called:
            try:
                urls.setdefault(self.endpoint(adapter.agency.id, each), []).append(each.name)
            except GatewayError as fault:
                yield _fail("endpoint", f"a URL for {each.name}", fault.text, "simojo agency endpoint sets it")
        if collected:
            yield _ok("endpoint", f"none is needed for {', '.join(collected)}: the agency collects it")
        elif not called:
            yield _ok("endpoint", "the hub calls nothing at this agency")
        for url, names in urls.items():
            yield _ok("endpoint", f"{url} for {', '.join(dict.fromkeys(names))}")
            if self.look is None:
                yield _warn("endpoint", "a look at it", "not looked at: without network (--offline)", "")
                continue
            for sight in self.look(url):
                yield Line(
                    step=str(sight.stage),
                    verdict=sight.verdict,
                    found=sight.found,
                    expected=sight.expected,
                    advice=sight.advice,
                )

    # --- 6. to 8. keys and secrets --------------------------------------------------------------------------------

    def _certificates(self, adapter: Adapter) -> Iterator[Line]:
        certificates = self.party(adapter.agency.id).certificates
        usable = []
        standing = [each for each in certificates if self._may_be_used(each)]
        for each in certificates:
            line = self._certificate(adapter.agency.id, each, standing)
            yield line
            if each in standing and Use.SIGN in each.uses:
                usable.append(each)
        profiles = {each.security for each in adapter.interactions} & _SIGNED
        if profiles and not usable:
            yield _fail(
                "certificate",
                f"one that the agency may sign with, for {', '.join(sorted(profiles))}",
                f"none of {len(certificates)} is usable" if certificates else "none is registered",
                "simojo agency challenge, then certify",
            )
        ends = sorted(each.certificate.not_valid_after_utc for each in usable)
        if ends and (ends[-1] - self.at).days <= NEAR_END_DAYS:
            advice = "register the next one now, so that both overlap: simojo agency challenge, then certify"
            yield _warn("certificate", "one that stands longer", f"the last one ends on {ends[-1]:%Y-%m-%d}", advice)
        elif len(ends) > 1:
            yield _ok("certificate", f"{len(ends)} overlap until {ends[0]:%Y-%m-%d}")

    def _may_be_used(self, registered: RegisteredCertificate) -> bool:
        try:
            check_usable(registered, self.at)
        except Refused:
            return False
        return True

    def _certificate(
        self, agency: str, registered: RegisteredCertificate, standing: list[RegisteredCertificate]
    ) -> Line:
        """A certificate that is over is no fault where those that stand do all that it did."""
        certificate = registered.certificate
        uses = ", ".join(sorted(registered.uses))
        found = f"{registered.fingerprint[:16]} for {uses}, {_dates(certificate, self.at)}"
        try:
            check_usable(registered, self.at)
        except Refused as fault:
            after = [each for each in standing if each.uses & registered.uses]
            past = fault.code in {"certificate-revoked", "certificate-expired", "certificate-chain-expired"}
            if past and registered.uses <= frozenset().union(*(each.uses for each in after)):
                return _ok("certificate", f"{found}, replaced by {', '.join(e.fingerprint[:16] for e in after)}")
            advice = f"register another one: simojo agency challenge {agency}, then certify" if past else ""
            return _fail("certificate", "usable now, or replaced", f"{found}: {fault.text}", advice)
        return _ok("certificate", found)

    def _own(self) -> Iterator[Line]:
        days = (self.own.not_valid_after_utc - self.at).days
        found = f"{self.own.subject.rfc4514_string()[:80]}, {_dates(self.own, self.at)}"
        if not self.own.not_valid_before_utc <= self.at <= self.own.not_valid_after_utc:
            yield _fail("own", "our certificate is valid now", found, "have the hub's certificate renewed")
        elif days <= NEAR_END_DAYS:
            yield _warn("own", "our certificate stands longer", found, "renew it, and tell the agencies beforehand")
        else:
            yield _ok("own", found)

    def _credentials(self, adapter: Adapter) -> Iterator[Line]:
        held = {row.name for row in self.reader.credentials(adapter.agency.id)}
        profiles = sorted({each.security for each in adapter.interactions})
        needed = {name: profile for profile in profiles for name in CREDENTIALS.get(profile, ())}
        for name, profile in needed.items():
            if name not in held:
                advice = f"simojo agency credential {adapter.agency.id} {name}"
                yield _fail("credentials", f"{name}, for profile {profile}", "not set", advice)
        if needed.keys() <= held:
            found = f"{', '.join(needed)} are set" if needed else f"none needed for {', '.join(profiles)}"
            yield _ok("credentials", found)

    # --- 9. lately ------------------------------------------------------------------------------------------------

    def _lately(self, agency: str) -> Iterator[Line]:
        ways: Mapping[str, tuple[str, ...]] = {"in": ("accepted",), "out": ("answered", "awaiting", "collected")}
        for direction, verdicts in ways.items():
            row = self.reader.last_exchange(agency, direction, verdicts)
            way = "from the agency" if direction == "in" else "to the agency"
            found = f"{row.interaction} at {row.at.isoformat()}" if row else "none yet"
            yield _ok("lately", f"last accepted {way}: {found}")
        for code, count, last in self.reader.refusals_since(agency, self.at - LATELY)[:8]:
            found = f"{count} x {code} in {LATELY.days} days, last at {last.isoformat()}"
            yield _warn("lately", "no refusals", found, f"see the exchanges of {agency} in the console")
        yield from self._failed_proofs(agency)
        yield from self._deliveries(agency)

    def _failed_proofs(self, agency: str) -> Iterator[Line]:
        for row in self.reader.failed_proofs(agency):
            if self.at - row.at <= LATELY:
                found = f"{row.code} at {row.interaction}, last at {row.at.isoformat()}: {row.explanation}"
                advice = f"ask {agency} whether it was theirs: anybody can fail in its name; see docs/diagnosis.md"
                yield _warn("lately", "no failed signatures", found, advice)

    def _deliveries(self, agency: str) -> Iterator[Line]:
        states = self.reader.delivery_states(agency)
        dead, waiting = states.get("dead"), [each for each in UNDONE if each in states]
        if dead is not None:
            causes = {row.cause or "no cause" for row in self.reader.newest_deliveries(agency, ("dead",))}
            found = f"{dead[0]} given up, the oldest made at {dead[1].isoformat()}: {'; '.join(sorted(causes))[:300]}"
            yield _fail("lately", "no dead letters", found, "mend the cause, then redrive or cancel in the console")
        for state in waiting:
            count, oldest = states[state]
            causes = {row.cause for row in self.reader.newest_deliveries(agency, (state,)) if row.cause}
            found = f"{count} deliveries {state}, the oldest made at {oldest.isoformat()}"
            found += f": {'; '.join(sorted(causes))[:300]}" if causes else ""
            late = self.at - oldest > OLD
            yield _warn("lately", UNDONE[state], found, "") if late or causes else _ok("lately", found)


def _standing(row: AgreementRow) -> str:
    said = from_canonical(row.body)
    return f"{row.id}/{row.version} is {row.state}, for {said.valid_from} to {said.valid_until}"


def _dates(certificate: x509.Certificate, at: datetime) -> str:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    left = f"{(end - at).days} days left" if at <= end else f"ended {(at - end).days} days ago"
    return f"valid {start:%Y-%m-%d} to {end:%Y-%m-%d} ({left})"


def _ok(step: str, found: str) -> Line:
    return Line(step=step, verdict=Verdict.OK, found=found)


def _warn(step: str, expected: str, found: str, advice: str) -> Line:
    return Line(step=step, verdict=Verdict.WARN, found=found, expected=expected, advice=advice)


def _fail(step: str, expected: str, found: str, advice: str) -> Line:
    return Line(step=step, verdict=Verdict.FAIL, found=found, expected=expected, advice=advice)
