"""The statement in a permit's QR code (Pasal 22(4)c): verifiable by whoever has the public key, forged by nobody."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.permit_statement import verify_permit
from gateway.domain.errors import Malformed, Misconfigured, Refused, Tampered
from gateway.trust.permit_statement import Statement, StatementKey, StatementVerifier, read_statement

KEY = StatementKey.derived(b"\x07" * 32)
OTHER = StatementKey.derived(b"\x08" * 32)
SAID = Statement(number="001/KRK/XI/2026", service="krk", day=date(2026, 11, 24), holder=b"8 bytes.")
SIGNED = KEY.sign(SAID)


@given(
    number=st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8")),
    service=st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True),
    day=st.dates(date(2020, 1, 1), date(2190, 1, 1)),
)
def test_what_was_signed_is_read_by_the_hub_and_by_the_harness(number: str, service: str, day: date) -> None:
    said = Statement(number=number, service=service, day=day, holder=b"8 bytes.")
    signed = KEY.sign(said)
    assert read_statement(signed, (OTHER.verifier, KEY.verifier)) == said
    found = verify_permit(signed, f"{OTHER.verifier.encode()}\n{KEY.verifier.encode()}\n")
    assert (found.number, found.service, found.day) == (number, service, day)


@given(place=st.integers(0, len(base64.urlsafe_b64decode(SIGNED + "==")) * 8 - 1))
def test_no_bit_of_it_can_be_changed(place: int) -> None:
    data = bytearray(base64.urlsafe_b64decode(SIGNED + "=="))
    data[place // 8] ^= 1 << place % 8
    changed = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    with pytest.raises(Refused):
        read_statement(changed, (KEY.verifier,))
    with pytest.raises((Tampered, Malformed)):
        verify_permit(changed, KEY.verifier.encode())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "statement-malformed"),
        ("x", "statement-malformed"),
        (SIGNED[:40], "statement-malformed"),
        (SIGNED + "=", "statement-malformed"),
        (SIGNED + "A" * 300, "statement-malformed"),
        ("\N{SNOWMAN}" * 20, "statement-malformed"),
        (OTHER.sign(SAID), "statement-key-unknown"),
    ],
)
def test_what_is_no_statement_of_ours_is_named(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_statement(text, (KEY.verifier,))
    assert refused.value.code == code


def test_it_is_short_enough_for_a_code_on_paper_and_holds_no_name() -> None:
    assert len(SIGNED) <= 140
    holder = KEY.holder(SAID.number, "siti contoh")
    assert holder != KEY.holder("002/KRK/XI/2026", "siti contoh"), "two permits of one person cannot be linked"
    assert holder != OTHER.holder(SAID.number, "siti contoh"), "a name cannot be guessed without the key"
    assert b"siti" not in base64.urlsafe_b64decode(KEY.sign(replace(SAID, holder=holder)) + "==").lower()


def test_a_public_key_is_one_line_that_checks_itself() -> None:
    line = KEY.verifier.encode()
    assert StatementVerifier.parse(line) == KEY.verifier
    for wrong in (line[:-2], line.replace("simojo-permit", "simojo-other"), line[:14] + "00000000" + line[22:], ""):
        with pytest.raises(Misconfigured):
            StatementVerifier.parse(wrong)


def test_an_address_that_names_another_permit_than_its_statement_is_found_offline() -> None:
    good = f"https://simojo.example/periksa/001/KRK/XI/2026?s={SIGNED}"
    assert verify_permit(good, KEY.verifier.encode()).number == SAID.number
    with pytest.raises(Tampered, match="another permit"):
        verify_permit(good.replace("/001/", "/002/"), KEY.verifier.encode())
    with pytest.raises(Malformed):
        verify_permit(good, "no key")
