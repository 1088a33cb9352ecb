"""The hub's side of the REST profile, for peers: it signs what it sends, and its acknowledgements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from fastapi.testclient import TestClient

from conformance.peers.peer import Peer
from conformance.signing import jws
from conformance.signing.keys import Identity
from tests.conformance.conftest import NOW, Heard


def send(
    peer: Peer,
    hub: Identity,
    path: str,
    interaction: str,
    payload: Mapping[str, Any],
    *,
    message_id: str,
    **claims: str,
) -> Any:
    """Post a message to a peer, signed by the hub."""
    body = json.dumps(payload).encode()
    named = {
        "iss": "dpmptsp",
        "aud": peer.agency,
        "jti": message_id,
        "agr": f"{peer.agency}-2026/1.0",
        "int": interaction,
        **claims,
    }
    token = jws.sign_detached(body, hub, named, at=NOW)
    headers = {"Content-Type": "application/json", jws.HEADER: token}
    return TestClient(peer.app).post(path, content=body, headers=headers)


def verified(peer: Peer, answer: Any, hub_said: Mapping[str, Any]) -> Any:
    """What a peer answered, its signature verified, and seen to be an answer to this request."""
    claims = jws.verify_detached(
        answer.headers[jws.HEADER],
        answer.content,
        [peer.identity.certificate],
        issuer=peer.agency,
        audience="dpmptsp",
        at=NOW,
    )
    assert claims["rel"] == jws.body_digest(json.dumps(hub_said).encode())
    return answer.json()


def claims_of(heard: Heard, peer: Peer) -> dict[str, str | int]:
    """The header of a message that a peer sent to the hub, its signature verified."""
    token = heard.headers["x-jws-signature"]
    certificates = [peer.identity.certificate]
    return jws.verify_detached(token, heard.body, certificates, issuer=peer.agency, audience="dpmptsp", at=NOW)


def acknowledges(heard: Heard, hub: Identity, peer: Peer, **twists: str) -> Response:
    """The hub's signed acknowledgement of a message."""
    claims = claims_of(heard, peer)
    body = json.dumps({"messageId": twists.get("about", str(claims["jti"])), "receivedAt": "2026-03-02T02:00:00Z"})
    said = {
        "iss": "dpmptsp",
        "aud": peer.agency,
        "jti": "a-1",
        "agr": str(claims["agr"]),
        "int": str(claims["int"]),
        "rel": twists.get("rel", jws.body_digest(heard.body)),
    }
    token = jws.sign_detached(body.encode(), hub, said, at=NOW)
    return Response(body, media_type="application/json", headers={jws.HEADER: token})
