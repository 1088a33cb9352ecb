"""An SMS aggregator, simulated: it keeps the messages for people to read and reports what became of each."""

from __future__ import annotations

import hmac
import json
from datetime import datetime
from typing import Any

import httpx2
from fastapi import Response
from fastapi.responses import JSONResponse

from conformance.peers.documents import json_violations
from conformance.peers.journal import Entry
from conformance.peers.peer import Peer, RawBody
from conformance.peers.reports import Reporting
from gateway.domain.calendar import JAKARTA

OUTCOMES = ("DELIVRD", "UNDELIV", "EXPIRED")
ERRORS = {"DELIVRD": "000", "UNDELIV": "027", "EXPIRED": "255"}


class SmsPeer(Peer):
    """Takes messages once per `reference`, and tells the hub DELIVRD, or what was ordered, until it acknowledges."""

    agency = "sms"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self.reporting = Reporting(self, OUTCOMES, self._report)

        @self.app.post("/messages")
        def take_message(body: RawBody) -> Response:
            return self.spoiled() or JSONResponse(self._take(body))

        @self.app.get("/_control/messages")
        def messages(to: str = "") -> list[dict[str, Any]]:
            number = _international(to)
            taken = self.journal.entries("message")
            return [_shown(each) for each in taken if number in ("", each["to"])]

    def guide(self) -> str:
        """Give the address of the inbox and a delivery report by hand."""
        return (
            "Baca pesan dan PIN / read messages and PINs:\n\n```sh\n"
            "curl -s '{peer}/_control/messages?to=081200000017'\n```\n\n"
            "Kirim laporan sendiri / report a delivery yourself (the reference stands in the list above):\n\n```sh\n"
            "curl -s {hub}/rest/sms/delivery-report -H 'Content-Type: application/json' \\\n"
            "  -H \"X-Passkey: $(python3 -c \"import json;print(json.load(open('config.json'))"
            "['secrets']['report_key'])\")\" \\\n"
            '  -d "{\\"reference\\": \\"$REFERENCE\\", \\"status\\": \\"DELIVRD\\",'
            ' \\"done_at\\": \\"$(date -u +%FT%TZ)\\"}"\n```\n\n'
            "Laporan berikutnya / the next reports (DELIVRD, UNDELIV, EXPIRED; none at all: never):\n\n```sh\n"
            "curl -s {peer}/_control/reports -H 'Content-Type: application/json' \\\n"
            '  -d \'{"outcomes": ["DELIVRD", "DELIVRD"], "delay_ms": 5000}\'\n```\n'
        )

    def resume(self) -> None:
        """Report what was not yet acknowledged."""
        self.reporting.resume("message")

    def _take(self, body: bytes) -> dict[str, str]:
        try:
            message = json.loads(body)
        except ValueError:
            message = None
        if json_violations("sms/send-message/1.0/request", message):
            self.journal.append("rejected", text="request breaks the agreed schema")
            return {"status": "rejected", "text": "request tidak sesuai format"}
        secrets = self.config.secrets
        known = [hmac.compare_digest(message[name].encode(), secrets[name].encode()) for name in ("userkey", "passkey")]
        if not all(known):
            self.journal.append("rejected", text="wrong userkey or passkey", reference=message["reference"])
            return {"status": "rejected", "text": "userkey atau passkey salah"}
        reference = message["reference"]
        answer = {"status": "accepted", "text": "diterima", "reference": reference}
        with self.taking:
            if any(each["reference"] == reference for each in self.journal.entries("message")):
                self.journal.append("message-again", reference=reference)
                return answer
            entry = self.journal.append(
                "message",
                reference=reference,
                to=message["to"],
                message=message["message"],
                report=self.reporting.plan(),
            )
            self.reporting.begin(entry)
        return answer

    def _report(self, message: Entry, outcome: str, _number: int) -> bool:
        done_at = datetime.fromisoformat(message["at"]).astimezone(JAKARTA).isoformat(timespec="seconds")
        report = {
            "reference": message["reference"],
            "status": outcome,
            "done_at": done_at,
            "error": ERRORS[outcome],
        }
        url = f"{self.config.hub_url}/rest/sms/delivery-report"
        try:
            answer = self.client.post(url, json=report, headers={"X-Passkey": self.config.secrets["report_key"]})
        except httpx2.HTTPError as fault:
            self.journal.append("report-failed", reference=report["reference"], text=type(fault).__name__)
            return False
        if not answer.is_success:
            self.journal.append(
                "report-failed", reference=report["reference"], status=answer.status_code, text=answer.text[:500]
            )
            return False
        self.journal.append("report-acknowledged", **report_members(report), answer=answer.text[:2000])
        return True


def report_members(report: dict[str, str]) -> dict[str, str]:
    """Name a report's members as the journal has them; `report_status` is apart from an HTTP status."""
    return {"reference": report["reference"], "report_status": report["status"], "done_at": report["done_at"]}


def _shown(entry: Entry) -> dict[str, str]:
    return {name: entry[name] for name in ("at", "reference", "to", "message")}


def _international(number: str) -> str:
    """Write a number as the aggregator does: 0812..., +62812... and 62812... are the same."""
    digits = "".join(each for each in number if each.isdigit())
    return f"62{digits[1:]}" if digits.startswith("0") else digits
