"""The two sides of an exchange as a profile needs to know them, and what a profile proved of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography import x509

from gateway.domain.errors import Refused
from gateway.trust import jwe, xml_encryption
from gateway.trust.certificates import RegisteredCertificate, encryption_certificate
from gateway.trust.keys import SigningKey


@dataclass(frozen=True, kw_only=True)
class Party:
    """What staff registered about an agency.

    `secret` gives a credential by its name and raises Misconfigured `credential-missing` when staff set none; it is a
    function so that a secret is opened only where it is used.
    """

    agency: str
    certificates: tuple[RegisteredCertificate, ...]
    secret: Callable[[str], str]

    def recipient(self, at: datetime, *, soap: bool) -> x509.Certificate:
        """The certificate that we encrypt to at `at`: RSA for SOAP; RSA, P-256 or P-384 for REST.

        Raises Misconfigured `encryption-certificate-missing`.
        """
        kinds = xml_encryption.RECIPIENTS if soap else jwe.RECIPIENTS
        return encryption_certificate(self.agency, self.certificates, kinds, at)


def nothing_held(_challenge: str, _at: datetime) -> str:
    """What a hub holds that holds nothing. Raises Refused `held-secret-gone`."""
    raise Refused("nothing is held for this signature: sign again", code="held-secret-gone", clause="Pasal 13")


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The office's own identity: its id in `iss` and `aud`, its signing key, and its derivation of PINs.

    `held` gives what an official gave for the certified signature of a challenge, if it is held at that moment, and
    raises Refused `held-secret-gone` if not.
    The signing key is also what agencies encrypt to; `previous` are keys before a roll-over, the newest first, that
    still decrypt and no longer sign.
    """

    id: str
    key: SigningKey
    pin: Callable[[str], str]
    held: Callable[[str, datetime], str] = nothing_held
    previous: tuple[SigningKey, ...] = ()

    @property
    def decrypting(self) -> tuple[SigningKey, ...]:
        """The keys that messages to us may be encrypted to, the current one first."""
        return (self.key, *self.previous)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """A message of a proven sender. Only what stands here may be used from now on.

    `actor` names the proof (a certificate, a credential). `content` is the canonical business content: with the
    message id it is the message's identity, whatever envelope carries it. `document` is the verified body, parsed
    (over SOAP to the hub: `gateway.edge.soap.once.Verified`, which gives it).
    `message_id` is None where the profile carries none. `created` and `expires` bound its freshness. `headers` are
    further verified members (SOAP header blocks by qualified name, JWS claims by name). `plain` are the bytes as they
    were signed, where they came encrypted; None for a message that came in clear.
    """

    agency: str
    actor: str
    content: bytes
    document: Any
    message_id: str | None = None
    relates_to: str | None = None
    agreement: str | None = None
    created: datetime | None = None
    expires: datetime | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    plain: bytes | None = None
