"""Whatever comes, decryption refuses it by an error of ours, or gives what was encrypted."""

from __future__ import annotations

from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.domain.errors import GatewayError
from gateway.trust import jwe
from gateway.trust.envelope import open_envelope
from gateway.trust.xml_encryption import decrypt_envelope, encrypt_envelope, mentions_encryption
from tests.trust.encrypting import HUB, content_of
from tests.trust.parties import MAX_BYTES, key, signed

BODY = b'{"permitNumber":"001/KRK/III/2026"}'
PIECES = [
    b"",
    b"=",
    b"#x",
    b"<",
    b"Id",
    b"xenc:EncryptedKey",
    b"xenc:CipherReference",
    b"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    b"AAAA",
]


@cache
def envelope() -> bytes:
    return encrypt_envelope(signed(), HUB.certificate)


@cache
def tokens() -> tuple[bytes, ...]:
    return tuple(jwe.encrypt(BODY, "application/json", key(kind).certificate) for kind in ("rsa", "p256"))


def edited(data: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """The data with pieces put in at a share of its length, in the place of so many bytes."""
    for share, length, piece in edits:
        place = int(share * len(data))
        data = data[:place] + piece + data[place + length :]
    return data


EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES) | st.binary(max_size=8)), max_size=3
)


@settings(max_examples=300, deadline=None)
@example([])
@given(EDITS)
def test_any_edit_of_an_encrypted_envelope(edits: list[tuple[float, int, bytes]]) -> None:
    try:
        opened = open_envelope(edited(envelope(), edits), max_bytes=MAX_BYTES)
        if not mentions_encryption(opened):
            return
        plain = decrypt_envelope(opened, [HUB])
        content = content_of(plain)
    except GatewayError as refused:
        assert refused.text.isprintable()  # noqa: PT017 - most edits are refused, few are not
        return
    assert content == "Budi Contoh"


@settings(max_examples=500, deadline=None)
@example(0, [])
@example(1, [])
@given(st.integers(0, 1), EDITS)
def test_any_edit_of_a_jwe(number: int, edits: list[tuple[float, int, bytes]]) -> None:
    try:
        opened = jwe.decrypt(edited(tokens()[number], edits), [key("rsa"), key("p256")], max_bytes=MAX_BYTES)
    except GatewayError as refused:
        assert refused.text.isprintable()  # noqa: PT017 - most edits are refused, few are not
        return
    assert opened == jwe.Opened(BODY, "application/json")


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_as_a_jwe(data: bytes) -> None:
    try:
        jwe.decrypt(data, [key("rsa"), key("p256")], max_bytes=MAX_BYTES)
    except GatewayError as refused:
        assert refused.code in ("encryption-malformed", "encryption-policy")  # noqa: PT017 - nothing else may happen
        return
    raise AssertionError("random bytes were decrypted")
