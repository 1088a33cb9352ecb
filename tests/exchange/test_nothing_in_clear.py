"""Nothing about a person lies in clear on disk (UU 27/2022 Pasal 35), whatever way it came in by.

An application lives a day: it is registered, told to agencies that fail and say so in words about the person, named in
a file with records that are taken, refused and put aside, decided with a PIN, and looked at by staff. Then everything
that is stored is searched: each value of each table, and SQLite's files with their WAL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lxml import etree

from conformance.signing import soap
from gateway.contract.adapter import Batch
from gateway.domain.errors import MappingFault
from gateway.domain.events import Reference
from gateway.domain.identifiers import NIK, Phone
from gateway.exchange.batch.documents import FILE, RESULTS
from gateway.exchange.batch.pieces import chunks
from gateway.office.signing import PinStep
from gateway.operations.blanking import blank_values
from gateway.operations.evidence.reads import MESSAGES, RestrictedReads
from tests.batch.adapter import KIND
from tests.databases import Behind
from tests.exchange import pasar
from tests.exchange.stage import DEWI, RINA, Stage, application
from tests.exchange.town import raw, says

NAME, EMAIL, STREET = "Wulandari Purnamasari", "wulandari@surat.example", "Jalan Kenanga Dalam 29"
NUMBER, PHONE, REGISTRATION = "9999014506900031", "081299887766", "R-4711"
TOLD = {"name": NAME, "email": EMAIL, "address": STREET, "nik": NUMBER, "phone": PHONE.removeprefix("0")}
SAID = f"{NAME}, NIK {NUMBER}, {STREET}, {PHONE}, {EMAIL}"


def test_no_byte_of_a_person_is_found_in_the_store_after_a_day_of_work(market: Stage) -> None:
    case_id = registered(market)
    tells_agencies_that_fail(market, case_id)
    is_named_in_a_file(market, case_id)
    is_decided_and_looked_at(market, case_id)
    while market.hub.integrator.run_once():
        pass
    # it is there for who has the keys
    reader = market.hub.store.reader
    rows = reader.deliveries(case_id=case_id, limit=200)
    causes = [row.cause for row in rows if row.cause]
    details = [each.detail for row in rows for each in reader.attempts(row.id) if each.detail]
    for texts in ([row.ask_body for row in rows], [row.payload for row in rows if row.payload], causes, details):
        assert any(told in text for text in texts for told in TOLD.values())
    (held,) = reader.held_records(pasar.batch(market).id)
    assert NAME in held.cause
    with Behind(market.settings.database_url) as behind:
        found = [
            (what, name) for what, value in behind.stored() for name, told in TOLD.items() if told.encode() in value
        ]
    assert found == []


def registered(market: Stage) -> str:
    opened = application()
    person = replace(opened.applicant, name=NAME, nik=NIK(NUMBER), phone=Phone(PHONE), email=EMAIL, address=STREET)
    site = replace(opened.site, address=STREET)
    named = Reference(kind=KIND, value=REGISTRATION)
    return market.hub.deeds.register(replace(opened, applicant=person, site=site, references=(named,)), RINA).id


def tells_agencies_that_fail(market: Stage, case_id: str) -> None:
    """Busy, refusing and broken, each with words about the person."""
    market.town.next(
        "sms", says({"status": "busy", "text": SAID[:60]}), says({"status": "rejected", "text": SAID[:60]})
    )
    market.town.next("dukcapil", raw(SAID.encode(), 500), raw(SAID.encode(), 400))
    fault = soap.fault_document(soap.Fault(code="not-now", text=SAID, sender=True))
    addressing = soap.Addressing(message_id="urn:f", to=soap.ANONYMOUS, action=soap.FAULT_ACTION)
    refused = etree.tostring(soap.envelope(fault, addressing))
    market.town.next("dpupr", raw(refused, 400, soap.CONTENT_TYPES[soap.SOAP_12]))
    market.hub.deeds.complete(case_id, RINA)
    for _ in range(4):
        market.deliver()
        market.clock.advance(hours=1)
    dead = market.hub.store.reader.deliveries(("dead",))
    assert dead, "some agency refused for good"
    market.letters.cancel(dead[0].id, f"dibatalkan atas permintaan {NAME}", "staff/siti")


def is_named_in_a_file(market: Stage, case_id: str) -> None:
    """Taken, of an unknown number, of another form, and one that the adapter cannot take and says why."""
    right = market.adapters["pasar"]
    mapped = next(each for each in right.interactions if isinstance(each, Batch))

    def to_cases(payload: Any, found: Any) -> Any:
        if payload.get("note") == "rusak":
            raise MappingFault(SAID)
        return mapped.to_cases(payload, found)

    market.adapters["pasar"] = replace(right, interactions=(replace(mapped, to_cases=to_cases),))
    records = [
        {"number": REGISTRATION, "note": f"bertemu {NAME}"[:40]},
        {"number": REGISTRATION, "note": "rusak"},
        {"number": "R-404", "note": NUMBER},
        {"number": REGISTRATION, "name": NAME},
        {"number": SAID},
    ]
    pasar.delivered(market, pasar.written("jsonl", records), len(records), name="wulan")
    pasar.work(market)
    assert pasar.batch(market).held == 1
    assert pasar.notes(market, case_id)


def is_decided_and_looked_at(market: Stage, case_id: str) -> None:
    store = market.hub.store
    market.hub.signing.ask_pin(case_id, replace(DEWI, phone=PHONE), PinStep.APPROVE)
    market.deliver()
    reads = RestrictedReads(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        vault=store.vault,
        clock=market.clock,
        new_id=market.hub.casework.new_id,
        random=bytes,
    )
    reads.record(actor="staff/siti", what=MESSAGES, subject=f"case/{case_id}", reason=f"keluhan dari {NAME}, {PHONE}")
    (row,) = store.reader.restricted_reads()
    assert NAME in row.reason
    assert reads.stands(row)


def test_a_persons_values_are_overwritten_in_a_file_and_other_records_stay_where_they_are(market: Stage) -> None:
    registered(market)
    records = [
        {"number": "R-404", "note": "bukan"},
        {"number": "R-405", "note": f"lihat {NAME.upper()}"},
        {"number": "tanpa nomor", "name": f'{NAME} "Wulan" & Ko'},
        {"number": REGISTRATION, "note": "datang"},
    ]
    for form in ("csv", "jsonl", "xml"):
        content = pasar.written(form, records)
        said = pasar.announce(market, pasar.manifest(content, len(records), form, name=form), f"m-{form}").json
        for offset in range(0, len(content), 7):  # a value lies across pieces
            assert pasar.send(market, said["upload"], content[offset : offset + 7], offset).status_code == 204
        pasar.work(market)
        store = market.hub.store
        row = store.reader.batch(said["exchange"])
        assert row is not None
        assert row.ended_at is not None
        values = {NAME, f'{NAME} "Wulan" & Ko', NUMBER, REGISTRATION}
        assert blank_values(store.reader, store.vault, store.unit_of_work.commit, row, values) > 1
        file = b"".join(chunks(store.reader, row.id, FILE, row.size))
        result = b"".join(chunks(store.reader, row.id, RESULTS, row.result_size))
        assert len(file) == len(content)
        for each in (NAME.encode(), NAME.upper().encode(), b"Wulan", REGISTRATION.encode()):
            assert each not in file + result
        assert b"R-404" in file
        assert b"bukan" in file
        assert b"R-404" in result
        assert blank_values(store.reader, store.vault, store.unit_of_work.commit, row, values) == 0
