"""`meta.agreements`: every version of an agreement with the agency, and how each stands."""

from __future__ import annotations

from gateway.contract.message import Json, Payload
from gateway.exchange.meta.inquiry import Asked, moment, plain
from gateway.exchange.meta.standing import Kept, Standing


def agreements(asked: Asked, standing: Standing) -> Payload:
    """Answer how the agency's agreements stand."""
    reply: dict[str, Json] = {"agency": asked.agency, "at": moment(asked.at)}
    if standing.suspended is not None:
        reply["suspended"] = plain(standing.suspended, 1024)
    reply["agreement"] = [_agreement(each, standing) for each in standing.kept]
    return reply


def _agreement(kept: Kept, standing: Standing) -> Json:
    row, agreement = kept.row, kept.agreement
    said: dict[str, Json] = {
        "id": row.id,
        "version": row.version,
        "number": agreement.number,
        "state": row.state,
        "inForce": agreement == standing.in_force,
        "validFrom": agreement.valid_from.isoformat(),
        "validUntil": agreement.valid_until.isoformat(),
        "hash": row.hash,
    }
    if row.activated_at is not None:
        said["activatedAt"] = moment(row.activated_at)
    if row.activated_as is not None:
        said["activatedAs"] = row.activated_as
    return said
