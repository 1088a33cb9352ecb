"""OSS receiveNIB 1.1: null, numbers, firms whose directors have passports, and permits that are not the city's."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.oss import ADAPTER
from gateway.contract.adapter import Accept, Decline, Effect, Reason, Submission
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    Applicant,
    ApplicationCorrected,
    ApplicationRegistered,
    AttentionRaised,
    CaseEvent,
    Reference,
)
from gateway.domain.identifiers import NPWP

EXAMPLES = Path(__file__).parents[2] / "schemas/oss/receiveNIB/1.1/examples/request"
PERMIT = Reference(kind="id-izin", value="I-202603-000001")


@pytest.fixture
def submission() -> Submission:
    (declared,) = (each for each in ADAPTER.named("receiveNIB") if each.version == "1.1")
    assert isinstance(declared, Submission)
    return declared


def _example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return deepcopy(loaded)


def _effects(submission: Submission, message: dict[str, Any], *cases: PermitCase) -> tuple[Effect, ...]:
    heard = submission.to_cases(message, dict.fromkeys(submission.about(message), cases))
    assert isinstance(heard, Accept)
    return heard.effects


def _opened(submission: Submission, message: dict[str, Any]) -> tuple[ApplicationRegistered, tuple[CaseEvent, ...]]:
    (effect,) = _effects(submission, message)
    event, *more = effect.events
    assert isinstance(event, ApplicationRegistered)
    return event, tuple(more)


def test_numbers_mean_what_their_text_means_leading_zeros_included(submission: Submission) -> None:
    as_text, _ = _opened(submission, _example("one-permit"))
    as_numbers, more = _opened(submission, _example("numbers"))
    assert (as_numbers.applicant, as_numbers.site, as_numbers.service) == (
        as_text.applicant,
        as_text.site,
        as_text.service,
    )
    named = {each.kind: each.value for each in as_numbers.references}
    assert (named["id-izin"], named["kd-izin"], named["oss-id"]) == ("202603000001", "057600000001", "20260300000017")
    assert more == ()
    message = _example("numbers")
    message["dataNIB"] |= {"npwp_perseroan": 0, "status_nib": 5}
    frozen, (told,) = _opened(submission, message)
    assert frozen.applicant.npwp is None
    assert isinstance(told, AttentionRaised)
    assert "status_nib 05" in told.text
    message["dataNIB"]["data_checklist"][0]["kewenangan"] = 0  # the centre's
    assert submission.about(message) == ()


def test_null_is_as_good_as_nothing(submission: Submission) -> None:
    event, more = _opened(submission, _example("nulls"))
    assert (event.applicant.email, event.site.purpose, more) == ("", "Toko Contoh", ())
    assert "id-produk" not in {each.kind for each in event.references}


def test_a_firm_whose_directors_have_passports_is_opened_without_a_nik_and_an_officer_looks_at_them(
    submission: Submission, oss_case: PermitCase
) -> None:
    message = _example("directors-with-passports")
    event, (told,) = _opened(submission, message)
    assert (event.applicant.name, event.applicant.nik) == ("JOHN CONTOH", None)
    assert event.applicant.npwp == NPWP("000000000999000")
    assert isinstance(told, AttentionRaised)
    assert "paspor" in told.text
    assert "X0000017" not in f"{event}{told}"  # whoever needs it finds it in the message
    message["dataNIB"]["tipe_dokumen"] = "5"
    (effect,) = _effects(submission, message, oss_case)
    assert [type(each) for each in effect.events] == [ApplicationCorrected, AttentionRaised]
    known = replace(oss_case, applicant=_applicant(effect.events[0]))
    message["dataNIB"]["nama_perseroan"] = "PT CONTOH SENTOSA"
    (effect,) = _effects(submission, message, known)
    assert [type(each) for each in effect.events] == [ApplicationCorrected]


def _applicant(event: CaseEvent) -> Applicant:
    assert isinstance(event, ApplicationCorrected)
    assert event.applicant is not None
    return event.applicant


@pytest.mark.parametrize(
    ("change", "words"),
    [({"npwp_perseroan": None}, "NPWP"), ({"jenis_pelaku_usaha": "02"}, "NIK"), ({"jenis_pelaku_usaha": 2}, "NIK")],
)
def test_whom_neither_nik_nor_npwp_names_opens_nothing_pasal_8_4_c(
    submission: Submission, change: dict[str, Any], words: str
) -> None:
    message = _example("directors-with-passports")
    message["dataNIB"] |= change
    heard = submission.to_cases(message, {})
    assert isinstance(heard, Decline)
    assert heard.reason is Reason.INCONSISTENT
    assert words in heard.text


def test_a_permit_elsewhere_refuses_no_other_whatever_the_message_says_of_the_firms_seat(
    submission: Submission,
) -> None:
    message = _example("a-permit-elsewhere")
    assert submission.about(message) == (PERMIT,)
    (effect,) = _effects(submission, message)
    assert effect.key == PERMIT
    message["dataNIB"]["kd_daerah"] = "3578000000"  # the seat is elsewhere, and the first project is here
    message["dataNIB"]["data_checklist"][0]["kd_daerah"] = None
    assert submission.about(message) == (PERMIT,)


def test_of_a_projects_places_the_one_in_the_city_counts(submission: Submission) -> None:
    message = _example("one-permit")
    message["dataNIB"]["data_checklist"][0]["kd_daerah"] = ""
    places = message["dataNIB"]["data_proyek"][0]["data_lokasi_proyek"]
    places.insert(0, {"proyek_daerah_id": "3578071003", "alamat_usaha": "Jalan Contoh 99"})
    event, _ = _opened(submission, message)
    assert (event.site.kelurahan, event.site.address) == ("35.76.01.1003", "Jalan Contoh 17")


@pytest.mark.parametrize("path", ["data_lokasi_proyek", "data_lokasi_proyek/0/alamat_usaha"])
def test_a_permit_of_the_city_without_a_place_declines_the_message(submission: Submission, path: str) -> None:
    message = _example("one-permit")
    at: Any = message["dataNIB"]["data_proyek"][0]
    *way, last = path.split("/")
    for step in way:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = None
    heard = submission.to_cases(message, {})
    assert isinstance(heard, Decline)
    assert "I-202603-000001" in heard.text


def test_no_message_of_a_correct_form_makes_the_mapping_fail(submission: Submission) -> None:
    for example in EXAMPLES.glob("*.json"):
        if not example.stem.endswith("_fail"):
            message = _example(example.stem)
            assert isinstance(submission.to_cases(message, dict.fromkeys(submission.about(message), ())), Accept)
