"""A signed envelope, read as far as it can be: where the strict reader of `gateway.trust` stops, this one goes on.

What it gives is for explanations alone. It resolves an id to the first element that carries it and takes the first of
several signatures: rules by which nothing may ever be accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from gateway.trust import names
from gateway.trust.diagnosis.parts import Part
from gateway.trust.diagnosis.values import readings
from gateway.trust.names import ds, wsse
from gateway.trust.security_header import MAX_REFERENCES

_FORMS = re.compile(r"/(xml-exc-c14n|xml-c14n11|REC-xml-c14n-20010315)#?", re.ASCII)
MAX_REFERENCES_READ = MAX_REFERENCES


@dataclass(frozen=True, kw_only=True)
class LooseReference:
    """One ds:Reference as it stands: its part, None where nothing carries the id; names as they were written."""

    uri: str
    part: Part | None
    transforms: tuple[str, ...]
    digest_method: str
    digest_text: str


@dataclass(frozen=True, kw_only=True)
class LooseSignature:
    """The first signature of an envelope. `token` is the certificate's DER that came, however it was sent."""

    security: etree._Element
    signed_info: Part | None
    form: str
    method: str
    value_text: str
    key_info: str
    token: bytes | None
    references: tuple[LooseReference, ...]
    created: str
    expires: str


def read_loosely(root: etree._Element, kept: etree._Element | None, data: bytes) -> LooseSignature | None:
    """Give the first signature below any Security header, None where there is none."""
    security = root.find(f".//{names.SECURITY}")
    signature = None if security is None else security.find(f".//{ds('Signature')}")
    if security is None or signature is None:
        return None
    signed_info = signature.find(ds("SignedInfo"))
    form = _algorithm(signature, f"{ds('SignedInfo')}/{ds('CanonicalizationMethod')}")
    references = [] if signed_info is None else signed_info.findall(ds("Reference"))[:MAX_REFERENCES_READ]
    kind, token = _token(security, signature)
    return LooseSignature(
        security=security,
        signed_info=None if signed_info is None else _part(signed_info, kept, data, form, _prefixes(signed_info[0:1])),
        form=form,
        method=_algorithm(signature, f"{ds('SignedInfo')}/{ds('SignatureMethod')}"),
        value_text=_text(signature.find(ds("SignatureValue"))),
        key_info=kind,
        token=token,
        references=tuple(_reference(each, root, kept, data) for each in references),
        created=_text(security.find(f"{names.TIMESTAMP}/{{{names.WSU}}}Created")),
        expires=_text(security.find(f"{names.TIMESTAMP}/{{{names.WSU}}}Expires")),
    )


def _reference(
    reference: etree._Element, root: etree._Element, kept: etree._Element | None, data: bytes
) -> LooseReference:
    uri = reference.get("URI", "")
    transforms = reference.findall(f"{ds('Transforms')}/{ds('Transform')}")
    named = tuple(each.get("Algorithm", "") for each in transforms)
    canonical_forms = [each for each in transforms if _FORMS.search(each.get("Algorithm", ""))]
    element = _by_id(root, uri.removeprefix("#"))
    form = canonical_forms[-1].get("Algorithm", "") if canonical_forms else names.EXCLUSIVE_C14N
    return LooseReference(
        uri=uri,
        part=None if element is None else _part(element, kept, data, form, _prefixes(canonical_forms[-1:])),
        transforms=named,
        digest_method=_algorithm(reference, ds("DigestMethod")),
        digest_text=_text(reference.find(ds("DigestValue"))),
    )


def _part(
    element: etree._Element, kept: etree._Element | None, data: bytes, form: str, prefixes: tuple[str, ...]
) -> Part:
    path = element.getroottree().getelementpath(element)
    twin = None if kept is None else kept if path == "." else kept.find(path)
    return Part(element=element, kept=twin, data=data, form=form, prefixes=prefixes)


def _by_id(root: etree._Element, wanted: str) -> etree._Element | None:
    if not wanted:
        return None
    for element in root.iter(etree.Element):
        if any(
            etree.QName(name).localname.lower() == "id" and value == wanted for name, value in element.attrib.items()
        ):
            return element
    return None


def _prefixes(methods: list[etree._Element]) -> tuple[str, ...]:
    for method in methods:
        for inclusive in method.iterfind(f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces"):
            return tuple(inclusive.get("PrefixList", "").split())[:32]
    return ()


def _token(security: etree._Element, signature: etree._Element) -> tuple[str, bytes | None]:
    """Say how KeyInfo names the certificate, and give its DER where the message brings it."""
    key_info = signature.find(ds("KeyInfo"))
    if key_info is None:
        return "missing", None
    pointer = key_info.find(f".//{wsse('Reference')}")
    if pointer is not None:
        uri = pointer.get("URI", "").removeprefix("#")
        for token in security.iterfind(wsse("BinarySecurityToken")):
            if token.get(names.WSU_ID) == uri:
                return "BinarySecurityToken", _decoded(token)
        return "a reference to nothing", None
    embedded = key_info.find(f".//{ds('X509Certificate')}")
    if embedded is not None:
        return "X509Certificate", _decoded(embedded)
    kinds = ("KeyIdentifier", "X509IssuerSerial", "X509SKI", "KeyValue", "KeyName")
    local = {etree.QName(each).localname for each in key_info.iter(etree.Element)}
    lone = security.find(wsse("BinarySecurityToken"))
    return next((kind for kind in kinds if kind in local), "empty"), None if lone is None else _decoded(lone)


def _decoded(element: etree._Element) -> bytes | None:
    return next((octets for octets, mistake in readings(_text(element)) if mistake is None), None)


def _algorithm(element: etree._Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else found.get("Algorithm", "")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
