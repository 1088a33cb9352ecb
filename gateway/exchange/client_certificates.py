"""Whether the certificate that a client showed in TLS is its agency's own (mTLS; Pasal 20 d).

The path says which agency speaks; its staff-registered certificates for the use `tls` say what it may show. The
handshake proved possession of the key, here or at the trusted proxy that tells of it (RFC 9440).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

from gateway.dialect.party import Party
from gateway.domain.errors import Unauthenticated
from gateway.trust.certificates import Use, check_usable


class ClientCertificates(StrEnum):
    """What agencies have to show: nothing, their own if any, or their own."""

    OFF = "off"
    OFFERED = "offered"
    REQUIRED = "required"


def check_shown(policy: ClientCertificates, shown: bytes | None, party: Party, at: datetime) -> None:
    """Let a client pass whose certificate (DER) is registered for TLS by this agency and usable at `at`.

    `off` looks at nothing; `offered` lets those pass that show none. Raises Unauthenticated:
    `client-certificate-missing`, `client-certificate-unknown`, `client-certificate-not-for-tls`, and what
    `check_usable` finds, as `client-certificate-revoked`, `client-certificate-expired` and so on.
    """
    if policy is ClientCertificates.OFF or (shown is None and policy is ClientCertificates.OFFERED):
        return
    if shown is None:
        raise Unauthenticated(
            f"no client certificate was shown: {party.agency} shows the one that it registered for TLS (mTLS)",
            code="client-certificate-missing",
        )
    fingerprint = hashlib.sha256(shown).hexdigest()
    registered = next((each for each in party.certificates if each.fingerprint == fingerprint), None)
    if registered is None:
        raise Unauthenticated(
            f"the client certificate {fingerprint[:16]} is not registered for {party.agency}; show the registered one, "
            "or have this one registered for TLS",
            code="client-certificate-unknown",
        )
    if Use.TLS not in registered.uses:
        raise Unauthenticated(
            f"the client certificate {fingerprint[:16]} is registered for {', '.join(sorted(registered.uses))} and not "
            "for TLS; show another, or have this one registered for TLS too",
            code="client-certificate-not-for-tls",
        )
    try:
        check_usable(registered, at)
    except Unauthenticated as fault:
        raise Unauthenticated(f"shown in TLS: {fault.text}", code=f"client-{fault.code}") from fault
