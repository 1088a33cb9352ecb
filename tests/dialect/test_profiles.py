"""Every other profile by itself: what it proves, refuses and puts in, against signing code written apart."""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from conformance.signing import oss, snap
from gateway.contract.message import Json, Payload
from gateway.dialect.blanks import fill
from gateway.dialect.oss_token import OssToken
from gateway.dialect.party import Party, Proven
from gateway.dialect.profiles import CREDENTIALS, INBOUND, OUTBOUND, SNAP_OPTIONS
from gateway.dialect.rest import Heard, body_of, canonical
from gateway.dialect.shared_secret import Basic, HeaderKey
from gateway.dialect.snap_bi import SnapBi, issue_token, minify
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Misconfigured, Refused, Unauthenticated
from gateway.trust.certificates import ALL_USES, RegisteredCertificate, Use, register
from gateway.trust.keys import signing_key
from tests.dialect.spoken import answering, asking, hub, message, party, refusal, secret
from tests.exchange.keys import AT, agency_identity

# --- oss ----------------------------------------------------------------------------------------------------------

NIB: Json = {"dataNIB": {"nib": "0000000000017"}}


def nib_token(at: datetime, nib: str = "0000000000017") -> str:
    return oss.token("u", "p", nib, at)


def test_the_token_of_today_proves_oss_in_either_case() -> None:
    for token in (nib_token(AT), nib_token(AT).upper()):
        proven = OssToken().authenticate(message(Token=token), NIB, party("oss", agency_identity("x")), hub(), AT)
        assert (proven.actor, proven.message_id) == ("credential/username", None)
        OssToken().check_fresh(proven, AT)
        assert OssToken().seal(answering(proven, b""), hub(), AT) == {}


@pytest.mark.parametrize("payload", [{}, [], {"dataNIB": []}, {"dataNIB": {"nib": 17}}, {"dataNIB": {"nib": "1"}}])
def test_a_token_of_another_nib_or_of_none_is_refused(payload: Any) -> None:
    assert refusal(OssToken(), message(Token=nib_token(AT)), payload, party()) == "token-wrong"


def test_around_midnight_in_jakarta_the_neighbouring_day_counts_for_ten_minutes() -> None:
    midnight = datetime(2026, 3, 3, tzinfo=JAKARTA)
    before, after = nib_token(midnight - timedelta(hours=1)), nib_token(midnight + timedelta(hours=1))
    minute = timedelta(minutes=1)
    for token, at in ((before, midnight + 9 * minute), (after, midnight - 9 * minute)):
        OssToken().authenticate(message(Token=token), NIB, party(), hub(), at)
    assert refusal(OssToken(), message(Token=before), NIB, party(), midnight + 11 * minute) == "token-expired"
    assert refusal(OssToken(), message(Token=after), NIB, party(), midnight - 11 * minute) == "token-wrong"


# --- shared secrets -----------------------------------------------------------------------------------------------


def test_a_key_in_a_header_proves_who_holds_it_and_no_other() -> None:
    profile = HeaderKey("X-Passkey", inbound="report_key")
    proven = profile.authenticate(message(X_Passkey="r"), {"a": 1}, party(), hub(), AT)
    assert (proven.content, proven.message_id) == (b'{"a":1}', None)
    profile.check_fresh(proven, AT)
    assert profile.seal(answering(proven, b""), hub(), AT) == {}
    for said in (message(X_Passkey="other"), message(X_Passkey=""), message()):
        assert refusal(profile, said, {}, party()) == "credentials-wrong"
    assert refusal(HeaderKey("X-Passkey"), message(X_Passkey="r"), {}, party()) == "credentials-wrong"


def test_a_header_key_is_sent_and_hidden_in_what_is_stored() -> None:
    sealed = HeaderKey("user_key", outbound="user_key").seal_request(asking(a="x"), party(), hub(), AT)
    assert sealed.headers["user_key"] == "k"
    assert sealed.stored_headers["user_key"] == "***"
    plain = HeaderKey("X-Passkey").seal_request(asking(a="x"), party(), hub(), AT)
    assert "X-Passkey" not in plain.headers
    profile = HeaderKey("X-Passkey")
    profile.check_reply(Heard(status=200), asking(), plain, party(), hub(), AT)


def test_basic_is_user_and_password_in_base64_and_hidden_in_what_is_stored() -> None:
    sealed = Basic().seal_request(asking(a="x"), party(), hub(), AT)
    assert base64.b64decode(sealed.headers["Authorization"].removeprefix("Basic ")) == b"b:bp"
    assert sealed.stored_headers["Authorization"] == "***"
    Basic().check_reply(Heard(status=200), asking(), sealed, party(), hub(), AT)


def test_blanks_are_filled_in_named_members_alone_and_a_missing_credential_is_said() -> None:
    payload: Payload = {"hidden": "a {{secret:user_key}} b {{pin:c-1}}", "name": "{{secret:user_key}}", "n": 1}
    filled = fill(payload, ("hidden", "n"), party(), hub(), AT)
    assert filled == {"hidden": "a k b pin-c-1", "name": "{{secret:user_key}}", "n": 1}
    with pytest.raises(Misconfigured) as raised:
        fill({"hidden": "{{secret:nothing}}"}, ("hidden",), party(), hub(), AT)
    assert raised.value.code == "credential-missing"
    assert fill({"hidden": "{{other:x}} {{secret:}}"}, ("hidden",), party(), hub(), AT) == {
        "hidden": "{{other:x}} {{secret:}}"
    }


def test_what_is_held_is_filled_in_while_it_is_held() -> None:
    held = replace(hub(), held=lambda challenge, at: f"held-{challenge}-{at:%H%M}")
    assert fill({"p": "{{held:c-1}}"}, ("p",), party(), held, AT) == {"p": f"held-c-1-{AT:%H%M}"}
    with pytest.raises(Refused) as raised:
        fill({"p": "{{held:c-1}}"}, ("p",), party(), hub(), AT)
    assert raised.value.code == "held-secret-gone"
    got = Basic().seal_request(replace(asking(p="{{held:c-1}}"), method="GET"), party(), held, AT)
    assert (got.body, got.stored_body, "Content-Type" in got.headers) == (b"", b"", False)


# --- snap ---------------------------------------------------------------------------------------------------------


def test_minifying_drops_space_between_tokens_and_nothing_else() -> None:
    assert minify(b'{ "a b" : "c \\" d" ,\n\t"n" : 1.50 }') == b'{"a b":"c \\" d","n":1.50}'


def test_a_snap_answer_echoes_the_time_and_a_message_without_time_is_as_fresh_as_its_token() -> None:
    proven = Proven(agency="bank", actor="x", content=b"", document={})
    assert SnapBi().seal(answering(proven, b""), hub(), AT) == {"X-TIMESTAMP": "2026-03-02T03:00:00+00:00"}
    SnapBi().check_fresh(proven, AT)


def test_a_snap_token_cannot_be_made_or_prolonged_by_hand() -> None:
    moment = snap.timestamp(AT)
    for token in ("", ".", "99999999999.ab", "9" * 12 + ".ab", "x.y", "²."):
        said = message(Authorization=f"Bearer {token}", X_TIMESTAMP=moment)
        assert refusal(SnapBi(), said, {}, party()) == "token-wrong"


def test_an_ec_certificate_signs_no_snap_token_request() -> None:
    said = message(X_TIMESTAMP=snap.timestamp(AT), X_CLIENT_KEY="c", X_SIGNATURE="AAAA")
    with pytest.raises(Unauthenticated) as raised:
        issue_token(said, party(), AT)
    assert raised.value.code == "signature-wrong"


BANK = agency_identity("bank", "rsa")
BODY = b'{"a":1}'


@pytest.mark.parametrize("asked", SNAP_OPTIONS)
@pytest.mark.parametrize("made", SNAP_OPTIONS)
def test_each_bank_signs_as_it_was_agreed_and_in_no_other_way(asked: str, made: str) -> None:
    path, moment = "/rest/bank/v1.0/transfer-va/inquiry?lang=id", snap.timestamp(AT)
    signed_token = snap.token_signature(BANK.key, "c", moment)
    who = party("bank", BANK)
    access = issue_token(message(X_TIMESTAMP=moment, X_CLIENT_KEY="c", X_SIGNATURE=signed_token), who, AT)
    endpoint = path.partition("?")[0] if "path" in made else path
    signature = snap.transaction_signature("s", endpoint, access, BODY, moment, hexadecimal="hex" in made)
    said = message(
        BODY,
        path,
        Authorization=f"Bearer {access}",
        X_TIMESTAMP=moment,
        X_SIGNATURE=signature.upper() if "hex" in made else signature,
        X_PARTNER_ID="P",
        X_EXTERNAL_ID="17",
    )
    profile = INBOUND[f"snap-bi{asked}"]
    if asked == made:
        assert profile.authenticate(said, {"a": 1}, who, hub(), AT).message_id == "20260302-17"
    else:
        assert refusal(profile, said, {"a": 1}, who) == "signature-wrong"


@pytest.mark.parametrize("end", SNAP_OPTIONS)
def test_what_the_hub_asks_of_a_bank_is_signed_by_its_key_without_a_token(end: str) -> None:
    office = replace(hub(), key=signing_key(BANK.key, BANK.certificate))
    asked = replace(asking(hidden="{{secret:user_key}}"), path="/snap/v1.0/qr/qr-mpm-generate?lang=id")
    profile = OUTBOUND[f"snap-bi-asymmetric{end}"]
    sealed = profile.seal_request(asked, party("bank"), office, AT)
    profile.check_reply(Heard(status=200), asked, sealed, party("bank"), office, AT)
    headers = sealed.headers
    assert (sealed.body, sealed.stored_body) == (b'{"hidden":"k"}', b'{"hidden":"{{secret:user_key}}"}')
    assert "Authorization" not in headers
    assert (headers["X-PARTNER-ID"], headers["CHANNEL-ID"]) == ("P", "95051")
    assert headers["X-TIMESTAMP"] == "2026-03-02T10:00:00+07:00"
    written = headers["X-SIGNATURE"]
    signature = base64.b64encode(bytes.fromhex(written)).decode() if "hex" in end else written
    endpoint = asked.path.partition("?")[0] if "path" in end else asked.path
    snap.check_asymmetric(BANK.certificate, endpoint, sealed.body, headers["X-TIMESTAMP"], signature)
    later = profile.seal_request(asked, party("bank"), office, AT + timedelta(seconds=5)).headers
    for each in (headers, later):
        assert re.fullmatch("[0-9]{36}", each["X-EXTERNAL-ID"])
    assert headers["X-EXTERNAL-ID"] != later["X-EXTERNAL-ID"]


def test_an_office_whose_key_is_not_rsa_is_told_to_take_one_before_it_asks_a_bank() -> None:
    with pytest.raises(Misconfigured) as raised:
        OUTBOUND["snap-bi-asymmetric"].seal_request(asking(), party("bank"), hub(), AT)
    assert raised.value.code == "key-not-for-snap"


def over_the_banks_key(number: int, start: timedelta, end: timedelta, **said: Any) -> RegisteredCertificate:
    """A certificate over the bank's one key, valid from AT + `start` to AT + `end`."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bank")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(number)
    builder = builder.public_key(BANK.certificate.public_key())
    made = builder.not_valid_before(AT + start).not_valid_after(AT + end).sign(BANK.key, SHA256())
    return register("bank", made, **said)


def token_outcome(*certificates: RegisteredCertificate) -> str:
    """What becomes of the bank's token request, whatever the order of registration."""
    moment = snap.timestamp(AT)
    signature = snap.token_signature(BANK.key, "c", moment)
    said = message(X_TIMESTAMP=moment, X_CLIENT_KEY="c", X_SIGNATURE=signature)
    found = set()
    for each in itertools.permutations(certificates):
        try:
            issue_token(said, Party(agency="bank", certificates=each, secret=secret), AT)
            found.add("issued")
        except Unauthenticated as refusal:
            found.add(refusal.code)
    (outcome,) = found
    return outcome


def test_a_certificate_renewed_over_its_key_gets_tokens_until_one_of_them_is_revoked() -> None:
    day, year = timedelta(days=1), timedelta(days=365)
    expired, good = over_the_banks_key(1, -year, -day), over_the_banks_key(2, -day, year)
    future = over_the_banks_key(3, day, year)
    assert token_outcome(good) == token_outcome(expired, good) == token_outcome(expired, good, future) == "issued"
    assert token_outcome(expired) == "certificate-expired"
    assert token_outcome(expired, future) == "certificate-not-yet-valid"
    for uses in (ALL_USES, frozenset({Use.TLS})):
        revoked = over_the_banks_key(4, -year, year, revoked_at=AT - day, uses=uses)
        assert token_outcome(good, revoked) == token_outcome(expired, good, revoked) == "certificate-revoked"
    later = over_the_banks_key(5, -year, year, revoked_at=AT + day)
    assert token_outcome(good, later) == "issued"


def test_a_certificate_for_other_uses_gets_no_token() -> None:
    day, year = timedelta(days=1), timedelta(days=365)
    tls = over_the_banks_key(1, -day, year, uses=frozenset({Use.TLS}))
    assert token_outcome(tls) == "signature-wrong"
    assert token_outcome(tls, over_the_banks_key(2, -year, -day)) == "certificate-expired"
    assert token_outcome(tls, over_the_banks_key(3, -year, year)) == "issued"


# --- all ----------------------------------------------------------------------------------------------------------

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | NAMES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
        max_leaves=20,
    )
)
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_a_body_is_written_compact_in_its_order_and_compared_in_canonical_form() -> None:
    assert body_of({"b": "ä", "a": 1}) == '{"b":"ä","a":1}'.encode()
    assert canonical({"b": "ä", "a": 1}) == '{"a":1,"b":"ä"}'.encode()


def test_every_profile_with_a_shared_secret_names_its_credentials() -> None:
    assert set(CREDENTIALS) == (set(INBOUND) | set(OUTBOUND)) - {"jws"}
