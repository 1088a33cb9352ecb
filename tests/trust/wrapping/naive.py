"""Three verifiers as others write them, to show which attacks are real. None of them is the gateway's.

zeep     zeep's own check, with the registered certificate: it looks for each identifier anywhere in the tree
xmlsec   python-xmlsec with its default settings and the registered certificate
message  the same with the certificate that the message brings
"""

from __future__ import annotations

from base64 import b64decode

import xmlsec
from lxml import etree
from zeep.exceptions import SignatureVerificationFailed
from zeep.wsse.signature import _verify_envelope_with_key

from tests.trust.wrapping.scene import ds, wsse

_FAILURES = (
    SignatureVerificationFailed,
    xmlsec.Error,
    etree.XMLSyntaxError,
    etree.XPathEvalError,
    IndexError,
    StopIteration,
    AttributeError,
    TypeError,
    ValueError,
)


def accepting(data: bytes, certificate_der: bytes) -> tuple[str, ...]:
    """Name those that accept a message."""
    return tuple(
        name
        for name, check in (("zeep", _zeep), ("xmlsec", _xmlsec), ("message", _message))
        if _accepts(check, data, certificate_der)
    )


def _accepts(check: object, data: bytes, certificate_der: bytes) -> bool:
    try:
        check(etree.fromstring(data), certificate_der)  # type: ignore[operator]  # one of the three below
    except _FAILURES:
        return False
    return True


def _zeep(root: etree._Element, certificate_der: bytes) -> None:
    _verify_envelope_with_key(root, _key(certificate_der))


def _xmlsec(root: etree._Element, certificate_der: bytes) -> None:
    xmlsec.tree.add_ids(root, ["Id", "ID", "id"])
    context = xmlsec.SignatureContext()
    context.key = _key(certificate_der)
    context.verify(next(root.iter(ds("Signature"))))


def _message(root: etree._Element, certificate_der: bytes) -> None:
    token = next(root.iter(wsse("BinarySecurityToken")))
    _xmlsec(root, b64decode(token.text or ""))


def _key(certificate_der: bytes) -> xmlsec.Key:
    return xmlsec.Key.from_memory(certificate_der, xmlsec.constants.KeyDataFormatCertDer, None)
