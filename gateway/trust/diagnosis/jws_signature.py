"""Why the signature of a detached JWS does not fit: the key that it fits, and what it was made over."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.diagnosis.bodies import bodies
from gateway.trust.diagnosis.budget import Budget
from gateway.trust.diagnosis.compact import LooseJws, encode
from gateway.trust.diagnosis.difference import Difference, between
from gateway.trust.diagnosis.finding import Finding, Step, bad, good
from gateway.trust.diagnosis.mistakes import REMEDIES, Mistake, sentence
from gateway.trust.diagnosis.signatures import Declared, Made, Trial
from gateway.trust.diagnosis.thumbprints import Meant, embedded
from gateway.trust.diagnosis.values import Written, digest, readings, short
from gateway.trust.diagnosis.whose import key_of, short_name
from gateway.trust.policy import MAX_RSA_BITS, Padding

WIDE = 3
"""The first signing inputs, which are also tried with other hashes and as hashed before."""
INPUTS_WITH_OTHER_KEYS = 40

_BITS = re.compile(r"(256|384|512)$", re.ASCII)


class Input(NamedTuple):
    """A signing input that may have been signed: the mistake that makes it, and the body in it where that differs."""

    octets: bytes
    mistake: Mistake | None
    detail: str = ""
    body: bytes | None = None


class Key(NamedTuple):
    """A key to try, whose it is, and what it means that the signature fits it."""

    key: object
    whose: str
    mistake: Mistake | None


def about_signature(
    loose: LooseJws,
    members: Mapping[str, object],
    body: bytes,
    named: Meant | None,
    certificates: Sequence[RegisteredCertificate],
    budget: Budget,
) -> Finding:
    """Say whether the signature fits header, body and the named key, and if not, what it fits. Raises nothing."""
    expected = "a signature over header + '.' + base64url(body) with the key of the named certificate"
    declared = _declared(members)
    written = _written(loose.signature)
    tried: list[str] = []
    for number, one in enumerate(_keys(members, named, certificates)):
        trial = Trial(one.key, written, declared, budget)
        for index, each in enumerate(islice(inputs(loose, body), None if number == 0 else INPUTS_WITH_OTHER_KEYS)):
            made = trial.over(each.octets, wide=index < WIDE) if budget.digest(len(each.octets)) else None
            if made is not None:
                return _fits(expected, one, each, made, body)
        if trial.opened is not None and trial.opened.hash is not None:
            return _right_key(expected, one, trial.opened.hash, trial.opened.digest, next(inputs(loose, body)).octets)
        tried.append(one.whose)
    if not tried:
        found = "no certificate to try it with"
        return bad(Step.SIGNATURE, expected=expected, found=found, advice="have a certificate registered")
    return bad(
        Step.SIGNATURE,
        expected=expected,
        found=f"a signature that fits none of these keys over any body that was tried: {', '.join(tried)[:300]}",
        advice="see which private key signs, and that header and body are sent exactly as they were signed",
    )


def inputs(loose: LooseJws, body: bytes) -> Iterator[Input]:
    """Give the right signing input, then those that clients make in its place."""
    protected = loose.protected.encode(errors="replace")
    yield Input(protected + b"." + encode(body).encode(), None)
    bare = protected.rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_"))
    yield Input(bare + b"." + encode(body).encode(), Mistake.HEADER_REWRITTEN)
    yield Input(protected + b"." + body, Mistake.UNENCODED)
    yield Input(protected + b"." + b64encode(body), Mistake.PAYLOAD_ENCODING)
    yield Input(protected + b"." + urlsafe_b64encode(body), Mistake.PAYLOAD_ENCODING, "with padding")
    yield Input(protected + b"..", Mistake.PAYLOAD_EMPTY)
    yield Input(protected + b".", Mistake.PAYLOAD_EMPTY)
    made = digest("sha256", body)
    for payload in (encode(made), encode(made.hex().encode()), made.hex()):
        yield Input(protected + b"." + payload.encode(), Mistake.PAYLOAD_DIGEST)
    if loose.payload:
        yield Input(protected + b"." + loose.payload.encode(errors="replace"), Mistake.ATTACHED, "over that payload")
    yield Input(body, Mistake.UNENCODED, "over the body alone")
    if loose.members is not None:
        for separators in ((",", ":"), (", ", ": ")):
            header = encode(json.dumps(loose.members, separators=separators).encode(errors="replace")).encode()
            yield Input(header + b"." + encode(body).encode(), Mistake.HEADER_REWRITTEN)
    for form in islice(bodies(body), 1, None):
        yield Input(protected + b"." + encode(form.octets).encode(), form.mistake, form.detail, form.octets)


def _declared(members: Mapping[str, object]) -> Declared:
    name = str(members.get("alg", ""))
    bits = _BITS.search(name)
    return Declared(
        hash=f"sha{bits[1]}" if bits else "sha256", padding=Padding.PSS if name.startswith("PS") else Padding.PKCS1
    )


def _written(signature: bytes) -> list[Written]:
    """The signature as it was decoded, and decoded once more where it is text itself."""
    found = [Written(signature, None)]
    if signature.isascii():
        found += [
            Written(octets, mistake or Mistake.BASE64_TWICE)
            for octets, mistake in readings(signature.decode().replace("-", "+").replace("_", "/"))
        ]
    return found


def _keys(
    members: Mapping[str, object], named: Meant | None, certificates: Sequence[RegisteredCertificate]
) -> Iterator[Key]:
    if named is not None and (key := key_of(named.registered.certificate)) is not None:
        yield Key(key, f"certificate {named.registered.fingerprint[:16]}", None)
    for each in reversed(certificates[-8:]):
        if (named is None or each is not named.registered) and (key := key_of(each.certificate)) is not None:
            yield Key(key, f"registered certificate {each.fingerprint[:16]}", Mistake.OTHER_KEY)
    brought = embedded(members)
    if brought is not None and (key := key_of(brought)) is not None:
        yield Key(key, f"the embedded certificate {short_name(brought)}", Mistake.EMBEDDED_KEY)
    jwk = _jwk(members.get("jwk"))
    if jwk is not None:
        yield Key(jwk, "the embedded jwk", Mistake.EMBEDDED_KEY)


def _jwk(value: object) -> object | None:
    """Read a public key in JWK form (RFC 7518 section 6), None for what is none."""
    if not isinstance(value, dict):
        return None
    said = {name: each for name, each in value.items() if isinstance(each, str) and len(each) <= 2048}
    try:
        numbers = {name: int.from_bytes(_bytes(said[name])) for name in ("n", "e", "x", "y") if name in said}
        match said.get("kty"), said.get("crv"):
            case "RSA", _ if numbers["n"].bit_length() <= MAX_RSA_BITS:
                return rsa.RSAPublicNumbers(numbers["e"], numbers["n"]).public_key()
            case "EC", "P-256":
                return ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], ec.SECP256R1()).public_key()
            case "EC", "P-384":
                return ec.EllipticCurvePublicNumbers(numbers["x"], numbers["y"], ec.SECP384R1()).public_key()
            case "OKP", "Ed25519":
                return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(said["x"]))
            case _:
                return None
    except (KeyError, ValueError, OverflowError):
        return None


def _bytes(text: str) -> bytes:

    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _fits(expected: str, one: Key, each: Input, made: Made, body: bytes) -> Finding:
    all_of = [mistake for mistake in (one.mistake, each.mistake, *made.mistakes) if mistake is not None]
    if not all_of:
        return good(Step.SIGNATURE, f"made with the key of {one.whose}", expected)
    first, *others = all_of
    said = "; ".join(map(made.said, all_of)) + (f" ({each.detail})" if each.detail else "")
    difference: Difference | None = None if each.body is None else between(body, each.body, xml=False)
    return bad(
        Step.SIGNATURE,
        expected=expected,
        found=f"it fits the key of {one.whose}: {said}",
        advice=" ".join(REMEDIES[mistake] for mistake in others),
        mistake=first,
        difference=difference,
    )


def _right_key(expected: str, one: Key, hash_name: str, held: bytes, right: bytes) -> Finding:
    """An RSA signature opens under the key, so the key is known to be the signer's, and what it signed is not."""
    return bad(
        Step.SIGNATURE,
        expected=f"{expected}: {hash_name} of that is {short(digest(hash_name, right))}",
        found=f"it was made with the key of {one.whose}, over octets with {hash_name} {short(held)}"
        + (f"; {sentence(one.mistake)}" if one.mistake else ""),
        advice="header or body was changed after signing: sign the exact bytes that are sent",
        mistake=one.mistake,
    )
