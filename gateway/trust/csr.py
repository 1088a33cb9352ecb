"""A request for a certificate (PKCS #10, RFC 2986), signed by whatever does the key's operations."""

from __future__ import annotations

from asn1crypto import algos, csr, keys, pem, x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.errors import Misconfigured
from gateway.trust.keys import KeyOperations
from gateway.trust.policy import JWS_SIGNATURES, KeyKind, kind_of

_ALGORITHMS = {
    KeyKind.RSA: ("sha256_rsa", JWS_SIGNATURES["RS256"]),
    KeyKind.P256: ("sha256_ecdsa", JWS_SIGNATURES["ES256"]),
    KeyKind.P384: ("sha384_ecdsa", JWS_SIGNATURES["ES384"]),
    KeyKind.ED25519: ("ed25519", JWS_SIGNATURES["Ed25519"]),
}


def certificate_request(operations: KeyOperations, name: dict[str, str]) -> bytes:
    """Give the request in PEM. `name` has asn1crypto's words (`common_name`, `organization_name`, `country_name`, ...).

    It asks for signing and, where the key can, for key encipherment or agreement. Raises Misconfigured `key-weak`.
    """
    public = operations.public_key()
    kind = kind_of(public)
    if kind is None:
        raise Misconfigured("the key is of a kind or size that is not allowed", code="key-weak")
    algorithm, signature_algorithm = _ALGORITHMS[kind]
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    usage = {KeyKind.RSA: {"digital_signature", "key_encipherment"}, KeyKind.ED25519: {"digital_signature"}}
    extension = {
        "extn_id": "key_usage",
        "critical": True,
        "extn_value": x509.KeyUsage(usage.get(kind, {"digital_signature", "key_agreement"})),
    }
    info = csr.CertificationRequestInfo(
        {
            "version": "v1",
            "subject": x509.Name.build(name),
            "subject_pk_info": keys.PublicKeyInfo.load(der),
            "attributes": [{"type": "extension_request", "values": [[extension]]}],
        }
    )
    signature = operations.sign(signature_algorithm, info.dump())
    if kind in (KeyKind.P256, KeyKind.P384):
        half = len(signature) // 2
        signature = encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
    request = csr.CertificationRequest(
        {
            "certification_request_info": info,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": algorithm}),
            "signature": signature,
        }
    )
    armoured: bytes = pem.armor("CERTIFICATE REQUEST", request.dump())
    return armoured
