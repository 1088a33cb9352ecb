"""Why a signed SOAP envelope is refused: the walk of `gateway.trust.wss`, which goes on where that one stops.

1. shape        the envelope is well-formed and of the agreed form
2. header       one Security header with a signature, a Timestamp and a certificate
3. algorithm    each named algorithm is allowed, and goes with the key
4. certificate  the one that is named is registered and usable
5. parts        each Reference names a part of this envelope; Body, Timestamp and addressing are signed
6. digest       each part has its digest; where not, the form that gives the sender's digest is looked for
7. signature    over SignedInfo with the key of the named certificate; where not, by whose key and over which form
8. clock        Created and Expires beside our time

The strict verification keeps the last word: what it refuses is refused, also where every finding
of this walk is good. Nothing of this module may ever be used to accept a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from lxml import etree

from gateway.domain.errors import Refused
from gateway.trust import names
from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.diagnosis.budget import MAX_BYTES, Budget, too_heavy
from gateway.trust.diagnosis.clock import about_clock
from gateway.trust.diagnosis.digests import about_digest
from gateway.trust.diagnosis.finding import Finding, Step, bad, good, not_opened
from gateway.trust.diagnosis.mistakes import Mistake, sentence
from gateway.trust.diagnosis.reading import LooseSignature, read_loosely
from gateway.trust.diagnosis.signed_info import about_signature
from gateway.trust.diagnosis.whose import about_certificate, key_of, named_in, read_der
from gateway.trust.envelope import open_envelope
from gateway.trust.freshness import WINDOW_S
from gateway.trust.keys import fingerprint
from gateway.trust.policy import (
    XML_CANONICAL_FORMS,
    XML_DIGESTS,
    XML_SIGNATURES,
    XML_SIGNING,
    check_key,
    kind_of,
    refusal,
    well_known,
)
from gateway.trust.wss import verify_envelope
from gateway.trust.xml import parse_xml

_CODES = {
    "certificate": Step.CERTIFICATE,
    "timestamp": Step.CLOCK,
    "signature-policy": Step.ALGORITHM,
    "signature-digest": Step.DIGEST,
    "signature-wrong": Step.SIGNATURE,
    "signature-part": Step.PARTS,
    "signature-wrapped": Step.PARTS,
    "signature": Step.HEADER,
}
_ENCRYPTION = "http://www.w3.org/2001/04/xmlenc#"
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def explain_envelope(
    data: bytes, certificates: Sequence[RegisteredCertificate], at: datetime, *, budget: Budget | None = None
) -> tuple[Finding, ...]:
    """Explain what is wrong with a signed envelope that claims to come from the holder of `certificates`.

    All findings are good for a message that verifies and is fresh at `at`. Raises nothing, whatever `data` is; the
    cost is bounded by `budget` (a new one for each call unless given).
    """
    if len(data) > MAX_BYTES:
        return (_too_large(len(data)),)
    findings = tuple(_walk(data, certificates, at, budget or Budget()))
    strict = _refused_by(data, certificates, at) if all(each.passed for each in findings) else None
    if strict is not None:
        step = next((step for code, step in _CODES.items() if strict.code.startswith(code)), Step.SHAPE)
        findings = (*findings, bad(step, expected="what the agreement and its security profile say", found=strict.text))
    return findings


def _refused_by(data: bytes, certificates: Sequence[RegisteredCertificate], at: datetime) -> Refused | None:
    try:
        verify_envelope(open_envelope(data, max_bytes=MAX_BYTES), certificates, at)
    except Refused as refused:
        return refused
    return None


def _walk(
    data: bytes, certificates: Sequence[RegisteredCertificate], at: datetime, budget: Budget
) -> Iterator[Finding]:
    # 1. shape
    expected = "a SOAP 1.1 or 1.2 envelope"
    try:
        root = parse_xml(data, max_bytes=MAX_BYTES)
    except Refused as fault:
        yield bad(Step.SHAPE, expected=expected, found=fault.text)
        return
    try:
        yield good(Step.SHAPE, f"a {open_envelope(data, max_bytes=MAX_BYTES).version} envelope", expected)
    except Refused as fault:
        yield bad(Step.SHAPE, expected=expected, found=fault.text)
    if root.find(f".//{{{_ENCRYPTION}}}*") is not None:
        yield not_opened()
        return
    # 2. header
    loose = read_loosely(root, _with_comments(data), data)
    yield from _about_header(root, loose)
    if loose is None:
        return
    # 3. algorithm
    yield from _about_algorithms(loose, certificates)
    # 4. certificate
    came = None if loose.token is None else read_der(loose.token)
    if loose.token is not None:
        named = fingerprint(came) if came is not None else "(the token is no X.509 certificate)"
        yield about_certificate(certificates, named, came, at)
    # 5. parts
    yield from _about_parts(root, loose)
    if too_heavy(root, data):
        yield _too_heavy()
        yield from _about_times(loose, at)
        return
    # 6. digest
    for reference in loose.references:
        if reference.part is not None:
            yield about_digest(reference, budget)
    # 7. signature
    yield about_signature(loose, came, certificates, budget)
    # 8. clock
    yield from _about_times(loose, at)


def _with_comments(data: bytes) -> etree._Element | None:
    """Read the message once more with comments and processing instructions; `parse_xml` has let it pass before."""
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, collect_ids=False
    )
    try:
        return etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _about_header(root: etree._Element, loose: LooseSignature | None) -> Iterator[Finding]:
    expected = "one wsse:Security header with a Timestamp, a BinarySecurityToken and one ds:Signature"
    if loose is None:
        headers = len(root.findall(f".//{names.SECURITY}"))
        found = "a Security header without a signature" if headers else "no Security header"
        advice = "sign the message: see docs/clients of the hub for a working client"
        yield bad(Step.HEADER, expected=expected, found=found, advice=advice)
        return
    if loose.key_info != "BinarySecurityToken":
        said = f"{sentence(Mistake.KEY_INFO)}: {loose.key_info}"
        yield bad(Step.HEADER, expected=expected, found=said, mistake=Mistake.KEY_INFO)
        return
    yield good(Step.HEADER, f"a signature with {len(loose.references)} references", expected)


def _about_algorithms(loose: LooseSignature, certificates: Sequence[RegisteredCertificate]) -> Iterator[Finding]:
    came = None if loose.token is None else read_der(loose.token)
    kind = kind_of(key_of(came)) if came is not None else None
    wanted = XML_SIGNING.get(kind) if kind is not None else None
    methods = [wanted.name] if wanted is not None else sorted(XML_SIGNATURES)[:2]
    checks = [
        ("CanonicalizationMethod", loose.form, XML_CANONICAL_FORMS, [names.EXCLUSIVE_C14N]),
        ("SignatureMethod", loose.method, XML_SIGNATURES, methods),
    ]
    for each in loose.references:
        checks.append(("DigestMethod", each.digest_method, XML_DIGESTS, sorted(XML_DIGESTS)[-2:-1]))
        checks += [
            ("Transform", name, XML_CANONICAL_FORMS, [names.EXCLUSIVE_C14N]) for name in each.transforms or ("",)
        ]
    refused = False
    for place, name, allowed, instead in dict.fromkeys((p, n, frozenset(a), tuple(i)) for p, n, a, i in checks):
        if name not in allowed:
            refused = True
            yield bad(
                Step.ALGORITHM,
                expected=f"{place} {' or '.join(instead)}",
                found=refusal(name, place).text if name else f"{place} is missing",
                advice=f"set {place} to {' or '.join(instead)}",
                mistake=Mistake.ALGORITHM,
                quoted=[] if well_known(name) else [name],
            )
    if refused:
        return
    yield _about_key_kind(loose, None if came is None else named_in(certificates, fingerprint(came)))


def _about_key_kind(loose: LooseSignature, named: RegisteredCertificate | None) -> Finding:
    expected = "algorithms of the allow-list, which go with the key"
    if named is not None:
        try:
            check_key(XML_SIGNATURES[loose.method], named.certificate.public_key())
        except Refused as fault:
            return bad(Step.ALGORITHM, expected=expected, found=fault.text, mistake=Mistake.ALGORITHM_OF_OTHER_KEY)
    return good(Step.ALGORITHM, loose.method, expected)


def _about_parts(root: etree._Element, loose: LooseSignature) -> Iterator[Finding]:
    expected = "a Reference to the Body, the Timestamp and each addressing block of this envelope, by wsu:Id"
    failed = False
    signed: list[etree._Element] = []
    for each in loose.references:
        if each.part is not None:
            signed.append(each.part.element)
            if each.part.element.get(names.WSU_ID) != each.uri.removeprefix("#"):
                failed = True
                found = f"{each.uri!r}: {sentence(Mistake.ID_ATTRIBUTE)}"
                yield bad(
                    Step.PARTS,
                    expected=expected,
                    found=found,
                    mistake=Mistake.ID_ATTRIBUTE,
                    quoted=[repr(each.uri)[1:-1]],
                )
            continue
        failed = True
        advice = "give the element a wsu:Id attribute with that value, or correct the URI"
        yield bad(
            Step.PARTS,
            expected=expected,
            found=f"nothing has the id of Reference {each.uri!r}",
            advice=advice,
            quoted=[repr(each.uri)[1:-1]],
        )
    soap = names.namespace_of(root)
    blocks = root.xpath("./s:Header/a:*", namespaces={"s": soap or "urn:none", "a": names.WSA})
    needed = [root.find(f"{{{soap}}}Body"), loose.security.find(names.TIMESTAMP)]
    needed += [block for block in blocks if isinstance(block, etree._Element)] if isinstance(blocks, list) else []
    for part in needed:
        if part is not None and part not in signed:
            failed = True
            name = etree.QName(part).localname
            yield bad(
                Step.PARTS,
                expected=expected,
                found=f"{name} is not signed",
                advice=f"add {name} to the parts that are signed (WSS4J: signatureParts)",
            )
    if loose.security.find(names.TIMESTAMP) is None:
        failed = True
        yield bad(Step.PARTS, expected=expected, found="no Timestamp", advice="add a wsu:Timestamp and sign it")
    if not failed:
        yield good(Step.PARTS, f"{len(signed)} parts, each found", expected)


def _about_times(loose: LooseSignature, at: datetime) -> Iterator[Finding]:
    if not loose.created and not loose.expires:
        return
    moments = [_moment(text) for text in (loose.created, loose.expires)]
    for name, text, moment in zip(("Created", "Expires"), (loose.created, loose.expires), moments, strict=True):
        if moment is None:
            yield bad(
                Step.CLOCK,
                expected=f"{name} as xs:dateTime with a time zone, at most {WINDOW_S} s of life",
                found=f"{name} {text[:60]!r}",
                quoted=[repr(text[:60])[1:-1]],
                advice=f"write {name} in UTC with Z, such as {at.strftime('%Y-%m-%dT%H:%M:%SZ')}",
            )
    created, expires = moments
    if created is not None and expires is not None:
        yield about_clock(created, expires, at)


def _moment(text: str) -> datetime | None:
    match = _DATE_TIME.fullmatch(text)
    if match is None or match[2] is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _too_heavy() -> Finding:
    return bad(
        Step.DIGEST,
        expected="a message whose canonical forms can be made in bounded time",
        found="not tried: too many namespace declarations, or attributes of one element",
        advice="declare each namespace once, at the Envelope",
    )


def _too_large(size: int) -> Finding:
    return bad(
        Step.SHAPE,
        expected=f"at most {MAX_BYTES} bytes for an explanation",
        found=f"not tried: too large ({size} bytes)",
        advice="send a smaller message of the same kind: the cause shows in that too",
    )
