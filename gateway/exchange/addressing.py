"""What is put into a message of ours beside secrets: documents of the case, and payload members in its URL.

A mapping is pure and knows a document by its digest alone: it writes `{{document:<sha256>}}`, and the bytes take that
place when the message is sent, in base64. Only members that the interaction names in `documents` are looked at, and
only documents of the delivery's own case are put in, so nothing that an applicant wrote can ask for one. The delivery
keeps its payload as the mapping wrote it; what left is kept as it left.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from urllib.parse import quote

from gateway.contract.adapter import Interaction
from gateway.contract.message import Json, Payload
from gateway.domain.errors import MappingFault

_PLACE = re.compile(r"\{\{document:([0-9a-f]{64})\}\}")
_MEMBER = re.compile(r"\{([A-Za-z0-9_]+)\}")


def with_documents(interaction: Interaction, payload: Payload, document: Callable[[str], bytes | None]) -> Payload:
    """The payload as it leaves; `document` gives a document of the case by its SHA-256 in hex, None for none.

    Raises MappingFault `document-missing`.
    """
    if not interaction.documents:
        return payload

    def put_in(value: Json) -> Json:
        if isinstance(value, list):
            return [put_in(each) for each in value]
        place = _PLACE.fullmatch(value) if isinstance(value, str) else None
        if place is None:
            return value
        body = document(place[1])
        if body is None:
            raise MappingFault(
                f"{interaction.name} sends the document {place[1]}, and the case has none of that digest",
                code="document-missing",
                clause="adapter",
            )
        return base64.b64encode(body).decode()

    return {name: put_in(value) if name in interaction.documents else value for name, value in payload.items()}


def with_members(interaction: Interaction, url: str, payload: Payload) -> str:
    """The URL with each `{member}` of the interaction's path replaced by that member of the payload, percent-encoded.

    Raises MappingFault `path-member-missing`, `path-member-dots` for `.` and `..`, which no encoding keeps from
    climbing (RFC 3986, 6.2.2.2 and 6.2.2.3).
    """
    for name in _MEMBER.findall(interaction.path):
        value = payload.get(name)
        if not isinstance(value, str) or not value:
            raise MappingFault(
                f"{interaction.name} has {{{name}}} in its path, and the payload has no text {name!r} for it",
                code="path-member-missing",
                clause="adapter",
            )
        if value in (".", ".."):
            raise MappingFault(
                f"{interaction.name} has {{{name}}} in its path, and {value!r} there would lead to another address",
                code="path-member-dots",
                clause="adapter",
            )
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    return url
