"""What agencies and people entrust to the hub, wrapped by the master key: credentials, and what is held for minutes."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.errors import Misconfigured, Refused
from gateway.store.plan import Change, Claim, Delete, Update
from gateway.store.reading import Reader
from gateway.store.tables import CredentialRow, HeldSecretRow
from gateway.store.wrapping import Wrapping, credential_context, held_context


class Secrets:
    """Seals and opens them. Safe to share between threads."""

    def __init__(self, reader: Reader, wrapping: Wrapping) -> None:
        self._reader = reader
        self._wrapping = wrapping

    def credential(self, agency: str, name: str) -> str:
        """A secret of an agency's dialect. Raises Misconfigured when staff have not set it."""
        sealed = self._reader.credential(agency, name)
        if sealed is None:
            raise Misconfigured(
                f"agency {agency} has no credential {name!r}: set it before exchanging with it",
                code="credential-missing",
            )
        return self._wrapping.open(sealed, credential_context(agency, name)).decode()

    def seal_credential(self, agency: str, name: str, secret: str) -> tuple[Change, ...]:
        """The changes that store this secret, sealed, in place of an earlier one if there is one."""
        sealed, stands = self._wrapping.wrap(secret.encode(), credential_context(agency, name))
        key = {"agency": agency, "name": name}
        earlier = self._reader.credential(agency, name)
        if earlier is None:
            return (*stands, Claim(CredentialRow, ("agency", "name"), {**key, "sealed": sealed}))
        return (*stands, Update(CredentialRow, key, {"sealed": earlier}, {"sealed": sealed}))

    def hold(self, challenge: str, secret: str, expires_at: datetime) -> tuple[Change, ...]:
        """The changes that hold what a person gave for one act alone, sealed, until then at the longest."""
        sealed, stands = self._wrapping.wrap(secret.encode(), held_context(challenge))
        values = {"challenge": challenge, "sealed": sealed, "expires_at": expires_at}
        return (*stands, Claim(HeldSecretRow, ("challenge",), values))

    def held(self, challenge: str, at: datetime) -> str:
        """What is held for a challenge. Raises Refused `held-secret-gone` when it is used up or its time is over."""
        row = self._reader.held_secret(challenge)
        if row is None or at >= row.expires_at:
            raise Refused(
                "Passphrase atau TOTP untuk tanda tangan ini tidak lagi disimpan: tidak sempat terkirim. Tanda "
                "tangani lagi dengan PIN baru",
                code="held-secret-gone",
                clause="Pasal 13",
            )
        return self._wrapping.open(row.sealed, held_context(challenge)).decode()

    def let_go(self, challenge: str) -> Change:
        """The change after which nothing is held for a challenge; there may be nothing by now."""
        return Delete(HeldSecretRow, {"challenge": challenge})
