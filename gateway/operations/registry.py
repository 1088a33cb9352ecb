"""What integration staff keep about agencies: certificates, endpoints, credentials, and (`AgreementDeeds`) agreements.

Each deed is a leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509

from gateway.casework.leaves import Leaves
from gateway.contract.adapter import Adapter
from gateway.domain.errors import Misconfigured, Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.admission import Admission
from gateway.operations.agreements import AgreementDeeds
from gateway.operations.endpoint_url import check_endpoint
from gateway.operations.possession import Challenges
from gateway.operations.registration import (
    Registered,
    Step,
    changed,
    free_key,
    pem_of,
    words_at_registration,
    words_of,
)
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import AgencyRow, CertificateRow, EndpointRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault
from gateway.trust.certificates import Use, check_registrable
from gateway.trust.dev_ca import is_development
from gateway.trust.keys import fingerprint, key_fingerprint
from gateway.trust.possession import verify_possession

EVERYBODY = Admission()
"""Certificates are trusted because staff registered them."""


class Registry(AgreementDeeds):
    """Deeds of integration staff. `actor` names who does them (`staff/siti`)."""

    def __init__(
        self,
        *,
        reader: Reader,
        vault: Vault,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        production: bool,
        admission: Admission = EVERYBODY,
    ) -> None:
        super().__init__(reader=reader, unit_of_work=unit_of_work, leaves=leaves, clock=clock, production=production)
        self._vault = vault
        self._admission = admission
        self._challenges = Challenges(reader, unit_of_work, clock)

    def suspend(self, adapter: Adapter, reason: str | None, actor: str) -> None:
        """Suspend an agency with the reason that people are told; None lets it exchange again."""

        def prepare() -> None:
            row = self._reader.agency(adapter.agency.id)
            if row is None or row.suspended == reason:
                return
            change = Update(AgencyRow, {"id": row.id}, {"suspended": row.suspended}, {"suspended": reason})
            said = {"step": "suspended" if reason else "resumed", "agency": row.id}
            self._commit([change], LeafKind.AGREEMENT, actor, said)

        prepared_again(prepare)

    def challenge(self, agency: str, certificate: x509.Certificate, nonce: str) -> bytes:
        """What the agency has to sign to prove that it holds the certificate's key; kept until it is used.

        `nonce` is random. It is good for `possession.CHALLENGE_LIFE` and for one proof. Raises Refused
        `challenge-used` for a nonce that was spent on this certificate.
        """
        return self._challenges.give(agency, certificate, nonce)

    def register_certificate(
        self,
        agency: str,
        certificate: x509.Certificate,
        challenge: bytes,
        proof: bytes,
        actor: str,
        uses: frozenset[Use] | None = None,
        given: Sequence[x509.Certificate] = (),
    ) -> Registered:
        """Register a certificate whose key the agency was proven to hold.

        `uses` None: all that the certificate allows. `given`: certificates between it and an authority. Registering
        the same again needs a challenge of its own, and changes what differs: the uses (None: they stay) and the
        chain, if authorities are configured. A renewal may be over the agency's own key while none over it is revoked.

        Raises Refused `possession-not-proven`, `challenge-other` (a text that `challenge` did not make for this agency
        and certificate), `challenge-used`, `challenge-expired`, `certificate-taken`, `certificate-revoked`,
        `key-revoked` (a certificate over this key was), `key-taken` (another agency's), `certificate-expired`,
        `certificate-development` in production mode, and what `check_registrable` and `Admission.admit` raise.
        """
        wanted = check_registrable(certificate, uses)
        found = fingerprint(certificate)
        nonce = self._challenges.nonce_of(agency, found, challenge)
        self._challenges.check(agency, found, nonce)
        verify_possession(certificate, challenge, proof)
        if self._production and is_development(certificate):
            raise Refused(
                "a certificate of a development CA is refused in production mode", code="certificate-development"
            )
        if certificate.not_valid_after_utc < self._clock():
            raise Refused(
                f"the certificate expired at {certificate.not_valid_after_utc.isoformat()}: have a new one issued",
                code="certificate-expired",
            )
        admitted = self._admission.admit(certificate, given, self._clock())

        def prepare() -> Registered:
            changes: list[Change] = [self._challenges.spent(agency, found, nonce)]
            owner = self._reader.certificate_owner(found)
            if owner not in (None, agency):
                raise Refused(f"this certificate is registered for {owner}", code="certificate-taken")
            row = None if owner is None else self._certificate(agency, found)
            if row is not None and row.revoked_at is not None:
                raise Refused(
                    "this certificate was revoked: register another one, with a new key", code="certificate-revoked"
                )
            changes += free_key(self._reader, agency, certificate)
            said = {"agency": agency, "fingerprint": found}
            if row is not None:
                new = changed(row, certificate, uses, admitted)
                kept = frozenset(Use(word) for word in new.get("uses", row.uses).split())
                if not new:
                    commit(self._unit_of_work, Plan(tuple(changes)))
                    return Registered(fingerprint=found, uses=kept, step=Step.UNCHANGED)
                before = {"uses": row.uses, "chain": row.chain}
                changes += [
                    Update(CertificateRow, {"fingerprint": found}, before, new),
                    *words_at_registration(self._reader, admitted, self._clock()),
                ]
                said |= {"step": "uses-changed", "uses": words_of(kept), "changed": " ".join(sorted(new))}
                self._commit(changes, LeafKind.KEY, actor, said)
                return Registered(fingerprint=found, uses=kept, step=Step.CHANGED)
            values = {
                "fingerprint": found,
                "agency": agency,
                "pem": pem_of([certificate]),
                "possession": challenge.decode() + "\n" + proof.hex(),
                "registered_at": self._clock(),
                "uses": words_of(wanted),
                "chain": pem_of(admitted.chain),
                "spki_sha256": key_fingerprint(certificate),
            }
            changes += [
                Claim(CertificateRow, ("fingerprint",), values),
                *words_at_registration(self._reader, admitted, self._clock()),
            ]
            self._commit(changes, LeafKind.KEY, actor, {"step": "registered", **said})
            return Registered(fingerprint=found, uses=wanted, step=Step.REGISTERED)

        return prepared_again(prepare)

    def revoke_certificate(self, found: str, reason: str, actor: str) -> None:
        """Trust a certificate no longer, from now on; once revoked, it stays so from then on.

        Raises Refused `certificate-unknown`.
        """

        def prepare() -> None:
            owner = self._reader.certificate_owner(found)
            if owner is None:
                raise Refused(f"no certificate {found[:64]} is registered", code="certificate-unknown")
            if self._certificate(owner, found).revoked_at is not None:
                return
            values = {"revoked_at": self._clock(), "revoked_because": reason}
            change = Update(CertificateRow, {"fingerprint": found}, {"revoked_at": None}, values)
            self._commit([change], LeafKind.KEY, actor, {"step": "revoked", "agency": owner, "fingerprint": found})

        prepared_again(prepare)

    def set_endpoint(self, agency: str, url: str, actor: str, interaction: str = "*") -> None:
        """Where an agency listens. Raises Refused `endpoint-invalid`; plain HTTP is for loopback or development."""
        check_endpoint(url, production=self._production)
        key = {"agency": agency, "interaction": interaction}

        def prepare() -> None:
            urls = {row.interaction: row.url for row in self._reader.endpoints(agency)}
            if urls.get(interaction) == url:
                return
            change: Change = Claim(EndpointRow, ("agency", "interaction"), {**key, "url": url})
            if interaction in urls:
                change = Update(EndpointRow, key, {"url": urls[interaction]}, {"url": url})
            self._commit([change], LeafKind.STAFF, actor, {"step": "endpoint", "agency": agency})

        prepared_again(prepare)

    def set_credential(self, agency: str, name: str, secret: str, actor: str) -> None:
        """Seal a secret of an agency's profile."""

        def prepare() -> None:
            changes = self._vault.secrets.seal_credential(agency, name, secret)
            self._commit([*changes], LeafKind.STAFF, actor, {"step": "credential", "agency": agency, "name": name})

        prepared_again(prepare)

    # --- within ---------------------------------------------------------------------------------------------------

    def _certificate(self, agency: str, found: str) -> CertificateRow:
        return next(row for row in self._reader.certificates(agency) if row.fingerprint == found)


def require_known(adapter: Adapter | None, agency: str) -> Adapter:
    """Give the adapter, or raise Misconfigured `agency-unknown`."""
    if adapter is None:
        raise Misconfigured(
            f"no adapter is installed for agency {agency!r}: `simojo agency list` names those that are known",
            code="agency-unknown",
        )
    return adapter
