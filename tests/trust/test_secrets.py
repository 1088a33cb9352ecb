"""Sealing, derivation and PINs from the master key."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Misconfigured, Tampered
from gateway.trust.secrets import MasterKey, pin_of

KEY = bytes(range(32))
MASTER = MasterKey(KEY)
NONCE = b"n" * 12
CONTEXT = "credential/bank/client_secret"


def refused(sealed: bytes, context: str = CONTEXT, master: MasterKey = MASTER) -> str:
    with pytest.raises(Tampered) as caught:
        master.open(sealed, context)
    return caught.value.code


@given(st.binary(), st.text(st.characters(codec="utf-8")), st.binary(min_size=12, max_size=12))
def test_what_was_sealed_opens_in_its_context(plain: bytes, context: str, nonce: bytes) -> None:
    assert MASTER.open(MASTER.seal(plain, context, nonce), context) == plain


@given(st.data())
def test_no_byte_of_a_sealed_value_can_be_changed(data: st.DataObject) -> None:
    sealed = bytearray(MASTER.seal(b"rahasia", CONTEXT, NONCE))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] ^= data.draw(st.integers(1, 255))
    assert refused(bytes(sealed)) == "sealed-damaged"


@given(st.integers(0, 28))
def test_a_shortened_value_does_not_open(size: int) -> None:
    assert refused(MASTER.seal(b"rahasia", CONTEXT, NONCE)[:size]) == "sealed-damaged"


def test_a_value_does_not_open_elsewhere_or_under_another_key() -> None:
    sealed = MASTER.seal(b"rahasia", CONTEXT, NONCE)
    assert refused(sealed, "credential/oss/password") == "sealed-damaged"
    assert refused(sealed, master=MasterKey(b"k" * 32)) == "sealed-damaged"
    assert b"rahasia" not in sealed


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_has_32_bytes(size: int) -> None:
    with pytest.raises(Misconfigured) as caught:
        MasterKey(bytes(size))
    assert caught.value.code == "master-key-invalid"


@pytest.mark.parametrize("size", [0, 11, 13])
def test_a_nonce_has_12_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        MASTER.seal(b"", CONTEXT, bytes(size))


def test_the_key_is_not_shown() -> None:
    shown = repr(MASTER)
    assert shown == "MasterKey()"


def test_derivation_is_hkdf_expand_over_counted_parts() -> None:
    info = b"simojo/1" + b"\0\0\0\x06derive" + b"\0\0\0\x04salt" + b"\0\0\0\x02ab" + b"\0\0\0\0"
    assert MASTER.derive("salt", "ab", "") == hmac.digest(MASTER.secret, info + b"\x01", hashlib.sha256)


@given(st.lists(st.text(max_size=3), min_size=1, max_size=3), st.lists(st.text(max_size=3), min_size=1, max_size=3))
def test_different_parts_derive_different_keys(left: list[str], right: list[str]) -> None:
    assert (MASTER.derive(*left) == MASTER.derive(*right)) == (left == right)


def test_a_pin_is_hotp_s_truncation_of_a_keyed_digest() -> None:
    digest = hmac.digest(KEY, b"case/1", hashlib.sha256)
    number = int.from_bytes(digest[digest[-1] & 15 :][:4]) & 0x7FFFFFFF
    assert pin_of(KEY, "case/1") == str(number)[-6:].zfill(6)


@given(st.text())
def test_a_pin_has_six_digits(challenge: str) -> None:
    pin = pin_of(KEY, challenge)
    assert len(pin) == 6
    assert pin.isdecimal()


def test_pins_belong_to_their_challenge_and_key() -> None:
    challenges = [f"case/{number}" for number in range(50)]
    assert len({pin_of(KEY, challenge) for challenge in challenges}) > 45
    assert pin_of(b"k" * 32, "case/1") != pin_of(KEY, "case/1")
