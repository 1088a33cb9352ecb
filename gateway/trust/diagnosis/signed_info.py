"""Why the signature over SignedInfo does not fit: the key that it fits, and the octets that it was made over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from cryptography import x509
from lxml import etree

from gateway.domain.errors import Malformed
from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.diagnosis.budget import Budget, weight
from gateway.trust.diagnosis.difference import between
from gateway.trust.diagnosis.digests import named_hash
from gateway.trust.diagnosis.finding import Finding, Step, bad, good
from gateway.trust.diagnosis.forms import Form, forms
from gateway.trust.diagnosis.mistakes import REMEDIES, Mistake, sentence
from gateway.trust.diagnosis.parts import named_form
from gateway.trust.diagnosis.reading import LooseSignature
from gateway.trust.diagnosis.signatures import Declared, Made, Trial
from gateway.trust.diagnosis.values import digest, readings, short
from gateway.trust.diagnosis.whose import key_of, named_in, short_name
from gateway.trust.keys import fingerprint
from gateway.trust.policy import Padding

FORMS_WITH_OTHER_KEYS = 24
"""Forms of SignedInfo that are tried with keys other than the named one."""
WIDE = 6
"""The first forms, which are also tried with other hashes and as hashed before."""


def about_signature(
    loose: LooseSignature,
    came: x509.Certificate | None,
    certificates: Sequence[RegisteredCertificate],
    budget: Budget,
) -> Finding:
    """Say whether the signature fits SignedInfo and the named key, and if not, what it fits. Raises nothing."""
    expected = "a signature over SignedInfo with the key of the named certificate"
    part = loose.signed_info
    written = list(readings(loose.value_text))
    if part is None or not written:
        found = "no SignedInfo" if part is None else f"SignatureValue {loose.value_text[:60]!r} is no base64"
        return bad(
            Step.SIGNATURE,
            expected=expected,
            found=found,
            advice="sign SignedInfo; send base64",
            quoted=[repr(loose.value_text[:60])[1:-1]],
        )
    declared = Declared(hash=named_hash(loose.method), padding=Padding.PKCS1)
    try:
        right = named_form(part)
    except (Malformed, etree.LxmlError, ValueError):
        return bad(Step.SIGNATURE, expected=expected, found="SignedInfo has no canonical form", advice="")
    keys = list(_keys(came, certificates))
    if not keys:
        found = "no certificate to try it with"
        return bad(Step.SIGNATURE, expected=expected, found=found, advice="send the signing certificate")
    near: list[str] = []
    for number, (key, whose, mistake) in enumerate(keys):
        trial = Trial(key, written, declared, budget)
        for index, form in enumerate(islice(forms(part), None if number == 0 else FORMS_WITH_OTHER_KEYS)):
            made = (
                trial.over(form.octets, wide=index < WIDE)
                if budget.digest(len(form.octets), weight(part.data))
                else None
            )
            if made is not None:
                return _fits(expected, whose, mistake, right, form, made)
        if trial.opened is not None and trial.opened.hash is not None:
            return _right_key(expected, whose, mistake, right, trial.opened.hash, trial.opened.digest)
        near.append(whose)
    return bad(
        Step.SIGNATURE,
        expected=expected,
        found=f"a signature that fits none of these keys over any form that was tried: {', '.join(near)[:300]}",
        advice="see which private key signs, and that SignedInfo is not changed after signing",
    )


def _keys(
    came: x509.Certificate | None, certificates: Sequence[RegisteredCertificate]
) -> Iterator[tuple[object, str, Mistake | None]]:
    """The keys to try: of the certificate that is named, of the other registered ones."""
    named = None if came is None else named_in(certificates, fingerprint(came))
    if came is not None and (key := key_of(came)) is not None:
        yield key, f"certificate {short_name(came)}", None if named is not None else Mistake.EMBEDDED_KEY
    for each in reversed(certificates[-8:]):
        if each is not named and (key := key_of(each.certificate)) is not None:
            yield key, f"registered certificate {each.fingerprint[:16]}", Mistake.OTHER_KEY


def _fits(expected: str, whose: str, key: Mistake | None, right: bytes, form: Form, made: Made) -> Finding:
    all_of = [each for each in (key, form.mistake, *made.mistakes) if each is not None]
    if not all_of:
        return good(Step.SIGNATURE, f"made with the key of {whose}", expected)
    first, *others = all_of
    said = "; ".join(map(made.said, all_of)) + (f" ({form.detail})" if form.detail else "")
    return bad(
        Step.SIGNATURE,
        expected=expected,
        found=f"it fits the key of {whose}: {said}",
        advice=" ".join(REMEDIES[each] for each in others),
        mistake=first,
        difference=between(right, form.octets, xml=True),
    )


def _right_key(expected: str, whose: str, key: Mistake | None, right: bytes, hash_name: str, held: bytes) -> Finding:
    """An RSA signature opens under the key, so the key is known to be the signer's, and what it signed is not."""
    ours = digest(hash_name, right)
    return bad(
        Step.SIGNATURE,
        expected=f"{expected}: {hash_name} of SignedInfo in canonical form is {short(ours)}",
        found=f"it was made with the key of {whose}, over octets with {hash_name} {short(held)}"
        + (f"; {sentence(key)}" if key else ""),
        advice="SignedInfo was changed after signing, or not canonicalized as it says: sign its exclusive canonical "
        "form in its place in the envelope, and change nothing afterwards",
        mistake=key,
    )
