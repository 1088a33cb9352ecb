"""A courier service, simulated: it takes an order to bring a permit, and answers later with the proof of delivery.

(`courier.py` beside this file is how every simulated agency carries its own deliveries to the hub.)
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response

from conformance.peers.journal import Entry
from conformance.peers.peer import RawBody
from conformance.peers.reports import Reporting
from conformance.peers.signed import Opened, SignedPeer
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import GatewayError, Replayed

ORDER = "deliver-document"
OUTCOMES = ("delivered", "attempted", "returned")
REASONS = {"attempted": "rumah kosong", "returned": "alamat tidak ditemukan"}


class CourierServicePeer(SignedPeer):
    """Keeps one order for each message id, and answers it until the hub acknowledges."""

    agency = "courier"

    def __init__(self, *arguments: Any, **members: Any) -> None:
        super().__init__(*arguments, **members)
        self.reporting = Reporting(self, OUTCOMES, self._report)

        # the hub posts to the endpoint exactly as staff registered it: with or without the interaction's name
        @self.app.post("/")
        @self.app.post("/deliver-document")
        def take_order(request: Request, body: RawBody) -> Response:
            return self.spoiled() or self._serve(request, body)

        @self.app.get("/_control/orders")
        def orders() -> list[dict[str, Any]]:
            return [{name: each[name] for name in _SHOWN} for each in self.journal.entries("order")]

    def guide(self) -> str:
        """Give the list of orders, and how to let the next one come back."""
        return (
            "Lihat pesanan / look at the orders:\n\n```sh\ncurl -s {peer}/_control/orders\n```\n\n"
            "Jawaban berikutnya / the next answers (delivered, attempted, returned; none at all: never):\n\n```sh\n"
            "curl -s {peer}/_control/reports -H 'Content-Type: application/json' \\\n"
            '  -d \'{"outcomes": ["attempted", "returned"]}\'\n```\n'
        )

    def resume(self) -> None:
        """Answer what was acknowledged before a restart and not yet answered."""
        self.reporting.resume("order")

    def _serve(self, request: Request, body: bytes) -> Response:
        try:
            opened = self.opened(request, body, ORDER, "courier/deliver-document/1.0/request")
            with self.taking:
                entry = self._taken(opened)
        except GatewayError as fault:
            return self.refused(fault)
        received = datetime.fromisoformat(entry["at"]).astimezone(UTC).isoformat(timespec="seconds")
        acknowledgement = {
            "messageId": opened.message_id,
            "receivedAt": received.replace("+00:00", "Z"),
            "exchange": entry["waybill"],
        }
        return self.sealed(opened, ORDER, acknowledgement)

    def _taken(self, opened: Opened) -> Entry:
        """Write the order down once. Raises Replayed for other content under the id of an earlier one."""
        orders = self.journal.entries("order")
        known = next((each for each in orders if each["reference"] == opened.message_id), None)
        if known is not None and known["digest"] != opened.digest:
            raise Replayed("this message id was used before with other content: take a new one")
        if known is not None:
            self.journal.append("order-again", reference=opened.message_id)
            return known
        entry = self.journal.append(
            "order",
            reference=opened.message_id,
            digest=opened.digest,
            agreement=opened.agreement,
            waybill=f"JX-{len(orders) + 1:07d}",
            report_id=self.surroundings.new_id(),
            report=self.reporting.plan(),
            order=opened.payload,
        )
        self.reporting.begin(entry)
        return entry

    def _report(self, entry: Entry, outcome: str, number: int) -> bool:
        answer = {
            "case": entry["order"]["case"],
            "waybill": entry["waybill"],
            "status": outcome,
            "at": datetime.fromisoformat(entry["at"]).astimezone(JAKARTA).isoformat(timespec="seconds"),
        }
        if outcome in REASONS:
            answer["reason"] = REASONS[outcome]
        else:
            answer |= {"receivedBy": entry["order"]["recipient"]["name"], "proof": f"POD-{entry['waybill']}"}
        reference = entry["reference"]
        return self.told(
            reference,
            ORDER,
            answer,
            f"{entry['report_id']}.{number}",
            relates_to=reference,
            agreement=entry.get("agreement"),  # entries of older journals have none
        )


_SHOWN = ("at", "reference", "waybill", "order")
