"""What an agency is told to say: an answer in its own words, so many times, in the place of what it would say.

    POST /_control/say   {"answer": ..., "status": 500, "times": 2}: this very answer; a text is sent as it is,
                     all else as JSON
                         {"words": "login-failed", "times": 2}: a refusal that the agency knows by name
                         {}: no more of it
    GET  /_control/say   the refusals that it knows, by name

A raw answer comes in the place of the work; a named refusal comes in the form that the agency gives to all its answers,
once it has read who asks and what.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from gateway.domain.errors import Refused


class SayOrder(BaseModel):
    """Say this in the next `times` business answers: `answer` under HTTP `status`, or the refusal named by `words`."""

    answer: Any = None
    status: int = Field(default=200, ge=200, le=599)
    media_type: str = Field(default="application/json", pattern=r"^[\w.+/-]+(; ?charset=[\w-]+)?$")
    words: str | None = None
    times: int = Field(default=1, ge=1)


class Sayings:
    """What was ordered, and how often it is still due. Safe to use from several threads."""

    def __init__(self, app: FastAPI, known: Mapping[str, str]) -> None:
        self._known = known
        self._order: SayOrder | None = None
        self._lock = threading.Lock()

        @app.get("/_control/say")
        def names() -> dict[str, str]:
            return dict(known)

        @app.post("/_control/say")
        def say(order: SayOrder) -> dict[str, Any]:
            self.order(order)
            return order.model_dump()

    def order(self, order: SayOrder) -> None:
        """Take an order in the place of the one before. Raises Refused `words-unknown`."""
        if order.words is not None and order.words not in self._known:
            names = ", ".join(self._known) or "none: give an answer"
            raise Refused(f"no refusal is called {order.words!r}; there is {names}", code="words-unknown")
        with self._lock:
            self._order = None if order.words is None and order.answer is None else order

    def answer(self) -> Response | None:
        """Give the raw answer, if one is due."""
        order = self._take(named=False)
        if order is None:
            return None
        if isinstance(order.answer, str):
            return Response(order.answer, status_code=order.status, media_type=order.media_type)
        return JSONResponse(order.answer, status_code=order.status, media_type=order.media_type)

    def words(self) -> str | None:
        """Give the name of the refusal, if one is due."""
        order = self._take(named=True)
        return None if order is None else order.words

    def _take(self, *, named: bool) -> SayOrder | None:
        with self._lock:
            order = self._order
            if order is None or (order.words is not None) is not named:
                return None
            self._order = order.model_copy(update={"times": order.times - 1}) if order.times > 1 else None
            return order
