"""Keeps what authorities say about registered certificates up to date, and tells the ledger when one is revoked.

A word is never taken back by an older one (a list from yesterday, played back). Who is revoked stays so, save after
certificateHold. When no source answers, the row keeps its last word and says why; what that means for messages is
`gateway.store.certificate_status`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import structlog
from cryptography import x509

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.ledger.leaf import Extra, LeafKind
from gateway.operations.status_sources import StatusSources
from gateway.store.certificate_status import chain_of
from gateway.store.plan import Change, Claim, Conflict, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CertificateStatusRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.certificates import RevocationMode
from gateway.trust.keys import fingerprint
from gateway.trust.revocation import HOLD, Word

AGAIN: Final = timedelta(minutes=5)
"""After this a source that did not answer is asked again."""

ROUND: Final = 20
"""Questions in one round: a hub that ends waits for its round, and each may take its time."""

_log = structlog.get_logger("simojo.revocation")


class Revocation:
    """Asks about each certificate once in `interval`. `sources` makes the sources of one round."""

    def __init__(
        self,
        *,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        sources: Callable[[], StatusSources],
        mode: RevocationMode,
        interval: timedelta,
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._sources = sources
        self._mode = mode
        self._interval = interval

    def run_once(self) -> int:
        """Ask about those that are due, ROUND of them at most; gives how many. Raises HubBusy as the store does."""
        if self._mode is RevocationMode.OFF:
            return 0
        now, asked = self._clock(), 0
        rows = self._reader.certificate_statuses()
        sources = self._sources()
        for agency, certificate, issuer in self._watched(now):
            row = rows.get(fingerprint(certificate))
            if row is None or now >= self._due(row):
                self._ask(sources, row, agency, certificate, issuer, now)
                asked += 1
            if asked >= ROUND:
                break
        return asked

    def _watched(self, now: datetime) -> Iterator[tuple[str, x509.Certificate, x509.Certificate]]:
        """Agency, certificate and issuer, each certificate once: those in use, and the authorities between."""
        seen: set[x509.Certificate] = set()
        for row in self._reader.all_certificates():
            chain = chain_of(row)
            if row.revoked_at is not None or chain[0].not_valid_after_utc < now:
                continue
            for certificate, issuer in pairwise(chain):
                if certificate not in seen:
                    seen.add(certificate)
                    yield row.agency if certificate == chain[0] else "", certificate, issuer

    def _due(self, row: CertificateStatusRow) -> datetime:
        if row.fault is not None:
            return row.asked_at + min(AGAIN, self._interval)
        due = row.asked_at + self._interval
        return (
            due
            if row.next_update is None
            else min(due, max(row.next_update, row.asked_at + min(AGAIN, self._interval)))
        )

    def _ask(
        self,
        sources: StatusSources,
        row: CertificateStatusRow | None,
        agency: str,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        now: datetime,
    ) -> None:
        found = fingerprint(certificate)
        try:
            values = word_values(sources.ask(certificate, issuer, now), row)
        except Refused as fault:
            _log.warning("certificate-status-unknown", agency=agency, certificate=found, error=fault.text[:500])
            values = {"fault": fault.text[:1000]}
        values["asked_at"] = now
        change: Change = Claim(CertificateStatusRow, ("fingerprint",), {"fingerprint": found, "since": now, **values})
        if row is not None:
            change = Update(CertificateStatusRow, {"fingerprint": found}, {"asked_at": row.asked_at}, values)
        plan = Plan.of(change)
        before = row.revoked_at if row is not None else None
        after = values.get("revoked_at", before)
        if after != before:
            plan += self._said(agency, found, after, str(values.get("reason") or ""), now)
        if isinstance(self._unit_of_work.commit(plan), Conflict):
            _log.info("certificate-status-told-meanwhile", certificate=found)

    def _said(self, agency: str, found: str, revoked_at: datetime | None, reason: str, now: datetime) -> Plan:
        """The leaf of a change. It counts what came in between the revocation and now: staff look at those again."""
        said: dict[str, Extra] = {"step": "hold-lifted" if revoked_at is None else "revoked-by-authority"}
        said |= {"fingerprint": found} | ({"agency": agency} if agency else {})
        if revoked_at is not None:
            said["revoked"] = revoked_at.isoformat()
            said["reason"] = reason
            said["accepted-since"] = self._reader.accepted_since(agency, revoked_at) if agency else 0
        _log.error("certificate-revoked" if revoked_at else "certificate-hold-lifted", **said)
        leaf = self._leaves.make(LeafKind.KEY, at=now, actor="hub", extra=said)
        return Plan.of(leaf.row)


def word_values(word: Word, row: CertificateStatusRow | None = None) -> dict[str, Any]:
    """The columns of a word that was had, beside what stands there already.

    An older word than the one held (a list beside an OCSP answer) may say the same, or a revocation that lasts; it
    lifts no hold and puts none on. Raises Refused for one that would.
    """
    values: dict[str, Any] = {
        "this_update": word.this_update,
        "next_update": word.next_update,
        "source": word.source,
        "revoked_at": word.revoked_at,
        "reason": word.reason or None,
        "fault": None,
    }
    if row is None or row.this_update is None or row.next_update is None:
        return values
    if row.revoked_at is not None and row.reason != HOLD:
        return {**values, "revoked_at": row.revoked_at, "reason": row.reason}
    if word.this_update >= row.this_update or (word.revoked_at is not None and word.reason != HOLD):
        return values
    if (word.revoked_at is None) is not (row.revoked_at is None):
        raise Refused(
            f"{word.source} gives a word of {word.this_update.isoformat()}; a later one is held that says otherwise",
            code="revocation-answer-wrong",
        )
    times = {"this_update": row.this_update, "next_update": max(word.next_update, row.next_update)}
    return {**values, **times, "revoked_at": row.revoked_at, "reason": row.reason}
