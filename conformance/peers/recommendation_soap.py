"""Technical recommendations over SOAP 1.1 or 1.2 with WS-Security.

Besides the signature, Action and document have to be the agreed ones. To a request that came encrypted everything
that is said is encrypted to the hub's certificate, and its acknowledgement has to be encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

import httpx2
from fastapi import Response
from lxml import etree

from conformance.peers.documents import xsd_violations
from conformance.peers.journal import Entry
from conformance.peers.recommendation import INTERACTION, Asked, Members, RecommendationPeer
from conformance.signing import encryption, soap, wss
from gateway.domain.errors import GatewayError, Malformed, Misconfigured, Retriable, SchemaViolation


class SoapRecommendationPeer(RecommendationPeer):
    """An office that speaks SOAP in one `version`. `asked` and `answered` are the documents' root elements.

    `schema_versions` are those of the agreed documents: a request in one of them is answered in the same.
    """

    version: ClassVar[str] = soap.SOAP_12
    schema_versions: ClassVar[Sequence[str]] = ("1.0",)
    asked: ClassVar[str]
    answered: ClassVar[str]

    def _space(self, document: str, schema: str) -> str:
        return f"urn:simojo:{self.agency}:{INTERACTION}:{document}:{schema}"

    @property
    def _content_type(self) -> str:
        return soap.CONTENT_TYPES[self.version]

    def new_message_id(self) -> str:
        """A URN."""
        return f"urn:uuid:{self.surroundings.new_id()}"

    def serve(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Answer with a signed acknowledgement, or a signed Fault."""
        confidential = _is_encrypted(body)
        try:
            entry = self.taken(self._read(headers, body))
        except GatewayError as refused:
            self.journal.append("refused", code=refused.code, text=refused.text)
            sender = not isinstance(refused, (Retriable, Misconfigured))
            fault = soap.Fault(
                code=refused.code,
                text=refused.text,
                sender=sender,
                clause=refused.clause,
                violations=refused.violations,
            )
            addressing = soap.Addressing(message_id=self.new_message_id(), to=soap.ANONYMOUS, action=soap.FAULT_ACTION)
            status = 400 if sender and self.version == soap.SOAP_12 else 500  # SOAP 1.1 has one status for all Faults
            document = soap.fault_document(fault, soap=self.version)
            return self._sealed(document, addressing, status, confidential=confidential)
        document = soap.acknowledgement(entry["message_id"], datetime.fromisoformat(entry["at"]), entry["exchange"])
        addressing = soap.Addressing(
            message_id=entry["acknowledgement_id"],
            to=soap.ANONYMOUS,
            action=soap.action_of(document),
            relates_to=entry["message_id"],
        )
        return self._sealed(document, addressing, confidential=confidential)

    def say(self, entry: Entry, members: Members, message_id: str) -> Members:
        """Post an answer that relates to the request; the hub's acknowledgement has to be signed."""
        url = f"{self.config.hub_url}/soap/{self.agency}/{INTERACTION}"
        document = self._document(members, schema_version(entry))
        addressing = soap.Addressing(
            message_id=message_id, to=url, action=soap.action_of(document), relates_to=entry["message_id"]
        )
        confidential = bool(entry.get("confidential"))
        sent = self._written(document, addressing, confidential=confidential)
        headers = {"Content-Type": self._content_type}
        if self.version == soap.SOAP_11:
            headers["SOAPAction"] = f'"{addressing.action}"'
        answer = self.client.post(url, content=sent, headers=headers)
        verified = self._acknowledged(answer, message_id, confidential=confidential)
        return {"leaf": verified.leaf, "envelope": sent.decode(), "acknowledgement": answer.text}

    # --- within ---------------------------------------------------------------------------------------------------

    def _read(self, headers: Mapping[str, str], body: bytes) -> Asked:
        content_type = headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() not in ("application/soap+xml", "text/xml"):
            raise Malformed(f"content type {content_type!r} is no SOAP: send {self._content_type}", code="malformed")
        clear = encryption.decrypt_body(body, self.identity) if _is_encrypted(body) else body
        if etree.QName(soap.parse(clear)).namespace != self.version:
            text = f"another version of SOAP is agreed: send an Envelope of {self.version}"
            raise Malformed(text, code="version-mismatch")
        verified = wss.verify(clear, self.hub_certificates(), at=self.now())
        schema, action = self._agreed(verified)
        named = {verified.action, soap.action_of(verified.document)}
        if self.version == soap.SOAP_11:
            named.add(headers.get("soapaction", "").strip('"'))
        if named != {action}:
            raise SchemaViolation(f"the action is not {action}", code="action-unknown")
        violations = xsd_violations(f"{self.agency}/{INTERACTION}/{schema}/request", verified.document)
        if violations:
            raise SchemaViolation("the request breaks the agreed schema", violations=violations)
        if not verified.message_id:
            raise Malformed("wsa:MessageID is missing", code="message-id-missing")
        return Asked(
            message_id=verified.message_id,
            digest=verified.digest,
            case=verified.document.findtext(f"{{{self._space('request', schema)}}}{self.case_member}") or "",
            said=body.decode("utf-8", "replace"),
            more={"confidential": _is_encrypted(body), "schema": schema},
        )

    def _agreed(self, verified: wss.VerifiedEnvelope) -> tuple[str, str]:
        """The schema version and the action of the agreed request that came; the first of them where none did."""
        actions = {f"{self._space('request', each)}#{self.asked}": each for each in self.schema_versions}
        action = verified.action if verified.action in actions else next(iter(actions))
        return actions[action], action

    def _document(self, members: Members, schema: str) -> etree._Element:
        space = self._space("answer", schema)
        root = etree.Element(f"{{{space}}}{self.answered}", nsmap={None: space})
        for name, value in members.items():
            for each in value if isinstance(value, list) else [value]:
                said = {True: "true", False: "false"}[each] if isinstance(each, bool) else str(each)
                etree.SubElement(root, f"{{{space}}}{name}").text = said
        return root

    def _acknowledged(self, answer: httpx2.Response, answer_id: str, *, confidential: bool) -> wss.VerifiedEnvelope:
        """Verify that the hub acknowledges this very answer. Raises Malformed, Unauthenticated or Refused."""
        if answer.status_code != 200:
            fault = soap.read_fault(soap.body_child(answer.content))
            said = f"{fault.code}: {fault.text}" if fault else "no fault"
            raise Malformed(f"the hub answered HTTP {answer.status_code}, {said}", code="not-acknowledged")
        clear = answer.content
        if confidential and not _is_encrypted(clear):
            raise Malformed("the hub acknowledged a confidential answer in clear", code="encryption-missing")
        if confidential:
            clear = encryption.decrypt_body(clear, self.identity)
        verified = wss.verify(clear, self.hub_certificates(), at=self.now())
        named = (soap.acknowledged_id(verified.document), verified.relates_to)
        if named != (answer_id, answer_id):
            raise Malformed(f"the hub's answer acknowledges {named}, not {answer_id}", code="not-acknowledged")
        return verified

    def _sealed(
        self, document: etree._Element, addressing: soap.Addressing, status: int = 200, *, confidential: bool
    ) -> Response:
        data = self._written(document, addressing, confidential=confidential)
        return Response(data, status_code=status, media_type=self._content_type)

    def _written(self, document: etree._Element, addressing: soap.Addressing, *, confidential: bool) -> bytes:
        """Sign, and encrypt to the hub's first certificate where that is due."""
        signed = wss.sign(soap.envelope(document, addressing, soap=self.version), self.identity, at=self.now())
        return encryption.encrypt_body(signed, self.hub_certificates()[0]) if confidential else signed


def schema_version(entry: Entry) -> str:
    """The schema version of a request in the journal; those that are older say none."""
    return str(entry.get("schema", "1.0"))


def _is_encrypted(data: bytes) -> bool:
    try:
        return encryption.is_encrypted(data)
    except Malformed:
        return False
