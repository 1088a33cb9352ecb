"""A courier: what is ordered, and what becomes of it (Pasal 18)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.courier import ADAPTER
from gateway.contract.adapter import Accept, Decline, Reason, Repeat, Request
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import AttentionRaised, DeliverDocument, DocumentHandedOver, HandOver

ASK = DeliverDocument()
MESSAGE_ID = "0198c0de-0000-7000-8000-000000000017"


@pytest.fixture
def orders() -> Request[DeliverDocument]:
    declared = ADAPTER.interaction("deliver-document")
    assert isinstance(declared, Request)
    return declared


def _answer(of: PermitCase, status: str = "delivered", **members: Json) -> Payload:
    said: dict[str, Json] = {
        "case": of.id,
        "waybill": "JX-17",
        "status": status,
        "at": "2026-03-09T10:15:00+07:00",
    }
    more: dict[str, Json] = {"reason": "rumah kosong"}
    if status == "delivered":
        more = {"receivedBy": "Budi Contoh", "proof": "POD-17"}
    return said | more | members


def test_an_order_names_the_door_and_no_nik_pasal_20_c(
    orders: Request[DeliverDocument], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    order = orders.to_agency(case, ASK, MESSAGE_ID)
    assert order == {
        "case": case.id,
        "papers": ["permit"],
        "recipient": {"name": "Siti Contoh", "phone": "6281200000017", "address": "Jalan Contoh 1"},
    }
    assert violations(orders.request, order) == []
    assert str(case.applicant.nik) not in str(order)
    assert orders.repeat is Repeat.SAME_ID


def test_the_skrd_goes_with_the_permit_where_there_is_one_pasal_18_2(
    orders: Request[DeliverDocument], charged_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    order = orders.to_agency(charged_case, ASK, MESSAGE_ID)
    assert order["papers"] == ["permit", "skrd"]
    assert violations(orders.request, order) == []


def test_the_address_that_the_applicant_chose_comes_before_the_registered_one(
    orders: Request[DeliverDocument], case: PermitCase
) -> None:
    elsewhere = replace(case, delivery_address="Jalan Contoh 2, Surabaya")
    recipient = orders.to_agency(elsewhere, ASK, MESSAGE_ID)["recipient"]
    assert isinstance(recipient, dict)
    assert recipient["address"] == "Jalan Contoh 2, Surabaya"


def test_nobody_is_sent_to_no_address(orders: Request[DeliverDocument], case: PermitCase) -> None:
    nowhere = replace(case, applicant=replace(case.applicant, address=" "))
    with pytest.raises(Refused, match="tidak punya alamat pengantaran"):
        orders.to_agency(nowhere, ASK, MESSAGE_ID)


@pytest.mark.parametrize("status", ["delivered", "attempted", "returned"])
def test_every_answer_keeps_to_the_agreed_form(
    orders: Request[DeliverDocument], case: PermitCase, status: str, violations: Callable[[str, Payload], list[str]]
) -> None:
    assert violations(orders.answer, _answer(case, status)) == []


def test_the_proof_of_delivery_is_the_hand_over_pasal_18_1(orders: Request[DeliverDocument], case: PermitCase) -> None:
    heard = orders.to_case(case, ASK, _answer(case))
    assert isinstance(heard, Accept)
    assert heard.final
    ((event,),) = (effect.events for effect in heard.effects)
    assert event == DocumentHandedOver(
        method=HandOver.COURIER,
        recipient="Budi Contoh",
        proof="resi JX-17, bukti POD-17, 2026-03-09T10:15:00+07:00",
    )


def test_an_attempt_changes_nothing_and_another_answer_is_awaited(
    orders: Request[DeliverDocument], case: PermitCase
) -> None:
    assert orders.to_case(case, ASK, _answer(case, "attempted")) == Accept(final=False)


def test_what_comes_back_calls_an_officer_and_ends_the_order(
    orders: Request[DeliverDocument], case: PermitCase
) -> None:
    heard = orders.to_case(case, ASK, _answer(case, "returned"))
    assert isinstance(heard, Accept)
    assert heard.final
    ((event,),) = (effect.events for effect in heard.effects)
    assert isinstance(event, AttentionRaised)
    assert "resi JX-17: rumah kosong" in event.text


@pytest.mark.parametrize(
    "change", [{"case": "K-2026-000099"}, {"at": "2026-02-30T10:15:00+07:00"}, {"at": "0001-01-01T00:00:00+14:00"}]
)
def test_an_answer_that_fits_nothing_is_declined(
    orders: Request[DeliverDocument], case: PermitCase, change: dict[str, Json]
) -> None:
    heard = orders.to_case(case, ASK, {**_answer(case), **change})
    assert isinstance(heard, Decline)
    assert heard.reason is Reason.INCONSISTENT
