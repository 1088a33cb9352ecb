"""Why a part has another digest than its Reference says: the form that gives the sender's digest is looked for.

Where it is found, the sender's canonical form is known, and its first difference from the hub's is shown.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.domain.errors import Malformed
from gateway.trust.diagnosis.budget import Budget, weight
from gateway.trust.diagnosis.difference import between
from gateway.trust.diagnosis.finding import Finding, Step, bad, good
from gateway.trust.diagnosis.forms import Form, forms
from gateway.trust.diagnosis.mistakes import REMEDIES, Mistake, sentence
from gateway.trust.diagnosis.parts import Part, named_form
from gateway.trust.diagnosis.reading import LooseReference
from gateway.trust.diagnosis.values import digest, digest_readings, short
from gateway.trust.diagnosis.values import hash_name as shown_hash

_HASH = re.compile(r"sha-?(1|256|384|512)(?!\d)", re.IGNORECASE)


def named_hash(algorithm: str) -> str:
    """Give hashlib's name of the hash that an algorithm's name holds; SHA-256 where it holds none."""
    found = _HASH.search(algorithm.rsplit("/", 1)[-1])
    return f"sha{found[1]}" if found else "sha256"


def about_digest(reference: LooseReference, budget: Budget) -> Finding:
    """Say whether a part has its digest, and if not, what the sender digested. Raises nothing."""
    part = reference.part
    if part is None:
        raise AssertionError("a Reference whose part is missing has no digest to explain")
    cost = weight(part.data)
    name, hash_name = etree.QName(part.element).localname, named_hash(reference.digest_method)
    try:
        right = named_form(part)
        affordable = budget.digest(len(right), cost)
    except (Malformed, etree.LxmlError, ValueError):
        found = f"{name} has no canonical form: a namespace name is relative"
        return bad(Step.DIGEST, expected="absolute namespace names", found=found, advice="use absolute names")
    if not affordable:
        return _unknown(f"the digest of {name}", "not tried: too large, with the parts before it")
    wanted = digest(hash_name, right)
    expected = f"{hash_name} of {name} ({len(right)} octets in canonical form): {short(wanted)}"
    sent = digest_readings(reference.digest_text)
    if any(octets == wanted and mistake is None for octets, (_, mistake) in sent.items()):
        return good(Step.DIGEST, f"{name}: {short(wanted)}", expected)
    return _searched(part, name, hash_name, right, expected, reference.digest_text, budget)


def _searched(part: Part, name: str, hash_name: str, right: bytes, expected: str, text: str, budget: Budget) -> Finding:
    came = f"{name} has DigestValue {text[:100]}"
    sent = digest_readings(text)
    if not sent:
        found = f"{came}, which is no digest in base64"
        return bad(
            Step.DIGEST, expected=expected, found=found, advice="send the base64 of the raw digest", quoted=[text[:100]]
        )
    tried = 0
    hashes = {name for name, _ in sent.values()}
    for form in forms(part):
        if not budget.digest(len(form.octets), weight(part.data)):
            return _unknown(expected, f"{came}; the search stopped after {tried} forms: too large")
        tried += 1
        for each in hashes:
            made = digest(each, form.octets)
            if made in sent:
                return _recognised(expected, came, right, form, _other(each, hash_name), sent[made][1], each)
        if form.mistake is None and (twice := _twice(hash_name, form.octets, sent)):
            return _recognised(expected, came, right, form, Mistake.HASHED_TWICE, twice[1], hash_name)
    return _unknown(expected, f"{came}; none of {tried} forms that clients get wrong gives it")


def _other(used: str, named: str) -> Mistake | None:
    return Mistake.OTHER_HASH if used != named else None


def _twice(
    hash_name: str, octets: bytes, sent: dict[bytes, tuple[str, Mistake | None]]
) -> tuple[str, Mistake | None] | None:
    made = digest(hash_name, octets)
    return next(
        (sent[each] for each in (digest(hash_name, made), digest(hash_name, made.hex().encode())) if each in sent), None
    )


def _recognised(
    expected: str, came: str, right: bytes, form: Form, how: Mistake | None, written: Mistake | None, used: str
) -> Finding:
    all_of = [each for each in (form.mistake, how, written) if each is not None]
    if not all_of:
        raise AssertionError("octets without a mistake have the digest of the right ones")
    first, *others = all_of
    said = "; ".join(_said(each, used) for each in all_of) + (f" ({form.detail})" if form.detail else "")
    return bad(
        Step.DIGEST,
        expected=expected,
        found=f"{came}: {said}",
        advice=" ".join(REMEDIES[each] for each in others),
        mistake=first,
        difference=between(right, form.octets, xml=True),
    )


def _said(mistake: Mistake, used: str) -> str:
    return sentence(mistake) + (f": {shown_hash(used)}" if mistake is Mistake.OTHER_HASH else "")


def _unknown(expected: str, found: str) -> Finding:
    return bad(
        Step.DIGEST,
        expected=expected,
        found=found,
        advice="the part was changed after signing, or other octets were digested: compare with the canonical form "
        "that the client digests",
    )
