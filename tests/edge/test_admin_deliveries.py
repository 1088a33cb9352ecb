"""The admin API on deliveries: dead letters, what is overdue, mailboxes, and endpoints that are down."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.domain.calendar import JAKARTA
from gateway.store.plan import Claim, Insert, Update
from gateway.store.tables import AttemptRow, CircuitRow, DeliveryRow
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, RINA, TOKENS, House


def test_a_dead_letter_is_shown_with_its_cause_and_sent_again(house: House, visitor: Visitor) -> None:
    case = house.registered()
    delivery = house.given_up(case)
    (shown,) = visitor.get("/admin/v1/dead-letters")["items"]
    assert (shown["id"], shown["case"], shown["cause"], shown["attempts"]) == (delivery, case.id, "agency-timeout", 5)
    assert visitor.get("/admin/v1/deliveries/waiting") == {"waiting": 0, "inMailboxes": 0, "mailboxes": []}
    assert visitor.post(f"/admin/v1/deliveries/{delivery}/redrive", AGUS, status=202) == {"state": "queued"}
    assert visitor.get("/admin/v1/dead-letters")["items"] == []
    assert visitor.get("/admin/v1/deliveries/waiting")["waiting"] == 1
    problem = visitor.refused("POST", f"/admin/v1/deliveries/{delivery}/redrive", AGUS)
    assert (problem.status, problem.code) == (400, "delivery-state")


def test_a_dead_letter_is_cancelled_with_a_reason(house: House, visitor: Visitor) -> None:
    delivery = house.given_up(house.registered())
    for body in (None, {}, {"reason": "x"}, {"reason": "x" * 301}, {"reason": "cukup", "more": 1}):
        assert visitor.refused("POST", f"/admin/v1/deliveries/{delivery}/cancel", AGUS, body).status == 422
    said = visitor.post(f"/admin/v1/deliveries/{delivery}/cancel", AGUS, {"reason": "sudah lewat surat"}, status=202)
    assert said == {"state": "cancelled"}
    assert visitor.get("/admin/v1/dead-letters")["items"] == []


@pytest.mark.parametrize("deed", ["redrive", "cancel"])
def test_a_delivery_that_is_not_there_is_refused_and_so_is_whoever_may_not(visitor: Visitor, deed: str) -> None:
    body = {"reason": "cukup"}
    problem = visitor.refused("POST", f"/admin/v1/deliveries/d-9/{deed}", AGUS, body)
    assert (problem.status, problem.code) == (404, "delivery-unknown")
    assert visitor.refused("POST", f"/admin/v1/deliveries/d-9/{deed}", RINA, body).code == "scope-missing"


def test_many_dead_letters_are_counted_then_sent_again_or_cancelled(house: House, visitor: Visitor) -> None:
    for _ in range(3):
        house.given_up(house.registered())
    path = "/admin/v1/dead-letters"
    for body in ({"agency": "x" * 41}, {"madeFrom": "2026-01-01T00:00:00"}, {"limit": 0}, {"more": 1}):
        assert visitor.refused("POST", f"{path}/redrive", AGUS, body).status == 422
    assert visitor.refused("POST", f"{path}/cancel", AGUS, {}).status == 422
    assert visitor.refused("POST", f"{path}/redrive", RINA, {}).code == "scope-missing"
    counted = visitor.post(f"{path}/redrive", AGUS, {"dryRun": True, "agency": "dukcapil"}, status=202)
    assert (counted["total"], [group["count"] for group in counted["groups"]]) == (3, [3])
    assert visitor.post(f"{path}/redrive", AGUS, {"agency": "oss"}, status=202)["done"] == 0
    assert len(visitor.get(path)["items"]) == 3
    done = visitor.post(f"{path}/redrive", AGUS, {"cause": "TIMEOUT", "limit": 2}, status=202)
    assert done == {"done": 2, "passedOver": 0, "left": 1}
    why = {"reason": "sudah lewat surat"}
    assert visitor.post(f"{path}/cancel", AGUS, {**why, "dryRun": True}, status=202)["total"] == 1
    assert visitor.post(f"{path}/cancel", AGUS, why, status=202) == {"done": 1, "passedOver": 0, "left": 0}


def test_deliveries_are_listed_by_page_and_filter_and_shown_one_by_one(house: House, visitor: Visitor) -> None:
    names = []
    for _ in range(3):
        names.append(house.gateway.store.reader.deliveries(case_id=house.registered().id)[-1].id)
        house.clock.move(timedelta(minutes=1))
    first = visitor.get("/admin/v1/deliveries", limit=2, state="queued")
    second = visitor.get("/admin/v1/deliveries", limit=2, state="queued", before=first["next"])
    assert [each["id"] for each in first["items"] + second["items"]] == names[::-1]
    assert second["next"] is None
    assert visitor.get("/admin/v1/deliveries", state="dead,sending", agency="dukcapil")["items"] == []
    assert visitor.refused("GET", "/admin/v1/deliveries?state=late", AGUS).code == "state-malformed"
    shown = visitor.get(f"/admin/v1/deliveries/{names[0]}")
    assert (shown["state"], shown["tries"]) == ("queued", [])
    assert visitor.refused("GET", "/admin/v1/deliveries/d-9", AGUS).code == "delivery-unknown"


def test_answers_that_are_overdue_are_listed_and_warned_of(house: House, visitor: Visitor) -> None:
    row = house.gateway.store.reader.deliveries(case_id=house.registered().id)[-1]
    late = {"state": "awaiting", "answer_due_at": house.clock() - timedelta(seconds=1)}
    assert visitor.get("/admin/v1/deliveries/overdue") == {"total": 0, "items": []}
    house.commit(Update(DeliveryRow, {"id": row.id}, {}, late))
    listed = visitor.get("/admin/v1/deliveries/overdue")
    assert (listed["total"], [each["id"] for each in listed["items"]]) == (1, [row.id])
    assert any("1 answers of agencies are overdue" in text for text in visitor.get("/admin/v1/health")["warnings"])


def test_what_lies_in_a_mailbox_is_counted_apart_and_warned_of_when_it_is_not_emptied(
    house: House, visitor: Visitor
) -> None:
    row = house.gateway.store.reader.deliveries(case_id=house.registered().id)[-1]
    made, taken = house.clock() - timedelta(days=1), house.clock() - timedelta(hours=1)
    collected = {"agency": "satpolpp", "state": "collected", "made_at": made, "last_attempt": 1}
    attempt = {"delivery": row.id, "number": 1, "fence": 1, "started_at": taken, "detail": "taken by certificate/ab"}
    house.commit(Update(DeliveryRow, {"id": row.id}, {}, collected), Insert(AttemptRow, attempt))
    shown = visitor.get("/admin/v1/deliveries/waiting")
    assert (shown["waiting"], shown["inMailboxes"]) == (0, 1)
    assert shown["mailboxes"] == [
        {
            "agency": "satpolpp",
            "lying": 0,
            "collected": 1,
            "oldestAt": "2026-11-23T03:00:00.000Z",
            "oldestS": 86400,
            "mostCollections": 1,
            "lastCollectedAt": "2026-11-24T02:00:00.000Z",
            "lastCollectedBy": "taken by certificate/ab",
        }
    ]
    page = visitor.client.get("/console", headers={"Authorization": f"Bearer {TOKENS[AGUS]}"}).text
    assert "Kotak surat: menunggu diambil atau dikonfirmasi instansi" in page
    assert "<td>satpolpp<td>0<td>1<td>23-11-2026 10:00:00<td>24 jam<td>1<td>24-11-2026 09:00:00" in page
    assert not [text for text in visitor.get("/admin/v1/health")["warnings"] if "mailbox" in text]
    house.clock.move(timedelta(seconds=1))
    (warning,) = [text for text in visitor.get("/admin/v1/health")["warnings"] if "mailbox" in text]
    assert "satpolpp has 1 items in its mailbox, the oldest since 2026-11-23 10:00 WIB; 1 of them are" in warning
    assert "the last at 2026-11-24 09:00 WIB" in warning


def test_an_endpoint_that_is_down_is_shown_warned_of_and_closed_after_mending(house: House, visitor: Visitor) -> None:
    house.gateway.store.registry.set_endpoint("sms", "https://sms.example/", "staff/agus")
    close = "/admin/v1/endpoints/sms/*/close"
    assert visitor.refused("POST", close, AGUS).code == "circuit-closed"
    assert visitor.refused("POST", "/admin/v1/endpoints/oss/*/close", AGUS).code == "endpoint-unknown"
    assert visitor.refused("POST", close, RINA).code == "scope-missing"
    opened = {"opened_at": house.clock(), "open_until": house.clock() + timedelta(seconds=15)}
    circuit = {"agency": "sms", "interaction": "*", "url": "https://sms.example/", "failures": 5, "openings": 1}
    house.commit(Claim(CircuitRow, ("agency", "interaction"), {**circuit, **opened, "cause": "no connection"}))
    (shown,) = [each for each in visitor.get("/admin/v1/endpoints")["items"] if each["agency"] == "sms"]
    assert (shown["circuit"], shown["failures"], shown["cause"]) == ("open", 5, "no connection")
    (warning,) = [text for text in visitor.get("/admin/v1/health")["warnings"] if "sms" in text]
    assert "has not answered at https://sms.example/" in warning
    assert warning.endswith("simojo delivery close sms")
    assert f"since {house.clock().astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB" in warning
    assert (
        "has not answered" in visitor.client.get("/console", headers={"Authorization": f"Bearer {TOKENS[AGUS]}"}).text
    )
    assert visitor.post(close, AGUS, status=202) == {"circuit": "closed"}
    assert not [text for text in visitor.get("/admin/v1/health")["warnings"] if "sms" in text]
