"""Technical recommendations over REST, both ways under a detached JWS.

Besides the signature, `int` and the document have to be the agreed ones. Acknowledgement and reply name the request by
`rel`, the digest of its bytes; the answer that comes later names it by `rel`, the message id (`jti`) of the request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx2
from fastapi import Response
from fastapi.responses import JSONResponse

from conformance.peers.documents import json_violations
from conformance.peers.journal import Entry
from conformance.peers.recommendation import INTERACTION, Asked, Members, RecommendationPeer
from conformance.signing import jws
from gateway.domain.errors import (
    GatewayError,
    Malformed,
    Misconfigured,
    Retriable,
    SchemaViolation,
    Unauthenticated,
)

HUB = "dpmptsp"
"""The hub's id in signatures."""


class RestRecommendationPeer(RecommendationPeer):
    """An office that speaks JSON."""

    def new_message_id(self) -> str:
        """A UUID."""
        return self.surroundings.new_id()

    def serve(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer with a signed acknowledgement, or a problem."""
        try:
            claims, payload = self.read(headers, body, INTERACTION)
            entry = self.taken(
                Asked(
                    message_id=str(claims["jti"]),
                    digest=hashlib.sha256(body).hexdigest(),
                    case=str(payload[self.case_member]),
                    said=body.decode("utf-8", "replace"),
                    more={"agreement": str(claims["agr"])},
                )
            )
        except GatewayError as refused:
            return self.refused(refused)
        said = {"messageId": entry["message_id"], "receivedAt": entry["at"], "exchange": entry["exchange"]}
        return self.reply(said, claims, body, entry["acknowledgement_id"])

    def say(self, entry: Entry, members: Members, message_id: str) -> Members:
        """Post an answer that relates to the request; the hub's acknowledgement has to be signed."""
        body = _written(members)
        claims = {"jti": message_id, "agr": entry["agreement"], "int": INTERACTION, "rel": entry["message_id"]}
        headers = {"Content-Type": "application/json", jws.HEADER: self._signature(body, claims)}
        url = f"{self.config.hub_url}/rest/{self.agency}/{INTERACTION}"
        answer = self.client.post(url, content=body, headers=headers)
        proven = self._acknowledged(answer, body, message_id)
        return {"leaf": proven.get("leaf"), "body": body.decode(), "acknowledgement": answer.text}

    def read(
        self, headers: Mapping[str, str], body: bytes, interaction: str
    ) -> tuple[Mapping[str, str | int], dict[str, Any]]:
        """Give the protected header and the payload of what the hub asks under an interaction.

        Raises Unauthenticated, Malformed, and SchemaViolation with every violation.
        """
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Malformed("the content type is not application/json", code="content-type-wrong")
        token = headers.get(jws.HEADER.lower(), "")
        claims = jws.verify_detached(
            token, body, self.hub_certificates(), issuer=HUB, audience=self.agency, at=self.now()
        )
        if claims.get("int") != interaction:
            text = f"int is {claims.get('int')!r}, this address is for {interaction!r}"
            raise Unauthenticated(text, code="signature-claims")
        try:
            payload = json.loads(body)
        except ValueError as fault:
            raise Malformed("the body is no JSON", code="json-malformed") from fault
        violations = json_violations(f"{self.agency}/{interaction}/1.0/request", payload)
        if violations:
            raise SchemaViolation("the request breaks the agreed schema", violations=violations)
        return claims, payload

    def reply(self, said: Members, asked: Mapping[str, str | int], body: bytes, message_id: str) -> Response:
        """Say something in the same call, signed, to the request with that protected header and body."""
        written = _written(said)
        claims = {"jti": message_id, "agr": asked["agr"], "int": asked["int"], "rel": jws.body_digest(body)}
        return Response(written, media_type="application/json", headers={jws.HEADER: self._signature(written, claims)})

    def refused(self, refusal: GatewayError) -> Response:
        """Say no. Nobody relies on the reasons of a refusal: it is not signed."""
        self.journal.append("refused", code=refusal.code, text=refusal.text)
        again = isinstance(refusal, (Retriable, Misconfigured))
        status = 503 if again else 401 if isinstance(refusal, Unauthenticated) else 400
        violations = [{"path": each.path, "rule": each.rule, "text": each.text} for each in refusal.violations]
        said = {"status": status, "code": refusal.code, "detail": refusal.text, "violations": violations}
        return JSONResponse(said, status_code=status, media_type="application/problem+json")

    def _signature(self, body: bytes, claims: Mapping[str, str | int]) -> str:
        named = {"iss": self.agency, "aud": HUB, **claims}
        return jws.sign_detached(body, self.identity, named, at=self.now())

    def _acknowledged(self, answer: httpx2.Response, sent: bytes, answer_id: str) -> Mapping[str, str | int]:
        """Verify that the hub acknowledges this very answer. Raises Malformed or Unauthenticated."""
        if answer.status_code != 200:
            raise Malformed(f"the hub answered HTTP {answer.status_code}, {_problem(answer)}", code="not-acknowledged")
        token = answer.headers.get(jws.HEADER, "")
        proven = jws.verify_detached(
            token, answer.content, self.hub_certificates(), issuer=HUB, audience=self.agency, at=self.now()
        )
        said = json.loads(answer.content)
        if (said.get("messageId"), proven.get("rel")) != (answer_id, jws.body_digest(sent)):
            raise Malformed(f"the hub acknowledges {said.get('messageId')!r}, not {answer_id}", code="not-acknowledged")
        return proven


def _written(members: Members) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def _problem(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, LookupError, TypeError):
        return "no problem"
