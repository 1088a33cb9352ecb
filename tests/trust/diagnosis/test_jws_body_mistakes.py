"""Detached JWS over another body than was sent, or over another form of it: each mistake is made, and named."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections.abc import Callable

import pytest

from gateway.trust.diagnosis import Mistake, Step
from tests.trust.diagnosis.sloppy import ecdsa, failed, pkcs1, sha256, the_failure
from tests.trust.diagnosis.sloppy_jws import BODY, Signs, b64url, explained, jws
from tests.trust.parties import key

M = Mistake
VALUE = json.loads(BODY)
WRITERS: dict[str, bytes] = {
    "Python's default": json.dumps(VALUE).replace("120.5", "120.50").encode(),
    "indented by 2": json.dumps(VALUE, indent=2, ensure_ascii=False).replace("120.5", "120.50").encode(),
    "indented by 4, escaped, PHP": json.dumps(VALUE, indent=4).replace("/", "\\/").replace("120.5", "120.50").encode(),
    "PHP's default": json.dumps(VALUE, separators=(",", ":")).replace("/", "\\/").replace("120.5", "120.50").encode(),
    "escaped": json.dumps(VALUE, separators=(",", ":")).replace("120.5", "120.50").encode(),
    ".NET's default": BODY.decode().replace("é", "\\u00E9").encode(),
    "in alphabetical order": json.dumps(VALUE, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    .replace("120.5", "120.50")
    .encode(),
    "with CR LF": json.dumps(VALUE, indent=2, ensure_ascii=False)
    .replace("120.5", "120.50")
    .replace("\n", "\r\n")
    .encode(),
    "with another number": BODY.replace(b"120.50", b"120.5"),
}


@pytest.mark.parametrize("signed", WRITERS.values(), ids=WRITERS.keys())
@pytest.mark.parametrize(("kind", "signs"), [("rsa", pkcs1), ("p256", ecdsa)])
def test_a_body_that_was_written_anew_after_signing_is_named_and_shown(signed: bytes, kind: str, signs: Signs) -> None:
    assert signed != BODY
    field = jws(signed=signed, signer=key(kind), signs=signs)
    found = the_failure(explained(field, BODY, key(kind)))
    assert (found.step, found.mistake) == (Step.SIGNATURE, M.BODY_REWRITTEN)
    assert found.difference is not None
    assert "Contoh" not in "".join(found.difference.lines(masked=True))


def test_a_body_that_was_minified_for_signing_and_sent_indented_is_named() -> None:
    sent = json.dumps(VALUE, indent=2, ensure_ascii=False).replace("120.5", "120.50").encode()
    assert the_failure(explained(jws(), sent)).mistake is M.BODY_REWRITTEN


@pytest.mark.parametrize(
    ("signed", "mistake"),
    [
        (BODY + b"\n", M.FINAL_NEWLINE),
        (BODY + b"\r\n", M.FINAL_NEWLINE),
        (b"\xef\xbb\xbf" + BODY, M.BYTE_ORDER_MARK),
        (unicodedata.normalize("NFD", BODY.decode()).encode(), M.UNICODE_FORM),
        (BODY.decode().encode("latin-1"), M.OTHER_ENCODING),
        ('{"luas":120.5,"nama":"René Contoh","url":"https://contoh.example/a"}'.encode(), M.BODY_CANONICALIZED),
    ],
)
def test_a_body_of_other_octets_is_named(signed: bytes, mistake: Mistake) -> None:
    assert the_failure(explained(jws(signed=signed))).mistake is mistake


@pytest.mark.parametrize(
    ("sent", "mistake"),
    [(BODY + b"\n", M.FINAL_NEWLINE), (b"\xef\xbb\xbf" + BODY, M.BYTE_ORDER_MARK), (b" " + BODY, M.TEXT_TRIMMED)],
)
def test_octets_that_were_sent_and_not_signed_are_named(sent: bytes, mistake: Mistake) -> None:
    assert the_failure(explained(jws(), sent)).mistake is mistake


@pytest.mark.parametrize(
    ("payload", "mistake"),
    [
        (lambda body: body, M.UNENCODED),
        (base64.b64encode, M.PAYLOAD_ENCODING),
        (base64.urlsafe_b64encode, M.PAYLOAD_ENCODING),
        (lambda _: b"", M.PAYLOAD_EMPTY),
        (lambda body: b64url(sha256(body)).encode(), M.PAYLOAD_DIGEST),
        (lambda body: sha256(body).hex().encode(), M.PAYLOAD_DIGEST),
    ],
)
def test_what_was_signed_as_the_payload_is_named(payload: Callable[[bytes], bytes], mistake: Mistake) -> None:
    found = the_failure(explained(jws(payload=payload)))
    assert (found.step, found.mistake) == (Step.SIGNATURE, mistake)


def test_a_payload_signed_unencoded_with_b64_false_is_named_with_the_members_that_have_to_go() -> None:
    field = jws(payload=lambda body: body, b64=False, crit=["b64"])
    assert failed(explained(field)) == [(Step.HEADER, None), (Step.HEADER, None), (Step.SIGNATURE, M.UNENCODED)]


def test_a_changed_body_is_said_to_be_unknown_with_both_digests() -> None:
    sent = BODY.replace(b"120.50", b"999")
    field = jws()
    found = the_failure(explained(field, sent))
    assert (found.step, found.mistake, found.difference) == (Step.SIGNATURE, None, None)
    protected = field.split(".", 1)[0]
    for body, where in ((sent, found.expected), (BODY, found.found)):
        assert base64.b64encode(sha256(f"{protected}.{b64url(body)}".encode())).decode() in where


def test_a_changed_body_under_ecdsa_is_said_to_fit_nothing() -> None:
    field = jws(signer=key("p256"), signs=ecdsa)
    found = the_failure(explained(field, BODY.replace(b"120.50", b"999"), key("p256")))
    assert (found.step, found.mistake) == (Step.SIGNATURE, None)
    assert "fits none of these keys" in found.found
