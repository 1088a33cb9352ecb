"""DPUPR, simulated: takes a request for a technical recommendation over SOAP and answers it later by callback.

On a request:
    1. decrypt what came encrypted, and verify the hub's signature
    2. Action and document are the agreed ones, of version 1.0 or 1.1; what is said about it is of the same version
    3. the same MessageID again: the same acknowledgement; with other content: a fault
    4. write request and answer into the journal, then acknowledge, signed
The courier then posts the answer, signed anew at each attempt, until the hub acknowledges it. To a request that came
encrypted everything that is said is encrypted to the hub's certificate, and its acknowledgement has to be encrypted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from fastapi import Request, Response
from lxml import etree
from pydantic import BaseModel, Field

from conformance.peers.documents import xsd_violations
from conformance.peers.journal import Entry
from conformance.peers.peer import Peer, RawBody
from conformance.signing import encryption, soap, wss
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Malformed, Misconfigured, Replayed, Retriable, SchemaViolation

REQUEST, ANSWER = (f"urn:simojo:dpupr:technical-recommendation:{each}" for each in ("request", "answer"))
VERSIONS = ("1.0", "1.1")
ACTIONS = {f"{REQUEST}:{version}#RecommendationRequest": version for version in VERSIONS}
OFFICIAL = "Ir. Contoh"
HOLDS = timedelta(days=365)
"""How long a recommendation holds: an answer of version 1.1 says so."""


class Policy(BaseModel):
    """How requests that come from now on are judged."""

    favourable: bool = True
    conditions: list[str] = Field(default_factory=list, max_length=50)


class DpuprPeer(Peer):
    """Answers every request, favourably unless the policy says otherwise."""

    agency = "dpupr"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        said = self.journal.entries("policy")
        self._policy = Policy.model_validate(said[-1]["policy"]) if said else Policy()

        # the hub posts to the endpoint exactly as staff registered it: with or without the interaction's name
        @self.app.post("/")
        @self.app.post("/technical-recommendation")
        def technical_recommendation(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._serve(request.headers.get("content-type", ""), body)

        @self.app.post("/_control/policy")
        def policy(policy: Policy) -> dict[str, Any]:
            self._policy = policy
            self.journal.append("policy", policy=policy.model_dump())
            return policy.model_dump()

    def guide(self) -> str:
        """Give the three ways to act as DPUPR."""
        return (
            "Tanyakan keabsahan izin / ask whether a permit is valid:\n\n```sh\n./ask.sh '<nomor izin>'\n```\n\n"
            "Jawab permintaan dengan tangan / answer a request by hand (MessageID and case stand in the journal), dari "
            "folder proyek / in the project's folder:\n\n"
            "```sh\n.venv/bin/python -m conformance.clients.soap_client \\\n"
            "  --wsdl '{hub}/soap/dpupr/technical-recommendation?wsdl' \\\n"
            "  --key '{home}/key.pem' --certificate '{home}/certificate.pem' --hub-certificate '{hub_certificate}' \\\n"
            "  --relates-to '<MessageID>' --case '<case>' --number 600/1/2026\n```\n\n"
            "Tolak yang berikutnya / judge the next ones unfavourably:\n\n```sh\n"
            "curl -s {peer}/_control/policy -H 'Content-Type: application/json' -d '{\"favourable\": false}'\n```\n"
        )

    def resume(self) -> None:
        """Answer what was acknowledged before a restart and not yet answered."""
        answered = {each["message_id"] for each in self.journal.entries("answered")}
        for each in self.journal.entries("request"):
            if each["message_id"] not in answered:
                self._send_answer(each)

    def _serve(self, content_type: str, body: bytes) -> Response:
        confidential = _is_encrypted(body)
        try:
            entry = self._take(content_type, body)
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
            addressing = soap.Addressing(message_id=self._message_id(), to=soap.ANONYMOUS, action=soap.FAULT_ACTION)
            document = soap.fault_document(fault)
            return self._sealed(document, addressing, status=400 if sender else 500, confidential=confidential)
        document = soap.acknowledgement(entry["message_id"], datetime.fromisoformat(entry["at"]), entry["exchange"])
        addressing = soap.Addressing(
            message_id=entry["acknowledgement_id"],
            to=soap.ANONYMOUS,
            action=soap.action_of(document),
            relates_to=entry["message_id"],
        )
        return self._sealed(document, addressing, confidential=confidential)

    def _take(self, content_type: str, body: bytes) -> Entry:
        if content_type.partition(";")[0].strip().lower() not in ("application/soap+xml", "text/xml"):
            raise Malformed(f"content type {content_type!r} is no SOAP: send application/soap+xml", code="malformed")
        # 1. signature
        clear = encryption.decrypt_body(body, self.identity) if _is_encrypted(body) else body
        verified = wss.verify(clear, self.hub_certificates(), at=self.now())
        # 2. what was agreed
        version = ACTIONS.get(verified.action or "")
        if version is None or soap.action_of(verified.document) != verified.action:
            raise SchemaViolation(f"the action is not {' or '.join(ACTIONS)}", code="action-unknown")
        violations = xsd_violations(f"dpupr/technical-recommendation/{version}/request", verified.document)
        if violations:
            raise SchemaViolation("the request breaks the agreed schema", violations=violations)
        if not verified.message_id:
            raise Malformed("wsa:MessageID is missing", code="message-id-missing")
        # 3. said before
        with self.taking:
            known = self._request(verified.message_id)
            if known is not None and known["digest"] != verified.digest:
                raise Replayed("this MessageID was used before with other content: take a new one")
            if known is not None:
                self.journal.append("request-again", message_id=verified.message_id)
                return known
            # 4. on record first
            entry = self._record(verified, body, version)
        self._send_answer(entry)
        return entry

    def _record(self, verified: wss.VerifiedEnvelope, body: bytes, version: str) -> Entry:
        number = len(self.journal.entries("request")) + 1
        today = local_date(self.now())
        return self.journal.append(
            "request",
            message_id=verified.message_id,
            digest=verified.digest,
            version=version,
            case=verified.document.findtext(f"{{{REQUEST}:{version}}}case"),
            acknowledgement_id=self._message_id(),
            exchange=self.surroundings.new_id(),
            answer_id=self._message_id(),
            number=f"600/{number:04d}/{today.year}",
            date=today.isoformat(),
            valid_until=(today + HOLDS).isoformat(),
            favourable=self._policy.favourable,
            conditions=self._policy.conditions,
            confidential=_is_encrypted(body),
            envelope=body.decode("utf-8", "replace"),
        )

    def _request(self, message_id: str) -> Entry | None:
        requests = self.journal.entries("request")
        return next((each for each in requests if each["message_id"] == message_id), None)

    def _send_answer(self, entry: Entry) -> None:
        self.courier.send(lambda: self._answer(entry))

    def _answer(self, entry: Entry) -> bool:
        """Post the answer once; True when the hub acknowledged it with its signature."""
        url = f"{self.config.hub_url}/soap/dpupr/technical-recommendation"
        document = answer_document(entry)
        addressing = soap.Addressing(
            message_id=entry["answer_id"],
            to=url,
            action=soap.action_of(document),
            relates_to=entry["message_id"],
        )
        confidential = bool(entry.get("confidential"))
        sent = self._written(document, addressing, confidential=confidential)
        try:
            answer = self.client.post(url, content=sent, headers={"Content-Type": soap.CONTENT_TYPES[soap.SOAP_12]})
            verified = self._acknowledged(answer, entry["answer_id"], confidential=confidential)
        except (httpx2.HTTPError, GatewayError) as fault:
            text = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self.journal.append("answer-failed", message_id=entry["message_id"], text=text)
            return False
        self.journal.append(
            "answered",
            message_id=entry["message_id"],
            leaf=verified.leaf,
            envelope=sent.decode(),
            acknowledgement=answer.text,
        )
        return True

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

    def hub_certificates(self) -> Sequence[x509.Certificate]:
        """Read the hub's certificates anew, since the hub may roll its key over. Raises Misconfigured."""
        return load_certificates(self.folder / Path(self.config.hub_certificate))

    def _sealed(
        self, document: etree._Element, addressing: soap.Addressing, status: int = 200, *, confidential: bool
    ) -> Response:
        data = self._written(document, addressing, confidential=confidential)
        return Response(data, status_code=status, media_type=soap.CONTENT_TYPES[soap.SOAP_12])

    def _written(self, document: etree._Element, addressing: soap.Addressing, *, confidential: bool) -> bytes:
        """Sign, and encrypt to the hub's first certificate where that is due."""
        signed = wss.sign(soap.envelope(document, addressing), self.identity, at=self.now())
        return encryption.encrypt_body(signed, self.hub_certificates()[0]) if confidential else signed

    def _message_id(self) -> str:
        return f"urn:uuid:{self.surroundings.new_id()}"


def _is_encrypted(data: bytes) -> bool:
    try:
        return encryption.is_encrypted(data)
    except Malformed:
        return False


def answer_document(entry: Entry) -> etree._Element:
    """Build the RecommendationAnswer to a request in the journal, in the request's version."""
    version = entry.get("version", VERSIONS[0])
    space = f"{ANSWER}:{version}"
    root = etree.Element(f"{{{space}}}RecommendationAnswer", nsmap={None: space})
    members = [
        ("case", entry["case"]),
        ("number", entry["number"]),
        ("date", entry["date"]),
        *(() if version == VERSIONS[0] else [("validUntil", entry["valid_until"])]),
        ("favourable", "true" if entry["favourable"] else "false"),
        ("official", OFFICIAL),
        *(("condition", each) for each in entry["conditions"]),
    ]
    for name, value in members:
        etree.SubElement(root, f"{{{space}}}{name}").text = value
    return root
