"""DJP: a tax status is confirmed only where every finding says so; a doubtful one calls a person and refuses nobody."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.djp import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Query, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import AttentionRaised, TaxStatusConfirmed, TaxStatusDoubtful, VerifyTaxStatus
from gateway.domain.identifiers import NPWP

ASK = VerifyTaxStatus()
FILED: list[Json] = [{"tahun": 2024, "dilaporkan": True}, {"tahun": 2025, "dilaporkan": True}]


@pytest.fixture
def query() -> Query[VerifyTaxStatus]:
    declared = ADAPTER.interaction("verify-tax-status")
    assert isinstance(declared, Query)
    return declared


def _found(status: str = "TIDAK VALID", **findings: Json) -> Payload:
    return {"hasil": {"status": status, "npwp": "DITEMUKAN", "nama": "SESUAI", "spt": FILED, **findings}}


@pytest.mark.parametrize(
    ("npwp", "company", "sent", "name"),
    [
        ("000000000999000", "PT Contoh Sejahtera", "0000000000999000", "PT Contoh Sejahtera"),
        ("0000000000999000", None, "0000000000999000", "Siti Contoh"),
        ("9999014506900001", None, "9999014506900001", "Siti Contoh"),
    ],
)
def test_npwp_and_the_name_it_stands_under_are_sent_and_nothing_else_about_the_applicant(
    query: Query[VerifyTaxStatus],
    case: PermitCase,
    npwp: str,
    company: str | None,
    sent: str,
    name: str,
    violations: Callable[[str, Payload], list[str]],
) -> None:
    taxed = replace(case, applicant=replace(case.applicant, npwp=NPWP(npwp), company=company))
    payload = query.to_agency(taxed, ASK, "m-1")
    assert payload == {"nomor_permintaan": "m-1", "npwp": sent, "nama": name}
    assert violations(query.request, payload) == []


def test_every_finding_and_the_verdict_together_confirm_the_status(
    query: Query[VerifyTaxStatus], case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    reply = _found("VALID")
    assert violations(query.reply, reply) == []
    heard = query.to_case(case, ASK, reply)
    assert isinstance(heard, Accept)
    assert [(effect.case, effect.events) for effect in heard.effects] == [(case.id, (TaxStatusConfirmed(),))]


def _years(*filed: bool) -> list[Json]:
    return [{"tahun": 2024 + n, "dilaporkan": each} for n, each in enumerate(filed)]


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        ({"hasil": {"status": "TIDAK VALID", "npwp": "TIDAK DITEMUKAN"}}, "not-found", ("tidak ditemukan",)),
        (_found(nama="TIDAK SESUAI"), "name-differs", ("nama tidak sesuai",)),
        (_found(spt=_years(True, False)), "spt-missing", ("SPT Tahunan 2025 belum",)),
        (_found(spt=_years(False, False)), "spt-missing", ("SPT Tahunan 2024 dan 2025 belum",)),
        (_found(nama="TIDAK SESUAI", spt=_years(False, True)), "name-differs", ("nama tidak sesuai", "2024")),
    ],
)
def test_what_is_not_confirmed_is_doubtful_and_calls_a_person(
    query: Query[VerifyTaxStatus],
    case: PermitCase,
    reply: Payload,
    reason: str,
    words: tuple[str, ...],
    violations: Callable[[str, Payload], list[str]],
) -> None:
    assert violations(query.reply, reply) == []
    heard = query.to_case(case, ASK, reply)
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    doubtful, told = effect.events
    assert isinstance(doubtful, TaxStatusDoubtful)
    assert isinstance(told, AttentionRaised)
    assert doubtful.reason == reason
    assert all(word in text for word in words for text in (doubtful.text, told.text))
    assert told.source == "djp/verify-tax-status"


@pytest.mark.parametrize(
    "reply",
    [
        _found("VALID", nama="TIDAK SESUAI"),
        _found("VALID", spt=_years(True, False)),
        {"hasil": {"status": "VALID", "npwp": "TIDAK DITEMUKAN"}},
        _found("TIDAK VALID"),
        _found("VALID", spt=[FILED[0], FILED[0]]),
        {"galat": {"kode": "AKSES_DITOLAK", "pesan": "User atau kata sandi salah"}},
        {"galat": {"kode": "FORMAT_SALAH", "pesan": "NPWP salah"}},
        {"galat": {"kode": "BARU", "pesan": "?"}},
    ],
)
def test_what_no_rule_decides_goes_to_a_person(
    query: Query[VerifyTaxStatus], case: PermitCase, reply: Payload, violations: Callable[[str, Payload], list[str]]
) -> None:
    assert violations(query.reply, reply) == []
    heard = query.to_case(case, ASK, reply)
    assert isinstance(heard, AskPerson)
    assert heard.again is ("AKSES_DITOLAK" in str(reply))


@pytest.mark.parametrize(
    ("error", "after_s"),
    [
        ({"kode": "KUOTA_HABIS", "pesan": "habis", "coba_lagi_detik": 32400}, 32400),
        ({"kode": "LAYANAN_DITUTUP", "pesan": "pemeliharaan"}, 900),
    ],
)
def test_a_spent_quota_and_a_closed_service_say_nothing_of_the_applicant(
    query: Query[VerifyTaxStatus], case: PermitCase, error: dict[str, Json], after_s: int
) -> None:
    heard = query.to_case(case, ASK, {"galat": error})
    assert isinstance(heard, Retry)
    assert (heard.after_s, heard.counts) == (after_s, False)
