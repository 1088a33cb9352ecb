"""Where adapters and agreements differ, and what follows: that agency alone is suspended, and the others run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import structlog

from gateway.app.store import Store
from gateway.contract.adapter import Adapter
from gateway.domain.calendar import local_date
from gateway.exchange.checking import check_agreement
from gateway.exchange.directory import Directory
from gateway.trust.policy import KeyKind
from gateway.validation.library import SchemaLibrary

DIFFERS = "adapter and agreement differ:"
"""How the reason of such a suspension begins."""

_log = structlog.get_logger("simojo.app")


def differences(
    store: Store, adapters: Mapping[str, Adapter], library: SchemaLibrary, at: datetime, hub: KeyKind | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Where agreements in force differ from adapters, by agency; an agency without one is not judged.

    `hub`: the kind of the hub's key, where it is to be judged too.
    """
    directory = Directory(store.reader, store.vault, adapters)
    found: dict[str, tuple[str, ...]] = {}
    for agency, adapter in adapters.items():
        agreement = directory.active_agreement(agency, local_date(at))
        if agreement is not None and (said := check_agreement(adapter, agreement, library, hub)):
            found[agency] = said
    return found


def coming_differences(
    store: Store, adapters: Mapping[str, Adapter], library: SchemaLibrary, at: datetime, hub: KeyKind | None = None
) -> Mapping[tuple[str, date], tuple[str, ...]]:
    """The same of active versions that begin later, by agreement with version and its first day.

    On that day the agency is suspended unless the adapter says the same by then.
    """
    directory = Directory(store.reader, store.vault, adapters)
    found: dict[tuple[str, date], tuple[str, ...]] = {}
    for agency, adapter in adapters.items():
        for each in directory.coming(agency, local_date(at)):
            if said := check_agreement(adapter, each, library, hub):
                found[f"{each.id}/{each.version}", each.valid_from] = said
    return found


def suspend_where_different(
    store: Store, adapters: Mapping[str, Adapter], library: SchemaLibrary, at: datetime
) -> Mapping[str, tuple[str, ...]]:
    """Suspend every agency whose adapter and agreement in force differ, and lift what was suspended for that.

    Gives the differences by agency.
    """
    found = differences(store, adapters, library, at)
    for agency, adapter in adapters.items():
        said = found.get(agency, ())
        row = store.reader.agency(agency)
        if said:
            _log.error("agency-suspended", agency=agency, differences=list(said))
            store.registry.suspend(adapter, f"{DIFFERS} {'; '.join(said)}", "hub")
        elif row is not None and row.suspended and row.suspended.startswith(DIFFERS):
            store.registry.suspend(adapter, None, "hub")
    return found
