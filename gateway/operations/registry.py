"""What integration staff keep about agencies: agreements, certificates, endpoints, credentials. Each deed is a leaf.

Activation here is the development-only kind: without a conformance run and without a second person. It is refused in
production mode (Pasal 21(2); the full life cycle of an agreement builds on it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.casework.leaves import Leaves
from gateway.contract.adapter import Adapter
from gateway.contract.agreement import Agreement, agreement_hash, canonical_bytes
from gateway.domain.errors import Misconfigured, Refused
from gateway.ledger.leaf import LeafKind
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import AgencyRow, AgreementRow, CertificateRow, EndpointRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault
from gateway.trust.certificates import Use, check_registrable, possession_challenge, verify_possession
from gateway.trust.dev_ca import is_development
from gateway.trust.keys import fingerprint

DRAFT, ACTIVE, SUSPENDED = "draft", "active", "suspended"
DEVELOPMENT = "development"


class Registry:
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
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._production = production

    def import_agreement(self, agreement: Agreement, adapter: Adapter, actor: str) -> str:
        """Keep an agreement file as a draft; gives its hash. From then on the stored row is the truth.

        Raises Refused `agreement-exists` when that version is there with other content.
        """
        found = agreement_hash(agreement)

        def prepare() -> str:
            row = self._reader.agreement(agreement.id, agreement.version)
            if row is not None:
                if row.hash != found:
                    raise Refused(
                        f"agreement {agreement.id} {agreement.version} is kept with other content: a version is "
                        "immutable, give the change a new version",
                        code="agreement-exists",
                        clause="Pasal 21(2)",
                    )
                return found
            values = {
                "id": agreement.id,
                "version": agreement.version,
                "agency": agreement.agency,
                "state": DRAFT,
                "hash": found,
                "body": canonical_bytes(agreement).decode(),
            }
            changes: list[Change] = [Claim(AgreementRow, ("id", "version"), values), *self._agency(adapter)]
            said = {"step": "imported", "hash": found}
            self._commit(changes, LeafKind.AGREEMENT, actor, said, f"{agreement.id}/{agreement.version}")
            return found

        return prepared_again(prepare)

    def activate_for_development(self, agreement_id: str, version: str, actor: str) -> None:
        """Activate without conformance run and second person. Raises Refused `activation-refused` in production."""
        if self._production:
            raise Refused(
                "development activation is refused in production mode: an agreement needs a passing conformance run "
                "and a second person",
                code="activation-refused",
                clause="Pasal 21(2)",
            )

        def prepare() -> None:
            row = self._reader.agreement(agreement_id, version)
            if row is None:
                raise Refused(f"no agreement {agreement_id} {version} is kept: import it", code="agreement-unknown")
            if row.state == ACTIVE:
                return
            values = {"state": ACTIVE, "activated_at": self._clock(), "activated_as": DEVELOPMENT}
            change = Update(AgreementRow, {"id": row.id, "version": row.version}, {"state": row.state}, values)
            said = {"step": "activated", "as": DEVELOPMENT, "hash": row.hash}
            self._commit([change], LeafKind.AGREEMENT, actor, said, f"{row.id}/{row.version}")

        prepared_again(prepare)

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
        """What the agency has to sign to prove that it holds the certificate's key."""
        return possession_challenge(agency, fingerprint(certificate), nonce)

    def register_certificate(
        self,
        agency: str,
        certificate: x509.Certificate,
        challenge: bytes,
        proof: bytes,
        actor: str,
        uses: frozenset[Use] = frozenset({Use.SIGN}),
    ) -> str:
        """Register a certificate whose key the agency was proven to hold, for `uses`; gives its fingerprint.

        Raises Refused `possession-not-proven`, `challenge-other` (a text that `challenge` did not make for this agency
        and certificate), what `check_registrable` raises, `certificate-taken`, `certificate-revoked`, or
        `certificate-development` in production mode.
        """
        check_registrable(certificate)
        if not challenge.startswith(self.challenge(agency, certificate, "-")[:-2]):
            raise Refused(
                f"the challenge is not the one for this certificate of {agency}: run `simojo agency challenge` again "
                "and let the agency sign that file unchanged",
                code="challenge-other",
            )
        verify_possession(certificate, challenge, proof)
        if self._production and is_development(certificate):
            raise Refused(
                "a certificate of a development CA is refused in production mode", code="certificate-development"
            )
        found = fingerprint(certificate)

        def prepare() -> str:
            owner = self._reader.certificate_owner(found)
            if owner == agency:
                if self._revoked(agency, found):
                    raise Refused(
                        "this certificate was revoked: register another one, with a new key", code="certificate-revoked"
                    )
                return found
            if owner is not None:
                raise Refused(f"this certificate is registered for {owner}", code="certificate-taken")
            values = {
                "fingerprint": found,
                "agency": agency,
                "pem": certificate.public_bytes(Encoding.PEM).decode(),
                "possession": challenge.decode() + "\n" + proof.hex(),
                "registered_at": self._clock(),
                "uses": " ".join(sorted(uses)),
            }
            said = {"step": "registered", "agency": agency, "fingerprint": found}
            self._commit([Claim(CertificateRow, ("fingerprint",), values)], LeafKind.KEY, actor, said)
            return found

        return prepared_again(prepare)

    def revoke_certificate(self, found: str, reason: str, actor: str) -> None:
        """Trust a certificate no longer, from now on; once revoked, it stays so from then on.

        Raises Refused `certificate-unknown`.
        """

        def prepare() -> None:
            owner = self._reader.certificate_owner(found)
            if owner is None:
                raise Refused(f"no certificate {found[:64]} is registered", code="certificate-unknown")
            if self._revoked(owner, found):
                return
            values = {"revoked_at": self._clock(), "revoked_because": reason}
            change = Update(CertificateRow, {"fingerprint": found}, {"revoked_at": None}, values)
            self._commit([change], LeafKind.KEY, actor, {"step": "revoked", "agency": owner, "fingerprint": found})

        prepared_again(prepare)

    def set_endpoint(self, agency: str, url: str, actor: str, interaction: str = "*") -> None:
        """Where an agency listens. Raises Refused `endpoint-invalid`; plain HTTP is for loopback or development."""
        parts = urlsplit(url)
        local = parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Refused(f"{url!r} is no http(s) URL", code="endpoint-invalid")
        if self._production and parts.scheme == "http" and not local:
            raise Refused(
                "plain HTTP is refused in production mode (Pasal 20 d)", code="endpoint-invalid", clause="Pasal 20 d"
            )
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
            change = self._vault.seal_credential(agency, name, secret)
            self._commit([change], LeafKind.STAFF, actor, {"step": "credential", "agency": agency, "name": name})

        prepared_again(prepare)

    # --- within ---------------------------------------------------------------------------------------------------

    def _revoked(self, agency: str, found: str) -> bool:
        rows = self._reader.certificates(agency)
        return any(row.fingerprint == found and row.revoked_at is not None for row in rows)

    def _agency(self, adapter: Adapter) -> list[Change]:
        agency = adapter.agency
        if self._reader.agency(agency.id) is not None:
            return []
        values = {"id": agency.id, "name": agency.name, "kind": agency.kind.value}
        return [Claim(AgencyRow, ("id",), values)]

    def _commit(
        self, changes: list[Change], kind: LeafKind, actor: str, said: Mapping[str, str | int], agreement: str = ""
    ) -> None:
        leaf = self._leaves.make(kind, at=self._clock(), actor=actor, agreement=agreement, extra=said)
        commit(self._unit_of_work, Plan((*changes, leaf.row)))


def require_known(adapter: Adapter | None, agency: str) -> Adapter:
    """Give the adapter, or raise Misconfigured `agency-unknown`."""
    if adapter is None:
        raise Misconfigured(
            f"no adapter is installed for agency {agency!r}: `simojo check` lists those that are", code="agency-unknown"
        )
    return adapter
