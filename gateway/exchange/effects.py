"""What an adapter's mapping asks for, held against the agreement and applied to cases."""

from __future__ import annotations

from gateway.casework.desk import Casework
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Effect, Found
from gateway.domain.errors import MappingFault, Unauthorised
from gateway.domain.events import ApplicationRegistered, Reference
from gateway.exchange.directory import Terms


def apply_effect(terms: Terms, steps: CaseSteps, effect: Effect) -> None:
    """Apply one effect: to a known case, or by opening one. A repeated opening key opens nothing.

    Raises Unauthorised `service-not-agreed`, CaseRefusal, MappingFault.
    """
    if effect.signed:
        raise MappingFault(
            f"the adapter {terms.name} brings a signed file, which comes in the reply to a Query alone",
            clause="adapter",
        )
    events = effect.events
    case_id = effect.case
    if case_id is None:
        first = events[0] if events else None
        if not isinstance(first, ApplicationRegistered):
            raise MappingFault(
                f"the adapter {terms.name} opens a case without an ApplicationRegistered", clause="adapter"
            )
        _check_service(terms, first.service)
        opened = steps.open(first, effect.key)
        if opened is None:
            return
        case_id, events = opened.id, events[1:]
    else:
        _check_service(terms, steps.case(case_id).service)
    for event in events:
        steps.apply(case_id, event)


def find_agreed(terms: Terms, casework: Casework, references: tuple[Reference, ...]) -> Found:
    """Look up cases, and show the adapter only those whose service the agreement covers."""
    found = casework.find(references, terms.adapter.agency.id)
    return {name: tuple(case for case in cases if terms.agreed.covers(case.service)) for name, cases in found.items()}


def _check_service(terms: Terms, service: str) -> None:
    if not terms.agreed.covers(service):
        raise Unauthorised(
            f"agreement {terms.reference} does not cover service {service!r}",
            code="service-not-agreed",
            clause=f"{terms.reference} services (Pasal 21(2)c.2)",
        )
