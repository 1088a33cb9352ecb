"""`simojo adapter try`: one exchange with an agency about a synthetic case, through the hub that is running.

1. a case is registered, as at the counter; where a recommendation is wanted it is verified and validated too
2. its need becomes a delivery to the agency, as any other: the running hub sends it, or lays it into the mailbox
3. what becomes of it is told, until the agency has answered, or a person would have to look

Where the agency speaks first there is no case: what it says is waited for (`gateway.cli.adapter_listen`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from gateway.app.process import Process
from gateway.cli.adapter_listen import listen
from gateway.contract.adapter import Adapter, Inbound, Mailbox, Outbound
from gateway.contract.samples import sample_application, sample_ask
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.exchange.directory import Terms
from gateway.exchange.states import Delivery
from gateway.machine import now
from gateway.office.staff import Officer
from gateway.operations.registry import require_known
from gateway.settings import load_settings
from gateway.store.tables import DeliveryRow

FIRST = Officer(id="contoh-1", name="Petugas Contoh 1", title="Petugas verifikasi")
SECOND = Officer(id="contoh-2", name="Petugas Contoh 2", title="Petugas validasi")
PAUSE_S = 0.2
ENDED = (Delivery.ANSWERED, Delivery.DEAD, Delivery.CANCELLED)
_SAYS = {
    Delivery.QUEUED: "waits to be sent",
    Delivery.SENDING: "is being sent",
    Delivery.NOT_SENT: "did not leave, and is tried again",
    Delivery.UNKNOWN: "may have arrived, and is tried again",
    Delivery.AWAITING: "was acknowledged; the answer is awaited",
    Delivery.LAID_DOWN: "lies in the mailbox, for the agency to collect",
    Delivery.COLLECTED: "was collected; the acknowledgement is awaited",
    Delivery.ANSWERED: "is answered",
    Delivery.DEAD: "is a dead letter",
    Delivery.CANCELLED: "was cancelled",
}


def try_(
    agency: Annotated[str, typer.Argument(help="the agency's short id")],
    interaction: Annotated[
        str | None, typer.Option(help="which interaction; else the first in which the hub speaks first, or of all")
    ] = None,
    wait: Annotated[float, typer.Option(min=1, help="seconds until it is given up")] = 60,
) -> None:
    """Exchange one message with an agency about a synthetic case, by the hub that is running; not in production.

    Where the agency speaks first, its next message (or file) is waited for. Exit code 1 when the agency did not answer,
    or a person would have to look.
    """
    settings = load_settings()
    if settings.is_production:
        raise Refused(
            "a trial registers a case of somebody who does not exist: not in production mode",
            code="trial-in-production",
        )
    process = Process(settings)
    try:
        adapter = require_known(process.adapters.get(agency), agency)
        declared = _declared(adapter, interaction)
        terms = process.directory.terms(agency, declared.name, now())
        if isinstance(declared, Inbound):
            if not listen(process.store.reader, agency, declared, wait):
                raise typer.Exit(1)
            return
        if not isinstance(declared, Mailbox):
            process.directory.endpoint(agency, declared)
        row = made = _made(process, declared, terms)
        print(f"case {row.case_id} (synthetic) has a need of {agency}: {row.interaction}, message {row.message_id}")
        for row in _followed(process, made, wait):
            print(f"it {_said_of(row.state, declared)}{f': {row.cause}' if row.cause else ''}")
        _tell(process, row)
        if row.state != Delivery.ANSWERED:
            raise typer.Exit(1)
    finally:
        process.stop()


def _declared(adapter: Adapter, name: str | None) -> Outbound[Any] | Inbound:
    """The one of that name; without a name the first in which the hub speaks first, else the first of all."""
    spoken = [each for each in adapter.interactions if isinstance(each, Outbound)]
    heard = [each for each in adapter.interactions if isinstance(each, Inbound)]
    both: list[Outbound[Any] | Inbound] = [*spoken, *heard]
    found = next((each for each in both if name in (None, each.name)), None)
    if found is None:
        known = ", ".join(dict.fromkeys(each.name for each in both))
        raise Refused(f"{adapter.agency.id} has no interaction {name!r}; it has {known}", code="interaction-unknown")
    return found


def _said_of(state: str, declared: Outbound[Any]) -> str:
    if isinstance(declared, Mailbox) and state == Delivery.ANSWERED:
        return "was acknowledged: the agency has it"
    return _SAYS[Delivery(state)]


def _made(process: Process, declared: Outbound[Any], terms: Terms) -> DeliveryRow:
    """Register a case, let it need the agency, and give the delivery."""
    agency = terms.adapter.agency.id
    case = process.deeds.register(sample_application(_service(process, declared, terms), now()), FIRST)
    if declared.serves is e.RequestRecommendation:
        process.deeds.record(case.id, FIRST.actor, e.ResidentVerified())
        process.deeds.complete(case.id, FIRST)
        process.deeds.verify(case.id, FIRST)
        process.deeds.validate(case.id, SECOND)
    else:
        steps = process.deeds.steps(FIRST.actor)
        steps.ask(case.id, sample_ask(declared.serves, agency))
        process.deeds.finish(steps.plan())
    rows = process.store.reader.deliveries(case_id=case.id, limit=100)
    made = [row for row in rows if (row.agency, row.interaction) == (agency, declared.name)]
    if not made:
        raise Refused(
            f"the case needs nothing of {agency}/{declared.name}: another interaction serves it first",
            code="interaction-unknown",
        )
    return max(made, key=lambda row: row.position)


def _service(process: Process, declared: Outbound[Any], terms: Terms) -> str:
    """A service that the agreement covers; where a recommendation is wanted, one that needs this agency's."""
    day, agency = local_date(now()), terms.adapter.agency.id
    catalogue = process.casework.catalogue
    covered = [code for code in catalogue.codes(day) if terms.agreed.covers(code)]
    if declared.serves is e.RequestRecommendation:
        covered = [code for code in covered if agency in catalogue.find(code, day).recommended_by]
    if not covered:
        raise Refused(
            f"no permit type that {terms.reference} covers needs a recommendation of {agency}: name it in the "
            "`recommended_by` of one, in the file of SIMOJO_CATALOGUE_FILE",
            code="service-unknown",
            clause="Pasal 11(3)d, 19",
        )
    return covered[0]


def _followed(process: Process, row: DeliveryRow, wait_s: float) -> Iterator[DeliveryRow]:
    """The delivery each time that its state has changed, until it has ended or the time is up."""
    pause, state = threading.Event(), ""
    for _ in range(int(wait_s / PAUSE_S)):
        found = process.store.reader.delivery(row.id)
        if found is not None and found.state != state:
            state = found.state
            yield found
        if state in ENDED:
            return
        pause.wait(PAUSE_S)
    print(f"nothing more came within {wait_s:.0f} s: is `simojo serve` running, and the agency?")


def _tell(process: Process, row: DeliveryRow) -> None:
    standing = process.casework.standing(row.case_id)
    if standing is not None:
        for each in _said(standing.case, row):
            print(each)
    print(f"what was exchanged is kept: exchange {row.id}; `simojo ledger receipt {row.id} FILE` proves it")


def _said(case: PermitCase, row: DeliveryRow) -> Iterator[str]:
    given = case.recommendation(row.agency)
    if given is not None:
        favour = "favourable" if given.favourable else "unfavourable"
        yield f"recommendation {given.number} of {given.on}: {favour}, signed by {given.by}"
    yield f"the case is {case.stage.value}"
    if row.state == Delivery.DEAD:
        yield f"for a person: {case.attention[-1]}"
