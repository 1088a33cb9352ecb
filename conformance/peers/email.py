"""The city's mail relay, simulated: it keeps the mails for people to read, and reports what became of each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request, Response

from conformance.peers.journal import Entry
from conformance.peers.peer import RawBody
from conformance.peers.reports import Reporting
from conformance.peers.signed import SignedPeer
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import GatewayError

SEND, REPORT = "send-mail", "mail-report"
OUTCOMES = ("delivered", "bounced", "complained")
DETAILS = {"delivered": "2.0.0", "bounced": "5.1.1"}
"""Enhanced status codes (RFC 3463); a complaint has none."""


class EmailPeer(SignedPeer):
    """Takes a mail once for each message id, and tells the hub what became of it until the hub acknowledges."""

    agency = "email"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self.reporting = Reporting(self, OUTCOMES, self._report)

        @self.app.post("/mails")
        def take_mail(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._take(request, body)

        @self.app.get("/_control/mails")
        def mails(to: str = "") -> list[dict[str, Any]]:
            return [_shown(each) for each in self.journal.entries("mail") if to in ("", each["to"])]

    def guide(self) -> str:
        """Give the address of the inbox, and how to let the next mail bounce."""
        return (
            "Baca surat / read the mails:\n\n```sh\n"
            "curl -s '{peer}/_control/mails?to=pemohon@contoh.example'\n```\n\n"
            "Laporan berikutnya / the next reports (delivered, bounced, complained; none at all: never):\n\n```sh\n"
            "curl -s {peer}/_control/reports -H 'Content-Type: application/json' -d '{\"outcomes\": [\"bounced\"]}'\n"
            "```\n"
        )

    def resume(self) -> None:
        """Report what was not yet acknowledged."""
        self.reporting.resume("mail")

    def _take(self, request: Request, body: bytes) -> Response:
        try:
            opened = self.opened(request, body, SEND, "email/send-mail/1.0/request")
        except GatewayError as fault:
            return self.refused(fault)
        mail = opened.payload
        answer = {"status": "accepted", "reference": mail["reference"]}
        with self.taking:
            known = next(
                (each for each in self.journal.entries("mail") if each["message_id"] == opened.message_id), None
            )
            if known is not None and known["digest"] != opened.digest:
                self.journal.append("rejected", message_id=opened.message_id, text="other content under the same id")
                return self.sealed(opened, SEND, {"status": "rejected", "text": "id pesan sudah dipakai"})
            if known is not None:
                self.journal.append("mail-again", reference=mail["reference"])
                return self.sealed(opened, SEND, answer)
            entry = self.journal.append(
                "mail",
                message_id=opened.message_id,
                digest=opened.digest,
                report_id=self.surroundings.new_id(),
                report=self.reporting.plan(),
                **mail,
            )
            self.reporting.begin(entry)
        return self.sealed(opened, SEND, answer)

    def _report(self, mail: Entry, outcome: str, number: int) -> bool:
        at = datetime.fromisoformat(mail["at"]).astimezone(JAKARTA).isoformat(timespec="seconds")
        report = {"reference": mail["reference"], "status": outcome, "at": at}
        if outcome in DETAILS:
            report["detail"] = DETAILS[outcome]
        return self.told(mail["reference"], REPORT, report, f"{mail['report_id']}.{number}")


def _shown(entry: Entry) -> dict[str, str]:
    return {name: entry[name] for name in ("at", "reference", "to", "subject", "text")}
