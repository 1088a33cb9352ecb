"""Signature wrapping and its kin (docs/security-attacks.md): genuine signatures over what the reader would not take.

Each attack begins with a message that `dpupr` really signed; each is refused by its own code.
"""

from __future__ import annotations

from collections import Counter

import pytest
from lxml import etree

from gateway.contract.message import Transport
from gateway.domain.errors import Refused
from gateway.trust import names
from gateway.trust.wss import VerifiedEnvelope
from gateway.trust.xml import canonical
from tests.trust import parties
from tests.trust.parties import BUSINESS, altered, envelope, key, one, registered, sign
from tests.trust.wrapping.attack import Attack
from tests.trust.wrapping.catalogue import harmless, named, refused
from tests.trust.wrapping.genuine import genuine
from tests.trust.wrapping.moves import IDS, PARTS, PLACES, moves
from tests.trust.wrapping.naive import accepting

BOTH = [(version, kind) for version in (Transport.SOAP_12, Transport.SOAP_11) for kind in ("p256", "rsa")]


def verify(data: bytes, kind: str = "p256") -> VerifiedEnvelope:
    return parties.verify(data, registered(key(kind)))


def code_of(data: bytes, kind: str = "p256") -> str:
    """The code of the refusal, or nothing when it is accepted."""
    try:
        verify(data, kind)
    except Refused as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize(("version", "kind"), BOTH)
def test_the_genuine_message_passes(version: Transport, kind: str) -> None:
    """So that what is refused below is refused for its one change."""
    verified = verify(genuine(version, kind).data, kind)
    assert verified.content.findtext(f"{{{BUSINESS}}}name") == "Budi Contoh"


@pytest.mark.parametrize(("version", "kind"), BOTH)
@pytest.mark.parametrize("part", PARTS)
def test_a_signed_part_moved_anywhere_under_any_identifier_is_refused(version: Transport, kind: str, part: str) -> None:
    attacks = list(moves(parts=(part,)))
    assert len(attacks) == len(PLACES) * len(IDS)
    told = {each.name: code_of(each.make(genuine(version, kind)), kind) for each in attacks}
    assert told == {each.name: each.code for each in attacks}


@pytest.mark.parametrize("attack", [each for each in named() if each.code], ids=lambda attack: attack.name)
def test_an_attack_is_refused_by_its_code(attack: Attack) -> None:
    told = {(version, kind): code_of(attack.make(genuine(version, kind)), kind) for version, kind in BOTH}
    assert told == dict.fromkeys(BOTH, attack.code)


@pytest.mark.parametrize("attack", harmless(), ids=lambda attack: attack.name)
def test_what_nobody_reads_changes_nothing_that_is_read(attack: Attack) -> None:
    """Comments, prefixes and blocks that no signature covers: the reader sees exactly what was signed."""
    for version, kind in BOTH:
        made = attack.make(genuine(version, kind))
        assert made != genuine(version, kind).data
        seen, signed = verify(made, kind), verify(genuine(version, kind).data, kind)
        assert seen.canonical_body == signed.canonical_body
        assert [canonical(each) for each in seen.headers] == [canonical(each) for each in signed.headers]
        assert (seen.created, seen.expires, seen.action) == (signed.created, signed.expires, signed.action)


def test_every_attack_has_a_name_of_its_own_and_there_are_enough() -> None:
    assert max(Counter(each.name for each in (*refused(), *harmless())).values()) == 1
    assert len(named()) > 150
    assert len(refused()) > 1400
    assert len({each.code for each in refused()}) >= 12


def test_others_accept_much_of_what_is_refused_here() -> None:
    """The attacks are real: verifiers that are in use take them for genuine. The list is in docs."""
    mine = genuine()
    assert accepting(mine.data, mine.certificate_der) == ("zeep", "xmlsec", "message")
    body = {each.name: each for each in moves(parts=("Body",), ids=("no-id",))}
    for place in ("header-block", "header", "security", "object", "nested-envelope", "envelope-in-body", "document"):
        attack = body[f"Body-to-{place}-no-id"].make(mine)
        assert accepting(attack, mine.certificate_der) == ("zeep", "xmlsec", "message"), place
        presented = etree.fromstring(attack).findall(f"{{{names.SOAP_12}}}Body")[0]
        assert presented.findtext(f".//{{{BUSINESS}}}name") == "Penipu Contoh"
        assert code_of(attack) == "signature-wrapped"


def test_an_action_that_was_added_unsigned_is_refused() -> None:
    def attack(root: etree._Element) -> None:
        etree.SubElement(one(root, "//soap:Header"), names.ACTION).text = f"{BUSINESS}#Withdrawal"

    bare = envelope()
    one(bare, "//soap:Header").remove(one(bare, "//wsa:Action"))
    without = sign(bare)
    assert verify(without).action is None
    assert code_of(altered(attack, without)) == "signature-part-missing"


def test_a_second_action_is_refused_before_any_signature() -> None:
    def attack(root: etree._Element) -> None:
        etree.SubElement(one(root, "//soap:Header"), names.ACTION).text = f"{BUSINESS}#Withdrawal"

    assert code_of(altered(attack)) == "envelope-invalid"


def test_a_type_whose_prefix_was_bound_anew_loses_the_prefix() -> None:
    """Exclusive canonical form leaves prefixes in values out: nobody can say which binding was signed, so none is."""
    root = envelope()
    document = one(root, "//soap:Body")[0]
    document.set("{http://www.w3.org/2001/XMLSchema-instance}type", "p:Other")
    data = sign(root).replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:p="urn:signed" ', 1)
    for bound in (data, data.replace(b"urn:signed", b"urn:attack")):
        assert "p" not in verify(bound).content.nsmap
