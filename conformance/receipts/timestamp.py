"""The timestamp in a receipt: an authority's token (RFC 3161) over the checkpoint as the ledger signed it.

1. a token: CMS SignedData over a TSTInfo, of one signer whose certificate travels along or is the one that is trusted
2. its imprint is the SHA-256 of the note without the lines of witnesses
3. signed attributes: content-type, message-digest over the TSTInfo, signing-certificate naming the signer (RFC 5816)
4. the signature over these attributes
5. the certificate is for timestamps alone (RFC 3161 section 2.3) and chains to a trusted one, all valid at that time

Revocation is not asked: there is no network here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from conformance.receipts.cms import HASHES, verify_by
from conformance.receipts.damage import TIMESTAMP, Damaged
from conformance.receipts.note import lines_of

_LONGEST_CHAIN = 8
# what asn1crypto and cryptography raise for damaged bytes
_DAMAGE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
)


@dataclass(frozen=True)
class Stamp:
    """A token that says `at` (UTC). `is_judged`: it verifies under a certificate that the reader trusts."""

    at: datetime
    is_judged: bool


def stamped_note(note: str, ledger: str) -> bytes:
    """Give what is stamped: the note with the lines of the ledger's name, and no line of a witness."""
    lines_of(note)
    text, gap, lines = note.rpartition("\n\n")
    own = [line for line in lines[:-1].split("\n") if line.split(" ")[1] == ledger]
    return (text + gap + "".join(f"{line}\n" for line in own)).encode()


def time_of(token: bytes) -> datetime | None:
    """What a token says, with nothing verified; None where it cannot be read."""
    try:
        at: datetime = _info(cms.ContentInfo.load(token, strict=True)["content"])["gen_time"].native
    except _DAMAGE:
        return None
    return at if at.tzinfo is not None else None


def judge_timestamp(token: bytes, stamped: bytes, trusted: Sequence[x509.Certificate]) -> Stamp:
    """Judge a token by these certificates, as the module says. Raises Damaged `timestamp`."""
    try:
        # 1
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        info = _info(signed)
        (signer,) = signed["signer_infos"]
        carried = [x509.load_der_x509_certificate(each.chosen.dump()) for each in signed["certificates"] or ()]
        certificate = _signer(signer["sid"].chosen, [*carried, *trusted])
        at: datetime = info["gen_time"].native
        imprint = info["message_imprint"]
        attributes = {each["type"].native: each["values"] for each in signer["signed_attrs"]}
        digest_name = signer["digest_algorithm"]["algorithm"].native
        content = signed["encap_content_info"]["content"].contents
        # 2
        is_ours = (
            imprint["hash_algorithm"]["algorithm"].native == "sha256"
            and imprint["hashed_message"].native == hashlib.sha256(stamped).digest()
        )
        # 3
        is_covered = (
            digest_name in HASHES
            and attributes["content_type"][0].native == "tst_info"
            and attributes["message_digest"][0].native == hashlib.new(digest_name, content).digest()
            and _names(attributes, certificate)
        )
        covered = signer["signed_attrs"].untag().dump()
        signature: bytes = signer["signature"].native
    except _DAMAGE as fault:
        raise Damaged(TIMESTAMP, "timestamp", f"it is no token of RFC 3161 with its certificate: {fault}") from None
    if not is_ours:
        raise Damaged(TIMESTAMP, "timestamp", "it is over other bytes than this checkpoint as the ledger signed it")
    if not is_covered:
        raise Damaged(TIMESTAMP, "timestamp", "what it says is not what was signed, or its certificate is another")
    # 4
    try:
        verify_by(certificate, signature, covered, digest_name)
    except (InvalidSignature, *_DAMAGE):
        raise Damaged(TIMESTAMP, "timestamp", "its signature does not verify") from None
    # 5
    if not _is_for_timestamps(certificate):
        raise Damaged(TIMESTAMP, "timestamp", "its certificate is not one for timestamps")
    if not _chains(certificate, carried, trusted, at):
        detail = f"its certificate, number {certificate.serial_number}, does not chain to one that was given"
        raise Damaged(TIMESTAMP, "timestamp", detail, given=True)
    return Stamp(at, is_judged=True)


def _info(signed: Any) -> Any:
    info = signed["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise ValueError("it holds no TSTInfo")  # noqa: TRY004 - bad data, not a bad call
    return info


def _signer(named: Any, certificates: Iterable[x509.Certificate]) -> x509.Certificate:
    """The certificate of the signer's issuer and number; it is held against the signed attributes afterwards."""
    issuer, number = named["issuer"].dump(), named["serial_number"].native
    for each in certificates:
        if each.serial_number == number and each.issuer.public_bytes() == issuer:
            return each
    raise ValueError("the certificate of its signer is not there")


def _names(attributes: dict[str, Any], certificate: x509.Certificate) -> bool:
    """Whether signing-certificate, of RFC 5035 or (SHA-1) of RFC 2634, names this one."""
    der = certificate.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in attributes:
        first = attributes["signing_certificate_v2"][0]["certs"][0]
        name = first["hash_algorithm"]["algorithm"].native
        return name in HASHES and bool(first["cert_hash"].native == hashlib.new(name, der).digest())
    first = attributes["signing_certificate"][0]["certs"][0]
    return bool(first["cert_hash"].native == hashlib.sha1(der, usedforsecurity=False).digest())


def _is_for_timestamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, *_DAMAGE):
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _chains(
    certificate: x509.Certificate,
    carried: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    at: datetime,
) -> bool:
    current = certificate
    for _ in range(_LONGEST_CHAIN):
        if not _is_valid(current, at):
            return False
        if current in trusted:
            return True
        above = [each for each in (*trusted, *carried) if each != current and _issued(current, each)]
        if not above:
            return False
        current = above[0]
    return False


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        if not by.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(by)
    except (x509.ExtensionNotFound, InvalidSignature, *_DAMAGE):
        return False
    return True


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
