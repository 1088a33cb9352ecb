"""SNAP BI (Bank Indonesia's open payment standard): the signatures that a bank makes."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Misconfigured


def timestamp(at: datetime) -> str:
    """Write X-TIMESTAMP: Jakarta time to the second with its offset."""
    return at.astimezone(JAKARTA).isoformat(timespec="seconds")


def token_signature(key: object, client_id: str, moment: str) -> str:
    """Sign a token request: base64 of SHA256withRSA over `client_id|X-TIMESTAMP`. Raises Misconfigured without RSA."""
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured("SNAP BI signs token requests with RSA: put an RSA key into key.pem")
    signature = key.sign(f"{client_id}|{moment}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(signature).decode()


def transaction_signature(secret: str, path: str, token: str, body: bytes, moment: str) -> str:
    """Sign a POST: base64 of HMAC-SHA512 over method, path, token, body digest and time.

    `body` must be minified already: no white space between tokens.
    """
    text = f"POST:{path}:{token}:{hashlib.sha256(body).hexdigest()}:{moment}"
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha512)).decode()
