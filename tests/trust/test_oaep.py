"""OAEP padding is taken off as RFC 8017 has it: held against cryptography, and every damage is one refusal."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.trust.oaep import decode_oaep
from tests.trust.parties import private_key

KEY = private_key("rsa")
assert isinstance(KEY, rsa.RSAPrivateKey)
PUBLIC, NUMBERS = KEY.public_key(), KEY.private_numbers()
HASHES = (SHA1, SHA256, SHA384, SHA512)


def block(secret: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> bytes:
    """What a token gives: the bare RSA operation over what cryptography encrypted."""
    wrapped = PUBLIC.encrypt(secret, padding.OAEP(padding.MGF1(mask()), digest(), None))
    return pow(int.from_bytes(wrapped), NUMBERS.d, NUMBERS.public_numbers.n).to_bytes(256)


@given(st.binary(max_size=126), st.sampled_from(HASHES), st.sampled_from(HASHES))
@settings(max_examples=60, deadline=None)
def test_what_cryptography_wraps_is_unwrapped(
    secret: bytes, digest: type[HashAlgorithm], mask: type[HashAlgorithm]
) -> None:
    assert decode_oaep(block(secret, digest, mask), digest, mask) == secret


@given(st.integers(0, 255), st.integers(1, 255))
@settings(max_examples=100, deadline=None)
def test_any_changed_byte_is_the_same_refusal(place: int, change: int) -> None:
    damaged = bytearray(block(b"rahasia", SHA256, SHA256))
    damaged[place] ^= change
    with pytest.raises(ValueError, match=r"^this does not decrypt$"):
        decode_oaep(bytes(damaged), SHA256, SHA256)


@pytest.mark.parametrize(("digest", "mask"), [(SHA384, SHA256), (SHA256, SHA1)])
def test_other_hashes_are_the_same_refusal(digest: type[HashAlgorithm], mask: type[HashAlgorithm]) -> None:
    with pytest.raises(ValueError, match=r"^this does not decrypt$"):
        decode_oaep(block(b"rahasia", SHA256, SHA256), digest, mask)


@pytest.mark.parametrize("size", [0, 65, 66, 256])
def test_a_block_of_zeros_or_too_short_is_the_same_refusal(size: int) -> None:
    with pytest.raises(ValueError, match=r"^this does not decrypt$"):
        decode_oaep(bytes(size), SHA256, SHA256)
