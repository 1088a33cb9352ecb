"""SNAP BI (Bank Indonesia's open payment standard): the signatures that a bank makes, and the one that it checks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Misconfigured, Unauthenticated


def timestamp(at: datetime) -> str:
    """Write X-TIMESTAMP: Jakarta time to the second with its offset."""
    return at.astimezone(JAKARTA).isoformat(timespec="seconds")


def token_signature(key: object, client_id: str, moment: str) -> str:
    """Sign a token request: base64 of SHA256withRSA over `client_id|X-TIMESTAMP`. Raises Misconfigured without RSA."""
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured("SNAP BI signs token requests with RSA: put an RSA key into key.pem")
    signature = key.sign(f"{client_id}|{moment}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def transaction_signature(
    secret: str, path: str, token: str, body: bytes, moment: str, *, hexadecimal: bool = False
) -> str:
    """Sign a POST: HMAC-SHA512 over method, path, token, body digest and time, in base64 or hex.

    `body` must be minified already: no white space between tokens.
    """
    text = f"POST:{path}:{token}:{hashlib.sha256(body).hexdigest()}:{moment}"
    made = hmac.digest(secret.encode(), text.encode(), hashlib.sha512)
    return made.hex() if hexadecimal else base64.b64encode(made).decode()


def check_asymmetric(
    certificate: x509.Certificate, path: str, body: bytes, moment: str, signature: str, *, hexadecimal: bool = False
) -> None:
    """Verify what a client signed without a token: SHA256withRSA over method, path, body digest and time.

    `body` is minified, as the hub writes all of its bodies. Raises Unauthenticated.
    """
    key = certificate.public_key()
    text = f"POST:{path}:{hashlib.sha256(body).hexdigest()}:{moment}".encode()
    try:
        if not isinstance(key, rsa.RSAPublicKey):
            raise InvalidSignature
        given = bytes.fromhex(signature) if hexadecimal else base64.b64decode(signature, validate=True)
        key.verify(given, text, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError) as fault:
        raise Unauthenticated("X-SIGNATURE is not the hub's over this message", code="signature-wrong") from fault
