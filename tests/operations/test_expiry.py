"""Certificates that end soon: once in the log for each threshold, and in the hub's health for as long as it is so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.operations.expiry import ExpiryWatch, certificate_of, certificate_warnings, gap_after, successor
from gateway.operations.health import look
from gateway.operations.hub_certificates import record
from gateway.operations.standing import Standing
from gateway.store.engine import open_engine
from gateway.store.plan import Insert, Plan, Update
from gateway.store.tables import CertificateRow
from gateway.trust.certificates import Use
from gateway.trust.keys import fingerprint
from tests.operations.ledgers import NOW, Office
from tests.trust.authorities import Holder, root

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LED = Standing(lambda: "hub a")
ROOT = root(start=NOW - DAY)


def ending(days: float, *, start: datetime = NOW - DAY, by: Holder = ROOT) -> Holder:
    """A certificate that ends so many days from NOW."""
    return by.issue(start=start, days=(NOW + days * DAY - start) / DAY)


def keep(office: Office, holder: Holder, *above: Holder, agency: str = "dpupr", uses: str = "sign") -> str:
    found = fingerprint(holder.certificate)
    chain = b"".join(each.pem for each in above).decode()
    values: dict[str, Any] = {"fingerprint": found, "agency": agency, "pem": holder.pem.decode(), "possession": "-"}
    values |= {"registered_at": NOW, "uses": uses, "chain": chain}
    office.commit(Plan.of(Insert(CertificateRow, values)))
    return found


def lines(office: Office, at: datetime) -> list[tuple[str, int]]:
    """What the log says at a moment."""
    office.now = at
    with capture_logs() as logs:
        ExpiryWatch(office.reader, office.writer, lambda: office.now).run_once()
    return [(each["event"], each["days"]) for each in logs]


def test_each_threshold_has_one_line_and_an_hour_or_a_restart_repeats_none(office: Office) -> None:
    keep(office, ending(100))
    ends = NOW + 100 * DAY
    for days in (60, 30, 7, 1):
        assert lines(office, ends - days * DAY - SECOND) == []
        assert lines(office, ends - days * DAY) == [("certificate-expires", days)]
        assert lines(office, ends - days * DAY + timedelta(hours=1)) == []
        again = Office(
            open_engine(office.engine.url.render_as_string(hide_password=False))
        )  # another process on the same store
        assert lines(again, ends - days * DAY + timedelta(hours=2)) == []
        again.writer.close()
        again.engine.dispose()
    assert lines(office, ends) == []
    assert lines(office, ends + SECOND) == [("certificate-expired", 0)]
    assert lines(office, ends + DAY) == []


def test_a_hub_that_was_off_tells_the_last_threshold_alone(office: Office) -> None:
    keep(office, ending(5))
    assert lines(office, NOW) == [("certificate-expires", 7)]
    assert lines(office, NOW + DAY) == []
    assert lines(office, NOW + 4 * DAY) == [("certificate-expires", 1)]


def test_health_says_it_for_as_long_as_it_is_so(office: Office) -> None:
    found = keep(office, ending(100))
    ends = NOW + 100 * DAY
    assert look(office.reader, office.writer, ends - 60 * DAY - SECOND, LED).warnings == ()
    (warning,) = look(office.reader, office.writer, ends - 60 * DAY, LED).warnings
    assert warning.startswith(f"the certificate of dpupr ({found[:16]}) expires in 60 days, at 2026-04-15 03:04 UTC")
    (warning,) = look(office.reader, office.writer, ends + DAY, LED).warnings
    assert "expired at" in warning


def revoke(office: Office, found: str) -> None:
    office.commit(Plan.of(Update(CertificateRow, {"fingerprint": found}, {}, {"revoked_at": NOW})))


def test_a_successor_that_overlaps_ends_the_warning_and_a_gap_does_not(office: Office) -> None:
    keep(office, ending(10))
    assert len(certificate_warnings(office.reader, NOW)) == 1
    late = keep(office, ending(400, start=NOW + 11 * DAY))
    (warning,) = certificate_warnings(office.reader, NOW)
    assert "a gap" in warning
    revoke(office, late)
    in_time = keep(office, ending(400, start=NOW + 10 * DAY))
    assert certificate_warnings(office.reader, NOW) == ()
    revoke(office, in_time)
    assert len(certificate_warnings(office.reader, NOW)) == 1


def test_a_successor_is_of_the_same_agency_and_use(office: Office) -> None:
    keep(office, ending(10), uses="sign tls")
    keep(office, ending(400), agency="bank")
    keep(office, ending(400), uses="sign")
    (warning,) = certificate_warnings(office.reader, NOW)
    assert "tls: nothing follows it" in warning
    assert "sign: " not in warning


def test_of_several_the_one_that_ends_next_follows(office: Office) -> None:
    for days in (10, 300, 30):
        keep(office, ending(days))
    rows: Sequence[CertificateRow] = office.reader.certificates("dpupr")
    by_end = sorted(rows, key=certificate_end)
    assert successor(by_end[0], rows, Use.SIGN) is by_end[1]
    assert successor(by_end[2], rows, Use.SIGN) is None
    assert gap_after(by_end[0], rows, Use.SIGN) is None


def certificate_end(row: CertificateRow) -> datetime:
    return certificate_of(row).not_valid_after_utc


def test_an_authority_that_ends_before_what_is_below_it_is_told(office: Office) -> None:
    between = ROOT.issue("Antara", authority=True, start=NOW - DAY, days=20)
    keep(office, between.issue(start=NOW - DAY), between, ROOT)
    (warning,) = certificate_warnings(office.reader, NOW)
    assert warning.startswith("the authority CN=Antara above the certificate of dpupr")


# --- the hub's own ------------------------------------------------------------------------------------------------


def held(office: Office, at: datetime, **roles: Holder) -> dict[str, tuple[str, datetime | None, datetime | None]]:
    record(office.reader, office.writer, office.leaves, [(role, each.certificate) for role, each in roles.items()], at)
    rows = office.reader.hub_certificates()
    names = {fingerprint(each.certificate): role for role, each in roles.items()}
    return {names.get(row.fingerprint, "gone"): (row.role, row.signs_from, row.signs_until) for row in rows}


def test_the_store_remembers_since_when_the_hub_signs_with_which_certificate(office: Office) -> None:
    one, two = ending(100), ending(400)
    assert held(office, NOW, current=one) == {"current": ("current", NOW, None)}
    assert held(office, NOW + DAY, current=one, next=two) == {
        "current": ("current", NOW, None),
        "next": ("next", None, None),
    }
    rolled = NOW + 30 * DAY
    after = {"previous": ("previous", NOW, rolled), "current": ("current", rolled, None)}
    assert held(office, rolled, previous=one, current=two) == after
    assert held(office, rolled + DAY, previous=one, current=two) == after
    assert held(office, rolled + 90 * DAY, current=two) == {
        "gone": ("", NOW, rolled),
        "current": ("current", rolled, None),
    }
    steps = [row.canonical for row in office.reader.pending_leaves()]
    assert len(steps) == 2  # once for each certificate that the hub signed with
    assert all(b"hub-signs-with" in each for each in steps)


def test_the_same_certificate_as_current_and_next_is_current(office: Office) -> None:
    one = ending(100)
    for roles in ({"current": one, "next": one}, {"previous": one, "current": one}):
        held(office, NOW, **roles)
        assert [row.role for row in office.reader.hub_certificates()] == ["current"]


@pytest.mark.parametrize(
    ("roles", "says"),
    [
        ({"current": 10}, "set SIMOJO_NEXT_SIGNING_CERTIFICATE_FILE ahead"),
        ({"current": 10, "next": 400}, "the next one is published: roll over to it"),
        ({"current": 400, "authority": 10}, "SIMOJO_AGENCY_CA_FILE"),
    ],
)
def test_the_hubs_certificates_and_authorities_are_watched_too(
    office: Office, roles: dict[str, float], says: str
) -> None:
    held(office, NOW, **{role: ending(days) for role, days in roles.items()})
    (warning,) = certificate_warnings(office.reader, NOW)
    assert says in warning
    assert lines(office, NOW) == [("certificate-expires", 30)]


def test_a_previous_certificate_may_end(office: Office) -> None:
    held(office, NOW, previous=ending(3), current=ending(400))
    assert certificate_warnings(office.reader, NOW) == ()
