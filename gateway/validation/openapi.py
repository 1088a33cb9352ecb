"""OpenAPI 3.1 from an agreement: what one agency may call over REST, with the agreed JSON Schemas as they are.

What the agency itself serves under our own profile, for what we send to it, stands under `webhooks`.
What the agreement calls confidential travels as a JWE around the agreed document (`application/jose`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, TypeGuard

from gateway.contract.adapter import Adapter, Batch, Inbound, Interaction, Notification, Query, Request
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for, speaks_to_us
from gateway.domain.errors import Misconfigured
from gateway.validation.examples import examples_of
from gateway.validation.library import ACKNOWLEDGEMENT, BATCH_ACCEPTED, BATCH_MANIFEST, SchemaLibrary

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

SNAP_BI = ("snap-bi", "snap-bi-path", "snap-bi-hex", "snap-bi-path-hex")
"""What `gateway.dialect` calls its ways of signing by SNAP BI."""

_SNAP_TOKEN: Mapping[str, Any] = {
    "type": "http",
    "scheme": "bearer",
    "description": "SNAP BI access token (900 s) from access-token/b2b, with X-TIMESTAMP, X-SIGNATURE "
    "(HMAC-SHA512), X-PARTNER-ID, X-EXTERNAL-ID and CHANNEL-ID.",
}

SECURITY: Mapping[str, Mapping[str, Any]] = {
    **dict.fromkeys(SNAP_BI, _SNAP_TOKEN),
    "jws": {
        "type": "apiKey",
        "in": "header",
        "name": "X-JWS-Signature",
        "description": "Detached JWS (RFC 7515 appendix F) over the exact body; see README, talk to the gateway.",
    },
    "oss-token": {
        "type": "apiKey",
        "in": "header",
        "name": "Token",
        "description": "SHA1(USERNAME + PASSWORD + NIB + YYYYMMDD of Jakarta).",
    },
    "sms-key": {"type": "apiKey", "in": "header", "name": "X-Passkey", "description": "The agreed report key."},
}


REFUSED: Mapping[str, Any] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

_TEXT: Mapping[str, Any] = {"type": "string", "minLength": 1}
JWS = "jws"
SIGNED: Mapping[str, Any] = {"headers": {"X-JWS-Signature": {"schema": _TEXT}}}

_SNAP_HEADERS: Mapping[str, str] = {
    "X-TIMESTAMP": "ISO 8601 with the zone, as 2026-03-02T09:00:00+07:00.",
    "X-SIGNATURE": "base64 (or hex, as agreed) of HMAC-SHA512 over method, path, token, body digest and X-TIMESTAMP.",
    "X-PARTNER-ID": "The bank's client id.",
    "X-EXTERNAL-ID": "Digits, unique within its day; the message's identity.",
    "CHANNEL-ID": "The channel that the parties agreed.",
}
HEADERS: Mapping[str, Mapping[str, str]] = dict.fromkeys(SNAP_BI, _SNAP_HEADERS)
"""Headers that a security profile asks for beside its credential, by profile."""


JWE = (
    "Compact JWE (RFC 7516) to the receiver's certificate: alg RSA-OAEP-256, ECDH-ES or ECDH-ES+A256KW, enc A256GCM or "
    "A128GCM, cty json. The detached JWS is over the plaintext: signed, then encrypted."
)


def openapi_document(
    adapter: Adapter,
    agreement: Agreement | None,
    library: SchemaLibrary,
    public_url: str,
    own: Sequence[tuple[Inbound, AgreedInteraction]] = (),
) -> dict[str, Any]:
    """What that agency may call, as agreed: inquiries, submissions, and the answers to our requests.

    `agreement` is the version that it may call them under, or None; `own` are the hub's own inquiries with their terms,
    which need none and are refused as problems. SOAP interactions have a WSDL instead. Raises Misconfigured
    `profile-unknown` for a security profile that cannot be described, `schema-unknown` for a document that is not
    published.
    """
    paths: dict[str, Any] = {}
    webhooks: dict[str, Any] = {}
    profiles: dict[str, Any] = {}
    for agreed in agreement.interactions if agreement is not None else ():
        declared = None if agreement is None else declared_for(adapter, agreement, agreed)
        if declared is not None and speaks_to_us(declared) and not agreed.transport.is_soap:
            path = declared.path if isinstance(declared, Inbound) else ""
            operation = _operation(adapter, declared, agreed, library)
            paths[f"/rest/{adapter.agency.id}/{path or declared.name}"] = {"post": operation}
            profiles[declared.security] = _profile(declared)
        if agreed.security == JWS and _is_served_by_the_agency(declared):
            webhooks[declared.name] = {"post": _served_by_the_agency(declared, agreed, library)}
            profiles[JWS] = SECURITY[JWS]
    for question, terms in own:
        operation = _operation(replace(adapter, dialect=None), question, terms, library)
        paths[f"/rest/{adapter.agency.id}/{question.path}"] = {"post": operation}
        profiles[question.security] = _profile(question)
    says = "No agreement is in force: what is listed needs none."
    if agreement is not None:
        says = f"Agreement {agreement.id}, {agreement.number}. What it does not name is refused."
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"SIMOJO Gateway: {adapter.agency.name}",
            "version": agreement.version if agreement else "0",
            "description": says,
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        **({"webhooks": webhooks} if webhooks else {}),
        "components": {"securitySchemes": profiles, "schemas": {"Problem": PROBLEM}},
    }


def _profile(declared: Interaction) -> Mapping[str, Any]:
    if declared.security not in SECURITY:
        raise Misconfigured(
            f"{declared.name}: profile {declared.security!r} is not one that agencies speak to the hub; "
            f"those are {', '.join(SECURITY)}",
            code="profile-unknown",
        )
    return SECURITY[declared.security]


def _operation(
    adapter: Adapter, declared: Interaction, agreed: AgreedInteraction, library: SchemaLibrary
) -> dict[str, Any]:
    said, reply = _documents(declared)
    refused = REFUSED
    if adapter.dialect_of(declared) is not None:  # such an agency hears no in its own shape
        refused = {"application/json": {"schema": dict(library.json(reply).schema)}}
    if agreed.confidential:
        refused = {**refused, "application/jose": {"schema": _encrypted({"$ref": "#/components/schemas/Problem"})}}
    asked, answered = (_content(each, agreed, library) for each in (said, reply))
    signed = SIGNED if declared.security == JWS else {}
    return {
        "operationId": declared.name,
        "summary": f"{agreed.model}; {', '.join(agreed.services)}; {agreed.personal.purpose}",
        "security": [{declared.security: []}],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": _TEXT, "description": text}
            for name, text in HEADERS.get(declared.security, {}).items()
        ],
        "requestBody": {"required": True, "content": asked},
        "responses": {
            "200": {"description": "As agreed.", "content": answered, **signed},
            "4XX": {"description": "Refused; change the message before sending again.", "content": refused},
            "5XX": {"description": "Nothing was kept; send the same again later.", "content": refused},
        },
    }


_Served: TypeAlias = Query[Any] | Notification[Any] | Request[Any] | Batch


def _is_served_by_the_agency(declared: Interaction | None) -> TypeGuard[_Served]:
    """Whether the hub calls the agency in it over REST."""
    return isinstance(declared, Query | Notification | Request) or (
        isinstance(declared, Batch) and declared.is_of_office
    )


def _served_by_the_agency(declared: _Served, agreed: AgreedInteraction, library: SchemaLibrary) -> dict[str, Any]:
    """What we send, and what has to come back. Its address is the agency's own, which staff register.

    Of the office's file that is its manifest, and where its pieces go (`docs/wire.md`).
    """
    said: str = declared.request
    reply: str | None = ACKNOWLEDGEMENT
    match declared:
        case Query() | Notification():
            reply = declared.reply
        case Batch():
            said, reply = BATCH_MANIFEST, BATCH_ACCEPTED
    answer: dict[str, Any] = {"2XX": {"description": "Any such answer acknowledges it."}}
    if reply is not None:
        answer = {"200": {"description": "As agreed.", "content": _content(reply, agreed, library), **SIGNED}}
    return {
        "operationId": f"{declared.name}.served",
        "summary": f"{agreed.model}; the hub calls the agency; {', '.join(agreed.services)}; {agreed.personal.purpose}",
        "security": [{JWS: []}],
        "requestBody": {"required": True, "content": _content(said, agreed, library)},
        "responses": answer,
    }


def _documents(declared: Interaction) -> tuple[str, str]:
    """What is sent, and what it is answered with. Of a batch that is its manifest, and where its file goes."""
    match declared:
        case Request():
            return declared.answer, ACKNOWLEDGEMENT
        case Batch():
            return BATCH_MANIFEST, BATCH_ACCEPTED
        case _:
            return declared.request, getattr(declared, "reply", None) or ACKNOWLEDGEMENT


def _content(document: str, agreed: AgreedInteraction, library: SchemaLibrary) -> dict[str, Any]:
    """The agreed document as it travels: in clear with examples, or as what a JWE holds."""
    if agreed.confidential:
        return {"application/jose": {"schema": _encrypted(dict(library.json(document).schema))}}
    return _in_clear(document, library)


def _in_clear(document: str, library: SchemaLibrary) -> dict[str, Any]:
    schema = dict(library.json(document).schema)
    examples = {each.path.stem: {"value": json.loads(each.data)} for each in examples_of(document, library, soap=False)}
    return {"application/json": {"schema": schema, "examples": examples}}


def _encrypted(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "string",
        "description": JWE,
        "contentMediaType": "application/json",
        "contentSchema": schema,
    }
