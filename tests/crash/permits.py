"""A permit from application to the number in force, played by agencies and three officers, whoever is killed.

Every step looks at the case first: a deed whose answer was lost has been done or not, and the case says which.
"""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from tests.crash.agencies import Agencies
from tests.crash.clients import Clients, NotYet
from tests.crash.grounds import Grounds
from tests.crash.messages import application, payment

SIGNATORY, PHONE = "dewi", "6281200000090"
LOOK_S = 0.15
PIN_S = 6.0
"""How long a PIN is waited for; then another one is asked for. One whose worker was killed may never have been sent."""

DONE_BEFORE = frozenset({"step-not-allowed", "already-paid"})


class Over(Exception):
    """The town closes."""


class Player:
    """Plays one case after another until it is told to end; the one under way is played to its end."""

    def __init__(self, grounds: Grounds, clients: Clients, agencies: Agencies, pin_lock: threading.Lock) -> None:
        self._grounds = grounds
        self._clients = clients
        self._agencies = agencies
        self._pins = pin_lock
        self.played: list[str] = []
        """The cases whose permit is in force."""
        self.refused: list[str] = []
        """What was refused though it should not have been."""

    def play(self, number: int, run: str, over: threading.Event) -> None:
        """One permit. Raises Over."""
        message, id_izin = application(self._grounds, number, run)
        self._clients.deliver(message)
        case_id = self._find(id_izin, over)
        while (case := self._look(case_id, over))["stage"] != "active":
            self._step(case_id, case, over)
        self.played.append(case_id)

    def _find(self, id_izin: str, over: threading.Event) -> str:
        while True:
            items = self._ask("GET", f"/admin/v1/cases?reference=id-izin:{id_izin}", "agus", over)["items"]
            if items:
                return str(items[0]["id"])
            over.wait(LOOK_S)

    def _look(self, case_id: str, over: threading.Event) -> dict[str, Any]:
        return self._ask("GET", f"/office/v1/cases/{case_id}", "rina", over)

    def _step(self, case_id: str, case: dict[str, Any], over: threading.Event) -> None:
        match case["stage"]:
            case "registered" if case["builtArea"] is None:
                self._do(case_id, "area", "rina", over, {"area_m2": 120})
            case "registered" if case["residency"] != "unchecked":
                self._do(case_id, "complete", "rina", over)
            case "complete":
                self._do(case_id, "verify", "rina", over)
            case "verified":
                self._do(case_id, "validate", "agus", over)
            case "recommended":
                self._with_pin(case_id, "approve", over)
            case "approved":
                self._do(case_id, "charge" if case["levied"] else "prepare", "agus", over)
            case "charged" if case["noticeReceivedAt"]:
                account, amount = case["paymentCode"], case["amount"]
                self._clients.deliver(payment(self._grounds, account, amount, "Siti Contoh"))
            case "paid":
                self._do(case_id, "prepare", "agus", over)
            case "prepared":
                self._with_pin(case_id, "sign", over)
            case _:
                over.wait(LOOK_S)

    def _with_pin(self, case_id: str, step: str, over: threading.Event) -> None:
        """One officer has one telephone: who waits for a PIN there has it alone."""
        with self._pins:
            before = len(self._agencies.pins[PHONE])
            asked = self._do(case_id, "pin", SIGNATORY, over, {"step": step})
            end = time.monotonic() + PIN_S
            while asked is not None and time.monotonic() < end:
                for pin in self._agencies.pins[PHONE][before:]:
                    before += 1
                    said = self._do(case_id, step, SIGNATORY, over, {"challenge": asked["challenge"], "pin": pin})
                    if said is not None:
                        return
                over.wait(0.05)

    def _do(
        self, case_id: str, deed: str, by: str, over: threading.Event, body: dict[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Do a deed, once more when its answer was lost; None when the case says that it was done, or not allowed."""
        said = self._ask("POST", f"/office/v1/cases/{case_id}/{deed}", by, over, body)
        code = said.get("code")
        if code is None:
            return said
        if code not in DONE_BEFORE and not str(code).startswith("pin-"):
            self.refused.append(f"{deed}: {code} {said.get('detail', '')}"[:300])
        over.wait(LOOK_S)
        return None

    def _ask(
        self, method: str, path: str, by: str, over: threading.Event, body: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._grounds.tokens[by]}"}
        content = None if method == "GET" else json.dumps(body or {}).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        while not over.is_set():
            try:
                said: dict[str, Any] = self._clients.request(method, path, headers=headers, content=content).json()
            except NotYet:
                over.wait(LOOK_S)
            else:
                return said
        raise Over
