"""Answers that the hub never gave, as an attacker on the wire would make them of those that it did."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from lxml import etree

from conformance.signing import jws, wss
from conformance.signing.keys import Identity
from gateway.machine import now
from tests.interop.between import Change, Half

WRAPPER = "{urn:example:wrapper}Wrapper"


def without_signature(half: Half) -> Half:
    """The same words, and nobody has signed them."""
    root = etree.fromstring(half.body)
    for security in list(root.iter(f"{{{wss.WSSE}}}Security")):
        parent = security.getparent()
        assert parent is not None
        parent.remove(security)
    return replace(half, body=etree.tostring(root))


def wrapped(half: Half) -> Half:
    """The signed Body is still there, in a header block; what stands in its place says something else."""
    root = etree.fromstring(half.body)
    (header, body) = root
    false = deepcopy(body)
    false.set(f"{{{wss.WSU}}}Id", "another")
    for text in false[0]:
        text.text = f"{text.text}0"
    etree.SubElement(header, WRAPPER).append(body)
    root.append(false)
    return replace(half, body=etree.tostring(root))


def signed_by(stranger: Identity) -> Change:
    """The same words under a stranger's signature, with the stranger's certificate."""

    def change(half: Half) -> Half:
        root = etree.fromstring(without_signature(half).body)
        for each in root.iter(etree.Element):
            each.attrib.pop(f"{{{wss.WSU}}}Id", None)
        return replace(half, body=wss.sign(root, stranger, at=now()))

    return change


def a_minute_longer(half: Half) -> Half:
    """The Timestamp expires a minute later than its sender said."""
    root = etree.fromstring(half.body)
    (expires,) = root.iter(f"{{{wss.WSU}}}Expires")
    later = datetime.fromisoformat(expires.text or "") + timedelta(minutes=1)
    expires.text = f"{later:%Y-%m-%dT%H:%M:%SZ}"
    return replace(half, body=etree.tostring(root))


def about_another(earlier: Half) -> Change:
    """A genuine answer of the hub, to an earlier message."""
    return lambda _half: earlier


def json_signed_by(stranger: Identity, request: Half) -> Change:
    """The same words under a stranger's detached JWS."""

    def change(half: Half) -> Half:
        claims: dict[str, str | int] = {
            "iss": "dpmptsp",
            "aud": "dpupr",
            "jti": "x.answer",
            "agr": "dpupr-2026/1.0",
            "int": "permit-validity",
            "rel": jws.body_digest(request.body),
        }
        signature = jws.sign_detached(half.body, stranger, claims, at=now())
        return replace(half, headers={**half.headers, jws.HEADER.lower(): signature})

    return change


def json_unsigned(half: Half) -> Half:
    """The same words without the signature."""
    return replace(half, headers={name: said for name, said in half.headers.items() if name != jws.HEADER.lower()})
