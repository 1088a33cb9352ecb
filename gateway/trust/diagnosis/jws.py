"""Why a detached JWS is refused: the walk of `gateway.trust.jws`, which goes on where that one stops.

1. shape        header..signature, in base64url
2. header       the members that are needed, each once
3. algorithm    on the allow-list, and of the registered key's kind
4. certificate  named by x5t#S256; registered and usable
5. signature    over header and body; where not, by whose key and over which body
6. claims       iss, aud, int, jti, agr, iat and exp
7. clock        iat and exp beside our time

The strict verification keeps the last word. Nothing of this module may ever be used to accept a
message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from gateway.domain.errors import Refused
from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.diagnosis.budget import MAX_BYTES, Budget
from gateway.trust.diagnosis.clock import about_clock
from gateway.trust.diagnosis.compact import LooseJws, read_loosely
from gateway.trust.diagnosis.finding import Finding, Step, bad, good, not_opened
from gateway.trust.diagnosis.jws_signature import about_signature
from gateway.trust.diagnosis.mistakes import Mistake, sentence
from gateway.trust.diagnosis.thumbprints import Meant, embedded, meant
from gateway.trust.diagnosis.whose import about_certificate, registered
from gateway.trust.freshness import WINDOW_S
from gateway.trust.jws import verify_detached
from gateway.trust.keys import fingerprint
from gateway.trust.policy import JWS_SIGNATURES, check_key, kind_of, refusal, well_known

_WORDS = ("iss", "aud", "jti", "agr", "int")
_CODES = {
    "certificate": Step.CERTIFICATE,
    "signature-policy": Step.ALGORITHM,
    "signature-wrong": Step.SIGNATURE,
    "signature-claims": Step.CLAIMS,
}
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
_JWE = re.compile(rb"\s*[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}\s*")
_MAX_TIME = 2**33
_EXPECTED_SHAPE = "header..signature in base64url without padding, in X-JWS-Signature"


def explain_jws(
    field: str,
    body: bytes,
    certificates: Sequence[RegisteredCertificate],
    at: datetime,
    audience: str,
    *,
    agency: str | None = None,
    interaction: str | None = None,
    budget: Budget | None = None,
) -> tuple[Finding, ...]:
    """Explain what is wrong with a detached JWS over `body` that claims to come from the holder of `certificates`.

    `agency` and `interaction` are what the address says, where it is known. All findings are good for a message that
    verifies and is fresh at `at`. Raises nothing, whatever came; the cost is bounded by `budget`.
    """
    if len(body) > MAX_BYTES:
        return (
            bad(
                Step.SHAPE,
                expected=f"at most {MAX_BYTES} bytes of body for an explanation",
                found=f"not tried: too large ({len(body)} bytes)",
                advice="send a smaller message of the same kind: the cause shows in that too",
            ),
        )
    if _JWE.fullmatch(body):
        return (not_opened(),)
    context = {"aud": audience, "iss": agency or (certificates[0].agency if certificates else None), "int": interaction}
    findings = tuple(_walk(field, body, certificates, at, context, budget or Budget()))
    strict = _refused_by(field, body, certificates, at, audience) if all(each.passed for each in findings) else None
    if strict is not None:
        step = next((step for code, step in _CODES.items() if strict.code.startswith(code)), Step.SHAPE)
        findings = (*findings, bad(step, expected="what the security profile says", found=strict.text))
    return findings


def _refused_by(
    field: str, body: bytes, certificates: Sequence[RegisteredCertificate], at: datetime, audience: str
) -> Refused | None:
    try:
        verify_detached(field, body, certificates, at, audience=audience)
    except Refused as refused:
        return refused
    return None


def _walk(
    field: str,
    body: bytes,
    certificates: Sequence[RegisteredCertificate],
    at: datetime,
    context: Mapping[str, str | None],
    budget: Budget,
) -> Iterator[Finding]:
    # 1. shape
    loose = read_loosely(field)
    if isinstance(loose, str):
        yield bad(Step.SHAPE, expected=_EXPECTED_SHAPE, found=loose, advice="send a detached JWS (RFC 7515 appendix F)")
        return
    yield from _about_shape(loose)
    # 2. header
    if loose.members is None:
        yield bad(Step.HEADER, expected="a JSON object", found="something else", advice="send a JSON object in UTF-8")
        return
    yield from _about_members(loose, loose.members)
    # 3. algorithm, 4. certificate
    named = meant(loose.members, certificates)
    yield _about_algorithm(loose.members, named, certificates)
    yield from _about_certificate(loose.members, named, certificates, at)
    # 5. signature
    about = about_signature(loose, loose.members, body, named, certificates, budget)
    if about.mistake is not None or about.passed or not _is_strangers(loose.members, named):
        yield about
    # 6. claims
    yield from _about_claims(loose.members, context)
    # 7. clock
    created, expires = _time(loose.members, "iat"), _time(loose.members, "exp")
    if created is not None and expires is not None:
        yield about_clock(created, expires, at)


def _is_strangers(members: Mapping[str, object], named: Meant | None) -> bool:
    """Say whether the header names a certificate that nobody knows: that its signature fits no known key, follows."""
    return named is None and "x5t#S256" in members and "jwk" not in members and embedded(members) is None


def _about_shape(loose: LooseJws) -> Iterator[Finding]:
    for mistake in loose.mistakes:
        yield bad(Step.SHAPE, expected=_EXPECTED_SHAPE, found=sentence(mistake), mistake=mistake)
    if not loose.mistakes:
        yield good(Step.SHAPE, "header..signature", _EXPECTED_SHAPE)


def _about_members(loose: LooseJws, members: Mapping[str, object]) -> Iterator[Finding]:
    expected = "each member once; no crit, no b64"
    faults = [f"{name} is there more than once" for name in loose.repeated]
    faults += [f"the member {name} is not allowed" for name in ("crit", "b64") if name in members]
    for fault in faults:
        yield bad(
            Step.HEADER,
            expected=expected,
            found=fault,
            advice="leave it out of the protected header",
            quoted=loose.repeated,
        )
    if not faults:
        yield good(Step.HEADER, ", ".join(map(str, list(members)[:20])), expected)


def _about_algorithm(
    members: Mapping[str, object], named: Meant | None, certificates: Sequence[RegisteredCertificate]
) -> Finding:
    name = members.get("alg")
    one = named.registered if named else certificates[-1] if certificates else None
    kind = kind_of(one.certificate.public_key()) if one else None
    fitting = sorted(each.name for each in JWS_SIGNATURES.values() if kind in each.keys and each.name != "EdDSA")
    instead = " or ".join(fitting) or ", ".join(sorted(JWS_SIGNATURES))
    expected = f"alg {instead}"
    if not isinstance(name, str) or name not in JWS_SIGNATURES:
        found = refusal(name, "alg").text if isinstance(name, str) else "no alg"
        hidden = [name] if isinstance(name, str) and not well_known(name) else []
        return bad(
            Step.ALGORITHM,
            expected=expected,
            found=found,
            advice=f"set alg to {instead}",
            mistake=Mistake.ALGORITHM,
            quoted=hidden,
        )
    if named is not None:
        try:
            check_key(JWS_SIGNATURES[name], named.registered.certificate.public_key())
        except Refused as fault:
            advice = f"set alg to {instead}"
            mistake = Mistake.ALGORITHM_OF_OTHER_KEY
            return bad(Step.ALGORITHM, expected=expected, found=fault.text, advice=advice, mistake=mistake)
    return good(Step.ALGORITHM, name, expected)


def _about_certificate(
    members: Mapping[str, object], named: Meant | None, certificates: Sequence[RegisteredCertificate], at: datetime
) -> Iterator[Finding]:
    expected = f"x5t#S256 of one registered for this agency: {registered(certificates, at)}"
    if named is not None:
        if named.mistake is not None:
            found = f"it means certificate {named.registered.fingerprint}, and {sentence(named.mistake)}"
            yield bad(Step.CERTIFICATE, expected=expected, found=found, mistake=named.mistake)
        yield about_certificate(certificates, named.registered.fingerprint, None, at)
        return
    brought = embedded(members)
    if brought is not None:
        yield about_certificate(certificates, fingerprint(brought), brought, at)
        return
    others = [name for name in ("kid", "x5t", "x5c", "x5u", "jwk", "jku") if name in members]
    if "x5t#S256" not in members:
        found = f"no x5t#S256{', but ' + ', '.join(others) if others else ''}"
        yield bad(Step.CERTIFICATE, expected=expected, found=found, mistake=Mistake.THUMBPRINT_MISSING)
        return
    advice = "have the certificate registered, or name the registered one"
    came = f"{members['x5t#S256']!s:.100}"
    hidden = [] if _THUMBPRINT.fullmatch(came) else [came]
    yield bad(Step.CERTIFICATE, expected=expected, found=f"x5t#S256 {came}", advice=advice, quoted=hidden)


def _about_claims(members: Mapping[str, object], context: Mapping[str, str | None]) -> Iterator[Finding]:
    faults = list(_claims(members, context))
    yield from faults
    if not faults:
        yield good(Step.CLAIMS, ", ".join(f"{name} {members[name]!s:.60}" for name in _WORDS), ", ".join(_WORDS))


def _claims(members: Mapping[str, object], context: Mapping[str, str | None]) -> Iterator[Finding]:
    for name in _WORDS:
        value, wanted = members.get(name), context.get(name)
        if not isinstance(value, str) or not value:
            found = f"{name} is missing" if value is None else f"{name} is no text"
            yield bad(
                Step.CLAIMS, expected=f"{name} {wanted or 'as a text'}", found=found, advice=f"add {name} as a text"
            )
        elif wanted is not None and value != wanted:
            advice = f"write {wanted} into {name}"
            yield bad(
                Step.CLAIMS,
                expected=f"{name} {wanted}",
                found=f"{name} {value[:100]}",
                advice=advice,
                quoted=[value[:100]],
            )
    for name in ("iat", "exp"):
        value = members.get(name)
        if _time(members, name) is None:
            in_ms = isinstance(value, int) and not isinstance(value, bool) and _MAX_TIME <= value < _MAX_TIME * 1000
            mistake = Mistake.TIME_UNIT if in_ms else None
            came = f"{value!s:.40}"
            found = f"{name} {came}" + (f": {sentence(mistake)}" if mistake else "")
            advice = "" if mistake else f"write {name} as a JSON number of whole seconds since 1970"
            yield bad(
                Step.CLAIMS,
                expected=f"{name} in whole seconds",
                found=found,
                advice=advice,
                mistake=mistake,
                quoted=[came],
            )
    created, expires = _time(members, "iat"), _time(members, "exp")
    if created is not None and expires is not None and not 0 < (expires - created).total_seconds() <= WINDOW_S:
        found = f"exp {(expires - created).total_seconds():.0f} s after iat"
        advice = f"set exp to iat + {WINDOW_S}"
        yield bad(Step.CLAIMS, expected=f"exp 1 to {WINDOW_S} s after iat", found=found, advice=advice)


def _time(members: Mapping[str, object], name: str) -> datetime | None:
    value = members.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MAX_TIME:
        return None
    return datetime.fromtimestamp(value, UTC)
