"""Signed REST for Python with joserfc: a detached JWS (RFC 7515 appendix F) over the exact bytes of the body.

hub = SignedRest(Path(".demo/agencies/dpupr"))
answer = hub.ask("permit-validity", "dpupr-2026/1.0", {"permitNumber": "001/PBG/XI/2026"})
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import urllib.error
import urllib.request
import uuid
from email.message import Message
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import import_key

HUB = "dpmptsp"  # the office's id in signatures
LIFE_S, SKEW_S = 300, 60
ALLOWED = ["PS256", "RS256", "ES256", "ES384", "Ed25519"]
REGISTRY = jws.JWSRegistry(algorithms=ALLOWED, strict_check_header=False)  # our own members: agr, int, rel, leaf

ENCRYPTION = jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM", "A128GCM"])


class Refused(Exception):
    """The hub's refusal, or an answer that the hub did not sign."""


class SignedRest:
    """The hub's REST address. `folder` holds key.pem (RSA), certificate.pem and config.json."""

    def __init__(self, folder: Path) -> None:
        self._config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._key = import_key((folder / "key.pem").read_bytes(), "RSA")
        self._certificate = _thumbprint((folder / "certificate.pem").read_bytes())
        hub = Path(self._config["hub_certificate"]).read_bytes()
        self._hub_certificate = _thumbprint(hub)
        self._hub = import_key(hub, "RSA")
        self._confidential = self._config.get("confidential", False)  # as the agreement says of the interaction

    def ask(self, interaction: str, agreement: str, question: dict[str, Any], path: str = "") -> Any:
        """Send `question` signed; gives the verified answer. The path is the interaction's name unless told."""
        body, now = json.dumps(question).encode(), int(time.time())
        protected = {
            "alg": "RS256",
            "x5t#S256": self._certificate,  # names our certificate
            "iss": self._config["agency"],
            "aud": HUB,
            "iat": now,
            "exp": now + LIFE_S,
            "jti": str(uuid.uuid4()),  # the message id: a new one for each message
            "agr": agreement,
            "int": interaction,
        }
        head, _, signature = jws.serialize_compact(protected, body, self._key, registry=REGISTRY).split(".")
        sent, media = body, "application/json"
        if self._confidential:  # signed first, encrypted then
            jose = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "json", "x5t#S256": self._hub_certificate}
            sent, media = jwe.encrypt_compact(jose, body, self._hub, registry=ENCRYPTION).encode(), "application/jose"
        status, headers, answer = _post(
            f"{self._config['hub']}/rest/{self._config['agency']}/{path or interaction}",
            sent,
            {"Content-Type": media, "X-JWS-Signature": f"{head}..{signature}"},
        )
        if headers.get_content_type() == "application/jose":
            answer = self._decrypt(answer)
        signed = headers.get("X-JWS-Signature")
        if signed is None and status >= 400:
            raise Refused(_explain(answer))  # who proves nothing gets an unsigned refusal
        self._verify(signed or "", answer, body)
        if status >= 400:
            raise Refused(_explain(answer))
        return json.loads(answer)

    def _decrypt(self, answer: bytes) -> bytes:
        try:
            return jwe.decrypt_compact(answer, self._key, registry=ENCRYPTION).plaintext
        except (JoseError, ValueError) as fault:
            raise Refused("the answer cannot be decrypted with our key") from fault

    def _verify(self, signed: str, answer: bytes, request: bytes) -> None:
        """Check that the hub signed these very bytes (ditandatangani), for us, in answer to our request."""
        head, _, signature = signed.replace("..", ".", 1).partition(".")
        try:
            verified = jws.deserialize_compact(f"{head}.{_base64url(answer)}.{signature}", self._hub, registry=REGISTRY)
        except (JoseError, ValueError) as fault:
            raise Refused(f"the answer is not what the hub signed ({fault})") from fault
        said = verified.headers()
        expected = {
            "x5t#S256": self._hub_certificate,
            "iss": HUB,
            "aud": self._config["agency"],
            "rel": _base64url(hashlib.sha256(request).digest()),  # our request, by its digest
        }
        for name, value in expected.items():
            if said.get(name) != value:
                raise Refused(f"the answer is not for us: {name} is {said.get(name)}, expected is {value}")
        if said["exp"] + SKEW_S < time.time():
            raise Refused("the answer has expired")


def _post(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, Message, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - the hub's own URL
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 - the hub's own URL
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


def _explain(body: bytes) -> str:
    """Say in one line what a refusal says (RFC 9457): code, what is wrong, clause, every violation's path."""
    said = json.loads(body)
    clause = f" [{said['clause']}]" if said.get("clause") else ""
    violations = "".join(f"\n  {each['path']}: {each['text']}" for each in said.get("violations", ()))
    return f"the hub refuses (ditolak): {said['code']}: {said['detail']}{clause}{violations}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _thumbprint(pem: bytes) -> str:
    return _base64url(x509.load_pem_x509_certificate(pem).fingerprint(SHA256()))
