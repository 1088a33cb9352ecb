"""What a new version changes is said in sentences, so that both parties know what they sign (Pasal 21(2))."""

from __future__ import annotations

from copy import deepcopy
from datetime import date

from gateway.contract.agreement import agreement_from_document
from gateway.contract.comparing import changes
from tests.contract.drafts import FILE

FIRST = agreement_from_document(FILE)


def test_nothing_is_said_of_a_version_with_another_number_alone() -> None:
    document = deepcopy(FILE)
    document["agreement"]["version"] = "1.1"
    assert changes(FIRST, agreement_from_document(document)) == ()


def test_each_change_is_one_sentence() -> None:
    document = deepcopy(FILE)
    document["agreement"] |= {"version": "1.1", "valid_from": date(2026, 7, 1), "own_audit_trail": False}
    opinion, ask = document["interaction"]
    opinion |= {"request": "contoh/opinion/1.1/request", "services": ["pbg", "krk"]}
    opinion["personal_data"] = {"purpose": "pertimbangan", "fields": ["location"]}
    opinion["retry"] = {"first": "5s", "factor": 3, "max": "1h", "attempts": 6}
    del opinion["rate"]
    document["interaction"] = [opinion, {**ask, "name": "ask-again"}]
    assert changes(FIRST, agreement_from_document(document)) == (
        "valid_from was 2026-01-01, becomes 2026-07-01",
        "own_audit_trail was true, becomes false",
        "ask: no longer agreed",
        "ask-again: new; inquiry over soap-1.2 with wss-x509, for *",
        "opinion: services stands in another order",
        "opinion: request was contoh/opinion/1.0/request, becomes contoh/opinion/1.1/request",
        "opinion: rate was 30/min, becomes not said",
        "opinion: personal_data/fields gains location and loses applicant/name",
        "opinion: retry/attempts was 4, becomes 6",
    )


def test_contacts_are_compared_as_a_whole() -> None:
    document = deepcopy(FILE)
    document["agreement"]["contacts"] = []
    assert changes(FIRST, agreement_from_document(document)) == (
        "contacts was role teknis, name Bidang Contoh, email teknis@contoh.example, becomes empty",
    )
