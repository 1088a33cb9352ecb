"""Orders to a courier, and what became of them (Pasal 18): delivered, attempted, or returned to the sender."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline, Effect, Reason
from gateway.contract.message import Json, Payload
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import AttentionRaised, CaseEvent, DeliverDocument, DocumentHandedOver, HandOver

SOURCE = "courier/deliver-document"
DELIVERED, ATTEMPTED = "delivered", "attempted"


def delivery_order(case: PermitCase, _ask: DeliverDocument, _message_id: str) -> Payload:
    """Send what a courier needs at the door: name, telephone, address; and which papers to fetch (18(2)).

    Raises Refused for a case without any address.
    """
    address = (case.delivery_address or case.applicant.address).strip()
    if not address:
        raise Refused(f"Berkas {case.id} tidak punya alamat pengantaran: pilih lagi cara penyerahan, dengan alamat.")
    papers: list[Json] = ["permit"]
    if case.skrd is not None:
        papers.append("skrd")
    return {
        "case": case.id,
        "papers": papers,
        "recipient": {
            "name": case.applicant.name[:255],
            "phone": case.applicant.phone.removeprefix("+"),
            "address": address[:1000],
        },
    }


def delivery_ended(case: PermitCase, _ask: DeliverDocument, answer: Payload) -> Accept | Decline:
    """Read the courier's word: delivered is the hand-over, attempted waits for the next, returned calls an officer."""
    if answer["case"] != case.id:
        return Decline(
            reason=Reason.INCONSISTENT,
            text=f"the answer names case {answer['case']} and relates to an order about {case.id}: send it again",
        )
    at = moment(str(answer["at"]))
    if at is None:
        return Decline(reason=Reason.INCONSISTENT, text=f"at {answer['at']} does not exist: send a real time")
    if answer["status"] == ATTEMPTED:
        return Accept(final=False)
    event: CaseEvent = AttentionRaised(
        source=SOURCE,
        text=f"Dokumen kembali dari kurir (resi {answer['waybill']}: {answer.get('reason')}): tanyakan kepada pemohon,"
        " lalu pilih lagi cara penyerahannya.",
    )
    if answer["status"] == DELIVERED:
        event = DocumentHandedOver(
            method=HandOver.COURIER,
            recipient=str(answer["receivedBy"]),
            proof=f"resi {answer['waybill']}, bukti {answer['proof']}, {at.isoformat(timespec='seconds')}",
        )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))
