"""Satpol PP, which has no endpoint: it collects under load, acknowledges, and recommends, whoever is killed meanwhile.

Now and then it forgets an acknowledgement, so that the item is given again, or gives one twice under two message ids,
as a program that lost its memory of it; the first of each collector it always gives twice.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import httpx2

from conformance.signing import jws
from gateway.domain.calendar import local_date
from tests.crash.agencies import Agencies
from tests.crash.clients import Clients, Message, Post
from tests.crash.grounds import Grounds, compact, now

AGENCY = "satpolpp"
JSON = {"Content-Type": "application/json"}
WAIT_S = 1
REST_S = 0.3
REPEATED = 0.2
"""The share of messages that are said twice at once, and of items that are acknowledged under a second id too."""
FORGOTTEN = 0.2
"""The share of collections of which nothing is acknowledged."""


def said(grounds: Grounds, interaction: str, path: str, payload: Mapping[str, Any], message_id: str) -> Message:
    """A message of Satpol PP's: signed, REST."""
    body = compact(payload)

    def send(post: Post) -> httpx2.Response:
        claims = {"iss": AGENCY, "aud": "dpmptsp", "jti": message_id, "agr": "satpolpp-2026/1.0", "int": interaction}
        token = jws.sign_detached(body, grounds.satpolpp, claims, at=now())
        return post(f"/rest/{AGENCY}/{path}", body, {**JSON, jws.HEADER: token})

    return Message(agency=AGENCY, kind=interaction, stored_as=message_id, send=send)


def task_recommendation(grounds: Grounds, task: str, case: str) -> Message:
    """What Satpol PP thinks of a task, under an id of its own that stays the same."""
    recommendation = {
        "task": task,
        "case": case,
        "number": f"331/{int(hashlib.sha256(task.encode()).hexdigest(), 16) % 10**6}/{now().year}",
        "date": local_date(now()).isoformat(),
        "favourable": True,
        "official": "Kepala Bidang Contoh",
    }
    return said(grounds, "recommendation", "recommendation", recommendation, f"{task}:answer")


class Collector:
    """One program of Satpol PP's. `recommend` is told of each recommendation that is to be sent."""

    def __init__(
        self,
        grounds: Grounds,
        clients: Clients,
        agencies: Agencies,
        *,
        name: str,
        seed: int,
        recommend: Callable[[Message], None],
    ) -> None:
        self._grounds = grounds
        self._clients = clients
        self._agencies = agencies
        self._name = name
        self._recommend = recommend
        self._chance = random.Random(f"{seed}/collector/{name}")  # noqa: S311 - chance of a seed, no secret
        self._numbers = count(1)
        self._has_given_twice = False

    def run(self, emptied: threading.Event) -> None:
        """Come again and again, until nothing will lie there any more."""
        while not emptied.is_set():
            items = self._collect()
            if not items:
                emptied.wait(REST_S)
            elif self._chance.random() >= FORGOTTEN:
                self._acknowledge(items)

    def _collect(self) -> Sequence[Mapping[str, Any]]:
        """What lies there, each item verified and kept once."""
        given = self._say("collect", {"atMost": self._chance.choice((1, 5)), "waitS": WAIT_S})
        for item in given.get("item", ()):
            body, message_id = base64.b64decode(item["body"], validate=True), item["messageId"]
            trusted = [self._grounds.hub_certificate]
            claims = jws.verify_detached(item["signature"], body, trusted, issuer="dpmptsp", audience=AGENCY, at=now())
            assert claims["jti"] == message_id
            if self._agencies.collected(AGENCY, message_id, item["collected"], given["at"], body):
                self._recommend(task_recommendation(self._grounds, message_id, json.loads(body)["case"]))
        items: Sequence[Mapping[str, Any]] = given.get("item", ())
        return items

    def _acknowledge(self, items: Sequence[Mapping[str, Any]]) -> None:
        words = {"item": [{"messageId": each["messageId"], "outcome": "taken"} for each in items]}
        twice = not self._has_given_twice or self._chance.random() < REPEATED
        self._has_given_twice = True
        for _ in range(1 + twice):
            self._say("acknowledge", words)

    def _say(self, service: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Say it under a new id, until it is answered; empty when all is over before."""
        message_id = f"{self._name}-{next(self._numbers)}"
        message = said(self._grounds, f"mailbox.{service}", f"mailbox/{service}", payload, message_id)
        record = self._clients.deliver(message, times=1 + (self._chance.random() < REPEATED))
        if not record.answers or record.answers[0].status != 200:
            return {}
        answer: Mapping[str, Any] = json.loads(record.answers[0].content)
        return answer
