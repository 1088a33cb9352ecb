"""Secrets put into a payload at sending, and kept out of everything that is stored.

An adapter writes `{{secret:name}}` for a credential, `{{pin:challenge}}` for a PIN (Pasal 13(3)) and
`{{held:challenge}}` for the passphrase or TOTP of a certified signature (13), in members that its interaction lists in
`redact`. Nowhere else is anything filled in, so a name or note that an applicant wrote can never ask for a secret. The
payload is stored as the adapter wrote it: a stored message shows where a secret stood.
"""

from __future__ import annotations

import re
from datetime import datetime

from gateway.contract.message import Json, Payload
from gateway.dialect.party import Hub, Party

_BLANK = re.compile(r"\{\{(secret|pin|held):([^{}]{1,128})\}\}")


def fill(payload: Payload, redacted: tuple[str, ...], party: Party, hub: Hub, at: datetime) -> Payload:
    """Give the payload with the blanks of its `redacted` members filled in, as they are known at that moment.

    Raises Misconfigured `credential-missing`, Refused `held-secret-gone`.
    """

    def secret(match: re.Match[str]) -> str:
        kind, name = match[1], match[2]
        if kind == "secret":
            return party.secret(name)
        return hub.pin(name) if kind == "pin" else hub.held(name, at)

    def filled(value: Json) -> Json:
        return _BLANK.sub(secret, value) if isinstance(value, str) else value

    return {name: filled(value) if name in redacted else value for name, value in payload.items()}
