"""A JSON payload as bytes (compact UTF-8, members in the order in which the adapter wrote them), and its call."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gateway.contract.message import Payload
from gateway.domain.errors import MappingFault
from gateway.transport.http import OutboundCall

JSON = "application/json"
_ACCEPTED = "application/json, application/problem+json"


def json_body(payload: Payload) -> bytes:
    """Write the payload. Raises MappingFault `payload-not-json` for what JSON or UTF-8 cannot hold."""
    try:
        return json.dumps(dict(payload), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        raise MappingFault(
            f"an adapter's payload is not JSON ({type(fault).__name__}): correct its mapping", code="payload-not-json"
        ) from fault


def sealed_call(
    url: str,
    body: bytes,
    *,
    headers: Mapping[str, str],
    timeout_s: float,
    max_reply_bytes: int,
    method: str = "POST",
) -> OutboundCall:
    """Build the call of a JSON body that a dialect has sealed: not one byte of it may change."""
    own = {"content-type": JSON, "accept": _ACCEPTED}
    given = {name.lower() for name in headers}
    return OutboundCall(
        method=method,
        url=url,
        headers={name: value for name, value in own.items() if name not in given} | dict(headers),
        body=body,
        timeout_s=timeout_s,
        max_reply_bytes=max_reply_bytes,
    )
