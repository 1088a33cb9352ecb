"""An office whose agencies' certificates have an authority on the web, which says what a test has it say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.errors import GatewayError, Unauthenticated
from gateway.ledger.leaf import Leaf
from gateway.operations.admission import Admission
from gateway.operations.registry import Registry
from gateway.operations.revocation import Revocation
from gateway.operations.status_sources import StatusSources
from gateway.store.certificate_status import RevocationPolicy, registered_certificates
from gateway.store.tables import CertificateStatusRow
from gateway.transport.http import HttpClient
from gateway.trust.certificates import RegisteredCertificate, RevocationMode, Use, check_usable
from gateway.trust.keys import fingerprint
from tests.operations.ledgers import NOW, Office
from tests.operations.status_office import StatusOffice
from tests.trust.authorities import Holder, root

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOFT, HARD, OFF = RevocationMode.SOFT, RevocationMode.HARD, RevocationMode.OFF
ROOT = root(start=NOW - 30 * DAY)
NONCES = iter(range(10**6))


class Town:
    """An office, its authority's place on the web, and what asks there."""

    def __init__(self, office: Office, web: StatusOffice, client: HttpClient) -> None:
        self.office, self.web, self.client = office, web, client
        self.lists: list[bytes] = []

    def sources(self) -> StatusSources:
        return StatusSources(self.client, self.lists, lambda size: bytes(range(size)), time_s=0.5)

    def registry(self, mode: RevocationMode = SOFT, *, authorities: tuple[Holder, ...] = (ROOT,)) -> Registry:
        return Registry(
            reader=self.office.reader,
            vault=self.office.vault,
            unit_of_work=self.office.writer,
            leaves=self.office.leaves,
            clock=lambda: self.office.now,
            production=False,
            admission=Admission(
                authorities=tuple(each.certificate for each in authorities), mode=mode, sources=self.sources
            ),
        )

    def register(
        self, leaf: Holder, *given: Holder, mode: RevocationMode = SOFT, uses: frozenset[Use] | None = None
    ) -> str:
        registry = self.registry(mode)
        challenge = registry.challenge("dpupr", leaf.certificate, f"n-{next(NONCES)}")
        proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        between = [each.certificate for each in given]
        return registry.register_certificate(
            "dpupr", leaf.certificate, challenge, proof, "staff/siti", uses, between
        ).fingerprint

    def look(self, mode: RevocationMode = SOFT) -> int:
        return Revocation(
            reader=self.office.reader,
            unit_of_work=self.office.writer,
            leaves=self.office.leaves,
            clock=lambda: self.office.now,
            sources=self.sources,
            mode=mode,
            interval=HOUR,
        ).run_once()

    def status(self, leaf: Holder) -> CertificateStatusRow:
        return self.office.reader.certificate_statuses()[fingerprint(leaf.certificate)]

    def registered(self, mode: RevocationMode = SOFT, authorities: tuple[Holder, ...] = ()) -> RegisteredCertificate:
        named = frozenset(fingerprint(each.certificate) for each in authorities)
        policy = RevocationPolicy(mode=mode, grace=timedelta(hours=24), authorities=named)
        reader = self.office.reader
        return registered_certificates(reader.certificates("dpupr"), reader.certificate_statuses(), policy)[0]

    def outcome(
        self, mode: RevocationMode = SOFT, at: datetime | None = None, authorities: tuple[Holder, ...] = ()
    ) -> str:
        """What becomes of a message that the one registered certificate signed."""
        try:
            check_usable(self.registered(mode, authorities), at or self.office.now)
        except Unauthenticated as refusal:
            return refusal.code
        return "taken"

    def said(self) -> list[Leaf]:
        return [Leaf.parse(row.canonical) for row in self.office.reader.pending_leaves()]


def refused(act: Callable[[], object]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        act()
    return caught.value


def with_list(town: Town, by: Holder = ROOT) -> Holder:
    """A certificate whose status stands in a list at /crl."""
    town.web.says["/crl"] = by.crl(this=NOW - HOUR, following=NOW + DAY)
    return by.issue(lists=[town.web.url("/crl")], start=NOW - DAY)


def revoked_list(leaf: Holder, at: datetime, reason: x509.ReasonFlags | None = None, *, this: datetime = NOW) -> bytes:
    return ROOT.crl({leaf.serial: (at, reason)}, this=this, following=this + DAY)
