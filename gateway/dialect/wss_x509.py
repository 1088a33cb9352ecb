"""Our own SOAP profile: WS-Security X.509 signatures over Body, Timestamp and every header block, both ways."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import Unauthenticated
from gateway.trust import names
from gateway.trust.envelope import Envelope
from gateway.trust.wss import VerifiedEnvelope, check_fresh, sign_envelope, verify_envelope

LIFE = timedelta(seconds=300)


def leaf_header(leaf: str) -> etree._Element:
    """The header block in which a sealed answer names the ledger leaf that already holds it."""
    block = etree.Element(names.LEAF, nsmap={"sl": names.LEDGER})
    block.text = leaf
    return block


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
