"""The agency that plays its agreement.

On a message of the hub, at whatever path:
    1. verify it, and hold it to the agreed schema
    2. the same message id again: the same answer; with other content: refused
    3. write it into the journal, with what will be answered
    4. a file of the office: where its pieces go (`files`); a query: the answer; a notification: its reply or an
       acknowledgement; a request: an acknowledgement, and the courier posts the answer, signed anew at each attempt,
       until the hub acknowledges it

Where it agreed on a mailbox it comes for its messages, and takes and acknowledges them one by one.

Control addresses beside those of every peer:
    POST /_control/answer/{interaction}   {"members": {...}}: say this in the answers from now on
    POST /_control/send/{interaction}     {"members": {...}}: send the hub an example of what the agency says first; of
                                          a batch a file of all examples, with what the hub made of it
    POST /_control/collect                come to the mailbox now (it does so by itself all the time)
    POST /_control/refuse                 {"text": "..."}: refuse what is collected from now on; null: take it again
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from fastapi import Request as HttpRequest
from fastapi import Response
from pydantic import BaseModel, Field

from conformance.peers.agreed.agreement import Part, Script
from conformance.peers.agreed.batch import Files
from conformance.peers.agreed.examples import records_of, said_of
from conformance.peers.agreed.files import FOLDER, OfficeFiles
from conformance.peers.agreed.mailbox import Collecting
from conformance.peers.agreed.rest import RestVoice
from conformance.peers.agreed.soap import SoapVoice
from conformance.peers.agreed.voices import Seat, Taken, Voice
from conformance.peers.collecting import WAIT_S, Collector
from conformance.peers.config import PeerConfig
from conformance.peers.journal import Entry
from conformance.peers.peer import Peer, RawBody, Surroundings
from conformance.peers.reconciling import TO_AGENCY
from conformance.signing import jws
from conformance.signing.keys import load_certificates
from gateway.contract.adapter import Batch, Mailbox, Request
from gateway.contract.message import Json, Payload
from gateway.domain.errors import GatewayError, Malformed, Misconfigured, Replayed
from gateway.validation.library import ACKNOWLEDGEMENT, BATCH_ACCEPTED


class Members(BaseModel):
    """Members of a document, in the place of those of its example."""

    members: dict[str, Any] = Field(default_factory=dict)


class Refuses(BaseModel):
    """Why items are refused from now on; null takes them."""

    text: str | None = Field(max_length=500)


class AgreedPeer(Peer):
    """Plays a script."""

    def __init__(
        self,
        folder: Path,
        config: PeerConfig,
        surroundings: Surroundings,
        client: httpx2.Client | None = None,
        *,
        script: Script,
    ) -> None:
        self.agency = script.adapter.agency.id
        super().__init__(folder, config, surroundings, client)
        self._script = script
        seat = Seat(
            script=script,
            identity=self.identity,
            hub_url=config.hub_url,
            certificates=lambda: load_certificates(folder / Path(config.hub_certificate)),
            clock=self.now,
            new_id=self._message_id,
        )
        self._office_files = OfficeFiles(folder, seat, self.app, self.spoiled)
        self._voices: dict[bool, Voice] = {True: SoapVoice(seat), False: RestVoice(seat)}
        self._files = Files(seat=seat, say=self._say, client=self.client, pause=self.stopping.wait)
        self._collecting: Collecting | None = None
        self._collector: Collector | None = None
        if script.services:
            self._collecting = Collecting(script, say=self._say, take=self._take_item, journal=self.journal)
            self._collector = Collector(
                partial(self._collecting.once, WAIT_S), elapsed=surroundings.elapsed, stopping=self.stopping
            )
        said = self.journal.entries("answers")
        self._told_to_say: dict[str, dict[str, Json]] = {each["interaction"]: each["members"] for each in said}

        @self.app.post("/_control/answer/{interaction}")
        def say(interaction: str, order: Members) -> dict[str, Any]:
            part = self._part(interaction, hub_speaks_first=True)
            self._said(part, {}, order.members)  # refused now, not when the hub asks
            self._told_to_say[interaction] = order.members
            self.journal.append("answers", interaction=interaction, members=order.members)
            return order.members

        @self.app.post("/_control/send/{interaction}")
        def send(interaction: str, order: Members) -> dict[str, Any]:
            return self._send(self._part(interaction, hub_speaks_first=False), order.members)

        @self.app.post("/_control/collect")
        def collect() -> dict[str, Any]:
            return {"collected": self._mailbox().once(0)}

        @self.app.post("/_control/refuse")
        def refuse(refuses: Refuses) -> dict[str, Any]:
            self._mailbox().refuse(refuses.text)
            return refuses.model_dump()

        # the hub posts to the endpoint exactly as staff registered it, whatever its path
        @self.app.post("/")
        @self.app.post("/{path:path}")
        def spoken_to(request: HttpRequest, body: RawBody) -> Response:
            return self.spoiled() or self._serve(dict(request.headers), body)

    def guide(self) -> str:
        """Give the ways to act as this agency."""
        lines = ["Interaksi / interactions:", ""]
        for part in self._script.parts:
            name, said = part.declared.name, "-H 'Content-Type: application/json' -d '{\"members\": {}}'"
            what = "jawab lain mulai sekarang / answer otherwise from now on"
            where = f"answer/{name}"
            if part.is_file_of_office:
                lines += [f"- `{name}`: berkas diterima di / files are taken into `{FOLDER}/`", ""]
                continue
            if not part.hub_speaks_first:
                what, where = "kirim sekarang / send one now", f"send/{name}"
            if isinstance(part.declared, Batch):
                what = "kirim berkas berisi semua contoh / send a file of all examples"
            if isinstance(part.declared, Mailbox):
                what, where, said = "ambil sekarang / collect now (it does so by itself)", "collect", "-X POST"
            lines += [f"- `{name}`: {what}", "", "```sh", f"curl -s {{peer}}/_control/{where} {said}", "```", ""]
        return "\n".join(lines)

    def start(self) -> None:
        """Begin to collect, and to answer what is owed."""
        super().start()
        if self._collector is not None:
            self._collector.start()

    def stop(self) -> None:
        """End."""
        super().stop()
        if self._collector is not None:
            self._collector.stop()

    def resume(self) -> None:
        """Answer what was acknowledged before a restart and not yet answered."""
        answered = {each["message_id"] for each in self.journal.entries("answered")}
        for each in self.journal.entries("request"):
            if each["answer_id"] and each["message_id"] not in answered:
                self._send_answer(each)

    # --- spoken to ----------------------------------------------------------------------------------------------------

    def _serve(self, headers: dict[str, str], body: bytes) -> Response:
        voice = self._voices["xml" in headers.get("content-type", "").partition(";")[0]]
        try:
            taken = voice.take(headers, body)
            entry = self._record(taken)
        except GatewayError as refused:
            self.journal.append("refused", code=refused.code, text=refused.text)
            return voice.refuse(refused)
        return voice.answer(taken, entry["document"], entry["said"])

    def _record(self, taken: Taken) -> Entry:
        with self.taking:
            entries = self.journal.entries("request")
            known = next((each for each in entries if each["message_id"] == taken.message_id), None)
            if known is not None and known["digest"] != taken.digest:
                raise Replayed("this message id was used before with other content: take a new one")
            if known is not None:
                self.journal.append("request-again", message_id=taken.message_id)
                return known
            entry = self._noted(taken)
        if entry["answer_id"]:
            self._send_answer(entry)
        return entry

    def _noted(self, taken: Taken) -> Entry:
        part, is_request = taken.part, isinstance(taken.part.declared, Request)
        document = None if is_request else getattr(part.declared, "reply", None)
        said: Payload = {
            "messageId": taken.message_id,
            "receivedAt": self.now().isoformat(timespec="seconds"),
            "exchange": self.surroundings.new_id(),
        }
        if part.is_file_of_office:
            document, said = BATCH_ACCEPTED, self._office_files.announced(part, taken.payload)
        elif document is not None:
            said = self._said(part, taken.payload, self._told_to_say.get(part.declared.name, {}))
        later = self._said(part, taken.payload, self._told_to_say.get(part.declared.name, {})) if is_request else None
        return self.journal.append(
            "request",
            interaction=part.declared.name,
            message_id=taken.message_id,
            digest=taken.digest,
            payload=dict(taken.payload),
            document=document or ACKNOWLEDGEMENT,
            said=dict(said),
            answer_id=self._message_id() if is_request else "",
            answer=dict(later) if later else None,
        )

    def _said(self, part: Part, about: Payload, ordered: dict[str, Json]) -> Payload:
        declared = part.declared
        document = declared.answer if isinstance(declared, Request) else getattr(declared, "reply", None)
        if document is None:
            raise Malformed(f"{declared.name} is acknowledged, and nothing is said in it", code="interaction-unknown")
        return said_of(document, self._script.library, soap=part.soap, about=about, ordered=ordered)

    # --- at the mailbox -----------------------------------------------------------------------------------------------

    def _mailbox(self) -> Collecting:
        if self._collecting is None:
            raise Misconfigured(f"{self.agency} agreed on no mailbox", code="interaction-unknown")
        return self._collecting

    def _take_item(self, item: Mapping[str, Any]) -> None:
        """Take an item as what is said at an endpoint: once. Raises GatewayError."""
        body, signature = base64.b64decode(item["body"], validate=True), item.get("signature")
        headers = {} if signature is None else {jws.HEADER.lower(): signature}
        taken = self._voices[signature is None].take(headers, body)
        if taken.message_id != item["messageId"]:
            raise Malformed("the item is signed under another message id", code="item-crossed")
        self.lists.note(taken.message_id, body, TO_AGENCY)
        self._record(taken)

    # --- speaking -----------------------------------------------------------------------------------------------------

    def _send_answer(self, entry: Entry) -> None:
        self.courier.send(lambda: self._answer(entry))

    def _answer(self, entry: Entry) -> bool:
        """Post the answer once; True when the hub acknowledged it with its signature."""
        part = self._part(entry["interaction"], hub_speaks_first=True)
        declared = part.declared
        assert isinstance(declared, Request)  # noqa: S101 - only requests are answered later
        try:
            heard = self._post(part, declared.answer, entry["answer"], entry["answer_id"], entry["message_id"])
            if heard.get("messageId") != entry["answer_id"]:
                raise Malformed("the hub acknowledges another message", code="not-acknowledged")
        except (httpx2.HTTPError, GatewayError) as fault:
            text = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self.journal.append("answer-failed", message_id=entry["message_id"], text=text)
            return False
        self.journal.append("answered", message_id=entry["message_id"], acknowledgement=dict(heard))
        return True

    def _send(self, part: Part, members: dict[str, Json]) -> dict[str, Any]:
        """Say something first, and give what the hub answered; of a file what it made of it."""
        document = part.declared.request
        if isinstance(part.declared, Batch):
            told = self._files.send(part, records_of(document, self._script.library, members))
            self.journal.append("sent", interaction=part.declared.name, message_id="", heard=told)
            return told
        said = said_of(document, self._script.library, soap=part.soap, about={}, ordered=members)
        message_id = self._message_id()
        heard = self._post(part, document, said, message_id, None)
        self.journal.append("sent", interaction=part.declared.name, message_id=message_id, heard=dict(heard))
        return dict(heard)

    def _say(self, part: Part, payload: Payload) -> Payload:
        return self._post(part, part.declared.request, payload, self._message_id(), None)

    def _post(self, part: Part, document: str, payload: Payload, message_id: str, about: str | None) -> Payload:
        voice = self._voices[part.soap]
        letter = voice.letter(part, document, payload, message_id, about)
        answer = self.client.post(letter.url, content=letter.body, headers=dict(letter.headers))
        return voice.heard(letter, message_id, answer.status_code, dict(answer.headers), answer.content)

    def _part(self, interaction: str, *, hub_speaks_first: bool) -> Part:
        found = [each for each in self._script.parts if each.hub_speaks_first is hub_speaks_first]
        part = next((each for each in found if each.declared.name == interaction), None)
        if part is None:
            names = ", ".join(each.declared.name for each in found) or "none"
            raise Misconfigured(f"there is no interaction {interaction!r} of that kind: there is {names}")
        return part

    def _message_id(self) -> str:
        return f"urn:uuid:{self.surroundings.new_id()}"
