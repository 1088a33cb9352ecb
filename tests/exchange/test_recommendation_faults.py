"""A city office that is not connected, and one that is spoken to by somebody else than the hub.

What goes wrong with a recommendation otherwise is a row of `tests.exchange.tables.recommendation`.
"""

from __future__ import annotations

from dataclasses import replace

from tests.exchange.stage import RINA, Stage
from tests.exchange.tables.recommendation import asked
from tests.exchange.tables.scenes import row_of


def test_where_the_agency_is_not_connected_nobody_asks_and_nobody_is_called_pasal_21_1(stage: Stage) -> None:
    stage.cease("bpkpd")
    case = stage.register("aset")
    stage.deliver("dukcapil")
    stage.hub.deeds.complete(case.id, RINA)
    stage.hub.deeds.verify(case.id, RINA)
    assert stage.case(case.id).attention == ()
    assert not [row for row in stage.hub.store.reader.deliveries(case_id=case.id) if row.agency == "bpkpd"]


def test_an_office_hears_the_hub_alone_and_in_the_agreed_version_of_soap(stage: Stage) -> None:
    office, delivery = asked(stage, "bakesbangpol")
    assert stage.hub.outbound.deliver(delivery.id)
    assert row_of(stage, delivery).state == "awaiting"
    (call,) = stage.town.calls["bakesbangpol"]
    assert call.headers["content-type"] == "text/xml; charset=utf-8"
    answer = stage.town.always["bakesbangpol"]
    other = call.body.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope")
    for body in (call.body.replace(b"Siti", b"Budi"), other):
        assert answer(replace(call, body=body)).status == 500
    codes = [each["code"] for each in office.peer.journal.entries("refused")]
    assert codes == ["signature-wrong", "version-mismatch"]
