"""Satpol PP, simulated: has no endpoint, collects its tasks, acknowledges them, and sends its recommendations.

Again and again, as long as it runs:
    1. collect, waiting at the hub for up to `collecting.WAIT_S` until something lies there
    2. verify the hub's signature of the answer, and of each item; hold the item to its agreed schema
    3. a task taken before is not taken again; a new one stands in the journal before anything is said of it
    4. acknowledge all that were collected: taken, or refused as the policy says; or forget to
The courier then sends a recommendation for each task that it took, until the hub acknowledges it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from pydantic import BaseModel, Field

from conformance.peers import collecting
from conformance.peers.collecting import Collector
from conformance.peers.config import agreement_of
from conformance.peers.documents import json_violations
from conformance.peers.journal import Entry
from conformance.peers.peer import Peer
from conformance.peers.reconciling import TO_AGENCY
from conformance.signing import jws
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Malformed, SchemaViolation

OFFICE = "dpmptsp"
OFFICIAL = "Kepala Bidang Contoh"
TASK = "satpolpp/recommendation-task/1.0/request"


class Policy(BaseModel):
    """How tasks that come from now on are judged. `forget`: so many answers are not acknowledged."""

    favourable: bool = True
    conditions: list[str] = Field(default_factory=list, max_length=50)
    refuse: str | None = Field(default=None, max_length=500)
    forget: int = Field(default=0, ge=0)


class SatpolppPeer(Peer):
    """Takes every task and recommends it, unless the policy says otherwise."""

    agency = "satpolpp"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        said = self.journal.entries("policy")
        self._policy = Policy.model_validate(said[-1]["policy"]) if said else Policy()
        self._collector = Collector(self.collect, elapsed=self.surroundings.elapsed, stopping=self.stopping)

        @self.app.post("/_control/policy")
        def policy(policy: Policy) -> dict[str, Any]:
            self._policy = policy
            self.journal.append("policy", policy=policy.model_dump())
            return policy.model_dump()

        @self.app.post("/_control/collect")
        def collect() -> dict[str, Any]:
            return {"collected": self.collect(wait_s=0)}

    def guide(self) -> str:
        """Give the ways to act as Satpol PP."""
        return (
            "Ambil tugas sekarang / collect at once (it does so by itself all the time):\n\n```sh\n"
            "curl -s -X POST {peer}/_control/collect\n```\n\n"
            "Tolak tugas berikutnya, atau lupa mengonfirmasi / refuse the next tasks, or forget to acknowledge:\n\n"
            "```sh\ncurl -s {peer}/_control/policy -H 'Content-Type: application/json' "
            '-d \'{"refuse": "Bukan wewenang kami."}\'\n'
            "curl -s {peer}/_control/policy -H 'Content-Type: application/json' -d '{\"forget\": 1}'\n```\n"
        )

    def start(self) -> None:
        """Begin to collect, and to send what is owed."""
        super().start()
        self._collector.start()

    def stop(self) -> None:
        """End; a collection that waits at the hub ends with its connection."""
        super().stop()
        self._collector.stop()

    def resume(self) -> None:
        """Send the recommendations that were owed before a restart."""
        sent = {each["message_id"] for each in self.journal.entries("recommended")}
        for each in self.journal.entries("task"):
            if each["refused"] is None and each["message_id"] not in sent:
                self._send_recommendation(each)

    def collect(self, *, wait_s: int = collecting.WAIT_S) -> int:
        """Collect once, and acknowledge; gives how many items there were. Raises GatewayError, httpx2.HTTPError."""
        asked = {"atMost": 10, "waitS": wait_s}
        answer = self._call("mailbox/collect", "mailbox.collect", asked, f"urn:uuid:{self.surroundings.new_id()}")
        items: list[dict[str, Any]] = answer.get("item", [])
        said = [self._take(each) for each in items]
        if not said:
            return 0
        if self._policy.forget:
            self._policy = self._policy.model_copy(update={"forget": self._policy.forget - 1})
            self.journal.append("forgotten", message_ids=[each["message_id"] for each in said])
            self.stopping.wait(collecting.PAUSE_S)
            return len(said)
        self._acknowledge(said)
        return len(said)

    # --- within ---------------------------------------------------------------------------------------------------

    def _take(self, item: Mapping[str, Any]) -> Entry:
        """Verify an item, and take it once. Raises GatewayError for one that is not the hub's or not as agreed."""
        body = base64.b64decode(item["body"], validate=True)
        claims = jws.verify_detached(
            item["signature"], body, self.hub_certificates(), issuer=OFFICE, audience=self.agency, at=self.now()
        )
        if claims["jti"] != item["messageId"]:
            raise Malformed("the item is signed under another message id", code="item-crossed")
        task = json.loads(body)
        if violations := json_violations(TASK, task):
            raise SchemaViolation("the task breaks the agreed schema", violations=violations)
        self.lists.note(item["messageId"], body, TO_AGENCY)
        with self.taking:
            known = self._task(item["messageId"])
            if known is not None:
                self.journal.append("task-again", message_id=item["messageId"], collected=item["collected"])
                return known
            entry = self._record(item, task)
        if entry["refused"] is None:
            self._send_recommendation(entry)
        return entry

    def _record(self, item: Mapping[str, Any], task: Mapping[str, Any]) -> Entry:
        today = local_date(self.now())
        number = len(self.journal.entries("task")) + 1
        return self.journal.append(
            "task",
            message_id=item["messageId"],
            case=task["case"],
            task=dict(task),
            refused=self._policy.refuse,
            answer_id=f"urn:uuid:{self.surroundings.new_id()}",
            number=f"331/{number:04d}/{today.year}",
            date=today.isoformat(),
            favourable=self._policy.favourable,
            conditions=self._policy.conditions,
        )

    def _task(self, message_id: str) -> Entry | None:
        return next((each for each in self.journal.entries("task") if each["message_id"] == message_id), None)

    def _acknowledge(self, entries: Sequence[Entry]) -> None:
        items = [
            {"messageId": each["message_id"], "outcome": "taken"}
            if each["refused"] is None
            else {"messageId": each["message_id"], "outcome": "refused", "text": each["refused"]}
            for each in entries
        ]
        message_id = f"urn:uuid:{self.surroundings.new_id()}"
        answer = self._call("mailbox/acknowledge", "mailbox.acknowledge", {"item": items}, message_id)
        self.journal.append("acknowledged", items=items, results=answer["item"])

    def _send_recommendation(self, entry: Entry) -> None:
        self.courier.send(lambda: self._recommend(entry))

    def _recommend(self, entry: Entry) -> bool:
        """Send a recommendation once; True when the hub acknowledged it with its signature."""
        recommendation = {
            "task": entry["message_id"],
            "case": entry["case"],
            "number": entry["number"],
            "date": entry["date"],
            "favourable": entry["favourable"],
            "official": OFFICIAL,
        }
        if entry["conditions"]:
            recommendation["condition"] = entry["conditions"]
        try:
            answer = self._call("recommendation", "recommendation", recommendation, entry["answer_id"])
        except (httpx2.HTTPError, GatewayError) as fault:
            text = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self.journal.append("recommendation-failed", message_id=entry["message_id"], text=text)
            return False
        self.journal.append("recommended", message_id=entry["message_id"], acknowledgement=answer)
        return True

    def _call(self, path: str, interaction: str, payload: Mapping[str, Any], message_id: str) -> dict[str, Any]:
        """Say something to the hub, signed; gives its verified answer. Raises Malformed, Unauthenticated."""
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        claims = {"iss": self.agency, "aud": OFFICE, "jti": message_id}
        claims |= {"agr": agreement_of(self.agency, local_date(self.now())), "int": interaction}
        token = jws.sign_detached(body, self.identity, claims, at=self.now())
        headers = {"Content-Type": "application/json", jws.HEADER: token}
        answer = self.client.post(f"{self.config.hub_url}/rest/{self.agency}/{path}", content=body, headers=headers)
        if answer.status_code != 200:
            raise Malformed(f"the hub answered HTTP {answer.status_code}: {answer.text[:300]}", code="not-acknowledged")
        verified = jws.verify_detached(
            answer.headers.get(jws.HEADER, ""),
            answer.content,
            self.hub_certificates(),
            issuer=OFFICE,
            audience=self.agency,
            at=self.now(),
        )
        if verified.get("rel") != jws.body_digest(body):
            raise Malformed("the hub's answer is to another message", code="not-acknowledged")
        said: dict[str, Any] = answer.json()
        return said

    def hub_certificates(self) -> Sequence[x509.Certificate]:
        """Read the hub's certificates anew, since the hub may roll its key over. Raises Misconfigured."""
        return load_certificates(self.folder / Path(self.config.hub_certificate))
