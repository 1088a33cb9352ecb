"""What integration staff keep about agencies: agreements, certificates, endpoints, credentials. Each deed is a leaf.

Activation here is the development-only kind: without a conformance run and without a second person. It is refused in
production mode (Pasal 21(2); the full life cycle of an agreement builds on it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.casework.leaves import Leaves
from gateway.contract.adapter import Adapter
from gateway.contract.agreement import Agreement, agreement_hash, canonical_bytes
from gateway.domain.errors import Misconfigured, Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.admission import Admission, Admitted
from gateway.operations.revocation import word_values
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import (
    AgencyRow,
    AgreementRow,
    CertificateRow,
    CertificateStatusRow,
    EndpointRow,
    PossessionChallengeRow,
)
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault
from gateway.trust.certificates import Use, check_registrable, possession_challenge, verify_possession
from gateway.trust.dev_ca import is_development
from gateway.trust.keys import fingerprint
from gateway.trust.revocation import Word

DRAFT, ACTIVE, SUSPENDED = "draft", "active", "suspended"
DEVELOPMENT = "development"


CHALLENGE_LIFE = timedelta(days=7)
"""From the challenge to its proof: it may travel by letter, over a week-end. It is worth nothing to anybody else."""


EVERYBODY = Admission()
"""Certificates are trusted because staff registered them."""


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
        admission: Admission = EVERYBODY,
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._production = production
        self._admission = admission

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
        """What the agency has to sign to prove that it holds the certificate's key; kept until it is used.

        `nonce` is random. It is good for CHALLENGE_LIFE and for one proof. Raises Refused `challenge-used` for a nonce
        that was spent on this certificate.
        """
        found = fingerprint(certificate)

        def prepare() -> bytes:
            row = self._reader.possession_challenge(found, nonce)
            if row is not None and (row.agency != agency or row.used_at is not None):
                raise Refused("this nonce was given out before: take a new one", code="challenge-used")
            if row is None:
                values = {"fingerprint": found, "nonce": nonce, "agency": agency, "made_at": self._clock()}
                claim = Claim(PossessionChallengeRow, ("fingerprint", "nonce"), values)
                commit(self._unit_of_work, Plan.of(claim))
            return possession_challenge(agency, found, nonce)

        return prepared_again(prepare)

    def register_certificate(
        self,
        agency: str,
        certificate: x509.Certificate,
        challenge: bytes,
        proof: bytes,
        actor: str,
        uses: frozenset[Use] | None = None,
        given: Sequence[x509.Certificate] = (),
    ) -> str:
        """Register a certificate whose key the agency was proven to hold; gives its fingerprint.

        `uses` None: all that the certificate allows. `given`: certificates between it and an authority. Registering
        the same again changes nothing, and needs a challenge of its own.

        Raises Refused `possession-not-proven`, `challenge-other` (a text that `challenge` did not make for this agency
        and certificate), `challenge-used`, `challenge-expired`, `certificate-taken`, `certificate-revoked`,
        `certificate-expired`, `certificate-development` in production mode, and what `check_registrable` and
        `Admission.admit` raise.
        """
        wanted = check_registrable(certificate, uses)
        found = fingerprint(certificate)
        nonce = self._nonce(agency, found, challenge)
        self._challenge_row(found, nonce, agency)
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

        def prepare() -> str:
            changes: list[Change] = [self._spent(found, nonce, agency)]
            owner = self._reader.certificate_owner(found)
            if owner not in (None, agency):
                raise Refused(f"this certificate is registered for {owner}", code="certificate-taken")
            if owner == agency:
                if self._revoked(agency, found):
                    raise Refused(
                        "this certificate was revoked: register another one, with a new key", code="certificate-revoked"
                    )
                commit(self._unit_of_work, Plan(tuple(changes)))
                return found
            values = {
                "fingerprint": found,
                "agency": agency,
                "pem": certificate.public_bytes(Encoding.PEM).decode(),
                "possession": challenge.decode() + "\n" + proof.hex(),
                "registered_at": self._clock(),
                "uses": " ".join(sorted(wanted)),
                "chain": "".join(each.public_bytes(Encoding.PEM).decode() for each in admitted.chain),
            }
            changes += [Claim(CertificateRow, ("fingerprint",), values), *self._words(admitted)]
            said = {"step": "registered", "agency": agency, "fingerprint": found}
            self._commit(changes, LeafKind.KEY, actor, said)
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
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as fault:
            raise Refused(f"{url!r} is no http(s) URL: {fault}", code="endpoint-invalid") from fault
        if port == 0:
            raise Refused(f"{url!r} names port 0, where nobody can listen", code="endpoint-invalid")
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

    def _nonce(self, agency: str, found: str, challenge: bytes) -> str:
        """The nonce of a challenge that is word for word one of ours. Raises Refused `challenge-other`."""
        nonce = challenge.rstrip(b"\n").rpartition(b"nonce: ")[2].decode("ascii", "replace")
        try:
            ours = possession_challenge(agency, found, nonce)
        except ValueError:
            ours = b""
        if not ours or ours != challenge:
            raise Refused(
                f"the challenge is not the one for this certificate of {agency}: run `simojo agency challenge` again "
                "and let the agency sign that file unchanged",
                code="challenge-other",
            )
        return nonce

    def _challenge_row(self, found: str, nonce: str, agency: str) -> PossessionChallengeRow:
        """The row of a challenge that may still be used."""
        row = self._reader.possession_challenge(found, nonce)
        if row is None or row.agency != agency:
            raise Refused(
                "this hub gave out no such challenge: run `simojo agency challenge` and let the agency sign that",
                code="challenge-other",
            )
        if row.used_at is not None:
            raise Refused(
                "a proof over this challenge was taken before: run `simojo agency challenge` again",
                code="challenge-used",
            )
        if self._clock() >= row.made_at + CHALLENGE_LIFE:
            raise Refused(
                f"the challenge is of {row.made_at.isoformat()} and was good for {CHALLENGE_LIFE.days} days: run "
                "`simojo agency challenge` again",
                code="challenge-expired",
            )
        return row

    def _spent(self, found: str, nonce: str, agency: str) -> Update:
        self._challenge_row(found, nonce, agency)
        key = {"fingerprint": found, "nonce": nonce}
        return Update(PossessionChallengeRow, key, {"used_at": None}, {"used_at": self._clock()})

    def _words(self, admitted: Admitted) -> list[Change]:
        """What authorities said at registration, where nothing was known yet."""
        now, known = self._clock(), self._reader.certificate_statuses(admitted.words)
        return [
            Claim(
                CertificateStatusRow,
                ("fingerprint",),
                {
                    "fingerprint": each,
                    "since": now,
                    "asked_at": now,
                    **(word_values(word) if isinstance(word, Word) else {"fault": word}),
                },
            )
            for each, word in admitted.words.items()
            if each not in known
        ]

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
            f"no adapter is installed for agency {agency!r}: `simojo agency list` names those that are known",
            code="agency-unknown",
        )
    return adapter
