"""OSS receiveNIB: one message opens, corrects or withdraws several permit cases; in part it is never taken."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.oss import ADAPTER
from adapters.oss.nib import SAMPLE_SERVICES
from gateway.contract.adapter import Accept, Decline, Effect, Found, Interaction, Reason, Submission
from gateway.contract.message import Payload, Refusal
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import MappingFault
from gateway.domain.events import (
    ApplicantKind,
    ApplicationCorrected,
    ApplicationRegistered,
    ApplicationWithdrawn,
    AttentionRaised,
    Origin,
    Reference,
)
from gateway.domain.identifiers import NPWP

EXAMPLES = Path(__file__).parents[2] / "schemas/oss/receiveNIB/1.0/examples/request"
PERMITS = tuple(Reference(kind="id-izin", value=f"I-202603-00000{number}") for number in (1, 2))


@pytest.fixture
def submission() -> Submission:
    declared = ADAPTER.interaction("receiveNIB")
    assert isinstance(declared, Submission)
    return declared


@pytest.fixture
def message() -> dict[str, Any]:
    """Two permits of one firm; free to be changed by the test."""
    loaded: dict[str, Any] = json.loads((EXAMPLES / "two-permits.json").read_text(encoding="utf-8"))
    return deepcopy(loaded)


def _effects(heard: Accept | Decline) -> tuple[Effect, ...]:
    assert isinstance(heard, Accept)
    return heard.effects


def _opened(heard: Accept | Decline) -> ApplicationRegistered:
    event = _effects(heard)[0].events[0]
    assert isinstance(event, ApplicationRegistered)
    return event


def _reason(heard: Accept | Decline, *words: str) -> Reason:
    assert isinstance(heard, Decline)
    assert all(word in heard.text for word in words)
    return heard.reason


def test_an_original_opens_one_case_for_each_permit(submission: Submission, message: dict[str, Any]) -> None:
    assert submission.about(message) == PERMITS
    effects = _effects(submission.to_cases(message, dict.fromkeys(PERMITS, ())))
    assert [(effect.case, effect.key) for effect in effects] == [(None, PERMITS[0]), (None, PERMITS[1])]
    opened = [event for effect in effects for event in effect.events]
    assert [event.service for event in opened if isinstance(event, ApplicationRegistered)] == ["pbg", "reklame"]


def test_an_opened_case_knows_its_applicant_site_and_every_id_that_oss_gave(
    submission: Submission, message: dict[str, Any]
) -> None:
    event = _opened(submission.to_cases(message, {}))
    assert event.origin is Origin.OSS
    assert event.applicant.kind is ApplicantKind.COMPANY
    assert (event.applicant.name, event.applicant.company) == ("SITI CONTOH", "PT CONTOH SEJAHTERA")
    assert event.applicant.phone == "+6281200000017"
    assert event.applicant.npwp == NPWP("000000000999000")
    assert (event.site.kelurahan, event.site.address) == ("35.76.01.1003", "Jalan Contoh 17")
    assert event.site.purpose == "Toko Contoh"
    assert {each.kind: each.value for each in event.references} == {
        "nib": "0000000000017",
        "oss-id": "Q-202603-00000017",
        "id-izin": "I-202603-000001",
        "kd-izin": "057600000001",
        "id-produk": "R-202603-000001",
        "id-proyek": "P-202603-000001",
    }


def test_a_natural_person_has_no_firm(submission: Submission, message: dict[str, Any]) -> None:
    message["dataNIB"] |= {"jenis_pelaku_usaha": "02", "npwp_perseroan": "", "email_perusahaan": "toko@contoh.example"}
    message["dataNIB"]["penanggung_jwb"][0]["email_penanggung_jwb"] = None
    applicant = _opened(submission.to_cases(message, {})).applicant
    assert (applicant.kind, applicant.company, applicant.npwp) == (ApplicantKind.PERSON, None, None)
    assert applicant.email == "toko@contoh.example"
    message["dataNIB"]["penanggung_jwb"][0]["npwp_penanggung_jwb"] = "00.000.001.8-999.000"
    assert _opened(submission.to_cases(message, {})).applicant.npwp == NPWP("000000018999000")


def test_the_person_with_a_ktp_is_the_applicant(submission: Submission, message: dict[str, Any]) -> None:
    people = message["dataNIB"]["penanggung_jwb"]
    foreign = people[0] | {"jns_identitas_penanggung_jwb": "02", "no_identitas_penanggung_jwb": "X0000017"}
    message["dataNIB"]["penanggung_jwb"] = [foreign, *people]
    assert _opened(submission.to_cases(message, {})).applicant.nik == "9999014506900001"


def test_a_permit_without_project_takes_the_first(submission: Submission, message: dict[str, Any]) -> None:
    for entry in message["dataNIB"]["data_checklist"]:
        del entry["id_proyek"]
    message["dataNIB"]["data_proyek"][0]["nama_kegiatan"] = " "
    event = _opened(submission.to_cases(message, {}))
    assert event.site.purpose == "Perdagangan eceran"
    assert "id-proyek" not in {each.kind for each in event.references}


@pytest.mark.parametrize("change", [{"kewenangan": "01"}, {"kewenangan": "00"}, {"kd_daerah": "3516000000"}])
def test_permits_of_other_authorities_are_left_to_them(
    submission: Submission, message: dict[str, Any], change: dict[str, str]
) -> None:
    message["dataNIB"]["data_checklist"][1] |= change
    assert submission.about(message) == PERMITS[:1]
    assert len(_effects(submission.to_cases(message, {}))) == 1


@pytest.mark.parametrize(("inherited", "expected"), [("02", 2), ("01", 0), (None, 2)])
def test_a_permit_that_does_not_say_inherits_from_the_message(
    submission: Submission, message: dict[str, Any], inherited: str | None, expected: int
) -> None:
    message["dataNIB"]["kewenangan"] = inherited
    for entry in message["dataNIB"]["data_checklist"]:
        entry |= {"kewenangan": "", "kd_daerah": ""}
    message["dataNIB"]["kd_daerah"] = ""
    assert len(_effects(submission.to_cases(message, {}))) == expected


def test_a_repeated_original_opens_nothing_twice(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase
) -> None:
    effects = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case,), PERMITS[1]: ()}))
    assert [effect.key for effect in effects] == [PERMITS[1]]


def test_an_update_corrects_what_is_there_and_opens_what_is_not(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    corrected, opened = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case,), PERMITS[1]: ()}))
    assert corrected.case == oss_case.id
    (event,) = corrected.events
    assert isinstance(event, ApplicationCorrected)
    assert event.site is not None
    assert event.site.address == "Jalan Contoh 17"
    assert (opened.case, opened.key) == (None, PERMITS[1])


def test_an_update_keeps_the_built_area_that_an_officer_entered_and_says_nothing_where_nothing_is_new(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    (effect, _) = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case,), PERMITS[1]: ()}))
    (event,) = effect.events
    assert isinstance(event, ApplicationCorrected)
    assert event.site is not None
    assert event.applicant is not None
    assert event.site.area_m2 == oss_case.site.area_m2
    known = replace(oss_case, applicant=event.applicant, site=event.site)
    found: Found = {PERMITS[0]: (known,), PERMITS[1]: (known,)}
    assert submission.to_cases(message, found) == Accept()
    for stage in (Stage.INCOMPLETE, Stage.RETURNED):  # it was sent back, and this is the answer
        waiting = replace(known, stage=stage)
        (answer, _) = _effects(submission.to_cases(message, {PERMITS[0]: (waiting,), PERMITS[1]: ()}))
        assert [type(event) for event in answer.events] == [ApplicationCorrected]


@pytest.mark.parametrize("stage", [Stage.VALIDATED, Stage.RECOMMENDED, Stage.APPROVED, Stage.CHARGED, Stage.SIGNED])
def test_an_update_of_what_others_have_judged_is_for_a_person(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase, stage: Stage
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    judged = replace(oss_case, stage=stage)
    (effect, _) = _effects(submission.to_cases(message, {PERMITS[0]: (judged,), PERMITS[1]: ()}))
    (event,) = effect.events
    assert isinstance(event, AttentionRaised)
    assert stage.value in event.text


def test_an_update_of_a_permit_in_force_is_for_a_person(
    submission: Submission, message: dict[str, Any], issued_case: PermitCase
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    (effect, _) = _effects(submission.to_cases(message, {PERMITS[0]: (issued_case,), PERMITS[1]: ()}))
    assert effect.case == issued_case.id
    assert [type(event) for event in effect.events] == [AttentionRaised]


@pytest.mark.parametrize(("status", "word"), [("05", "dibekukan"), ("06", "dicabut")])
def test_a_number_that_is_not_active_calls_a_person_about_old_cases_and_new_ones(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase, status: str, word: str
) -> None:
    message["dataNIB"] |= {"tipe_dokumen": "5", "status_nib": status}
    old, new = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case,), PERMITS[1]: ()}))
    assert [type(event) for event in old.events] == [ApplicationCorrected, AttentionRaised]
    assert [type(event) for event in new.events] == [ApplicationRegistered, AttentionRaised]
    assert all(word in event.text for event in (*old.events, *new.events) if isinstance(event, AttentionRaised))


def test_a_permit_that_is_not_mapped_holds_up_no_other_and_an_officer_reads_of_it_once(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase
) -> None:
    message["dataNIB"]["data_checklist"][1]["kd_izin"] = "057600000099"
    (opened,) = _effects(submission.to_cases(message, {}))
    assert opened.key == PERMITS[0]
    told = opened.events[-1]
    assert isinstance(told, AttentionRaised)
    assert "I-202603-000002 (kd_izin 057600000099)" in told.text
    for tipe in ("9", "5"):
        message["dataNIB"]["tipe_dokumen"] = tipe
        (again,) = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case,)}))
        assert again.events[-1] == told
        knowing = replace(oss_case, attention=(f"{told.source}: {told.text}",))
        effects = _effects(submission.to_cases(message, {PERMITS[0]: (knowing,)}))
        assert told not in [event for effect in effects for event in effect.events]
    message["dataNIB"]["data_checklist"][0]["kd_izin"] = "057600000098"
    with pytest.raises(MappingFault, match="057600000098, 057600000099"):
        submission.to_cases(message, {})


def test_a_permit_elsewhere_is_left_to_whoever_is_there(submission: Submission, message: dict[str, Any]) -> None:
    data = message["dataNIB"]
    data.pop("kd_daerah", None)
    away = data["data_checklist"][0]
    away.pop("kd_daerah", None)
    here = next(each for each in data["data_proyek"] if each["id_proyek"] == away["id_proyek"])
    here["data_lokasi_proyek"][0]["proyek_daerah_id"] = "3578071003"
    data["data_checklist"][1:] = []
    assert submission.about(message) == ()
    assert _effects(submission.to_cases(message, {})) == ()


def test_an_update_leaves_an_ended_case_alone(
    submission: Submission, message: dict[str, Any], ended_case: PermitCase
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    found: Found = dict.fromkeys(PERMITS, (ended_case,))
    assert submission.to_cases(message, found) == Accept()


@pytest.mark.parametrize(("kind", "why"), [("3", "NIB dicabut"), ("4", "NIB dibatalkan")])
def test_a_withdrawn_nib_withdraws_every_open_case(
    submission: Submission, oss_case: PermitCase, ended_case: PermitCase, kind: str, why: str
) -> None:
    withdrawal: Payload = {"dataNIB": {"nib": "0000000000017", "oss_id": "Q-1", "tipe_dokumen": kind}}
    nib = Reference(kind="nib", value="0000000000017")
    assert submission.about(withdrawal) == (nib,)
    (effect,) = _effects(submission.to_cases(withdrawal, {nib: (oss_case, ended_case)}))
    assert effect.case == oss_case.id
    assert effect.events == (ApplicationWithdrawn(by="OSS", reason=why),)


def test_a_withdrawn_nib_that_we_never_saw_is_acknowledged(submission: Submission) -> None:
    withdrawal: Payload = {"dataNIB": {"nib": "0000000000017", "oss_id": "Q-1", "tipe_dokumen": "3"}}
    assert submission.to_cases(withdrawal, {}) == Accept()


def test_an_issued_permit_is_for_an_officer_to_revoke_pasal_7_2_b(
    submission: Submission, issued_case: PermitCase, case: PermitCase
) -> None:
    withdrawal: Payload = {"dataNIB": {"nib": "0000000000017", "oss_id": "Q-1", "tipe_dokumen": "3"}}
    nib = Reference(kind="nib", value="0000000000017")
    effects = _effects(submission.to_cases(withdrawal, {nib: (issued_case, case)}))
    assert [effect.case for effect in effects] == [issued_case.id, case.id]
    assert all(isinstance(event, AttentionRaised) for effect in effects for event in effect.events)


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"data_checklist/1/id_proyek": "P-OTHER"}, Reason.INCONSISTENT, ("I-202603-000002", "P-OTHER")),
        ({"penanggung_jwb/0/no_identitas_penanggung_jwb": "X0000017"}, Reason.INCONSISTENT, ("NIK",)),
        ({"penanggung_jwb/0/no_hp_penanggung_jwb": "0321000017"}, Reason.INCONSISTENT, ("telephone",)),
        ({"npwp_perseroan": "123456780999000"}, Reason.INCONSISTENT, ("NPWP",)),
        ({"data_proyek/0/data_lokasi_proyek/0/proyek_daerah_id": "3576000000"}, Reason.INCONSISTENT, ("kelurahan",)),
    ],
)
def test_one_unreadable_permit_declines_the_whole_message(
    submission: Submission, message: dict[str, Any], change: dict[str, str], reason: Reason, words: tuple[str, ...]
) -> None:
    for path, value in change.items():
        at: Any = message["dataNIB"]
        *way, last = path.split("/")
        for step in way:
            at = at[int(step)] if step.isdigit() else at[step]
        at[last] = value
    assert _reason(submission.to_cases(message, {}), *words) is reason


def test_identity_is_the_content_whatever_its_order(submission: Submission, message: dict[str, Any]) -> None:
    assert submission.identity is not None
    reordered = {"dataNIB": dict(reversed(message["dataNIB"].items()))}
    assert submission.identity(message) == submission.identity(reordered)
    for member, value in (("nib", "0000000000018"), ("oss_id", "Q-2"), ("data_checklist", []), ("skala_usaha", "03")):
        changed = {"dataNIB": message["dataNIB"] | {member: value}}
        assert submission.identity(changed) != submission.identity(message)
    assert "0000000000017" not in submission.identity(message)


def test_no_message_of_a_correct_form_makes_the_mapping_fail(submission: Submission) -> None:
    for example in EXAMPLES.glob("*.json"):
        if not example.stem.endswith("_fail"):
            payload = json.loads(example.read_text(encoding="utf-8"))
            assert isinstance(submission.to_cases(payload, dict.fromkeys(submission.about(payload), ())), Accept)


def test_the_table_of_permits_names_services_of_the_agreement(agreed_services: Callable[[str, str], set[str]]) -> None:
    assert set(SAMPLE_SERVICES.values()) == agreed_services("oss-2026", "receiveNIB")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Refusal(code="not-authenticated", text="Token salah"), 401),
        (Refusal(code="not-agreed", text="tidak ada perjanjian"), 403),
        (Refusal(code="schema-violation", text=""), 400),
        (Refusal(code="inconsistent", text="x" * 400), 400),
        (Refusal(code="commit-unknown", text="sibuk", retriable=True, busy=True), 504),
        (Refusal(code="mapping-fault", text="gangguan", retriable=True), 500),
    ],
)
def test_a_refusal_is_status_2_with_the_reason(
    submission: Submission, refusal: Refusal, status: int, violations: Callable[[str, Payload], list[str]]
) -> None:
    assert ADAPTER.dialect is not None
    reply = ADAPTER.dialect.refuse(submission, refusal, None)
    assert reply.status == status
    answer = reply.payload["responreceiveNIB"]
    assert isinstance(answer, dict)
    assert answer == {"status": "2", "keterangan": (refusal.text or refusal.code)[:255]}
    assert violations("oss/receiveNIB/1.0/reply", reply.payload) == []


@pytest.mark.parametrize(("after_s", "headers"), [(None, {}), (5, {"Retry-After": "5"})])
def test_when_to_try_again_is_told(submission: Submission, after_s: int | None, headers: dict[str, str]) -> None:
    assert ADAPTER.dialect is not None
    refusal = Refusal(code="hub-busy", text="sibuk", retriable=True, busy=True, after_s=after_s)
    assert ADAPTER.dialect.refuse(submission, refusal, None).headers == headers


def test_what_was_taken_is_status_1(
    submission: Submission, message: dict[str, Any], violations: Callable[[str, Payload], list[str]]
) -> None:
    assert ADAPTER.dialect is not None
    heard = submission.to_cases(message, {})
    assert isinstance(heard, Accept)
    declared: Interaction = submission
    reply = ADAPTER.dialect.accept(declared, message, heard)
    assert (reply.status, reply.payload["responreceiveNIB"]) == (
        200,
        {"status": "1", "keterangan": "Data diterima: 2 izin diproses"},
    )
    assert violations("oss/receiveNIB/1.0/reply", reply.payload) == []


def test_a_second_case_of_the_same_permit_is_corrected_too(
    submission: Submission, message: dict[str, Any], oss_case: PermitCase
) -> None:
    message["dataNIB"]["tipe_dokumen"] = "5"
    again = replace(oss_case, id="K-2026-000099")
    effects = _effects(submission.to_cases(message, {PERMITS[0]: (oss_case, again), PERMITS[1]: (again,)}))
    assert [effect.case for effect in effects] == [oss_case.id, again.id, again.id]
