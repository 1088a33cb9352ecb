"""Secrets put into a payload at sending, and kept out of everything that is stored.

An adapter writes `{{secret:name}}` for a credential and `{{pin:challenge}}` for a PIN (Pasal 13(3)), in members that
its interaction lists in `redact`. Nowhere else is anything filled in, so a name or note that an applicant wrote can
never ask for a secret. The payload is stored as the adapter wrote it: a stored message shows where a secret stood.
"""

from __future__ import annotations

import re

from gateway.contract.message import Json, Payload
from gateway.dialect.party import Hub, Party

_BLANK = re.compile(r"\{\{(secret|pin):([^{}]{1,128})\}\}")


def fill(payload: Payload, redacted: tuple[str, ...], party: Party, hub: Hub) -> Payload:
    """Give the payload with the blanks of its `redacted` members filled in.

    Raises Misconfigured `credential-missing`.
    """

    def secret(match: re.Match[str]) -> str:
        return party.secret(match[2]) if match[1] == "secret" else hub.pin(match[2])

    def filled(value: Json) -> Json:
        return _BLANK.sub(secret, value) if isinstance(value, str) else value

    return {name: filled(value) if name in redacted else value for name, value in payload.items()}
