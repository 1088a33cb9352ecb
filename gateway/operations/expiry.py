"""Certificates that end soon: who is told, and once for each threshold. Agencies', the hub's own, and authorities'.

A sentence for each stands in the hub's health as long as it is so; the log has a line when a threshold is passed,
which the store remembers, so that neither an hour nor a restart repeats or loses it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import structlog
from cryptography import x509

from gateway.store.certificate_status import asked_about, chain_of, lacks_chain
from gateway.store.plan import Change, Claim, Plan
from gateway.store.reading import Reader
from gateway.store.tables import CertificateAlertRow, CertificateRow, CertificateStatusRow, HubCertificateRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.certificates import Use
from gateway.trust.keys import fingerprint

THRESHOLDS: Final = (60, 30, 7, 1)
"""Days before the end."""

_log = structlog.get_logger("simojo.expiry")
_ROLES: Final = {
    "current": "the hub's signing certificate",
    "next": "the hub's next signing certificate",
    "authority": "the authority",
    "signers": "the signers' authority",
}
_SUCCEEDED_IN: Final = {"authority": "SIMOJO_AGENCY_CA_FILE", "signers": "SIMOJO_SIGNER_CA_FILE"}
"""Where the successor of an authority is named, by its role."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A certificate whose end somebody has to act upon: `what` it is, in words, and what to do."""

    fingerprint: str
    what: str
    ends_at: datetime
    advice: str

    def threshold(self, at: datetime) -> int | None:
        """The last threshold that it has passed; 0 once it has expired, None while it has long to go."""
        left = self.ends_at - at
        if left < timedelta(0):
            return 0
        return min((days for days in THRESHOLDS if left <= timedelta(days=days)), default=None)

    def sentence(self, at: datetime) -> str:
        """What staff read."""
        when = f"{self.ends_at:%Y-%m-%d %H:%M} UTC"
        if self.ends_at < at:
            return f"{self.what} ({self.fingerprint[:16]}) expired at {when}: {self.advice}"
        days = -((at - self.ends_at) // timedelta(days=1))
        return f"{self.what} ({self.fingerprint[:16]}) expires in {days} days, at {when}: {self.advice}"


class ExpiryWatch:
    """Writes the lines of the log."""

    def __init__(self, reader: Reader, unit_of_work: UnitOfWork, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock

    def run_once(self) -> int:
        """Tell of every threshold that was passed since the last look; gives how many lines. Raises HubBusy.

        A certificate that passed several at once (the hub was off) makes one line, for the last. The line is written
        after the commit: a hub that is killed between the two has it in its health all the same.
        """
        now, told, lines = self._clock(), self._reader.certificate_alerts(), 0
        for each in watched(self._reader):
            reached = each.threshold(now)
            if reached is None or (each.fingerprint, reached) in told:
                continue
            passed = [days for days in (*THRESHOLDS, 0) if days >= reached]
            values = [{"fingerprint": each.fingerprint, "days": days, "at": now} for days in passed]
            changes: list[Change] = [
                Claim(CertificateAlertRow, ("fingerprint", "days"), row)
                for row in values
                if (each.fingerprint, row["days"]) not in told
            ]
            self._unit_of_work.commit(Plan(tuple(changes)))
            told |= {(each.fingerprint, days) for days in passed}
            _log.warning(
                "certificate-expires" if reached else "certificate-expired",
                certificate=each.fingerprint,
                days=reached,
                ends=each.ends_at.isoformat(),
                text=each.sentence(now),
            )
            lines += 1
        return lines


def certificate_warnings(reader: Reader, at: datetime, authorities: Collection[str] | None = None) -> tuple[str, ...]:
    """What staff should know of certificates now: ends, revocations, unknown statuses, chains that are missing.

    `authorities`: fingerprints of those that agencies' certificates must chain to; None: as the hub was last started.
    """
    if authorities is None:
        authorities = {row.fingerprint for row in reader.hub_certificates() if row.role == "authority"}
    ending = [each.sentence(at) for each in watched(reader) if each.threshold(at) is not None]
    statuses = reader.certificate_statuses()
    found = []
    for row in reader.all_certificates():
        if row.revoked_at is None:
            if lacks_chain(row, authorities) and usable(row, at):
                found.append(
                    f"the certificate of {row.agency} ({row.fingerprint[:16]}) has no chain to an authority in "
                    "SIMOJO_AGENCY_CA_FILE, so its revocation is not watched and hard mode refuses it: have it "
                    "registered again with its chain"
                )
            found += [text for each in asked_about(row) if (text := _status_warning(row, statuses.get(each), at))]
    return (*ending, *dict.fromkeys(found))


def watched(reader: Reader) -> list[Watched]:
    """All certificates whose end matters: revoked ones and those that a longer one has followed are left out."""
    found: dict[str, Watched] = {}
    rows = [row for row in reader.all_certificates() if row.revoked_at is None]
    for each in (*_of_agencies(rows), *_of_the_hub(reader), *_above(rows)):
        found.setdefault(each.fingerprint, each)
    return list(found.values())


def successor(row: CertificateRow, rows: Sequence[CertificateRow], use: Use) -> CertificateRow | None:
    """Who follows a certificate in one use: the one of the same agency that ends next after it, and is not revoked."""
    ends = certificate_of(row).not_valid_after_utc
    later = [
        (certificate_of(each).not_valid_after_utc, each.fingerprint, each)
        for each in rows
        if each.agency == row.agency and each.revoked_at is None and use in each.uses.split()
    ]
    return min((each for each in later if each[0] > ends), default=(None, None, None))[2]


def gap_after(row: CertificateRow, rows: Sequence[CertificateRow], use: Use) -> str | None:
    """Say what is wrong with what follows a certificate in one use, or None when the two overlap."""
    ends = certificate_of(row).not_valid_after_utc
    follows = successor(row, rows, use)
    if follows is None:
        return "nothing follows it"
    begins = certificate_of(follows).not_valid_before_utc
    if begins > ends:
        return f"{follows.fingerprint[:16]} follows, and begins only at {begins:%Y-%m-%d %H:%M} UTC: a gap"
    return None


def _of_agencies(rows: Sequence[CertificateRow]) -> Iterator[Watched]:
    for row in rows:
        gaps = [f"{use}: {gap}" for use in row.uses.split() if (gap := gap_after(row, rows, Use(use)))]
        if gaps:
            yield Watched(
                fingerprint=row.fingerprint,
                what=f"the certificate of {row.agency}",
                ends_at=certificate_of(row).not_valid_after_utc,
                advice=f"{'; '.join(gaps)}. Have its successor registered before that",
            )


def _of_the_hub(reader: Reader) -> Iterator[Watched]:
    rows = [row for row in reader.hub_certificates() if row.role in _ROLES]
    following = [certificate_of(row).not_valid_after_utc for row in rows if row.role == "next"]
    for row in rows:
        ends = certificate_of(row).not_valid_after_utc
        advice = "set SIMOJO_NEXT_SIGNING_CERTIFICATE_FILE ahead, then roll over"
        if row.role in _SUCCEEDED_IN:
            advice = f"add its successor to {_SUCCEEDED_IN[row.role]}"
        elif row.role == "current" and any(each > ends for each in following):
            advice = "the next one is published: roll over to it"
        name = f" {certificate_of(row).subject.rfc4514_string()}" if row.role in _SUCCEEDED_IN else ""
        yield Watched(fingerprint=row.fingerprint, what=f"{_ROLES[row.role]}{name}", ends_at=ends, advice=advice)


def _above(rows: Iterable[CertificateRow]) -> Iterator[Watched]:
    """Authorities above certificates in use: when they end, so does all below them."""
    for row in rows:
        leaf, *above = chain_of(row)
        for each in above:
            if each.not_valid_after_utc < leaf.not_valid_after_utc:
                yield Watched(
                    fingerprint=fingerprint(each),
                    what=f"the authority {each.subject.rfc4514_string()} above the certificate of {row.agency}",
                    ends_at=each.not_valid_after_utc,
                    advice="have the agency's certificate issued anew under its successor",
                )


def _status_warning(row: CertificateRow, status: CertificateStatusRow | None, at: datetime) -> str:
    shown = f"the certificate of {row.agency} ({row.fingerprint[:16]})"
    if status is None:
        return ""
    if status.revoked_at is not None:
        who = "was" if status.fingerprint == row.fingerprint else "has an authority that was"
        why = f" ({status.reason})" if status.reason else ""
        return f"{shown} {who} revoked by its issuer at {status.revoked_at.isoformat()}{why}: it is refused"
    if status.fault is not None and (status.next_update is None or status.next_update < at):
        since = status.next_update or status.since
        return f"whether {shown} was revoked is not known since {since.isoformat()}: {status.fault}"
    return ""


def usable(row: CertificateRow, at: datetime) -> bool:
    """Whether a certificate is in its time and not revoked by staff."""
    certificate = certificate_of(row)
    return row.revoked_at is None and certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def certificate_of(row: CertificateRow | HubCertificateRow) -> x509.Certificate:
    """The certificate in a row."""
    return _parsed(row.pem)


@lru_cache(maxsize=1024)
def _parsed(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())
