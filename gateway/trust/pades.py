"""The pyHanko side of `gateway.trust.pdf_signature`, which imports it late because pyHanko is heavy.

pyHanko asks the machine for the time and for random file ids; the two subclasses here take them from arguments.
Checking uses its reader and its CMS checks; that nothing hides beside the signed bytes is checked here:

    1. the two signed ranges and the gap between them are all of the signed revision, from its first byte on
    2. the gap holds the signature in hex, zeros, and nothing else; the lengths in the signature's DER add up
    3. the digest is SHA-256 or better, the one that is announced, and is what the signature says (pyHanko)
    4. the signature fits the certificate that came with it, which the signed attributes name (pyHanko)
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, Signer
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko_certvalidator.registry import SimpleCertificateStore

from gateway.domain.calendar import require_aware
from gateway.domain.errors import Malformed, Misconfigured
from gateway.trust.keys import SigningKey
from gateway.trust.pdf_signature import MAX_OTHERS, PdfSignature, SigningMaterial
from gateway.trust.policy import JWS_SIGNATURES, KeyKind

FIELD = "Pengesahan"
"""The name of the first signature field; later ones are numbered from 2."""

_DIGESTS = {KeyKind.P384: "sha384", KeyKind.ED25519: "sha512"}  # SHA-256 for the others; RFC 8419 fixes Ed25519's
_STRONG_DIGESTS = frozenset({"sha256", "sha384", "sha512"})
_CMS_VERSIONS = frozenset({"v1", "v3"})  # of SignedData and SignerInfo, RFC 5652, 5.1 and 5.3
_ALGORITHMS = {
    KeyKind.RSA: JWS_SIGNATURES["RS256"],
    KeyKind.P256: JWS_SIGNATURES["ES256"],
    KeyKind.P384: JWS_SIGNATURES["ES384"],
    KeyKind.ED25519: JWS_SIGNATURES["Ed25519"],
}
_LONGEST_SIGNATURE = 1024  # RSA of 8192 bits
_FILE_ID_SIZE = 16
_CONSTRUCTED = 0x20
_LONG_FORM = 0x80

# What pyHanko and asn1crypto raise for damaged bytes, as flipping every byte of a signed file showed.
_DAMAGE = (
    PdfError,
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


class _Increment(IncrementalPdfFileWriter):
    """An update of a file whose new id follows from `id_part` and that leaves the file's metadata alone."""

    def __init__(self, pdf: bytes, id_part: bytes) -> None:
        super().__init__(io.BytesIO(pdf))
        self._document_id[1] = generic.ByteStringObject(id_part)

    def _update_meta(self) -> None:
        """Write no modification date: it would be the machine's time, and the signature tells its own."""


class _TimedSigner(PdfSigner):
    """A signer to whom the time is told."""

    signed_at: datetime

    def init_signing_session(self, pdf_out: Any, existing_fields_only: bool = False) -> PdfSigningSession:
        """Begin as pyHanko does, then set the clock."""
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.signed_at
        return session


def sign(pdf: bytes, material: SigningMaterial, *, name: str, reason: str, location: str, signed_at: datetime) -> bytes:
    """Do what `pdf_signature.sign_pdf` says."""
    require_aware(signed_at, "the time of signing")
    signer, digest = _signer(material, signed_at)
    id_part = hashlib.sha256(pdf + signed_at.astimezone(UTC).isoformat().encode()).digest()[:_FILE_ID_SIZE]
    with _damage_is_malformed():
        place = len(PdfFileReader(io.BytesIO(pdf)).embedded_signatures) + 1
        metadata = PdfSignatureMetadata(
            field_name=FIELD if place == 1 else f"{FIELD}{place}",
            name=name,
            reason=reason,
            location=location,
            md_algorithm=digest,
            subfilter=SigSeedSubFilter.PADES,
        )
        timed = _TimedSigner(metadata, signer=signer)
        timed.signed_at = signed_at
        signed: bytes = timed.sign_pdf(_Increment(pdf, id_part)).getvalue()
    return signed


def signatures(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Do what `pdf_signature.pdf_signatures` says."""
    with _damage_is_malformed():
        return tuple(_read(pdf, each) for each in PdfFileReader(io.BytesIO(pdf)).embedded_signatures)


def _read(pdf: bytes, embedded: EmbeddedPdfSignature) -> PdfSignature:
    certificate = x509.load_der_x509_certificate(embedded.signer_cert.dump())
    end = _end_of_signed(pdf, embedded)
    return PdfSignature(
        field=embedded.field_name,
        subject=certificate.subject.rfc4514_string(),
        fingerprint=hashlib.sha256(embedded.signer_cert.dump()).hexdigest(),
        certificate=certificate,
        others=tuple(_others(embedded)),
        claimed_at=embedded.self_reported_timestamp,
        intact=end is not None and _is_signed(embedded),
        covers_whole_file=end == len(pdf),
    )


def _others(embedded: EmbeddedPdfSignature) -> Iterator[x509.Certificate]:
    for each in embedded.other_embedded_certs[:MAX_OTHERS]:
        with suppress(ValueError):  # one that cannot be read leads nowhere
            yield x509.load_der_x509_certificate(each.dump())


def _end_of_signed(pdf: bytes, embedded: EmbeddedPdfSignature) -> int | None:
    """Tell where the signed revision ends, or None when the ranges leave room for anything but the signature."""
    # 1. the ranges begin with the file, and lie around the gap
    start, length, second_start, second_length = (int(each) for each in embedded.byte_range)
    end = second_start + second_length
    if start != 0 or not 0 < length < second_start <= end <= len(pdf):
        return None
    # 2. the gap is <hex of the signature, padded with zeros>
    held = embedded.pkcs7_content
    _, message_length = _element(held)
    message = held[:message_length]
    expected = b"<" + message.hex().encode() + b"00" * (len(held) - len(message)) + b">"
    is_explained = pdf[length:second_start] in (expected, expected.upper())
    return end if is_explained and _adds_up(message) else None


def _element(data: bytes) -> tuple[int, int]:
    """Tell where the content of the DER element at the start of `data` begins, and where it ends (X.690, 8.1.3)."""
    first = data[1]
    if first < _LONG_FORM:
        return 2, 2 + first
    begin = 2 + first - _LONG_FORM
    return begin, begin + int.from_bytes(data[2:begin])


def _adds_up(data: bytes) -> bool:
    """Whether `data` is a row of DER elements with nothing between or behind them, at every depth."""
    while data:
        begin, end = _element(data)
        is_minimal = begin == 2 or end - begin >= max(_LONG_FORM, 1 << 8 * (begin - 3))
        is_whole = data[0] != 0 and end <= len(data)  # a tag of zero is padding, and no element of DER
        if not is_whole or not is_minimal or (data[0] & _CONSTRUCTED and not _adds_up(data[begin:end])):
            return False
        data = data[end:]
    return True


def _is_signed(embedded: EmbeddedPdfSignature) -> bool:
    # 3. and 4.
    announced = [each.dump() for each in embedded.signed_data["digest_algorithms"]]
    used = embedded.signer_info["digest_algorithm"].dump()
    if embedded.md_algorithm not in _STRONG_DIGESTS or announced != [used] or not _is_named(embedded):
        return False
    versions = {embedded.signed_data["version"].native, embedded.signer_info["version"].native}
    if not versions <= _CMS_VERSIONS:
        return False
    try:
        intact, valid = validate_sig_integrity(
            embedded.signer_info, embedded.signer_cert, "data", embedded.compute_digest()
        )
    except _DAMAGE:
        return False
    return intact and valid


def _is_named(embedded: EmbeddedPdfSignature) -> bool:
    """Whether the issuer is named as in the certificate, to the byte.

    Libraries take names for equal whatever their case (RFC 5280, 7.1), and no signature covers this one.
    """
    named = embedded.signer_info["sid"]
    if named.name != "issuer_and_serial_number":
        return True  # a key identifier, compared to the byte already
    return bool(named.chosen["issuer"].dump() == embedded.signer_cert.issuer.dump())


@contextmanager
def _damage_is_malformed() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise Malformed(
            f"the file cannot be read as a PDF with intact structure ({type(error).__name__}): it is damaged, or none",
            code="pdf-malformed",
        ) from error


class _KeySigner(Signer):
    """A signer whose key may live in a token: all it is asked for is a signature."""

    key: SigningKey

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        """Sign as CMS has it: ECDSA as a sequence (RFC 5753, 2.1.1), where JWS and XML put r and s side by side."""
        algorithm = _ALGORITHMS[self.key.kind]
        if algorithm.hash is not None and algorithm.hash().name != digest_algorithm:
            raise ValueError(f"{algorithm.name} does not hash with {digest_algorithm}")
        if dry_run:  # the same length at most, without a question to the token
            return bytes(_LONGEST_SIGNATURE)
        signature = self.key.operations.sign(algorithm, data)
        if self.key.kind not in (KeyKind.P256, KeyKind.P384):
            return signature
        half = len(signature) // 2
        return encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))


def _signer(material: SigningMaterial, signed_at: datetime) -> tuple[Signer, str]:
    key = material.key
    if not key.certificate.not_valid_before_utc <= signed_at <= key.certificate.not_valid_after_utc:
        raise Misconfigured(
            f"the certificate for documents is valid from {key.certificate.not_valid_before_utc.isoformat()} to "
            f"{key.certificate.not_valid_after_utc.isoformat()}, not at {signed_at.isoformat()}: install its successor",
            code="document-certificate-not-valid",
        )
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
    chain = [each.public_bytes(Encoding.DER) for each in material.chain]
    registry.register_multiple([asn1_x509.Certificate.load(each) for each in chain])
    signer = _KeySigner(signing_cert=asn1_x509.Certificate.load(key.certificate_der), cert_registry=registry)
    signer.key = key
    return signer, _DIGESTS.get(key.kind, "sha256")
