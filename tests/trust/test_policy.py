"""The allow-list: what stands on it, and that everything else is refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.domain.errors import Unauthenticated
from gateway.trust import policy
from tests.trust.parties import key, private_key

CHECKS: list[Callable[[str], object]] = [
    policy.xml_signature,
    policy.xml_digest,
    policy.jws_signature,
    lambda name: policy.check_canonical_form(name, "Transform"),
    policy.xml_content_encryption,
    policy.xml_key_transport,
    policy.jwe_content_encryption,
    policy.jwe_key_management,
    lambda name: policy.check_xml_oaep(name, None),
    lambda name: policy.check_xml_oaep(policy.XML_OAEP_DIGEST, name),
]
ENCRYPTION = CHECKS[4:]
ALLOWED: list[Collection[str]] = [
    policy.XML_SIGNATURES,
    policy.XML_DIGESTS,
    policy.JWS_SIGNATURES,
    policy.XML_CANONICAL_FORMS,
    policy.XML_CONTENT_ENCRYPTION,
    policy.XML_KEY_TRANSPORT,
    policy.JWE_CONTENT_ENCRYPTION,
    policy.JWE_KEY_MANAGEMENT,
    [policy.XML_OAEP_DIGEST],
    [policy.XML_OAEP_MASK],
]


def code_of(check: Callable[[str], object]) -> str:
    return "encryption-policy" if check in ENCRYPTION else "signature-policy"


@pytest.mark.parametrize("place", range(len(CHECKS)))
def test_what_is_allowed_passes_in_its_own_place(place: int) -> None:
    for name in ALLOWED[place]:
        CHECKS[place](name)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", sorted(policy.REFUSED))
def test_what_is_refused_by_name_is_refused_everywhere_with_its_reason(
    check: Callable[[str], object], name: str
) -> None:
    with pytest.raises(Unauthenticated) as caught:
        check(name)
    assert caught.value.code == code_of(check)
    assert name in caught.value.text
    assert policy.REFUSED[name] in caught.value.text


@given(st.integers(0, len(CHECKS) - 1), st.text())
def test_a_name_on_no_list_is_refused(place: int, name: str) -> None:
    assume(name not in ALLOWED[place])
    with pytest.raises(Unauthenticated) as caught:
        CHECKS[place](name)
    assert caught.value.code == code_of(CHECKS[place])
    assert caught.value.text.isprintable()


@pytest.mark.parametrize(
    "weak",
    [
        "#sha1",
        "rsa-sha1",
        "#dsa",
        "md5",
        "hmac",
        "rsa-1_5",
        "RSA1_5",
        "tripledes",
        "cbc",
        "xslt",
        "xpath",
        "none",
        "HS",
    ],
)
def test_what_the_design_names_is_named(weak: str) -> None:
    assert any(weak.lower() in name.lower() for name in policy.REFUSED)
    assert not any(weak.lower() in name.lower() for allowed in ALLOWED for name in allowed)


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [
        (policy.JWS_SIGNATURES["ES256"], "p256"),
        (policy.JWS_SIGNATURES["ES384"], "p384"),
        (policy.JWS_SIGNATURES["PS256"], "rsa"),
        (policy.JWS_SIGNATURES["RS256"], "rsa"),
        (policy.JWS_SIGNATURES["Ed25519"], "ed25519"),
    ],
)
def test_an_algorithm_goes_with_its_own_kind_of_key_and_no_other(
    algorithm: policy.SignatureAlgorithm, kind: str
) -> None:
    for other in ("p256", "p384", "rsa", "ed25519", "rsa-weak", "p521", "dsa"):
        public_key = private_key(other).public_key()  # type: ignore[attr-defined]  # the makers give private keys
        if other == kind:
            assert policy.check_key(algorithm, public_key) is public_key
            continue
        with pytest.raises(Unauthenticated) as caught:
            policy.check_key(algorithm, public_key)
        assert caught.value.code == "signature-policy"


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_we_sign_with_what_we_accept(kind: str) -> None:
    signer = key(kind)
    policy.check_key(policy.JWS_SIGNING[signer.kind], signer.certificate.public_key())
    assert policy.JWS_SIGNING[signer.kind].name != "EdDSA"
    if kind == "ed25519":
        assert signer.kind not in policy.XML_SIGNING
    else:
        policy.check_key(policy.XML_SIGNING[signer.kind], signer.certificate.public_key())
