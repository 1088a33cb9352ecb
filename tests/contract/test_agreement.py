"""An agreement is read whole, hashed by its meaning (RFC 8785), and in force between its two days (Pasal 21(2))."""

import hashlib
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.contract.adapter import Repeat
from gateway.contract.agreement import (
    AgreedInteraction,
    Contact,
    PersonalData,
    RetrySchedule,
    agreement_from_document,
    agreement_hash,
    canonical_bytes,
    from_canonical,
)
from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured
from tests.contract.drafts import FILE, draft

AGREEMENT = agreement_from_document(FILE)


def first(**terms: Any) -> AgreedInteraction:
    return agreement_from_document(draft(**terms)).interactions[0]


def test_the_head_is_read_as_said() -> None:
    assert (AGREEMENT.id, AGREEMENT.version, AGREEMENT.number, AGREEMENT.agency) == (
        "contoh-2026",
        "1.0",
        "503/99/2026",
        "contoh",
    )
    assert (AGREEMENT.valid_from, AGREEMENT.valid_until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert AGREEMENT.legal_basis == ("Perwali Mojokerto 18/2020 Pasal 21(2)",)
    assert AGREEMENT.contacts == (Contact("teknis", "Bidang Contoh", "teknis@contoh.example"),)


def test_an_interaction_is_read_in_units_that_the_hub_counts_in_pasal_21_2_c() -> None:
    assert AGREEMENT.interaction("opinion") == AgreedInteraction(
        name="opinion",
        model="request",
        services=("krk", "pbg"),
        service_class="non-usaha",
        transport=Transport.REST,
        security="jws",
        request="contoh/opinion/1.0/request",
        reply=None,
        answer="contoh/opinion/1.0/answer",
        answer_within_days=3,
        call_timeout_s=1.5,
        max_size=5 * 1024 * 1024,
        rate_per_s=0.5,
        keep_for_years=10,
        repeat=Repeat.SAME_ID,
        minimum_requirements="profil minimum SIMOJO 1.0",
        confidential=False,
        personal=PersonalData(purpose="pertimbangan", fields=frozenset({"applicant/name"})),
        retry=RetrySchedule(first_s=5.0, factor=3.0, max_s=3600.0, attempts=4),
    )


def test_what_is_not_said_is_absent_or_usual() -> None:
    ask = AGREEMENT.interaction("ask")
    assert ask is not None
    assert (ask.answer, ask.answer_within_days, ask.rate_per_s, ask.repeat) == (None, None, None, None)
    assert ask.retry == RetrySchedule()
    assert (ask.transport, ask.keep_for_years, ask.call_timeout_s, ask.max_size) == (Transport.SOAP_12, 1, 120, 65536)
    assert AGREEMENT.interaction("unheard-of") is None


@pytest.mark.parametrize(
    ("services", "service", "covered"),
    [(["krk"], "krk", True), (["krk"], "pbg", False), (["*"], "pbg", True), (["krk"], "*", False)],
)
def test_services_are_covered_when_named_or_all_are_pasal_21_2_c_2(
    services: list[str], service: str, covered: bool
) -> None:
    assert first(services=services).covers(service) is covered


@pytest.mark.parametrize(
    ("day", "in_force"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_it_is_in_force_from_its_first_day_to_its_last(day: date, in_force: bool) -> None:
    assert AGREEMENT.in_force(day) is in_force


def test_one_day_is_an_agreement_and_less_is_none() -> None:
    document = draft()
    document["agreement"]["valid_until"] = date(2026, 1, 1)
    assert agreement_from_document(document).in_force(date(2026, 1, 1))
    document["agreement"]["valid_until"] = date(2025, 12, 31)
    with pytest.raises(Misconfigured, match=r"agreement/valid_until.*2026-01-01") as caught:
        agreement_from_document(document)
    assert caught.value.code == "agreement-malformed"


def test_a_name_stands_for_one_interaction() -> None:
    with pytest.raises(Misconfigured, match="each name once"):
        agreement_from_document(draft(name="ask"))


@pytest.mark.parametrize(
    ("terms", "where"),
    [
        ({"call_timeout": "0s"}, "call_timeout"),
        ({"call_timeout": "soon"}, "call_timeout"),
        ({"max_size": "0B"}, "max_size"),
        ({"max_size": "5MB"}, "max_size"),
        ({"rate": "0/s"}, "rate"),
        ({"rate": "5/h"}, "rate"),
        ({"answer_within": "3 days"}, "answer_within"),
        ({"keep_for": "always"}, "keep_for"),
        ({"retry": {"first": "5", "factor": 2, "max": "10m", "attempts": 8}}, "retry/first"),
        ({"retry": {"first": "5s", "factor": 2, "max": "10", "attempts": 8}}, "retry/max"),
        ({"retry": {"first": "5s", "factor": 1.5, "max": "10m", "attempts": 8}}, "a number"),
    ],
)
def test_a_measure_without_its_unit_is_refused_at_its_place(terms: dict[str, Any], where: str) -> None:
    with pytest.raises(Misconfigured, match=where) as caught:
        agreement_from_document(draft(**terms))
    assert caught.value.code == "agreement-malformed"


@pytest.mark.parametrize(("said", "size"), [("7B", 7), ("2KiB", 2048), ("1GiB", 2**30)])
def test_sizes_are_binary(said: str, size: int) -> None:
    assert first(max_size=said).max_size == size


def test_the_canonical_form_is_sorted_compact_json_and_is_hashed_rfc_8785() -> None:
    canonical = canonical_bytes(AGREEMENT)
    plain = json.loads(canonical)
    assert plain["agreement"]["valid_from"] == "2026-01-01"
    assert canonical == json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert agreement_hash(AGREEMENT) == hashlib.sha256(canonical).hexdigest()


def shuffled(value: Any, pick: st.DataObject) -> Any:
    if isinstance(value, dict):
        return {name: shuffled(value[name], pick) for name in pick.draw(st.permutations(list(value)))}
    return [shuffled(each, pick) for each in value] if isinstance(value, list) else value


@given(st.data())
def test_the_order_of_keys_does_not_count_rfc_8785(pick: st.DataObject) -> None:
    assert agreement_hash(agreement_from_document(shuffled(FILE, pick))) == agreement_hash(AGREEMENT)


@pytest.mark.parametrize("terms", [{"call_timeout": "2s"}, {"services": ["pbg", "krk"]}, {"confidential": True}])
def test_every_term_counts(terms: dict[str, Any]) -> None:
    assert agreement_hash(agreement_from_document(draft(**terms))) != agreement_hash(AGREEMENT)


def test_a_stored_form_gives_the_same_agreement_back() -> None:
    stored = canonical_bytes(AGREEMENT)
    assert from_canonical(stored) == from_canonical(stored.decode()) == AGREEMENT


@pytest.mark.parametrize(
    "stored", ["", "[]", "{}", '{"agreement": 1}', b"\xff", '{"agreement": {}, "interaction": []}']
)
def test_a_damaged_stored_form_is_an_operators_business(stored: str | bytes) -> None:
    with pytest.raises(Misconfigured) as caught:
        from_canonical(stored)
    assert caught.value.code == "agreement-malformed"
