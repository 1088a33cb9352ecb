"""Timestamps of RFC 3161: an authority outside states that bytes with this digest were there at that time.

pyHanko and asn1crypto, which are heavy, are imported when the first question is made: most offices ask no authority.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.domain.errors import Malformed, Refused

REQUEST, REPLY = "application/timestamp-query", "application/timestamp-reply"

# What asn1crypto and pyHanko raise for damaged bytes, as flipping bytes of a reply showed.
_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    InvalidSignature,
    UnsupportedAlgorithm,
)
_GRANTED = frozenset({"granted", "granted_with_mods"})


@dataclass(frozen=True)
class Timestamp:
    """A verified token: its DER (a CMS SignedData, RFC 3161 section 2.4.2), and the time that it states."""

    token: bytes
    at: datetime


def question(digest: bytes, nonce: int) -> bytes:
    """Make the question about a SHA-256 digest; the authority is asked for its certificate too. DER."""
    from asn1crypto import tsp

    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    asked = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint, "nonce": nonce, "cert_req": True})
    encoded: bytes = asked.dump()
    return encoded


def read_reply(reply: bytes, digest: bytes, nonce: int, authorities: Sequence[x509.Certificate]) -> Timestamp:
    """Take the token out of a reply and verify it, as `verify` does; it answers this question and no other.

    Raises Malformed `timestamp-malformed`, Refused `timestamp-refused`.
    """
    from asn1crypto import core, tsp

    try:
        found = tsp.TimeStampResp.load(reply, strict=True)
        status = found["status"]["status"].native
        said = found["status"]["status_string"].native
        token = b"" if isinstance(found["time_stamp_token"], core.Void) else found["time_stamp_token"].dump()
    except _DAMAGE as fault:
        raise Malformed(f"the reply is no TimeStampResp: {fault}", code="timestamp-malformed") from None
    if status not in _GRANTED:
        raise Refused(f"the authority refused ({status}): {said or 'it says no reason'}", code="timestamp-refused")
    stamped = verify(token, digest, authorities)
    if _info(token)["nonce"].native != nonce:
        raise Refused("the token answers another question: its nonce is not ours", code="timestamp-refused")
    return stamped


def verify(token: bytes, digest: bytes, authorities: Sequence[x509.Certificate]) -> Timestamp:
    """Verify a token over a SHA-256 digest: signature, certificate for timestamps that chains to one of these.

    The chain is judged at the time that the token states, so that it holds after the certificate has ended. Raises
    Malformed `timestamp-malformed`, Refused `timestamp-refused`.
    """
    from asn1crypto import cms
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.errors import ValidationError

    at: datetime = _info(token)["gen_time"].native
    roots = [asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in authorities]
    context = ValidationContext(trust_roots=roots, moment=at, allow_fetching=False)

    def imprint(algorithm: str) -> bytes:
        return digest if algorithm == "sha256" else b""

    try:
        signed = cms.ContentInfo.load(token)["content"]
        found = asyncio.run(validate_tst_signed_data(signed, context, imprint))
    except (PdfError, ValidationError, *_DAMAGE) as fault:
        raise Refused(f"the token does not verify: {fault}", code="timestamp-refused") from None
    if not (found["intact"] and found["valid"]):
        raise Refused("the token's signature does not fit what was asked", code="timestamp-refused")
    if found.get("trust_problem_indic") is not None or found.get("validation_path") is None:
        raise Refused(
            "the token's certificate does not chain to an authority of SIMOJO_TIMESTAMP_CA_FILE as one for timestamps",
            code="timestamp-refused",
        )
    return Timestamp(token, at)


def _info(token: bytes) -> Any:
    from asn1crypto import cms, tsp

    try:
        info = cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"].parsed
        if isinstance(info, tsp.TSTInfo) and info["gen_time"].native.tzinfo is not None:
            return info
    except _DAMAGE as fault:
        raise Malformed(f"the token cannot be read: {fault}", code="timestamp-malformed") from None
    raise Malformed("the token holds no TSTInfo", code="timestamp-malformed")
