"""Requests of staff, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient

from tests.office.house import AGUS


@dataclass
class Problem:
    """A refusal as RFC 9457 has it."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The stable code."""
        return str(self.body["code"])

    @property
    def clause(self) -> str:
        """The Pasal."""
        return str(self.body["clause"])


@dataclass
class Visitor:
    """Calls with a token of staff; `by` None: without one."""

    client: TestClient

    def get(self, path: str, by: str | None = AGUS, **params: Any) -> Any:
        """Give the JSON of an answer that must be good."""
        answer = self.client.get(path, headers=_authorization(by), params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, by: str | None, body: Any = None, status: int = 200) -> Any:
        """The same, for a deed."""
        answer = self.client.post(path, headers=_authorization(by), json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def refused(self, method: str, path: str, by: str | None, body: Any = None, **headers: str) -> Problem:
        """Give the problem of an answer that must be one."""
        answer = self.client.request(method, path, headers={**_authorization(by), **headers}, json=body)
        assert answer.is_error, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert {"type", "title", "status", "detail", "code", "clause", "violations"} <= set(body)
        assert (body["status"], body["type"]) == (answer.status_code, f"urn:simojo:problem:{body['code']}")
        return Problem(answer.status_code, body)


def _authorization(by: str | None) -> dict[str, str]:
    return {} if by is None else {"Authorization": f"Bearer token-of-{by}"}
