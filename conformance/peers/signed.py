"""What peers share that speak the hub's own REST profile: a detached JWS over each body, both ways."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from fastapi import Request, Response
from fastapi.responses import JSONResponse

from conformance.peers.config import agreement_of
from conformance.peers.documents import json_violations
from conformance.peers.peer import Peer
from conformance.signing import jws
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Malformed, SchemaViolation, Unauthenticated

OFFICE = "dpmptsp"
JSON = "application/json"


@dataclass(frozen=True)
class Opened:
    """A message of the hub whose signature was verified, and the agreement under which it was said.

    `body` is what an answer names.
    """

    message_id: str
    agreement: str
    payload: Any
    body: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the body, base64url: the same content has the same one."""
        return jws.body_digest(self.body)


class SignedPeer(Peer):
    """An agency with a key, which believes nothing that the hub's key did not sign."""

    def hub_certificates(self) -> Sequence[x509.Certificate]:
        """Read the hub's certificates anew, since the hub may roll its key over. Raises Misconfigured."""
        return load_certificates(self.folder / Path(self.config.hub_certificate))

    def opened(self, request: Request, body: bytes, interaction: str, document: str) -> Opened:
        """Verify what the hub sent, and hold it to the agreed schema. Raises Unauthenticated or SchemaViolation."""
        claims = self._verified(request.headers.get(jws.HEADER, ""), body)
        if claims.get("int") != interaction:
            raise Unauthenticated(f"the JWS is not about {interaction}", code="signature-claims")
        try:
            payload = json.loads(body)
        except ValueError as fault:
            raise Malformed("the body is not JSON") from fault
        violations = json_violations(document, payload)
        if violations:
            raise SchemaViolation(f"the body breaks {document}", violations=violations)
        return Opened(message_id=str(claims["jti"]), agreement=str(claims["agr"]), payload=payload, body=body)

    def sealed(self, opened: Opened, interaction: str, payload: Mapping[str, Any]) -> Response:
        """Answer with a signature that names the request."""
        body = _body(payload)
        token = self._signed(body, f"{opened.message_id}.answer", interaction, opened.digest, opened.agreement)
        return Response(body, media_type=JSON, headers={jws.HEADER: token})

    def refused(self, fault: GatewayError) -> Response:
        """Refuse what could not be taken: 401 for an unproven message, 400 else."""
        self.journal.append("refused", code=fault.code, text=fault.text)
        status = 401 if isinstance(fault, Unauthenticated) else 400
        return JSONResponse({"code": fault.code, "detail": fault.text}, status_code=status)

    def tell(
        self,
        interaction: str,
        payload: Mapping[str, Any],
        message_id: str,
        relates_to: str | None = None,
        agreement: str | None = None,
    ) -> dict[str, Any]:
        """Send to the hub, and give its acknowledgement once its signature is verified.

        `agreement`: the one of the message that this answers, whatever is in force by now; None: today's.

        Raises Malformed or Unauthenticated for another answer, httpx2.HTTPError when none came.
        """
        body = _body(payload)
        token = self._signed(body, message_id, interaction, relates_to, agreement)
        answer = self.client.post(
            f"{self.config.hub_url}/rest/{self.agency}/{interaction}",
            content=body,
            headers={"Content-Type": JSON, jws.HEADER: token},
        )
        if answer.status_code != 200:
            raise Malformed(f"the hub answered HTTP {answer.status_code}: {answer.text[:500]}", code="not-acknowledged")
        claims = self._verified(answer.headers.get(jws.HEADER, ""), answer.content)
        said: dict[str, Any] = answer.json()
        if claims.get("rel") != jws.body_digest(body) or said.get("messageId") != message_id:
            raise Malformed(f"the hub's answer does not acknowledge {message_id}", code="not-acknowledged")
        return said

    def told(
        self,
        reference: str,
        interaction: str,
        payload: Mapping[str, Any],
        message_id: str,
        relates_to: str | None = None,
        agreement: str | None = None,
    ) -> bool:
        """Make one attempt to tell the hub; the journal says how it ended. True when the hub has acknowledged it."""
        try:
            said = self.tell(interaction, payload, message_id, relates_to, agreement)
        except (httpx2.HTTPError, GatewayError) as fault:
            text = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self.journal.append("report-failed", reference=reference, text=text)
            return False
        self.journal.append("report-acknowledged", reference=reference, report=dict(payload), answer=said)
        return True

    def _signed(
        self, body: bytes, message_id: str, interaction: str, relates_to: str | None, agreement: str | None = None
    ) -> str:
        claims = {
            "iss": self.agency,
            "aud": OFFICE,
            "jti": message_id,
            "agr": agreement or agreement_of(self.agency, local_date(self.now())),
            "int": interaction,
            **({"rel": relates_to} if relates_to else {}),
        }
        return jws.sign_detached(body, self.identity, claims, at=self.now())

    def _verified(self, token: str, body: bytes) -> dict[str, str | int]:
        return jws.verify_detached(
            token, body, self.hub_certificates(), issuer=OFFICE, audience=self.agency, at=self.now()
        )


def _body(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
