"""Signed SOAP for Python: zeep writes the message, xmlsec signs it and verifies the hub's answer.

    hub = SignedSoap(Path(".demo/agencies/dpupr"), "technical-recommendation")
    answer = hub.call({"case": "K-2026-...", ...}, relates_to="urn:uuid:...")

What must be signed (ditandatangani): the Body, the Timestamp, and every WS-Addressing header. zeep's own signing is
not used: it signs with SHA-1, and takes an answer whose signed Body was moved aside.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import xmlsec
import zeep
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from encrypted_body import Undecipherable, decrypt_body, encrypt_body
from lxml import etree

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
X509 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
DS = "http://www.w3.org/2000/09/xmldsig#"
WSA = "http://www.w3.org/2005/08/addressing"
FAULT = "urn:simojo:fault:1.0"
EXCLUSIVE, RSA, SHA256 = (
    xmlsec.constants.TransformExclC14N,
    xmlsec.constants.TransformRsaSha256,
    xmlsec.constants.TransformSha256,
)
SKEW = timedelta(seconds=60)
NAMES = {"wsse": WSSE, "wsu": WSU, "ds": DS, "wsa": WSA}


class Untrusted(Exception):
    """An answer that the hub did not sign, or that answers something else."""


class SignedSoap:
    """One interaction of the hub. `folder` holds key.pem, certificate.pem and config.json; `version` is 1.1 or 1.2."""

    def __init__(self, folder: Path, interaction: str, version: str = "1.2") -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._key = xmlsec.Key.from_file(str(folder / "key.pem"), xmlsec.constants.KeyDataFormatPem)
        self._certificate = "".join((folder / "certificate.pem").read_text(encoding="ascii").split("-----")[2].split())
        self._hub = xmlsec.Key.from_file(config["hub_certificate"], xmlsec.constants.KeyDataFormatCertPem)
        self._confidential = config.get("confidential", False)  # as the agreement says of the interaction
        self._own_key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
        self._hub_certificate = load_pem_x509_certificate(Path(config["hub_certificate"]).read_bytes())
        wsdl = f"{config['hub']}/soap/{config['agency']}/{interaction}?wsdl"
        self._client = zeep.Client(wsdl, settings=zeep.Settings(strict=True), wsse=self)
        self._service = self._client.bind("Service", "Soap11" if version == "1.1" else "Soap12")
        self._message_id, self._relates_to = "", ""

    def call(self, document: dict[str, Any], relates_to: str = "") -> Any:
        """Send one signed message; gives the verified answer. Raises zeep.exceptions.Fault for the hub's refusal."""
        self._message_id, self._relates_to = f"urn:uuid:{uuid.uuid4()}", relates_to
        return self._service.Exchange(**document)

    # --- zeep calls these two -------------------------------------------------------------------------------------

    def apply(self, envelope: etree._Element, headers: dict[str, str]) -> tuple[etree._Element, dict[str, str]]:
        """Address and sign what zeep wrote."""
        soap = etree.QName(envelope).namespace
        body = envelope.find(f"{{{soap}}}Body")
        header = envelope.find(f"{{{soap}}}Header")
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            envelope.insert(0, header)
        said = {
            "MessageID": self._message_id,
            "To": self._service._binding_options["address"],
            "Action": self._service._binding.get("Exchange").soapaction,
            "RelatesTo": self._relates_to,
        }
        header[:] = [_element(WSA, f"wsa:{name}", text) for name, text in said.items() if text]
        parts = [*header, body]

        # 1. The Security header: our certificate, and a Timestamp of five minutes
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{soap}}}mustUnderstand", "1")
        token = _element(WSSE, "wsse:BinarySecurityToken", self._certificate)
        token.attrib.update({"ValueType": X509, "EncodingType": BASE64, f"{{{WSU}}}Id": "certificate"})
        timestamp = _element(WSU, "wsu:Timestamp")
        now = datetime.now(UTC)
        timestamp.append(_element(WSU, "wsu:Created", f"{now:%Y-%m-%dT%H:%M:%SZ}"))
        timestamp.append(_element(WSU, "wsu:Expires", f"{now + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"))
        signature = xmlsec.template.create(envelope, EXCLUSIVE, RSA, ns="ds")
        security.extend([token, timestamp, signature])

        # 2. Each part is named by its wsu:Id; xmlsec fills in the digests and signs
        context = xmlsec.SignatureContext()
        context.key = self._key
        for number, part in enumerate([*parts, timestamp]):
            part.set(f"{{{WSU}}}Id", f"part-{number}")
            context.register_id(part, "Id", WSU)
            reference = xmlsec.template.add_reference(signature, SHA256, uri=f"#part-{number}")
            xmlsec.template.add_transform(reference, EXCLUSIVE)
        pointer = etree.SubElement(xmlsec.template.ensure_key_info(signature), f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(pointer, f"{{{WSSE}}}Reference", URI="#certificate", ValueType=X509)
        context.sign(signature)
        if self._confidential:
            encrypt_body(envelope, self._hub_certificate)  # signed first, encrypted then
        return envelope, headers

    def verify(self, envelope: etree._Element) -> None:
        """Let an answer pass whose Body, Timestamp and RelatesTo are covered by the hub's signature; else Untrusted."""
        try:
            clear = decrypt_body(envelope, self._own_key)
        except Undecipherable as fault:
            raise Untrusted(str(fault)) from fault
        self._check(clear)
        if clear is not envelope:
            envelope[:] = clear[:]  # what zeep goes on to read is what was verified

    def _check(self, envelope: etree._Element) -> None:
        soap = etree.QName(envelope).namespace
        if (
            envelope.find(f".//{{{DS}}}Signature") is None
            and envelope.find(f"{{{soap}}}Body/{{{soap}}}Fault") is not None
        ):
            return  # who proves nothing gets an unsigned refusal; zeep raises it, and nothing is believed
        header = f"{{{soap}}}Header"
        signature = _only(envelope, f"{header}/wsse:Security/ds:Signature")
        body = _only(envelope, f"{{{soap}}}Body")
        timestamp = _only(envelope, f"{header}/wsse:Security/wsu:Timestamp")
        relates_to = _only(envelope, f"{header}/wsa:RelatesTo")
        covered = [each.get("URI") for each in signature.iterfind("ds:SignedInfo/ds:Reference", NAMES)]
        for part in (body, timestamp, relates_to):
            if covered.count(f"#{part.get(f'{{{WSU}}}Id')}") != 1:
                raise Untrusted(f"the signature of the answer does not cover {etree.QName(part).localname}")
        context = xmlsec.SignatureContext()
        context.key = self._hub
        for transform in (EXCLUSIVE, RSA):
            context.enable_signature_transform(transform)
        for transform in (EXCLUSIVE, SHA256):
            context.enable_reference_transform(transform)
        # Only the parts at these very places answer to their ids: what was moved aside is not found.
        for part in (body, timestamp, *(each for each in envelope.find(header) if each.get(f"{{{WSU}}}Id"))):
            context.register_id(part, "Id", WSU)
        try:
            context.verify(signature)
        except xmlsec.Error as fault:
            raise Untrusted("the answer is not what the hub signed") from fault
        expires = datetime.fromisoformat(timestamp.findtext(f"{{{WSU}}}Expires"))
        if expires + SKEW < datetime.now(UTC):
            raise Untrusted(f"the answer has expired at {expires}")
        if relates_to.text != self._message_id:
            raise Untrusted(f"the answer is about {relates_to.text}, not about {self._message_id}")


def explain(fault: zeep.exceptions.Fault) -> str:
    """Say in one line what the hub's Fault says: code, clause, violations."""
    detail = fault.detail if fault.detail is not None else etree.Element("none")
    code, clause = (detail.findtext(f".//{{{FAULT}}}{name}") or "" for name in ("code", "clause"))
    violations = [f"\n  {each.get('path')}: {each.text}" for each in detail.iterfind(f".//{{{FAULT}}}violation")]
    return f"the hub refuses (ditolak): {code}: {fault.message}{clause and f' [{clause}]'}{''.join(violations)}"


def _element(namespace: str, name: str, text: str | None = None) -> etree._Element:
    prefix, _, local = name.partition(":")
    element = etree.Element(f"{{{namespace}}}{local}", nsmap={prefix: namespace})
    element.text = text
    return element


def _only(envelope: etree._Element, path: str) -> etree._Element:
    found = envelope.findall(path, NAMES)
    if len(found) != 1:
        raise Untrusted(f"the answer is not trusted: {len(found)} instead of one {path}")
    return found[0]
