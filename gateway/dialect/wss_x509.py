"""Our own SOAP profile: WS-Security X.509 signatures over Body, Timestamp and every header block, both ways.

What the agreement calls confidential has the content of its Body encrypted (`gateway.trust.xml_encryption`): signed,
then encrypted. Before a message to us is decrypted `check_signer` asks whom its signature, in clear, names.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from lxml import etree

from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import Malformed, Unauthenticated
from gateway.trust import names, xml_encryption
from gateway.trust.envelope import Envelope, open_envelope
from gateway.trust.wss import VerifiedEnvelope, check_fresh, read_signer, sign_envelope, verify_envelope

LIFE = timedelta(seconds=300)


def leaf_header(leaf: str) -> etree._Element:
    """The header block in which a sealed answer names the ledger leaf that already holds it."""
    block = etree.Element(names.LEAF, nsmap={"sl": names.LEDGER})
    block.text = leaf
    return block


def is_encrypted(envelope: Envelope) -> bool:
    """Say whether `decrypted` has something to do."""
    return xml_encryption.mentions_encryption(envelope)


def check_signer(envelope: Envelope, party: Party, at: datetime) -> None:
    """Let an envelope pass whose signature names a registered, usable certificate of `party`. It proves nothing yet.

    Raises Unauthenticated as `gateway.trust.wss.read_signer` does.
    """
    read_signer(envelope, party.certificates, at)


def decrypted(envelope: Envelope, hub: Hub) -> tuple[Envelope, bytes] | None:
    """Give an encrypted envelope in clear, opened by the same gate, and its bytes; None for one that came in clear.

    Raises as `gateway.trust.xml_encryption.decrypt_envelope` does.
    """
    if not is_encrypted(envelope):
        return None
    plain = xml_encryption.decrypt_envelope(envelope, hub.decrypting)
    opened = open_envelope(plain, max_bytes=len(plain))
    if is_encrypted(opened):
        raise Malformed("what was decrypted is encrypted again; encrypt once", code="encryption-malformed")
    return opened, plain


def authenticate(envelope: Envelope, party: Party, at: datetime) -> Proven:
    """Verify an envelope and give what its signature covers. Raises Unauthenticated with the codes of `trust.wss`."""
    verified = verify_envelope(envelope, party.certificates, at)
    return Proven(
        agency=party.agency,
        actor=f"certificate/{verified.certificate.fingerprint}",
        content=_content(verified),
        document=verified.content,
        message_id=verified.message_id,
        relates_to=verified.relates_to,
        created=verified.created,
        expires=verified.expires,
        headers={
            "action": verified.action,
            "to": verified.to,
            "version": envelope.version,
            "algorithm": verified.algorithm,
        },
    )


def check_proven_fresh(proven: Proven, at: datetime) -> None:
    """Hold the Timestamp against our clock. Raises Unauthenticated `timestamp-stale` or `timestamp-future`."""
    if proven.created is None or proven.expires is None:
        raise Unauthenticated("the message has no Timestamp", code="timestamp-missing")
    check_fresh(proven.created, proven.expires, at)


def seal(envelope: Any, hub: Hub, at: datetime) -> bytes:
    """Sign an envelope of ours at the moment when it leaves."""
    return sign_envelope(envelope, hub.key, created=at, expires=at + LIFE)


def encrypted(signed: bytes, recipient: x509.Certificate) -> bytes:
    """Encrypt the content of the Body of a sealed envelope. Raises Misconfigured `key-not-for-encryption`."""
    return xml_encryption.encrypt_envelope(signed, recipient)


def check_answers(envelope: Envelope, message_id: str, party: Party, at: datetime) -> Proven:
    """Verify an agency's answer to our message: signed, fresh, and related to it. Raises Unauthenticated."""
    proven = authenticate(envelope, party, at)
    check_proven_fresh(proven, at)
    if proven.relates_to not in (None, message_id):
        raise Unauthenticated("the answer relates to another message (wsa:RelatesTo)", code="signature-claims")
    return proven


def _content(verified: VerifiedEnvelope) -> bytes:
    """Canonical Body and Action: the same content under a new Timestamp is the same message."""
    return verified.canonical_body + b"\x00" + (verified.action or "").encode()
