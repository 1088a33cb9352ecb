"""What a hub or worker makes sure of before it begins: a start that cannot go well is refused in one sentence.

Settings and keys are read before this, and the store was opened and migrated: each of them refuses what is wrong with
it (`gateway.settings`, `gateway.app.identity`, `gateway.store.schema`). Here stands what is left:

    libraries      one that is missing is told now, though it is loaded when it is first needed
    ledger         one whose last checkpoint none of the keys of the settings signed is refused
    permits        earlier keys that the settings lack are told: what they signed cannot be judged
    production     a store that may forget, or a certificate that has ended, is refused; else the log says so
    clock          one that was set back is told and not refused: the hub would stand still for an hour because of a
                   clock that somebody is about to set right, and nothing is lost meanwhile; one that is not the
                   database server's is refused in production, since what others are sending would be sent again
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.util import find_spec

import structlog
from cryptography import x509
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from gateway.app.permit_keys import permit_key_trouble, permit_keys
from gateway.app.store import Store
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured
from gateway.exchange.directory import Directory
from gateway.operations.health import CLOCK_BACK_S, clock_back, clock_sentence
from gateway.operations.ledger_keys import refuse_unknown_signer
from gateway.settings import Settings
from gateway.store.soundness import APART_S, SKEW_S, apart, apart_sentence, doubts, refuse_network

LOADED_LATER = ("asn1crypto", "holidays", "pyhanko", "spyne", "typst", "xmlsec", "zeep")
"""Libraries that are loaded by what needs them: an office without SOAP, for one, does without 17 MB."""

_log = structlog.get_logger("simojo.start")


def refuse_place(settings: Settings) -> None:
    """Raise Misconfigured for an SQLite file where none can be. A URL that cannot be read is refused elsewhere."""
    try:
        refuse_network(settings.database_url)
    except ArgumentError:
        return


def refuse_worker_on_sqlite(settings: Settings) -> None:
    """Raise Misconfigured `worker-needs-server`: a worker beside the hub is PostgreSQL's case."""
    try:
        backend = make_url(settings.database_url).get_backend_name()
    except ArgumentError:
        return
    if backend == "sqlite":
        raise Misconfigured(
            "on SQLite the hub process delivers by itself, and no other process may: run `simojo serve` alone, or move"
            " the store to PostgreSQL and name it in SIMOJO_DATABASE_URL",
            code="worker-needs-server",
        )


def refuse_missing() -> None:
    """Raise Misconfigured `library-missing` where one of `LOADED_LATER` is not installed. Loads none of them."""
    if missing := [name for name in LOADED_LATER if find_spec(name) is None]:
        raise Misconfigured(
            f"{', '.join(missing)} cannot be found: install the gateway again with what it depends on"
            " (requirements-run.lock)",
            code="library-missing",
        )


def speaks_soap(directory: Directory, at: datetime) -> bool:
    """Whether an agreement in force speaks SOAP."""
    today = local_date(at)
    agreements = (directory.active_agreement(agency, today) for agency in directory.adapters)
    return any(said.transport.is_soap for each in agreements if each is not None for said in each.interactions)


def make_sure(settings: Settings, store: Store, certificate: x509.Certificate, clock: Callable[[], datetime]) -> None:
    """Refuse or warn, as the module says. Raises Misconfigured, and HubBusy when the store does not answer."""
    refuse_missing()
    at = clock()
    refuse_unknown_signer(store.reader, store.verifiers)
    ended = _certificate_fault(certificate, at)
    if ended and settings.is_production:
        raise Misconfigured(ended, code="certificate-expired")
    found = doubts(store.engine)
    if found and settings.is_production:
        raise Misconfigured("; ".join(found), code="database-not-durable")
    differs = apart(store.engine, clock)
    skew = apart_sentence(differs) if abs(differs) > SKEW_S else ""
    if abs(differs) > APART_S and settings.is_production:
        raise Misconfigured(skew, code="clocks-apart")
    behind = clock_back(store.reader, at)
    unjudged = permit_key_trouble(store, permit_keys(settings))
    warnings = (ended, *found, unjudged, clock_sentence(behind) if behind > CLOCK_BACK_S else "", skew)
    for each in filter(None, warnings):
        _log.warning("start", warning=each)


def _certificate_fault(certificate: x509.Certificate, at: datetime) -> str:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if begins <= at <= ends:
        return ""
    when = f"expired at {ends:%Y-%m-%d %H:%M} UTC" if at > ends else f"is valid from {begins:%Y-%m-%d %H:%M} UTC on"
    return (
        f"the hub's certificate (SIMOJO_SIGNING_CERTIFICATE_FILE) {when}, so agencies refuse what it signs: name a"
        " valid one and its key; `simojo hub csr` makes the request for it"
    )
