"""Chains to configured authorities: each rule with its twin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from gateway.domain.errors import Refused
from gateway.trust.chains import build_chain, chain_ends
from tests.trust.authorities import DAY, Holder, key_usage, root
from tests.trust.parties import AT

ROOT = root()


def above(leaf: Holder, *given: Holder, authorities: tuple[Holder, ...] = (ROOT,), at: object = AT) -> list[str]:
    chain = build_chain(
        leaf.certificate,
        [each.certificate for each in given],
        [each.certificate for each in authorities],
        at,  # type: ignore[arg-type]  # the tests give instants
    )
    return [each.subject.rfc4514_string().removeprefix("CN=") for each in chain]


def refused(leaf: Holder, *given: Holder, **said: object) -> str:
    with pytest.raises(Refused) as caught:
        above(leaf, *given, **said)  # type: ignore[arg-type]  # the same
    assert caught.value.code == "certificate-chain"
    return caught.value.text


def test_a_leaf_chains_to_its_authority_directly_and_through_others() -> None:
    assert above(ROOT.issue()) == ["Otoritas Contoh"]
    one = ROOT.issue("Antara 1", authority=True)
    two = one.issue("Antara 2", authority=True)
    assert above(two.issue(), one, two) == ["Antara 2", "Antara 1", "Otoritas Contoh"]
    assert above(two.issue(), two, one, ROOT.issue("lain")) == ["Antara 2", "Antara 1", "Otoritas Contoh"]


def test_an_authority_between_may_itself_be_the_configured_one() -> None:
    between = ROOT.issue("Antara", authority=True)
    assert above(between.issue(), authorities=(between,)) == ["Antara"]


def test_another_root_of_the_same_name_is_not_it() -> None:
    assert "no authority" in refused(root().issue())
    stranger = root("Orang lain")
    assert "no authority" in refused(stranger.issue(), stranger)


def test_a_root_that_was_given_and_is_not_configured_ends_no_chain() -> None:
    stranger = root("Orang lain")
    refused(stranger.issue(), stranger)
    assert above(stranger.issue(), authorities=(ROOT, stranger)) == ["Orang lain"]


def test_a_missing_link_is_named() -> None:
    between = ROOT.issue("Antara", authority=True)
    assert "CN=dpupr" in refused(between.issue())


@pytest.mark.parametrize("offset", [-2 * DAY, 400 * DAY])
def test_every_link_is_valid_at_the_moment(offset: timedelta) -> None:
    assert "is valid from" in refused(ROOT.issue(), at=AT + offset)
    between = ROOT.issue("Antara", authority=True, start=AT - 10 * DAY, days=5)
    assert "CN=Antara is valid from" in refused(between.issue(), between)


def test_who_is_no_authority_issues_nothing() -> None:
    agency = ROOT.issue("bank", usage=key_usage(digital_signature=True, key_cert_sign=True))
    assert "is no authority" in refused(agency.issue(), agency)
    bare = ROOT.issue("tanpa batasan", basic=False)
    assert "is no authority" in refused(bare.issue(), bare)
    mute = ROOT.issue("Antara", authority=True, usage=key_usage(crl_sign=True))
    assert "may not sign certificates" in refused(mute.issue(), mute)


def test_a_path_length_is_kept() -> None:
    narrow = root("Sempit", path_length=0)
    assert above(narrow.issue(), authorities=(narrow,)) == ["Sempit"]
    below = narrow.issue("Antara", authority=True)
    assert "allows 0 authorities below it" in refused(below.issue(), below, authorities=(narrow,))


def test_the_issuer_is_who_signed_and_not_who_is_named() -> None:
    forged = Holder(ROOT.certificate, root().key).issue()  # another key under the authority's name
    refused(forged)


def test_what_is_critical_and_not_processed_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert above(ROOT.issue(more=[(unknown, False)])) == ["Otoritas Contoh"]
    assert "1.2.3.4" in refused(ROOT.issue(more=[(unknown, True)]))
    limited = x509.NameConstraints([x509.DNSName("contoh.example")], None)
    for critical in (True, False):
        between = ROOT.issue("Antara", authority=True, more=[(limited, critical)])
        assert "not processed" in refused(between.issue(), between)


def test_weak_links_are_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - the key that must be refused
    between = ROOT.issue("Antara", authority=True, key=weak)
    assert "weak" in refused(between.issue(), between)
    assert above(ROOT.issue(key=ed25519.Ed25519PrivateKey.generate())) == ["Otoritas Contoh"]


def test_a_circle_of_authorities_ends() -> None:
    one = root("Satu")
    two = one.issue("Dua", authority=True)
    cross = Holder(two.issue("Satu", authority=True, key=one.key).certificate, one.key)
    assert "no authority" in refused(two.issue(), two, cross)


def test_a_chain_that_is_too_long_is_refused() -> None:
    link, given = ROOT, []
    for number in range(6):
        link = link.issue(f"Antara {number}", authority=True)
        given.append(link)
    refused(link.issue(), *given)


def test_a_chain_ends_with_its_first_end() -> None:
    short = root(days=10)
    assert chain_ends([ROOT.certificate, short.certificate]) == short.certificate.not_valid_after_utc
    assert chain_ends([]) is None
