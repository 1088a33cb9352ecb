"""Steps 6 to 8 of the check of an agency: certificates and secrets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from cryptography import x509

from gateway.contract.adapter import Adapter
from gateway.dialect.profiles import CREDENTIALS, SNAP_BI, WSS_X509
from gateway.domain.errors import Refused
from gateway.operations.agency_check.line import NEAR_END_DAYS, Line, fail, ok, warn
from gateway.trust.certificates import RegisteredCertificate, Use, check_usable

_SIGNED = frozenset({WSS_X509, "jws"}) | SNAP_BI
"""Profiles in which the agency proves itself by a certificate."""


def certificates(adapter: Adapter, registered: Sequence[RegisteredCertificate], at: datetime) -> Iterator[Line]:
    """6. Those registered for the agency, and whether it may sign with one."""
    usable = []
    standing = [each for each in registered if _may_be_used(each, at)]
    for each in registered:
        yield _certificate(adapter.agency.id, each, standing, at)
        if each in standing and Use.SIGN in each.uses:
            usable.append(each)
    profiles = {each.security for each in adapter.interactions} & _SIGNED
    if profiles and not usable:
        yield fail(
            "certificate",
            f"one that the agency may sign with, for {', '.join(sorted(profiles))}",
            f"none of {len(registered)} is usable" if registered else "none is registered",
            "simojo agency challenge, then certify",
        )
    ends = sorted(each.certificate.not_valid_after_utc for each in usable)
    if ends and (ends[-1] - at).days <= NEAR_END_DAYS:
        advice = "register the next one now, so that both overlap: simojo agency challenge, then certify"
        yield warn("certificate", "one that stands longer", f"the last one ends on {ends[-1]:%Y-%m-%d}", advice)
    elif len(ends) > 1:
        yield ok("certificate", f"{len(ends)} overlap until {ends[0]:%Y-%m-%d}")


def _may_be_used(registered: RegisteredCertificate, at: datetime) -> bool:
    try:
        check_usable(registered, at)
    except Refused:
        return False
    return True


def _certificate(
    agency: str, registered: RegisteredCertificate, standing: list[RegisteredCertificate], at: datetime
) -> Line:
    """A certificate that is over is no fault where those that stand do all that it did."""
    certificate = registered.certificate
    uses = ", ".join(sorted(registered.uses))
    found = f"{registered.fingerprint[:16]} for {uses}, {_dates(certificate, at)}"
    try:
        check_usable(registered, at)
    except Refused as fault:
        after = [each for each in standing if each.uses & registered.uses]
        past = fault.code in {"certificate-revoked", "certificate-expired", "certificate-chain-expired"}
        if past and registered.uses <= frozenset().union(*(each.uses for each in after)):
            return ok("certificate", f"{found}, replaced by {', '.join(e.fingerprint[:16] for e in after)}")
        advice = f"register another one: simojo agency challenge {agency}, then certify" if past else ""
        return fail("certificate", "usable now, or replaced", f"{found}: {fault.text}", advice)
    return ok("certificate", found)


def own_certificate(own: x509.Certificate, at: datetime) -> Iterator[Line]:
    """7. Our own."""
    days = (own.not_valid_after_utc - at).days
    found = f"{own.subject.rfc4514_string()[:80]}, {_dates(own, at)}"
    if not own.not_valid_before_utc <= at <= own.not_valid_after_utc:
        yield fail("own", "our certificate is valid now", found, "have the hub's certificate renewed")
    elif days <= NEAR_END_DAYS:
        yield warn("own", "our certificate stands longer", found, "renew it, and tell the agencies beforehand")
    else:
        yield ok("own", found)


def credentials(adapter: Adapter, held: AbstractSet[str]) -> Iterator[Line]:
    """8. The secrets that the agency's profiles need; `held` are the names of those that staff have set."""
    profiles = sorted({each.security for each in adapter.interactions})
    needed = {name: profile for profile in profiles for name in CREDENTIALS.get(profile, ())}
    for name, profile in needed.items():
        if name not in held:
            advice = f"simojo agency credential {adapter.agency.id} {name}"
            yield fail("credentials", f"{name}, for profile {profile}", "not set", advice)
    if needed.keys() <= held:
        found = f"{', '.join(needed)} are set" if needed else f"none needed for {', '.join(profiles)}"
        yield ok("credentials", found)


def _dates(certificate: x509.Certificate, at: datetime) -> str:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    left = f"{(end - at).days} days left" if at <= end else f"ended {(at - end).days} days ago"
    return f"valid {start:%Y-%m-%d} to {end:%Y-%m-%d} ({left})"
