"""DPUPR: what it answers at once to a request for a recommendation, over SOAP 1.2, by a script."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.exchange.stage import Stage
from tests.exchange.tables.answers import DEAD_LETTER, answered, retried
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import brought
from tests.exchange.town import Answer, Call, Told, Town, raw


def _of_site(stage: Stage) -> DeliveryRow:
    return stage.delivery(brought(stage, At.VALIDATED, service="krk").id, "dpupr")


def _not_signed(call: Call) -> Told:
    told = json.dumps({"messageId": call.message_id}).encode()
    return Told(body=told, headers={"Content-Type": "application/json"})


def _again(name: str, wire: str, state: str, hub: str, script: Callable[[Town], Answer]) -> Row:
    return retried(name, wire, state, hub, lambda stage: script(stage.town), to=_of_site)


_given_up = partial(
    answered, does=Does.ASK, state="dead", hub=DEAD_LETTER, to=_of_site, staff="mend it with the office, and redrive"
)

ACKNOWLEDGEMENTS: tuple[Row, ...] = (
    answered(
        name="the request is taken",
        wire="a signed acknowledgement",
        does=Does.TAKE,
        state="awaiting",
        hub="its answer is awaited for the agreed hari kerja",
        to=_of_site,
        says=lambda stage: stage.town.acknowledges,
    ),
    _again(
        "it cannot now",
        "HTTP 500, a Fault of the receiver",
        "not-sent",
        "by the schedule, or when `Retry-After` says",
        lambda town: town.faults(sender=False),
    ),
    _again("closed", "HTTP 503", "not-sent", "by the schedule", lambda _: raw(b"", 503)),
    _again(
        "it fails",
        "HTTP 500",
        "unknown",
        "nobody knows whether it was taken: the office keeps one request for each message id",
        lambda _: raw(b"oops", 500),
    ),
    _again("it heard nothing in time", "HTTP 408", "unknown", "the same", lambda _: raw(b"", 408)),
    _again("a sign-in page", "HTTP 200, HTML", "unknown", "the same", lambda _: raw(b"<html>login</html>")),
    _again("no envelope", "HTTP 200, JSON", "unknown", "the same", lambda _: _not_signed),
    _again(
        "an acknowledgement of somebody else",
        "signed with another key",
        "unknown",
        "the same: it proves nothing",
        lambda town: lambda call: town.acknowledges(call, signer="stranger"),
    ),
    _again(
        "an acknowledgement of another request",
        "signed, another `RelatesTo`",
        "unknown",
        "the same",
        lambda town: lambda call: town.acknowledges(call, about="urn:x"),
    ),
    _again(
        "another form than agreed",
        "signed, without its time",
        "unknown",
        "the same",
        lambda town: town.acknowledges_badly,
    ),
    _given_up(
        name="it refuses the request",
        wire="HTTP 400, a Fault of the sender",
        says=lambda stage: stage.town.faults(sender=True),
        attention="Sistem DPUPR sedang ditutup",
    ),
    _given_up(
        name="another address was agreed",
        wire="HTTP 404",
        says=lambda _: raw(b"", 404),
        attention="Instansi menolak pesan",
    ),
)
