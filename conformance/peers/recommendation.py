"""A city office that gives technical recommendations, simulated: what its REST and SOAP flavours share.

On a request:
    1. the flavour reads it: decrypts, verifies the hub's signature, and holds it to what was agreed
    2. the same message id again: the same acknowledgement; with other content: a refusal
    3. write request and answers into the journal, then acknowledge, signed
The courier then posts the answers, one after the other, signed anew at each attempt, until the hub acknowledges them.

How requests from now on are judged, and how their answers come, is set at POST /_control/policy.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import httpx2
from cryptography import x509
from fastapi import Request, Response
from pydantic import BaseModel, Field

from conformance.peers.journal import Entry
from conformance.peers.peer import Peer, RawBody
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, Replayed

INTERACTION = "technical-recommendation"
OTHER_CASE = "K-0000-000000"

Members: TypeAlias = Mapping[str, Any]
"""An answer by its members, in the order of its schema: texts, booleans, whole numbers, lists of texts."""


class Manner(StrEnum):
    """How answers come. What is wrong in the two before the last is put right once the hub has refused it."""

    AGREED = "as-agreed"
    LATE = "late"
    TWICE = "twice"
    EARLY = "early"
    OTHER_CASE = "other-case"
    NONSENSE = "nonsense"
    NEVER = "never"


class Policy(BaseModel):
    """How requests that come from now on are judged and answered.

    `manner`: `late` by `late_s` seconds; `twice`, the second time under a message id of its own; `early`, before the
    request is acknowledged; first about an `other-case`; first in `nonsense` that breaks its schema; `never`.
    """

    favourable: bool = True
    conditions: list[str] = Field(default_factory=list, max_length=50)
    manner: Manner = Manner.AGREED
    late_s: float = Field(default=5.0, ge=0)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that was read. `digest` is the same for the same content; `more` is what the flavour has to keep."""

    message_id: str
    digest: str
    case: str
    said: str
    more: Mapping[str, Any]


class RecommendationPeer(Peer):
    """Answers every request, favourably unless the policy says otherwise.

    A subclass says in whose words: `case_member` names the case in an answer, `numbered` writes the recommendation's
    number, `answers` gives the answers to a request in their order.
    """

    case_member: ClassVar[str] = "perkara"
    numbered: ClassVar[str] = "{number:04d}/{year}"
    official: ClassVar[str] = "Budi Contoh"
    paths: ClassVar[Sequence[str]] = ("/", f"/{INTERACTION}")
    """The hub posts to the endpoint exactly as staff registered it: with or without the interaction's name."""

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        said = self.journal.entries("policy")
        self._policy = Policy.model_validate(said[-1]["policy"]) if said else Policy()

        def technical_recommendation(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self.serve(request.headers, body)

        for path in self.paths:
            self.app.post(path)(technical_recommendation)

        @self.app.post("/_control/policy")
        def policy(policy: Policy) -> dict[str, Any]:
            self._policy = policy
            self.journal.append("policy", policy=policy.model_dump())
            return policy.model_dump()

    @abstractmethod
    def answers(self, entry: Entry) -> Sequence[Members]:
        """Give the answers to a request in the journal, in the order in which they come."""

    @abstractmethod
    def serve(self, headers: Mapping[str, str], body: bytes) -> Response:
        """Take a request over the flavour's transport: acknowledge or refuse it. Steps 1 to 3."""

    @abstractmethod
    def say(self, entry: Entry, members: Members, message_id: str) -> Members:
        """Post one answer; give what the journal keeps of the hub's acknowledgement.

        Raises httpx2.HTTPError or GatewayError when the hub did not acknowledge it.
        """

    @abstractmethod
    def new_message_id(self) -> str:
        """A fresh message id, as this flavour writes them."""

    def guide(self) -> str:
        """Give the ways to act as this office."""
        return (
            "Nilai yang berikutnya tidak mendukung / judge the next ones unfavourably:\n\n```sh\n"
            "curl -s {peer}/_control/policy -H 'Content-Type: application/json' -d '{\"favourable\": false}'\n```\n\n"
            f"Ragam jawaban / how answers come ({', '.join(Manner)}):\n\n```sh\n"
            "curl -s {peer}/_control/policy -H 'Content-Type: application/json' -d '{\"manner\": \"twice\"}'\n```\n\n"
            "Ganggu panggilan berikutnya / spoil the next calls (down, slow, nonsense, html, flapping):\n\n```sh\n"
            "curl -s {peer}/_control/fault -H 'Content-Type: application/json' -d "
            '\'{"kind": "flapping", "times": 4}\'\n```\n'
        )

    def resume(self) -> None:
        """Answer what was acknowledged before a restart and not yet answered."""
        for each in self.journal.entries("request"):
            if self._said(each) < len(each["answer_ids"]):
                self.courier.send(partial(self._go_on, each))

    def hub_certificates(self) -> Sequence[x509.Certificate]:
        """Read the hub's certificates anew, since the hub may roll its key over. Raises Misconfigured."""
        return load_certificates(self.folder / Path(self.config.hub_certificate))

    def taken(self, asked: Asked) -> Entry:
        """Give the journal's entry of a request, made now or before. Raises Replayed. Steps 2 and 3."""
        with self.taking:
            requests = self.journal.entries("request")
            known = next((each for each in requests if each["message_id"] == asked.message_id), None)
            if known is not None and known["digest"] != asked.digest:
                raise Replayed("this message id was used before with other content: take a new one")
            if known is not None:
                self.journal.append("request-again", message_id=asked.message_id)
                return known
            entry = self._record(asked)
        self._answer(entry)
        return entry

    def _record(self, asked: Asked) -> Entry:
        number = len(self.journal.entries("request")) + 1
        today, policy = local_date(self.now()), self._policy
        entry: Entry = {
            "message_id": asked.message_id,
            "digest": asked.digest,
            "case": asked.case,
            "acknowledgement_id": self.new_message_id(),
            "exchange": self.surroundings.new_id(),
            "number": self.numbered.format(number=number, year=today.year),
            "date": today.isoformat(),
            "favourable": policy.favourable,
            "conditions": policy.conditions,
            "manner": policy.manner.value,
            "late_s": policy.late_s,
            **asked.more,
        }
        count = len(self.answers(entry)) + (policy.manner is Manner.TWICE)
        ids = [] if policy.manner is Manner.NEVER else [self.new_message_id() for _ in range(count)]
        return self.journal.append("request", **entry, answer_ids=ids, envelope=asked.said)

    # --- the answers ----------------------------------------------------------------------------------------------

    def _answer(self, entry: Entry) -> None:
        manner = Manner(entry["manner"])
        if not entry["answer_ids"] or (manner is Manner.EARLY and self._go_on(entry)):
            return
        self.courier.send(partial(self._go_on, entry), after_s=entry["late_s"] if manner is Manner.LATE else 0.0)

    def _said(self, entry: Entry) -> int:
        """How many of its answers the hub has acknowledged."""
        return sum(each["message_id"] == entry["message_id"] for each in self.journal.entries("answered"))

    def _go_on(self, entry: Entry) -> bool:
        """Post the answers that are still owed, in their order; True when the hub has acknowledged all."""
        answers = self.answers(entry)
        for place in range(self._said(entry), len(entry["answer_ids"])):
            members = answers[min(place, len(answers) - 1)]
            wrong = self._wrong(entry, members)
            if not self._try(entry, wrong or members, self.new_message_id() if wrong else entry["answer_ids"][place]):
                return False
        return True

    def _wrong(self, entry: Entry, members: Members) -> Members | None:
        """What is said first by an office that errs; None once it was refused, and for one that does not."""
        if any(each["message_id"] == entry["message_id"] for each in self.journal.entries("answer-failed")):
            return None
        match Manner(entry["manner"]):
            case Manner.OTHER_CASE:
                return {**members, self.case_member: OTHER_CASE}
            case Manner.NONSENSE:
                return {self.case_member: members[self.case_member]}
            case _:
                return None

    def _try(self, entry: Entry, members: Members, message_id: str) -> bool:
        try:
            kept = self.say(entry, members, message_id)
        except (httpx2.HTTPError, GatewayError) as fault:
            text = fault.text if isinstance(fault, GatewayError) else type(fault).__name__
            self.journal.append("answer-failed", message_id=entry["message_id"], text=text)
            return False
        self.journal.append("answered", message_id=entry["message_id"], **kept)
        return True
