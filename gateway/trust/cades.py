"""A detached CAdES signature of the hub over bytes (ETSI EN 319 122-1, baseline B-B), as CMS (RFC 5652) has it.

signed attributes     content-type, message-digest, signing-time, signing-certificate-v2 (RFC 5035)
certificates          the signer's own, and those above it where they are known

Any CMS tool verifies it: `openssl cms -verify -binary -inform DER -in signature.p7s -content FILE`.
asn1crypto (2 MB) is imported with the first signature (decision 0078).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.trust.keys import SigningKey
from gateway.trust.policy import JWS_SIGNATURES, KeyKind

_FORMS = {
    KeyKind.RSA: ("RS256", "sha256", "sha256_rsa"),
    KeyKind.P256: ("ES256", "sha256", "sha256_ecdsa"),
    KeyKind.P384: ("ES384", "sha384", "sha384_ecdsa"),
    KeyKind.ED25519: ("Ed25519", "sha512", "ed25519"),  # RFC 8419 wants SHA-512 beside Ed25519
}


def sign_detached(key: SigningKey, data: bytes, at: datetime, above: Sequence[x509.Certificate] = ()) -> bytes:
    """Give the signature over `data` in DER; `above` are certificates of the signer's chain, to travel along."""
    from asn1crypto import algos, cms, tsp  # tsp tells cms of its attribute: before the first one is made
    from asn1crypto import x509 as asn1_x509

    name, digest_name, algorithm = _FORMS[key.kind]
    certificate = asn1_x509.Certificate.load(key.certificate_der)
    digest = hashlib.new(digest_name, data).digest()
    named = tsp.ESSCertIDv2(  # by its SHA-256, which RFC 5035 leaves unsaid as the default
        {
            "cert_hash": hashlib.sha256(certificate.dump()).digest(),
            "issuer_serial": {
                "issuer": [asn1_x509.GeneralName(name="directory_name", value=certificate.issuer)],
                "serial_number": certificate.serial_number,
            },
        }
    )
    attributes = {
        "content_type": "data",
        "signing_time": cms.Time({"utc_time": at.astimezone(UTC).replace(microsecond=0)}),
        "message_digest": digest,
        "signing_certificate_v2": tsp.SigningCertificateV2({"certs": [named]}),
    }
    signed = cms.CMSAttributes(
        [cms.CMSAttribute({"type": kind, "values": [value]}) for kind, value in attributes.items()]
    )
    made = key.operations.sign(JWS_SIGNATURES[name], signed.dump())
    if key.kind in (KeyKind.P256, KeyKind.P384):
        half = len(made) // 2
        made = encode_dss_signature(int.from_bytes(made[:half]), int.from_bytes(made[half:]))
    hashed = algos.DigestAlgorithm({"algorithm": digest_name})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                name="issuer_and_serial_number",
                value=cms.IssuerAndSerialNumber(
                    {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
                ),
            ),
            "digest_algorithm": hashed,
            "signed_attrs": signed,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": algorithm}),
            "signature": made,
        }
    )
    travelling = [certificate, *(asn1_x509.Certificate.load(each.public_bytes(Encoding.DER)) for each in above)]
    content = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([hashed]),
            "encap_content_info": {"content_type": "data"},
            "certificates": travelling,
            "signer_infos": [signer],
        }
    )
    written: bytes = cms.ContentInfo({"content_type": "signed_data", "content": content}).dump()
    return written
