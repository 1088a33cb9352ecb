"""Our own REST profile: a detached JWS (RFC 7515 appendix F) over the exact body, both ways.

The protected header says who speaks to whom (`iss`, `aud`), when (`iat`, `exp`), as which message (`jti`), under
which agreement (`agr`) and interaction (`int`); an answer also names the request it answers (`rel`, the digest of its
bytes) and the ledger leaf that already holds it (`leaf`).

What the agreement calls confidential is a JWE (`gateway.trust.jwe`, `application/jose`): signed, then encrypted. The
signature stays in its header and is over the plaintext, and so is `rel`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from gateway.contract.message import Json, Message
from gateway.dialect.blanks import fill
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.rest import Answering, Asking, Heard, SealedRequest, body_of, canonical, digest
from gateway.domain.errors import Unauthenticated
from gateway.trust import jwe
from gateway.trust.freshness import check_fresh
from gateway.trust.jws import JwsClaims, read_signer, sign_detached, verify_detached

HEADER = "X-JWS-Signature"
JOSE = "application/jose"
_JSON = "application/json"
LIFE = timedelta(seconds=300)


@dataclass(frozen=True)
class Jws:
    """In and out."""

    media_type = JOSE

    def authenticate(self, message: Message, payload: Json, party: Party, hub: Hub, at: datetime) -> Proven:
        """Verify the signature over the body as it arrived.

        Raises Unauthenticated with the codes of `gateway.trust.jws`, and `signature-claims` when the header speaks
        of another agency or interaction than the path.
        """
        signature = message.headers.get(HEADER.lower(), "")
        verified = verify_detached(signature, message.body, party.certificates, at, audience=hub.id)
        claims = verified.claims
        for name, said, expected in (("iss", claims.iss, party.agency), ("int", claims.int_, message.interaction)):
            if said != expected:
                raise Unauthenticated(
                    f"protected header member {name} is {said!r}, this address is for {expected!r}",
                    code="signature-claims",
                )
        return Proven(
            agency=party.agency,
            actor=f"certificate/{verified.certificate.fingerprint}",
            content=canonical(payload),
            document=payload,
            message_id=claims.jti,
            relates_to=claims.rel,
            agreement=claims.agr,
            created=claims.iat,
            expires=claims.exp,
            headers={"algorithm": verified.algorithm},
        )

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Hold `iat` and `exp` against our clock. Raises Unauthenticated `timestamp-stale` or `timestamp-future`."""
        if proven.created is not None and proven.expires is not None:
            check_fresh(proven.created, proven.expires, at)

    def seal(self, answering: Answering, hub: Hub, at: datetime) -> Mapping[str, str]:
        """Sign the answer's body, naming the request and the leaf."""
        claims = JwsClaims(
            iss=hub.id,
            aud=answering.proven.agency,
            iat=at,
            exp=at + LIFE,
            jti=f"{answering.proven.message_id}.answer",
            agr=answering.agreement,
            int_=answering.interaction,
            rel=_digest(answering.proven.plain or answering.request.body),
            leaf=answering.leaf,
        )
        return {HEADER: sign_detached(answering.body, hub.key, claims)}

    def seal_request(self, asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
        """Sign the body, then encrypt it where a recipient is named.

        What is signed is what leaves, secrets included, so redacted members are best avoided.
        """
        body = body_of(dict(fill(asking.payload, asking.redacted, party, hub, at)))
        claims = JwsClaims(
            iss=hub.id,
            aud=party.agency,
            iat=at,
            exp=at + LIFE,
            jti=asking.message_id,
            agr=asking.agreement,
            int_=asking.interaction,
            rel=None,
            leaf=None,
        )
        kind = _JSON if asking.recipient is None else JOSE
        headers = {"Content-Type": kind, "Accept": kind, HEADER: sign_detached(body, hub.key, claims)}
        stored = body_of(dict(asking.payload))
        if asking.recipient is None:
            return SealedRequest(headers=headers, body=body, stored_headers=headers, stored_body=stored)
        encrypted = self.encrypt(body, _JSON, asking.recipient)
        return SealedRequest(
            headers=headers,
            body=encrypted,
            stored_headers=headers,
            stored_body=encrypted,
            signed=body,
            stored_plain=stored,
        )

    def check_reply(
        self, heard: Heard, asking: Asking, sealed: SealedRequest, party: Party, hub: Hub, at: datetime
    ) -> None:
        """Verify the answer's signature (over its plaintext), that it answers this request, and that it is fresh.

        Raises Unauthenticated.
        """
        verified = verify_detached(
            heard.headers.get(HEADER.lower(), ""), heard.body, party.certificates, at, audience=hub.id
        )
        if verified.claims.iss != party.agency or verified.claims.rel != _digest(sealed.signed or sealed.body):
            raise Unauthenticated(
                f"the answer to {asking.interaction} is signed for another request (members iss and rel)",
                code="signature-claims",
            )
        check_fresh(verified.claims.iat, verified.claims.exp, at)

    def check_signer(self, message: Message, party: Party, at: datetime) -> None:
        """Read whom the signature names. Raises Unauthenticated as `gateway.trust.jws.read_signer` does."""
        read_signer(message.headers.get(HEADER.lower(), ""), party.certificates, at)

    def decrypt(self, body: bytes, hub: Hub, *, max_bytes: int) -> tuple[bytes, str]:
        """Give the plaintext and its media type. Raises as `gateway.trust.jwe.decrypt` does."""
        opened = jwe.decrypt(body, hub.decrypting, max_bytes=max_bytes)
        return opened.plaintext, opened.media_type

    def encrypt(self, body: bytes, media_type: str, recipient: x509.Certificate) -> bytes:
        """Encrypt a body of that media type. Raises Misconfigured `key-not-for-encryption`."""
        return jwe.encrypt(body, media_type, recipient)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(digest(data)).rstrip(b"=").decode()
