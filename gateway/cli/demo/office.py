"""What the officers do, through the hub's own API, with tokens of their own; and what the world outside does."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import httpx2

from gateway.cli.demo.stage import Stage

WAIT_S = 60.0
PAUSE_S = 0.1
HUB_AWAY = "agency-unavailable"
"""The code by which a simulated agency says that the hub did not answer it."""
UNDER_WAY = "queued,sending,not-sent,unknown"
TELL_AFTER_S = 10.0
"""After so long a wait is told: what for, and where to look."""


class HubGone(Exception):
    """The hub does not answer; whoever plays has to start it again and look at the case anew."""


class Refusal(Exception):
    """The hub refused: `code` says what."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Office:
    """Calls to the hub and to the simulated agencies' control addresses.

    `tell` says what is waited for; of exchanges none is looked at that began before `since`.
    """

    def __init__(
        self, stage: Stage, tell: Callable[[str], None] = lambda _: None, since: datetime | None = None
    ) -> None:
        self._stage = stage
        self._tell = tell
        self._since = since
        self._http = httpx2.Client(trust_env=False, timeout=30.0)
        self._pause = threading.Event()

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    # --- the hub --------------------------------------------------------------------------------------------------

    def case_of(self, reference: str) -> str | None:
        """The case of that name (`kind:value`, such as OSS's permit id), if there is one."""
        items = self._get("/admin/v1/cases", {"reference": reference})["items"]
        return items[0]["id"] if items else None

    def lodge(self, by: str, application: dict[str, Any]) -> dict[str, Any]:
        """Enter an application at the counter; gives its case. Raises Refusal."""
        return self._post("/office/v1/cases", by, application)

    def case(self, case_id: str) -> dict[str, Any]:
        """How the case stands."""
        return self._get(f"/office/v1/cases/{case_id}", staff="rina")

    def do(self, case_id: str, deed: str, by: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do a deed. Raises Refusal."""
        return self._post(f"/office/v1/cases/{case_id}/{deed}", by, body)

    def exchanges(self) -> list[dict[str, Any]]:
        """All exchanges, oldest first."""
        items: list[dict[str, Any]] = []
        page: dict[str, Any] = {"next": None}
        while True:
            asked = {"limit": "200"} | ({"before": page["next"]} if page["next"] else {})
            page = self._get("/admin/v1/exchanges", asked)
            items += [each for each in page["items"] if self._counts(each)]
            if page["next"] is None or not self._counts(page["items"][-1]):
                return items[::-1]

    def _counts(self, exchange: dict[str, Any]) -> bool:
        return self._since is None or datetime.fromisoformat(exchange["at"]) >= self._since

    def deliveries_waiting(self) -> bool:
        """Whether something is still to be said to an agency."""
        waiting: int = self._get("/admin/v1/deliveries/waiting")["waiting"]
        return waiting > 0

    def waits_for(self) -> list[str]:
        """What is still to be said to agencies: which interaction, and why it was not said yet."""
        items = self._get("/admin/v1/deliveries", {"state": UNDER_WAY})["items"]
        return [f"{each['agency']}/{each['interaction']} ({each['cause'] or each['state']})" for each in items]

    def tell_what_waits(self) -> None:
        """Say what is still not said to agencies after a while, and where to look."""
        if waits := self.waits_for():
            self._tell(f"Still to be said: {', '.join(waits[:5])}; see {self._stage.home / 'hub-log.txt'}.")

    def head(self) -> dict[str, Any]:
        """The ledger's head."""
        return self._get("/admin/v1/ledger/head")

    def await_case(
        self, case_id: str, until: Callable[[dict[str, Any]], bool], what: str, agencies: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Look at a case until it is so. Raises TimeoutError that says what was waited for, and where to look."""
        for tries in range(int(WAIT_S / PAUSE_S)):
            case = self.case(case_id)
            if until(case):
                return case
            if tries == round(TELL_AFTER_S / PAUSE_S):
                self._tell(f"Waiting for {what} ({case_id}, {case['stage']}); {self._where(agencies)}.")
            self._pause.wait(PAUSE_S)
        raise TimeoutError(f"{what}: nothing came within {WAIT_S:.0f} s; {self._where(agencies)}")

    def _where(self, agencies: Sequence[str]) -> str:
        """Where one sees what the hub has not said yet, and what an agency took and answered."""
        journals = [str(self._stage.agency_home(agency) / "journal.jsonl") for agency in agencies]
        waits = self.waits_for()
        still = f"the hub still has to say {', '.join(waits[:3])}" if waits else "the hub has said all that it has to"
        return f"{still}; see {', '.join((*journals, str(self._stage.home / 'hub-log.txt')))}"

    # --- the world outside ----------------------------------------------------------------------------------------

    def agency(self, agency: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Tell a simulated agency to do something. Raises Refusal when it does not; HTTPError when the hub was away."""
        answer = self._http.post(f"{self._stage.agency_url(agency)}/_control/{path}", json=body)
        said: dict[str, Any] = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        if answer.is_client_error and said.get("code") != HUB_AWAY:
            raise Refusal(
                str(said.get("code", "")), f"{agency} does not {path}: {said.get('detail', answer.text[:300])}"
            )
        answer.raise_for_status()
        return said

    def pin(self, case_id: str, step: str, by: str, phone: str) -> dict[str, str]:
        """Ask for a PIN and read it from the telephone."""
        before = {each["reference"] for each in self._messages(phone)}
        challenge = self.do(case_id, "pin", by, {"step": step})["challenge"]
        for _ in range(int(WAIT_S / PAUSE_S)):
            for each in self._messages(phone):
                found = re.search(r"\b([0-9]{6})\b", each["message"])
                if each["reference"] not in before and each["reference"].endswith("/pin") and found:
                    return {"challenge": challenge, "pin": found[1]}
            self._pause.wait(PAUSE_S)
        raise TimeoutError("the PIN: no SMS came")

    def passphrase(self) -> dict[str, str]:
        """What the signing official knows by heart."""
        return {"passphrase": self._stage.secrets["bsre"]["passphrase"]}

    def _messages(self, phone: str) -> list[dict[str, str]]:
        url = f"{self._stage.agency_url('sms')}/_control/messages"
        said: list[dict[str, str]] = self._http.get(url, params={"to": phone.removeprefix("+")}).json()
        return said

    # --- HTTP -----------------------------------------------------------------------------------------------------

    def _get(self, path: str, params: dict[str, str] | None = None, staff: str = "agus") -> dict[str, Any]:
        return self._call("GET", path, staff, params=params)

    def _post(self, path: str, staff: str, body: dict[str, Any] | None) -> dict[str, Any]:
        return self._call("POST", path, staff, body=body)

    def _call(
        self,
        method: str,
        path: str,
        staff: str,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._stage.tokens[staff]}", "Accept-Language": "en"}
        try:
            answer = self._http.request(
                method, f"{self._stage.hub_url}{path}", params=params, json=body, headers=headers
            )
        except httpx2.TransportError as error:
            raise HubGone(str(error)) from error
        said: dict[str, Any] = answer.json()
        if answer.status_code == 503:
            raise HubGone(said.get("detail", "busy"))
        if answer.is_error:
            raise Refusal(said.get("code", ""), said.get("detail", answer.text))
        return said
