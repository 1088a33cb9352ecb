"""The family of attacks on detached JWS (docs/security-attacks.md): each is refused by its own code."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from joserfc import jws as joserfc_jws

from gateway.domain.errors import Unauthenticated
from gateway.trust.jws import VerifiedJws, verify_detached
from tests.trust.jws_attacks.attack import ALL, Attack
from tests.trust.jws_attacks.catalogue import ATTACKS
from tests.trust.jws_attacks.forge import Genuine, Signer
from tests.trust.parties import AT, key, registered

PAYLOAD = b'{"permitNumber":"001/KRK/III/2026"}'
CLAIMS = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
HERE = [(each, kind) for each in ATTACKS for kind in each.kinds if not each.door_only]


@cache
def genuine(kind: str) -> Genuine:
    sender, stranger, other = key(kind), key(kind, 1), key("rsa", 2)
    return Genuine(
        kind=kind,
        sender=Signer(sender.private_key, sender.certificate),
        stranger=Signer(stranger.private_key, stranger.certificate),
        other_agency=Signer(other.private_key, other.certificate),
        payload=PAYLOAD,
        at=AT,
        claims=CLAIMS,
    )


def verify(kind: str, token: str, payload: bytes = PAYLOAD) -> VerifiedJws:
    return verify_detached(token, payload, [registered(key(kind))], AT, audience="dpmptsp")


@pytest.mark.parametrize("kind", ALL)
def test_the_forger_s_genuine_message_is_accepted(kind: str) -> None:
    """So that what is refused below is refused for its one change."""
    assert verify(kind, genuine(kind).token()).claims.jti == "v-1"
    assert verify(kind, genuine(kind).token(genuine(kind).header(kid="any"))).claims.iss == "dpupr"


@pytest.mark.parametrize(("attack", "kind"), HERE, ids=lambda each: each.name if isinstance(each, Attack) else each)
def test_an_attack_is_refused_by_its_code(attack: Attack, kind: str) -> None:
    forged = attack.forge(genuine(kind))
    with pytest.raises(Unauthenticated) as caught:
        verify(kind, forged.field_value, forged.body)
    assert caught.value.code == attack.code


def test_every_attack_has_a_name_of_its_own_and_there_are_enough() -> None:
    assert max(Counter(each.name for each in ATTACKS).values()) == 1
    assert len(ATTACKS) > 150
    assert len(HERE) > 300


def test_no_key_in_the_message_is_taken_by_another_library_either_when_it_is_told_the_key() -> None:
    """The embedded key is a real attack: the token verifies under the key that it brings."""
    (attack,) = [each for each in ATTACKS if each.name == "embedded-jwk"]
    forged = attack.forge(genuine("p256"))
    protected, _, signature = forged.field_value.split(".")
    from joserfc.jwk import ECKey

    from tests.trust.jws_attacks.forge import b64

    registry = joserfc_jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    whole = f"{protected}.{b64(PAYLOAD)}.{signature}"
    brought = ECKey.import_key({**genuine("p256").stranger.jwk})
    assert joserfc_jws.deserialize_compact(whole, brought, registry=registry).payload == PAYLOAD
