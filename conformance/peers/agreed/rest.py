"""The agency's voice over REST: JSON with a detached JWS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from conformance.peers.agreed.agreement import Part
from conformance.peers.agreed.voices import OFFICE, Letter, Seat, Taken
from conformance.signing import jws
from gateway.contract.message import Payload
from gateway.domain.errors import GatewayError, Malformed, Misconfigured, Retriable, SchemaViolation, Unauthenticated
from gateway.validation.json_parse import parse_json

JSON = "application/json"
MAX_BYTES = 5 * 1024 * 1024


class RestVoice:
    """Speaks for a seat."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._agency = seat.script.adapter.agency.id

    def take(self, headers: Mapping[str, str], body: bytes) -> Taken:
        """Verify, find the interaction by the signature's `int`, and hold the body to its JSON Schema."""
        claims = self._verified(headers, body)
        spoken = (each for each in self._seat.script.parts if not each.soap and each.hub_speaks_first)
        part = next((each for each in spoken if each.declared.name == claims.get("int")), None)
        if part is None:
            raise SchemaViolation(f"interaction {claims.get('int')!r} is none that is agreed", code="action-unknown")
        payload = self._object(body)
        violations = self._seat.script.library.json(part.heard).check(payload)
        if violations:
            raise SchemaViolation("the message breaks the agreed schema", violations=violations)
        return Taken(
            part=part,
            message_id=str(claims["jti"]),
            digest=hashlib.sha256(body).hexdigest(),
            payload=payload,
            echo={"rel": jws.body_digest(body)},
        )

    def answer(self, taken: Taken, document: str, payload: Payload) -> Response:  # noqa: ARG002 - the voice's signature
        """Sign the body, which names the digest of the request."""
        body = _body(payload)
        token = self._token(body, taken.part.declared.name, self._seat.new_id(), taken.echo["rel"])
        return Response(body, media_type=JSON, headers={jws.HEADER: token})

    def refuse(self, error: GatewayError) -> Response:
        """Write an RFC 9457 problem; unsigned, for it decides nothing."""
        ours = isinstance(error, Retriable | Misconfigured)
        problem = {
            "type": f"urn:simojo:problem:{error.code}",
            "title": error.code,
            "status": 500 if ours else 400,
            "detail": error.text,
            "code": error.code,
            "violations": [{"path": each.path, "rule": each.rule, "text": each.text} for each in error.violations],
        }
        return Response(_body(problem), status_code=500 if ours else 400, media_type="application/problem+json")

    def letter(self, part: Part, document: str, payload: Payload, message_id: str, about: str | None) -> Letter:  # noqa: ARG002 - the voice's signature
        """Sign a message to the hub; `rel` names the message that it answers."""
        path = part.declared.path or part.declared.name if not part.hub_speaks_first else part.declared.name
        body = _body(payload)
        token = self._token(body, part.declared.name, message_id, about)
        url = f"{self._seat.hub_url}/rest/{self._agency}/{path}"
        return Letter(url=url, headers={"Content-Type": JSON, jws.HEADER: token}, body=body)

    def heard(self, letter: Letter, message_id: str, status: int, headers: Mapping[str, str], body: bytes) -> Payload:  # noqa: ARG002 - the voice's signature
        """Verify the hub's answer and that it is one to this body."""
        if status != 200:
            said = body[:300].decode("utf-8", "replace")
            raise Malformed(f"the hub answered HTTP {status}: {said}", code="not-acknowledged")
        claims = self._verified(headers, body)
        if claims.get("rel") != jws.body_digest(letter.body):
            raise Unauthenticated("the hub's answer is one to another message", code="signature-claims")
        return self._object(body)

    # --- within -----------------------------------------------------------------------------------------------------

    def _verified(self, headers: Mapping[str, str], body: bytes) -> dict[str, str | int]:
        return jws.verify_detached(
            headers.get(jws.HEADER.lower(), ""),
            body,
            self._seat.certificates(),
            issuer=OFFICE,
            audience=self._agency,
            at=self._seat.clock(),
        )

    def _object(self, body: bytes) -> Payload:
        payload: Any = parse_json(body, max_bytes=MAX_BYTES)
        if not isinstance(payload, dict):
            raise Malformed("the body is no JSON object", code="malformed")
        return payload

    def _token(self, body: bytes, interaction: str, message_id: str, rel: str | None) -> str:
        claims: dict[str, str | int] = {
            "iss": self._agency,
            "aud": OFFICE,
            "jti": message_id,
            "agr": self._seat.script.reference,
            "int": interaction,
        }
        if rel is not None:
            claims["rel"] = rel
        return jws.sign_detached(body, self._seat.identity, claims, at=self._seat.clock())


def _body(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
