"""What OSS is answered to a receiveNIB: status 1 or 2 and a text, under the HTTP status that its guide has for it."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Interaction
from gateway.contract.message import Payload, Refusal, Reply

TAKEN, NOT_TAKEN = "1", "2"
AUTHENTICATION_CODES = frozenset(
    {"not-authenticated", "signature-wrong", "credentials-wrong", "timestamp-stale", "token-wrong", "token-expired"}
)
NOT_AGREED = frozenset(
    {
        "not-agreed",
        "no-agreement",
        "agreement-not-yet",
        "agreement-expired",
        "agreement-mismatch",
        "agency-suspended",
        "service-not-agreed",
    }
)


def refuse(_interaction: Interaction, refusal: Refusal, _payload: Payload | None) -> Reply:
    """Answer status 2, with our reason, under the HTTP status that the guide has for it: 504 when the hub is busy."""
    if refusal.retriable:
        status = 504 if refusal.busy else 500
    elif refusal.code in AUTHENTICATION_CODES:
        status = 401
    else:
        status = 403 if refusal.code in NOT_AGREED else 400
    return _reply(status, NOT_TAKEN, refusal.text or refusal.code, refusal.after_s)


def accept(_interaction: Interaction, _payload: Payload, accepted: Accept) -> Reply:
    """Answer status 1: taken, with the number of permits that it touched."""
    return _reply(200, TAKEN, f"Data diterima: {len(accepted.effects)} izin diproses")


def _reply(status: int, verdict: str, text: str, after_s: int | None = None) -> Reply:
    return Reply(
        status=status,
        payload={"responreceiveNIB": {"status": verdict, "keterangan": text[:255]}},
        headers={} if after_s is None else {"Retry-After": str(after_s)},
    )
