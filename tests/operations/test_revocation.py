"""What authorities say is kept and counts at once; what they do not say has its stated effect."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.errors import Unauthenticated
from gateway.operations.expiry import certificate_warnings
from gateway.store.plan import Insert, Plan
from gateway.store.tables import ExchangeRow
from gateway.trust.certificates import RevocationMode, check_usable
from gateway.trust.keys import fingerprint
from tests.operations.ledgers import NOW
from tests.operations.status_town import DAY, HARD, HOUR, OFF, ROOT, SOFT, Town, refused, revoked_list, with_list
from tests.trust.authorities import Holder, root


@pytest.mark.parametrize("mode", [OFF, SOFT, HARD])
def test_a_revoked_certificate_is_refused_at_once_and_the_ledger_says_so(town: Town, mode: RevocationMode) -> None:
    leaf = with_list(town)
    town.register(leaf)
    exchanged(town, NOW + timedelta(minutes=30))
    exchanged(town, NOW + timedelta(minutes=50))
    exchanged(town, NOW + timedelta(minutes=55), agency="bank")
    town.office.now = NOW + HOUR
    town.web.says["/crl"] = revoked_list(leaf, NOW + timedelta(minutes=40), x509.ReasonFlags.key_compromise)
    assert (town.outcome(mode), town.look(), town.outcome(mode)) == ("taken", 1, "certificate-revoked")
    assert town.outcome(mode, NOW + timedelta(minutes=39)) == "taken"  # what came before stands
    extra = town.said()[-1].extra
    assert (extra["step"], extra["agency"], extra["reason"]) == ("revoked-by-authority", "dpupr", "keyCompromise")
    assert extra["accepted-since"] == 1
    before = len(town.said())
    town.office.now += HOUR
    assert (town.look(), len(town.said())) == (1, before)  # said once
    assert any("revoked by its issuer" in each for each in certificate_warnings(town.office.reader, NOW))


def exchanged(town: Town, at: datetime, agency: str = "dpupr") -> None:
    values = {"id": town.office.new_id(), "direction": "in", "agency": agency, "interaction": "x"}
    town.office.commit(Plan.of(Insert(ExchangeRow, {**values, "verdict": "accepted", "at": at})))


def test_who_is_revoked_stays_so_when_lists_forget_it_but_not_from_a_hold(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    for reason, after in ((x509.ReasonFlags.certificate_hold, "taken"), (None, "certificate-revoked")):
        town.office.now += 2 * HOUR
        town.web.says["/crl"] = revoked_list(leaf, town.office.now - HOUR, reason, this=town.office.now)
        town.look()
        assert town.outcome() == "certificate-revoked"
        town.office.now += 2 * HOUR
        town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
        town.look()
        assert town.outcome() == after
    assert [leaf.extra["step"] for leaf in town.said()][-3:] == [
        "revoked-by-authority",
        "hold-lifted",
        "revoked-by-authority",
    ]


def test_an_older_list_takes_nothing_back(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    clean = town.web.says["/crl"]
    town.office.now = NOW + 2 * HOUR
    hold = x509.ReasonFlags.certificate_hold
    town.web.says["/crl"] = revoked_list(leaf, NOW + HOUR, hold, this=NOW + 2 * HOUR)
    town.look()
    town.office.now = NOW + 4 * HOUR
    town.web.says["/crl"] = clean  # still in its time, and played back
    town.look()
    assert town.outcome() == "certificate-revoked"
    assert "a later one is held" in (town.status(leaf).fault or "")


def test_a_silent_source_in_hard_mode_the_word_holds_then_the_grace_then_no_more(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    town.web.says["/crl"] = 500
    ends = NOW + DAY
    for at, hard, warned in (
        (ends, "taken", False),
        (ends + timedelta(seconds=1), "taken", True),
        (ends + DAY, "taken", True),
        (ends + DAY + timedelta(seconds=1), "certificate-status-unknown", True),
    ):
        town.office.now = at
        town.look()
        assert (town.outcome(HARD), town.outcome(SOFT), town.outcome(OFF)) == (hard, "taken", "taken")
        warnings = certificate_warnings(town.office.reader, at)
        assert any("is not known since" in each for each in warnings) is warned, at
    town.office.now += timedelta(minutes=6)  # and it comes back
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
    assert (town.look(), town.outcome(HARD)) == (1, "taken")


def test_the_refusal_for_an_unknown_status_says_that_the_same_may_be_sent_again(town: Town) -> None:
    town.register(with_list(town))
    with pytest.raises(Unauthenticated, match="send the same message again later"):
        check_usable(town.registered(HARD), NOW + 3 * DAY)


def registered_before(town: Town, leaf: Holder) -> None:
    """As it was while no authority was configured."""
    challenge = (old := town.registry(authorities=())).challenge("dpupr", leaf.certificate, "n")
    proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    old.register_certificate("dpupr", leaf.certificate, challenge, proof, "staff/siti")


def test_without_authorities_a_certificate_has_no_status_and_is_taken_as_registered(town: Town) -> None:
    registered_before(town, root("Sendiri").issue(start=NOW - DAY))
    assert (town.look(HARD), town.outcome(HARD, NOW + 100 * DAY)) == (0, "taken")
    assert certificate_warnings(town.office.reader, NOW) == ()


def test_a_certificate_from_before_the_authorities_is_refused_until_it_is_registered_with_its_chain(town: Town) -> None:
    leaf = with_list(town)
    registered_before(town, leaf)
    ours = (ROOT,)
    assert [town.outcome(mode, authorities=ours) for mode in (OFF, SOFT, HARD)] == [
        "taken",
        "taken",
        "certificate-chain-missing",
    ]
    (warning,) = certificate_warnings(town.office.reader, NOW, {fingerprint(ROOT.certificate)})
    assert "has no chain to an authority" in warning
    town.register(leaf, mode=HARD)
    (row,) = town.office.reader.certificates("dpupr")
    assert x509.load_pem_x509_certificates(row.chain.encode()) == [ROOT.certificate]
    assert town.said()[-1].extra["step"] == "uses-changed"
    assert town.said()[-1].extra["changed"] == "chain"
    assert town.outcome(HARD, authorities=ours) == "taken"
    assert certificate_warnings(town.office.reader, NOW, {fingerprint(ROOT.certificate)}) == ()
    town.office.now += 2 * HOUR
    town.web.says["/crl"] = ROOT.crl(this=town.office.now, following=town.office.now + DAY)
    assert town.look() == 1  # watched from now on


def test_an_authority_that_is_taken_out_of_the_file_is_believed_no_longer(town: Town) -> None:
    town.register(with_list(town))
    other = root("Lain", start=NOW - DAY)
    assert town.outcome(HARD, authorities=(other, ROOT)) == "taken"
    assert town.outcome(HARD, authorities=(other,)) == "certificate-chain-missing"
    assert town.outcome(SOFT, authorities=(other,)) == "taken"
    (warning,) = certificate_warnings(town.office.reader, NOW, {fingerprint(other.certificate)})
    assert "has no chain to an authority" in warning


def test_a_key_whose_certificate_its_authority_revoked_is_not_registered_again(town: Town) -> None:
    leaf = with_list(town)
    town.register(leaf)
    renewal = ROOT.issue(key=leaf.key, start=NOW - DAY)
    town.register(renewal, mode=OFF)
    town.office.now = NOW + HOUR
    town.web.says["/crl"] = revoked_list(leaf, NOW + timedelta(minutes=40))
    assert town.look() >= 1
    again = ROOT.issue(key=leaf.key, start=NOW - DAY)
    assert refused(lambda: town.register(again, mode=OFF)).code == "key-revoked"


def test_a_chain_ends_before_its_leaf(town: Town) -> None:
    between = ROOT.issue("Antara", authority=True, start=NOW - DAY, days=11)
    town.register(between.issue(start=NOW - DAY), between, mode=OFF)
    assert town.outcome(OFF, NOW + 10 * DAY) == "taken"
    assert town.outcome(OFF, NOW + 10 * DAY + timedelta(seconds=1)) == "certificate-chain-expired"
