"""Permit validity: is this permit number in force? The answer names the permit and never its holder."""

from __future__ import annotations

from gateway.contract.adapter import Decline, Found, Reason
from gateway.contract.message import Payload
from gateway.domain.calendar import local_date
from gateway.domain.events import Reference

SERVICES = ("krk", "pbg")
"""What DPUPR may ask about (Pasal 21(2)c.2): the agreement of this interaction names the same."""

IN_FORCE, REVOKED = "in-force", "revoked"


def permit_number(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case whose permit has this number."""
    return (Reference(kind="permit-number", value=str(payload["permitNumber"])),)


def validity(payload: Payload, found: Found) -> Payload | Decline:
    """Tell whether the permit is in force, and since which day in Mojokerto.

    A number that never came into force and one of a service outside the agreement are declined in the same words,
    so that nobody learns from the answer that such a permit exists.
    """
    cases = [
        (case, case.in_force_since)
        for reference in permit_number(payload)
        for case in found.get(reference, ())
        if case.service in SERVICES and case.in_force_since is not None
    ]
    if not cases:
        return Decline(
            reason=Reason.NOT_FOUND,
            text=f"no permit {payload['permitNumber']} of {' or '.join(SERVICES)}: compare it with the document",
        )
    if len(cases) > 1:
        return Decline(
            reason=Reason.INCONSISTENT,
            text=f"{len(cases)} permits have number {payload['permitNumber']}: ask DPM-PTSP which one is meant",
        )
    ((case, since),) = cases
    return {
        "permitNumber": payload["permitNumber"],
        "valid": case.number_active,
        "status": IN_FORCE if case.number_active else REVOKED,
        "service": case.service,
        "inForceSince": local_date(since).isoformat(),
    }
