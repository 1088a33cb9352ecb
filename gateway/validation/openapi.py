"""OpenAPI 3.1 from an agreement: what one agency may call over REST, with the agreed JSON Schemas as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.contract.adapter import Adapter, Inbound, Inquiry, Interaction, Submission
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; what a program decides by."},
        "clause": {"type": "string", "description": "What it breaks: a clause of the agreement, or a Pasal."},
        "exchange": {"type": "string"},
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "path": {"type": "string", "description": "JSON pointer"},
                    "rule": {"type": "string"},
                    "text": {"type": "string"},
                },
            },
        },
    },
}

SECURITY: Mapping[str, Mapping[str, Any]] = {
    "jws": {
        "type": "apiKey",
        "in": "header",
        "name": "X-JWS-Signature",
        "description": "Detached JWS (RFC 7515 appendix F) over the exact body; see README, talk to the gateway.",
    },
    "snap-bi": {
        "type": "http",
        "scheme": "bearer",
        "description": "SNAP BI access token (900 s) from access-token/b2b, with X-TIMESTAMP, X-SIGNATURE "
        "(HMAC-SHA512), X-PARTNER-ID, X-EXTERNAL-ID and CHANNEL-ID.",
    },
    "oss-token": {
        "type": "apiKey",
        "in": "header",
        "name": "Token",
        "description": "SHA1(USERNAME + PASSWORD + NIB + YYYYMMDD of Jakarta).",
    },
    "sms-key": {"type": "apiKey", "in": "header", "name": "X-Passkey", "description": "The agreed report key."},
}


def openapi_document(adapter: Adapter, agreement: Agreement, library: SchemaLibrary, public_url: str) -> dict[str, Any]:
    """What that agency may call, as agreed; SOAP interactions have a WSDL instead."""
    paths: dict[str, Any] = {}
    profiles: dict[str, Any] = {}
    for declared in adapter.interactions:
        agreed = agreement.interaction(declared.name)
        if isinstance(declared, Inbound) and agreed is not None and not agreed.transport.is_soap:
            path = f"/rest/{adapter.agency.id}/{declared.path or declared.name}"
            paths[path] = {"post": _operation(declared, agreed, library)}
            profiles[declared.security] = SECURITY[declared.security]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"SIMOJO Gateway: {adapter.agency.name}",
            "version": agreement.version,
            "description": f"Agreement {agreement.id}, {agreement.number}. What it does not name is refused.",
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {"securitySchemes": profiles, "schemas": {"Problem": PROBLEM}},
    }


def _operation(declared: Interaction, agreed: AgreedInteraction, library: SchemaLibrary) -> dict[str, Any]:
    reply = declared.reply if isinstance(declared, Inquiry | Submission) and declared.reply else ACKNOWLEDGEMENT
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        "operationId": declared.name,
        "summary": f"{agreed.model}; {', '.join(agreed.services)}; {agreed.personal.purpose}",
        "security": [{declared.security: []}],
        "requestBody": {"required": True, "content": {"application/json": _content(declared.request, library)}},
        "responses": {
            "200": {"description": "As agreed.", "content": {"application/json": _content(reply, library)}},
            "4XX": {"description": "Refused; change the message before sending again.", "content": problem},
            "5XX": {"description": "Nothing was kept; send the same again later.", "content": problem},
        },
    }


def _content(document: str, library: SchemaLibrary) -> dict[str, Any]:
    folder = library.folder(document) / "examples" / document.rpartition("/")[2]
    examples = {
        path.stem: {"value": json.loads(path.read_text(encoding="utf-8"))}
        for path in sorted(folder.glob("*.json"))
        if not path.stem.endswith("_fail")
    }
    return {"schema": dict(library.json(document).schema), "examples": examples}
