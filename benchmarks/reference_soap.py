"""The obvious program over SOAP: FastAPI, lxml with the XSD, xmlsec and a SQLModel session, as one would write it.

It verifies the WS-Security signature (that it covers Body, Timestamp and addressing, by the registered certificate),
refuses other content under a known MessageID and answers a repeat as before, holds the Timestamp and the XSD, stores
request and answer, and signs the answer. Plain FastAPI and not spyne: that is the faster of the two, so the fairer.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime, timedelta
from typing import Annotated

import xmlsec
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import Response
from lxml import etree
from sqlmodel import Session

from benchmarks.reference_rest import raw_body
from benchmarks.reference_store import Exchange, folder, known, make_tables, now, schema_file, session

S = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE, WSU = f"{_OASIS}wssecurity-secext-1.0.xsd", f"{_OASIS}wssecurity-utility-1.0.xsd"
X509V3, BASE64 = f"{_OASIS}x509-token-profile-1.0#X509v3", f"{_OASIS}soap-message-security-1.0#Base64Binary"
ACK = "urn:simojo:acknowledgement:1.0"
NS = {"s": S, "wsa": WSA, "wsse": WSSE, "wsu": WSU, "ds": "http://www.w3.org/2000/09/xmldsig#"}
ID = f"{{{WSU}}}Id"
EXCLUSIVE, SHA256 = xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformSha256
RSA_SHA256 = xmlsec.constants.TransformRsaSha256
CERTIFICATE, KEY = xmlsec.constants.KeyDataFormatCertPem, xmlsec.constants.KeyDataFormatPem
LIFE, SKEW = timedelta(seconds=300), timedelta(seconds=60)


class Envelopes:
    """Verifies envelopes of the agency and signs those of the office. Keys are read once."""

    def __init__(self) -> None:
        keys = folder()
        self._agency_der = _der((keys / "bench.pem").read_bytes())
        self._hub_der = _der((keys / "dpmptsp.pem").read_bytes())
        self._agency_key = xmlsec.Key.from_memory((keys / "bench.pem").read_bytes(), CERTIFICATE)
        self._hub_key = xmlsec.Key.from_memory((keys / "dpmptsp.key.pem").read_bytes(), KEY)

    def verify(self, root: etree._Element) -> None:
        """Raises HTTPException 401 unless the agency's signature covers everything that is used."""
        header, body = root.find("s:Header", NS), root.find("s:Body", NS)
        signature = root.find("s:Header/wsse:Security/ds:Signature", NS)
        token = root.findtext("s:Header/wsse:Security/wsse:BinarySecurityToken", "", NS)
        timestamp = root.find("s:Header/wsse:Security/wsu:Timestamp", NS)
        if header is None or body is None or signature is None or timestamp is None:
            raise HTTPException(401, "the message is not signed")
        if "".join(token.split()) != self._agency_der:
            raise HTTPException(401, "the certificate is not registered")
        addressing = [block for block in header if etree.QName(block).namespace == WSA]
        context = xmlsec.SignatureContext()
        context.key = self._agency_key
        for transform in (EXCLUSIVE, RSA_SHA256):
            context.enable_signature_transform(transform)
        for transform in (EXCLUSIVE, SHA256):
            context.enable_reference_transform(transform)
        parts = [body, timestamp, *addressing]
        for part in parts:
            context.register_id(part, "Id", WSU)
        signed = {uri.get("URI") for uri in signature.iterfind("ds:SignedInfo/ds:Reference", NS)}
        if signed != {f"#{part.get(ID)}" for part in parts} or len(root.xpath("//@wsu:Id", namespaces=NS)) != len(
            set(root.xpath("//@wsu:Id", namespaces=NS))
        ):
            raise HTTPException(401, "the signature does not cover the message")
        try:
            context.verify(signature)
        except xmlsec.Error as error:
            raise HTTPException(401, "the signature does not hold") from error

    def sign(self, content: etree._Element, relates_to: str) -> bytes:
        """A signed answer."""
        root = etree.Element(f"{{{S}}}Envelope", nsmap={"s": S, "wsa": WSA, "wsse": WSSE, "wsu": WSU})
        header = etree.SubElement(root, f"{{{S}}}Header")
        action = f"{ACK}#Acknowledgement"
        said = {"MessageID": f"urn:uuid:{uuid.uuid4()}", "Action": action, "RelatesTo": relates_to}
        parts = []
        for name, text in said.items():
            block = etree.SubElement(header, f"{{{WSA}}}{name}", {ID: name})
            block.text = text
            parts.append(block)
        security = etree.SubElement(header, f"{{{WSSE}}}Security")
        token = etree.SubElement(
            security, f"{{{WSSE}}}BinarySecurityToken", {ID: "token", "ValueType": X509V3, "EncodingType": BASE64}
        )
        token.text = self._hub_der
        timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp", {ID: "timestamp"})
        at = now()
        etree.SubElement(timestamp, f"{{{WSU}}}Created").text = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = f"{at + LIFE:%Y-%m-%dT%H:%M:%SZ}"
        body = etree.SubElement(root, f"{{{S}}}Body", {ID: "body"})
        body.append(content)
        signature = xmlsec.template.create(root, EXCLUSIVE, RSA_SHA256, ns="ds")
        security.append(signature)
        context = xmlsec.SignatureContext()
        context.key = self._hub_key
        for part in (*parts, timestamp, body):
            reference = xmlsec.template.add_reference(signature, SHA256, uri=f"#{part.get(ID)}")
            xmlsec.template.add_transform(reference, EXCLUSIVE)
            context.register_id(part, "Id", WSU)
        info = xmlsec.template.ensure_key_info(signature)
        holder = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(holder, f"{{{WSSE}}}Reference", {"URI": "#token", "ValueType": X509V3})
        context.sign(signature)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def make() -> FastAPI:
    """The application (uvicorn --factory)."""
    envelopes = Envelopes()
    xsd = etree.XMLSchema(etree.parse(schema_file("request.xsd")))
    make_tables()
    app = FastAPI()

    @app.post("/soap/{agency}/{interaction}")
    def receive(
        agency: str,
        interaction: str,
        body: Annotated[bytes, Depends(raw_body)],
        opened: Annotated[Session, Depends(session)],
    ) -> Response:
        root = _parsed(body)
        envelopes.verify(root)
        message_id = root.findtext("s:Header/wsa:MessageID", "", NS)
        content = root.find("s:Body/*", NS)
        if not message_id or content is None:
            raise HTTPException(400, "a MessageID and something in the Body are needed")
        canonical = etree.tostring(content, method="c14n", exclusive=True)
        digest = hashlib.sha256(canonical).hexdigest()
        earlier = known(opened, agency, message_id)
        if earlier is not None:
            if earlier.digest != digest:
                raise HTTPException(409, "this message id was used with other content")
            return answered(earlier.answer)
        _check_fresh(root)
        if not xsd.validate(etree.fromstring(canonical)):
            raise HTTPException(422, [str(error.message) for error in xsd.error_log])
        acknowledgement = etree.Element(f"{{{ACK}}}Acknowledgement", nsmap={None: ACK})
        etree.SubElement(acknowledgement, f"{{{ACK}}}messageId").text = message_id
        etree.SubElement(acknowledgement, f"{{{ACK}}}receivedAt").text = f"{now():%Y-%m-%dT%H:%M:%SZ}"
        etree.SubElement(acknowledgement, f"{{{ACK}}}exchange").text = str(uuid.uuid4())
        answer = envelopes.sign(acknowledgement, message_id)
        opened.add(
            Exchange(
                agency=agency,
                interaction=interaction,
                message_id=message_id,
                digest=digest,
                request=body,
                signature="",
                answer=answer,
                answer_signature="",
                received_at=now(),
            )
        )
        opened.commit()
        return answered(answer)

    return app


def answered(body: bytes) -> Response:
    """A signed envelope."""
    return Response(body, media_type="application/soap+xml; charset=utf-8")


def _parsed(body: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise HTTPException(400, "the body is not XML") from error


def _check_fresh(root: etree._Element) -> None:
    where = "s:Header/wsse:Security/wsu:Timestamp/wsu:"
    created, expires = (
        datetime.fromisoformat(root.findtext(f"{where}{name}", "", NS)) for name in ("Created", "Expires")
    )
    if not created - SKEW <= now() <= expires + SKEW:
        raise HTTPException(401, "the message is not fresh")


def _der(pem: bytes) -> str:
    return base64.b64encode(load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)).decode()
