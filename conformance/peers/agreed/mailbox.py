"""The agency at its mailbox: it collects, takes each item as it takes what is said to it, and acknowledges.

Both services are called over the transport of its first mailbox; an item travels as its own interaction agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from conformance.peers.agreed.agreement import Part, Script
from conformance.peers.journal import Journal
from gateway.contract.message import Json, Payload
from gateway.domain.errors import GatewayError

AT_MOST = 10
"""Items of one collection."""

Say: TypeAlias = Callable[[Part, Payload], Payload]
"""Says something to the hub, and gives what it answered, its signature verified."""


class Collecting:
    """Collects and acknowledges. `take` verifies an item and keeps it once, or raises GatewayError."""

    def __init__(
        self, script: Script, *, say: Say, take: Callable[[Mapping[str, Any]], None], journal: Journal
    ) -> None:
        self._collect, self._acknowledge = script.services
        self._say = say
        self._take = take
        self._journal = journal
        told = journal.entries("refuses")
        self._refuses: str | None = told[-1]["text"] if told else None

    def refuse(self, text: str | None) -> None:
        """Refuse items from now on, with this text; None: take them again."""
        self._refuses = text
        self._journal.append("refuses", text=text)

    def once(self, wait_s: int) -> int:
        """Collect once, waiting so many seconds at most; gives how many items there were.

        Raises GatewayError and httpx2.HTTPError. What cannot be taken is not acknowledged, and keeps no other from it.
        """
        heard = self._say(self._collect, {"atMost": AT_MOST, "waitS": wait_s})
        items = heard.get("item", [])
        assert isinstance(items, list)  # noqa: S101 - its schema says so
        words: list[Json] = [word for each in items if isinstance(each, dict) and (word := self._word(each))]
        if words:
            told = self._say(self._acknowledge, {"item": words})
            self._journal.append("acknowledged", items=words, results=told["item"])
        return len(items)

    def _word(self, item: Mapping[str, Any]) -> dict[str, Json] | None:
        try:
            self._take(item)
        except GatewayError as refused:
            self._journal.append("refused", code=refused.code, text=refused.text)
            return None
        said: dict[str, Json] = {"messageId": item["messageId"], "outcome": "taken"}
        return said if self._refuses is None else {**said, "outcome": "refused", "text": self._refuses}
