"""The office's own file, from the cases it is about to the account of every record the agency answered."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from conformance.signing import jws
from gateway.domain.errors import Refused, Replayed, Unauthorised
from gateway.exchange.batch.office.beginning import Wanted
from gateway.exchange.batch.portions import WAITS
from gateway.exchange.checking import check_agreement
from gateway.operations.health import batch_warnings
from tests.batch.kasda import KASDA, record_of, to_cases
from tests.exchange.kasda import Treasury
from tests.exchange.kasda_receiver import Row, accepted
from tests.exchange.stage import RINA, application

FORMS = pytest.mark.parametrize("form", ["csv", "jsonl", "xml"])


# --- made, sent, answered ---------------------------------------------------------------------------------------------


@FORMS
def test_each_case_has_its_record_and_each_result_its_effect_once(kas: Treasury, form: str) -> None:
    one, two = kas.registered("R-1", "R-2", purpose='Toko "Contoh" <dua>\nbaris')
    kas.registered("R-3", service="pbg")  # is not within the agreement
    kas.hub.deeds.register(application(), RINA)  # has no registration number
    kas.begin(form, name="maret")
    row = kas.finish()
    assert (row.state, row.cause, row.records, row.accepted, row.failed) == ("completed", None, 2, 2, 0)
    purpose = 'Toko "Contoh" <dua>\nbaris'
    told = sorted(kas.receiver.records(), key=lambda record: record["registration"])
    assert told == [{"registration": each, "service": "krk", "purpose": purpose} for each in ("R-1", "R-2")]
    said = kas.receiver.manifest
    content = bytes(kas.receiver.content)
    assert (said["batch"], said["records"], said["bytes"]) == ("maret", 2, len(content))
    assert said["sha256"] == hashlib.sha256(content).hexdigest()
    assert [row["outcome"] for row in kas.account()] == ["accepted", "accepted"]
    assert (kas.notes(one), kas.notes(two)) == (["accepted"], ["accepted"])
    kas.verify()


def test_the_manifest_is_signed_and_the_token_is_nowhere_in_clear(kas: Treasury) -> None:
    kas.registered("R-1")
    batch = kas.begin()
    kas.finish()
    method, path, headers = kas.receiver.heard[0]
    assert (method, path) == ("POST", "/berkas")
    parts = kas.stage.parts(batch)
    trusted = [kas.stage.certificate]
    sent_at = kas.row.made_at
    header = jws.verify_detached(
        headers["x-jws-signature"], parts["sent-1"], trusted, issuer="dpmptsp", audience="kasda", at=sent_at
    )
    assert (header["jti"], header["int"], header["agr"]) == (f"urn:uuid:{batch}", "tunggakan", "kasda-2026/1.0")
    token = kas.receiver.heard[-1][2]["authorization"].removeprefix("Bearer ")
    assert len(token) == 43
    stored = repr(kas.stage.rows("batch", "batch_piece", "exchange_part", "leaf", "credential"))
    assert token not in stored
    assert f"batch/{batch}" not in stored  # let go at the end
    report = json.loads(parts["batch-report"])
    assert {name: report[name] for name in ("state", "records", "read", "accepted", "unread")} == {
        "state": "completed",
        "records": 1,
        "read": 1,
        "accepted": 1,
        "unread": 0,
    }
    exchange = kas.hub.store.reader.exchange(batch)
    assert exchange is not None
    assert (exchange.direction, exchange.verdict) == ("out", "completed")


def test_only_cases_of_the_wanted_days_are_in_it_and_an_empty_file_is_not_sent(kas: Treasury) -> None:
    kas.registered("R-1")
    today = kas.stage.clock().date()
    kas.stage.clock.advance(days=2)
    kas.registered("R-2")
    batch = kas.begin(wanted=Wanted(since=today, until=today, services=("krk",)))
    kas.finish()
    assert [each["registration"] for each in kas.receiver.records()] == ["R-1"]
    assert kas.receiver.manifest["period"] == {"from": today.isoformat(), "until": today.isoformat()}
    heard = len(kas.receiver.heard)
    early = today.replace(year=2025)
    nothing = kas.begin(wanted=Wanted(since=early, until=early))
    kas.work()
    row = kas.hub.store.reader.batch(nothing)
    assert row is not None
    assert (row.state, row.cause) == ("completed", "no case is in it: nothing was sent")
    assert len(kas.receiver.heard) == heard
    assert batch != nothing
    kas.verify()


def test_what_cannot_be_ordered_is_refused(kas: Treasury) -> None:
    kas.begin(name="maret")
    with pytest.raises(Replayed, match="was made for kasda/tunggakan before"):
        kas.begin(name="maret")
    with pytest.raises(Refused, match="not agreed"):
        kas.begin("xlsx")
    with pytest.raises(Unauthorised, match="does not cover service 'pbg'"):
        kas.begin(wanted=Wanted(services=("pbg",)))
    with pytest.raises(Refused, match="give both, or none"):
        kas.begin(wanted=Wanted(since=kas.stage.clock().date()))
    said = kas.stage.client.post("/rest/kasda/tunggakan", content=b"{}", headers={"Content-Type": "application/json"})
    assert said.json()["code"] == "interaction-unknown"  # its agency does not send us any


def test_its_agency_finds_the_file_among_what_the_hub_sends(kas: Treasury) -> None:
    said = kas.stage.client.get("/rest/kasda/openapi.json").json()
    assert not any(path.endswith(("tunggakan", "berkas")) for path in said["paths"])
    webhook = said["webhooks"]["tunggakan"]["post"]
    manifest = webhook["requestBody"]["content"]["application/json"]["schema"]
    assert manifest["title"] == "Manifest of a file of records"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"result": "kasda/tunggakan/1.0/record"}, "has to name its record"),
        ({"result_of": lambda _record, _said: {}}, "result_of is never called"),
    ],
    ids=["number", "result_of"],
)
def test_an_office_file_that_cannot_be_accounted_for_is_told_before_it_is_activated(
    kas: Treasury, values: dict[str, Any], said: str
) -> None:
    ((_, agreement),) = kas.hub.directory.agreements("kasda")
    library = kas.hub.library
    assert check_agreement(KASDA, agreement, library) == ()
    declared = tuple(replace(each, **values) for each in KASDA.interactions)
    assert said in " | ".join(check_agreement(replace(KASDA, interactions=declared), agreement, library))


# --- records ----------------------------------------------------------------------------------------------------------


def test_a_case_that_cannot_be_mapped_is_left_out_and_told(kas: Treasury) -> None:
    kas.registered("R-1")
    (bad,) = kas.registered("R-2", purpose="raise")
    (excess,) = kas.registered("R-3", purpose="name")
    (unfit,) = kas.registered("R-4", purpose="unfit")
    batch = kas.begin("csv")
    kas.work()
    assert (kas.row.state, kas.row.held) == ("making", 3)
    assert b"9999014506900001" not in repr(kas.stage.rows("batch_held")).encode()
    row = kas.finish()
    assert (row.state, row.records, row.left_out, row.held) == ("completed", 1, 3, 0)
    assert [each["registration"] for each in kas.receiver.records()] == ["R-1"]
    told = {each.case_id: each.cause for each in kas.hub.store.reader.left_out(batch)}
    assert told[bad].startswith("the adapter kasda/tunggakan cannot map this message (KeyError)")
    assert "personal data beyond the agreement: /name" in told[excess]
    assert "breaks kasda/tunggakan/1.0/record at /registration" in told[unfit]
    assert any("tidak ada dalam berkas" in each for each in kas.stage.case(bad).attention)
    assert any("3 cases left out" in each for each in batch_warnings(kas.hub.store.reader, kas.stage.clock()))
    kas.verify()


def test_an_adapter_that_is_mended_takes_the_cases_that_were_put_aside(kas: Treasury) -> None:
    def raises(*_: object) -> Any:
        raise KeyError("9999014506900001")

    kas.registered("R-1", "R-2")
    kas.mended(to_agency=raises)
    kas.begin("xml")
    kas.work()
    assert (kas.row.held, kas.row.records) == (2, 0)
    kas.mended(to_agency=record_of)
    row = kas.finish()
    assert (row.state, row.records, row.left_out) == ("completed", 2, 0)


@FORMS
def test_every_record_is_accounted_for_whatever_the_result_has_of_it(kas: Treasury, form: str) -> None:
    cases = kas.registered(*(f"R-{each}" for each in range(1, 6)))

    def answers(number: int, record: Mapping[str, Any]) -> list[Row]:
        if record["registration"] == "R-2":
            return []
        if record["registration"] == "R-3":
            return [accepted(number, record)] * 2
        if record["registration"] == "R-4":
            return [accepted(number, record, text="raise")]
        if record["registration"] == "R-5":
            return [{**accepted(number, record), "key": "R-404"}, {**accepted(99, record)}]
        return [accepted(number, record, text="lunas")]

    kas.receiver.answers = answers
    kas.begin(form)
    row = kas.finish(gives_up=True)
    assert row.state == "completed"
    assert "lacks records" in (row.cause or "")
    assert "2 lines of the result name no record" in (row.cause or "")
    numbers = {each["registration"]: place for place, each in enumerate(kas.receiver.records(), 1)}
    account = {each["number"]: (each["outcome"], each.get("reason") or "") for each in kas.account()}
    assert account == {
        numbers["R-1"]: ("accepted", ""),
        numbers["R-2"]: ("failed", "no-result"),
        numbers["R-3"]: ("accepted", ""),
        numbers["R-4"]: ("failed", "mapping-fault"),
        numbers["R-5"]: ("declined", "not-found"),
    }
    assert (row.accepted, row.declined, row.invalid, row.failed) == (2, 1, 2, 2)
    assert [kas.notes(each) for each in cases] == [["lunas"], [], ["accepted"], [], []]
    kas.verify()


def test_a_line_that_could_not_be_mapped_is_taken_once_the_adapter_is_mended(kas: Treasury) -> None:
    def raises(*_: object) -> Any:
        raise KeyError("9999014506900001")

    (case,) = kas.registered("R-1")
    kas.mended(to_cases=raises)
    kas.begin()
    while not kas.row.held:
        kas.work()
        kas.stage.clock.advance(seconds=5)
    kas.mended(to_cases=to_cases)
    kas.stage.clock.advance(seconds=WAITS[0].total_seconds())
    assert kas.finish().accepted == 1
    assert kas.notes(case) == ["accepted"]


def test_a_file_that_the_agency_refuses_or_breaks_off_ends_as_what_it_says(kas: Treasury) -> None:
    (case,) = kas.registered("R-1")
    kas.receiver.state, kas.receiver.edits = "refused", {"cause": "SHA-256 berbeda", "read": 0, "accepted": 0}
    kas.begin()
    row = kas.finish()
    assert (row.state, row.cause) == ("refused", "the agency refused it: SHA-256 berbeda")
    assert kas.notes(case) == []
    assert any("ended as refused" in each for each in batch_warnings(kas.hub.store.reader, kas.stage.clock()))
    kas.verify()
