"""The obvious program over REST: FastAPI, jsonschema, joserfc and a SQLModel session, as one would write it.

It does what an exchange cannot do without: verifies the signature and who and what it is for, refuses other content
under a known message id and answers a repeat as before, holds the timestamp and the schema, stores request and answer,
and signs the answer. It has no agreements, no ledger, no cases, no limits. Run by uvicorn, as documented.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from base64 import urlsafe_b64encode
from typing import Annotated, Any

from cryptography.hazmat.primitives import hashes
from cryptography.x509 import load_pem_x509_certificate
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import Response
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from jsonschema import Draft202012Validator
from sqlmodel import Session

from benchmarks.reference_store import Exchange, folder, known, make_tables, now, schema_file, session

HEADER = "X-JWS-Signature"
LIFE_S, SKEW_S = 300, 60


REGISTRY = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)


class Signatures:
    """Verifies the agency's signatures and makes the office's. Keys are read once."""

    def __init__(self) -> None:
        keys = folder()
        agency_pem, hub_pem = (keys / "bench.pem").read_bytes(), (keys / "dpmptsp.pem").read_bytes()
        self._agency_key = ECKey.import_key(agency_pem)
        self._hub_key = ECKey.import_key((keys / "dpmptsp.key.pem").read_bytes())
        self._agency_thumbprint, self._hub_thumbprint = thumbprint(agency_pem), thumbprint(hub_pem)

    def verify(self, signature: str, body: bytes, agency: str, interaction: str) -> dict[str, Any]:
        """The protected header. Raises HTTPException 401."""
        try:
            header = jws.deserialize_compact(signature, self._agency_key, registry=REGISTRY, payload=body).headers()
        except JoseError as error:
            raise HTTPException(401, f"the signature does not hold: {error}") from error
        said = (header.get("iss"), header.get("aud"), header.get("int"), header.get("x5t#S256"))
        if said != (agency, "dpmptsp", interaction, self._agency_thumbprint) or "jti" not in header:
            raise HTTPException(401, "the signature is for something else")
        return header

    def sign(self, body: bytes, claims: dict[str, Any]) -> str:
        """A detached signature."""
        issued = int(now().timestamp())
        header = {"alg": "ES256", "x5t#S256": self._hub_thumbprint, "iat": issued, "exp": issued + LIFE_S, **claims}
        return jws.detach_content(jws.serialize_compact(header, body, self._hub_key, registry=REGISTRY))


def make() -> FastAPI:
    """The application (uvicorn --factory)."""
    signatures = Signatures()
    schema = json.loads(schema_file("request.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    make_tables()
    app = FastAPI()

    @app.post("/rest/{agency}/{interaction}")
    def receive(
        agency: str,
        interaction: str,
        request: Request,
        body: Annotated[bytes, Depends(raw_body)],
        opened: Annotated[Session, Depends(session)],
    ) -> Response:
        signature = request.headers.get(HEADER, "")
        header = signatures.verify(signature, body, agency, interaction)
        message_id, digest = header["jti"], hashlib.sha256(body).hexdigest()
        earlier = known(opened, agency, message_id)
        if earlier is not None:
            if earlier.digest != digest:
                raise HTTPException(409, "this message id was used with other content")
            return answered(earlier.answer, earlier.answer_signature)
        at = now().timestamp()
        if not header["iat"] - SKEW_S <= at <= header["exp"] + SKEW_S:
            raise HTTPException(401, "the message is not fresh")
        try:
            document = json.loads(body)
        except ValueError as error:
            raise HTTPException(400, "the body is not JSON") from error
        if violations := [error.message for error in validator.iter_errors(document)]:
            raise HTTPException(422, violations)
        acknowledgement = {
            "messageId": message_id,
            "receivedAt": now().isoformat(timespec="seconds"),
            "exchange": str(uuid.uuid4()),
        }
        answer = json.dumps(acknowledgement).encode()
        claims = {
            "iss": "dpmptsp",
            "aud": agency,
            "jti": f"{message_id}.answer",
            "agr": header["agr"],
            "int": interaction,
            "rel": base64url(hashlib.sha256(body).digest()),
        }
        answer_signature = signatures.sign(answer, claims)
        opened.add(
            Exchange(
                agency=agency,
                interaction=interaction,
                message_id=message_id,
                digest=digest,
                request=body,
                signature=signature,
                answer=answer,
                answer_signature=answer_signature,
                received_at=now(),
            )
        )
        opened.commit()
        return answered(answer, answer_signature)

    return app


async def raw_body(request: Request) -> bytes:
    """The bytes as they came: they are what is signed."""
    return await request.body()


def answered(body: bytes, signature: str) -> Response:
    """A signed answer."""
    return Response(body, media_type="application/json", headers={HEADER: signature})


def thumbprint(pem: bytes) -> str:
    """A certificate's x5t#S256."""
    return base64url(load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()))


def base64url(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
