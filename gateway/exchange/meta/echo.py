"""`meta.echo`: an agency tests its connection, and hears what the hub saw of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.contract.message import Json, Payload
from gateway.domain.errors import SchemaViolation, Violation
from gateway.exchange.meta.inquiry import JWS, Asked, moment, plain
from gateway.exchange.meta.standing import Standing
from gateway.trust.certificates import RegisteredCertificate

_DAY = timedelta(days=1)


def echo(asked: Asked, certificate: RegisteredCertificate, standing: Standing, hub_time: datetime) -> Payload:
    """Answer an echo. `certificate` is the one that proved the sender.

    Raises SchemaViolation for a `clientTime` that has the right form and is no time, as a leap second is.
    """
    said = asked.payload
    is_rest = asked.message.transport.value == "rest"
    reply: dict[str, Json] = {"text": said["text"]} if "text" in said else {}
    reply |= {
        "agency": asked.agency,
        "messageId": asked.message_id[:256],
        "exchange": asked.exchange,
        "receivedAt": moment(asked.at),
        "hubTime": moment(hub_time),
        **_skew(asked),
        "certificate": _certificate(certificate, asked.at),
        "algorithm": str(asked.proven.headers["algorithm"]),
        "transport": asked.message.transport.value if is_rest else str(asked.proven.headers["version"]),
        "security": JWS if is_rest else "wss-x509",
        "agreement": standing.line(),
        "mayExchange": standing.may_exchange,
    }
    if asked.message.address:
        reply["address"] = asked.message.address
    return {**reply, "bytes": len(asked.message.body)}


def _skew(asked: Asked) -> dict[str, Json]:
    """How far our clock is ahead of the client's, by what it said or else by what it signed."""
    told = asked.payload.get("clientTime")
    client = _client_time(told) if isinstance(told, str) else asked.proven.created
    if client is None:
        return {}
    seconds = round((asked.at - client).total_seconds())
    return {"clockSkewS": seconds, "clockSkewFrom": "client-time" if told is not None else "signature"}


def _client_time(told: str) -> datetime:
    try:
        return datetime.fromisoformat(told)
    except ValueError as fault:
        violation = Violation(path="/clientTime", rule="format", text="expected a time of day with its zone")
        raise SchemaViolation(
            "clientTime is no time that a clock shows (seconds go to 59, hours to 23)", violations=(violation,)
        ) from fault


def _certificate(registered: RegisteredCertificate, at: datetime) -> Json:
    not_after = registered.certificate.not_valid_after_utc
    return {
        "fingerprint": registered.fingerprint,
        "subject": plain(registered.certificate.subject.rfc4514_string(), 512),
        "notAfter": moment(not_after),
        "daysLeft": (not_after - at) // _DAY,
        "uses": [each.value for each in sorted(registered.uses)],
    }
