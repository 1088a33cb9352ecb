"""Which certificates are registered: their chain, their authority's word, their uses, and a challenge that is met."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.operations.expiry import certificate_warnings
from gateway.operations.possession import CHALLENGE_LIFE
from gateway.trust.certificates import RevocationMode, Use
from gateway.trust.keys import fingerprint
from tests.operations.ledgers import NOW
from tests.operations.status_town import DAY, HARD, HOUR, OFF, ROOT, SOFT, Town, refused, revoked_list, with_list
from tests.trust.authorities import key_usage, root

# --- registration -------------------------------------------------------------------------------------------------


def test_a_certificate_is_registered_with_its_chain_and_its_authoritys_word(town: Town) -> None:
    leaf = with_list(town)
    found = town.register(leaf)
    (row,) = town.office.reader.certificates("dpupr")
    assert (row.fingerprint, row.uses) == (found, "encrypt sign tls")
    assert x509.load_pem_x509_certificates(row.chain.encode()) == [ROOT.certificate]
    status = town.status(leaf)
    assert (status.next_update, status.source, status.fault) == (NOW + DAY, town.web.url("/crl"), None)
    assert town.outcome(HARD) == "taken"
    assert certificate_warnings(town.office.reader, NOW) == ()


def test_a_certificate_of_a_stranger_is_not_registered(town: Town) -> None:
    assert refused(lambda: town.register(root("Lain").issue(start=NOW - DAY))).code == "certificate-chain"
    assert town.office.reader.all_certificates() == []


def test_a_certificate_that_is_revoked_already_is_not_registered(town: Town) -> None:
    leaf = with_list(town)
    town.web.says["/crl"] = revoked_list(leaf, NOW - HOUR, x509.ReasonFlags.key_compromise)
    caught = refused(lambda: town.register(leaf))
    assert caught.code == "certificate-revoked"
    assert "keyCompromise" in caught.text


@pytest.mark.parametrize(("mode", "code"), [(SOFT, None), (HARD, "certificate-status-unknown"), (OFF, None)])
def test_registration_when_no_source_answers(town: Town, mode: RevocationMode, code: str | None) -> None:
    leaf = with_list(town)
    town.web.says["/crl"] = 503
    if code is None:
        town.register(leaf, mode=mode)
        assert bool(town.office.reader.certificate_statuses()) is (mode is SOFT)
        assert any("HTTP status 503" in each for each in certificate_warnings(town.office.reader, NOW)) is (
            mode is SOFT
        )
    else:
        assert refused(lambda: town.register(leaf, mode=mode)).code == code


def test_those_between_are_asked_about_too(town: Town) -> None:
    web = town.web
    between = ROOT.issue("Antara", authority=True, lists=[web.url("/root")], start=NOW - DAY)
    leaf = between.issue(lists=[web.url("/between")], start=NOW - DAY)
    web.says["/root"] = ROOT.crl(this=NOW - HOUR, following=NOW + DAY)
    web.says["/between"] = between.crl(this=NOW - HOUR, following=NOW + DAY)
    town.register(leaf, between)
    assert town.outcome(HARD) == "taken"
    town.office.now = NOW + 2 * HOUR
    web.says["/root"] = revoked_list(between, NOW + HOUR, this=NOW + HOUR)
    assert town.look() == 2
    assert town.outcome(SOFT) == "certificate-revoked"
    assert town.outcome(SOFT, NOW) == "taken"
    assert any("has an authority that was revoked" in each for each in certificate_warnings(town.office.reader, NOW))


# --- uses and challenges ------------------------------------------------------------------------------------------


def test_a_certificate_is_registered_for_what_it_allows(town: Town) -> None:
    leaf = ROOT.issue(usage=key_usage(digital_signature=True), start=NOW - DAY)
    town.register(leaf, mode=OFF)
    assert [row.uses for row in town.office.reader.certificates("dpupr")] == ["sign tls"]
    caught = refused(lambda: town.register(leaf, mode=OFF, uses=frozenset({Use.ENCRYPT})))
    assert caught.code == "certificate-not-for-use"
    assert "encrypt" in caught.text
    sealing = ROOT.issue(usage=key_usage(key_agreement=True), start=NOW - DAY)
    assert refused(lambda: town.register(sealing, mode=OFF)).code == "certificate-not-for-use"  # signing is expected
    found = town.register(sealing, mode=OFF, uses=frozenset({Use.ENCRYPT}))
    assert {row.fingerprint: row.uses for row in town.office.reader.certificates("dpupr")}[found] == "encrypt"


def test_a_challenge_counts_once_and_for_a_week(town: Town) -> None:
    leaf = ROOT.issue(start=NOW - DAY)
    registry = town.registry(OFF)
    certificate = leaf.certificate

    def prove(challenge: bytes) -> str:
        proof = leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
        return registry.register_certificate("dpupr", certificate, challenge, proof, "staff/siti").fingerprint

    challenge = registry.challenge("dpupr", certificate, "satu")
    assert registry.challenge("dpupr", certificate, "satu") == challenge  # not used yet: the same
    town.office.now = NOW + CHALLENGE_LIFE
    assert refused(lambda: prove(challenge)).code == "challenge-expired"
    town.office.now -= timedelta(seconds=1)
    assert prove(challenge) == fingerprint(certificate)
    assert refused(lambda: prove(challenge)).code == "challenge-used"
    assert refused(lambda: registry.challenge("dpupr", certificate, "satu")).code == "challenge-used"
    forged = challenge.replace(b"satu", b"dua")
    assert refused(lambda: prove(forged)).code == "challenge-other"  # nobody gave it out
    again = registry.challenge("dpupr", certificate, "tiga")
    assert prove(again) == fingerprint(certificate)
    assert len(town.office.reader.all_certificates()) == 1


def test_a_failed_proof_does_not_spend_the_challenge(town: Town) -> None:
    leaf = ROOT.issue(start=NOW - DAY)
    registry = town.registry(OFF)
    challenge = registry.challenge("dpupr", leaf.certificate, "satu")

    def prove(proof: bytes) -> str:
        return registry.register_certificate("dpupr", leaf.certificate, challenge, proof, "staff/siti").fingerprint

    assert refused(lambda: prove(b"x")).code == "possession-not-proven"
    assert prove(leaf.key.sign(challenge, ec.ECDSA(hashes.SHA256()))) == fingerprint(leaf.certificate)


def test_an_expired_certificate_is_not_registered(town: Town) -> None:
    assert (
        refused(lambda: town.register(ROOT.issue(start=NOW - 9 * DAY, days=8), mode=OFF)).code == "certificate-expired"
    )
