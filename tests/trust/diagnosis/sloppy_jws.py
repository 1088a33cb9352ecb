"""A client that makes detached JWS wrongly, really: one thing is wrong, and everything else is right."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from gateway.domain.errors import Unauthenticated
from gateway.trust.diagnosis import Finding, explain_jws
from gateway.trust.jws import verify_detached
from gateway.trust.keys import SigningKey
from tests.trust.diagnosis.sloppy import failed, pkcs1
from tests.trust.parties import AT, key, registered

BODY = '{"nama":"René Contoh","url":"https://contoh.example/a","luas":120.50}'.encode()
Signs = Callable[[bytes], bytes]


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def header(signer: SigningKey, **changes: object) -> dict[str, object]:
    said: dict[str, object] = {
        "alg": {"rsa": "RS256", "p-256": "ES256"}[signer.kind],
        "x5t#S256": b64url(bytes.fromhex(signer.fingerprint)),
        "iss": "dpupr",
        "aud": "dpmptsp",
        "iat": int(AT.timestamp()),
        "exp": int(AT.timestamp()) + 300,
        "jti": "1",
        "agr": "dpupr-2026/1.0",
        "int": "permit-validity",
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def jws(
    *,
    signed: bytes = BODY,
    signs: Signs = pkcs1,
    signer: SigningKey | None = None,
    payload: Callable[[bytes], bytes] = lambda body: b64url(body).encode(),
    write: Callable[[bytes], str] = b64url,
    **changes: Any,
) -> str:
    protected = b64url(json.dumps(header(signer or key("rsa"), **changes)).encode())
    return f"{protected}..{write(signs(protected.encode() + b'.' + payload(signed)))}"


def explained(
    field: str, body: bytes = BODY, *signers: SigningKey, at: datetime = AT, interaction: str = "permit-validity"
) -> tuple[Finding, ...]:
    certificates = [registered(each) for each in signers or [key("rsa")]]
    findings = explain_jws(field, body, certificates, at, "dpmptsp", agency="dpupr", interaction=interaction)
    try:
        verify_detached(field, body, certificates, at, audience="dpmptsp")
    except Unauthenticated:
        assert failed(findings)
    return findings
