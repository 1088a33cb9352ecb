"""What facts leave on a case, and the situations that the regulation decides (Pasal 7, 8, 11 to 18)."""

from dataclasses import FrozenInstanceError, replace
from datetime import datetime

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Residency, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.events import AttachedDocument, CaseEvent, Reference
from tests.domain import journeys as j
from tests.domain.fitting import RAISED, end_of, suspended, warned
from tests.domain.journeys import (
    DAY,
    START,
    after,
    case_in,
    notice_received,
    opened,
    path,
    recommendation,
    refusal,
    refused,
    registration,
)

S = Stage
NAIVE = datetime(2026, 3, 2, 9)  # noqa: DTZ001 - the fault under test
REFUTED = e.ResidentRefuted(reason="deceased", text="Data tercatat meninggal")

# --- opening --------------------------------------------------------------------------------------------------------


def test_a_case_keeps_the_permit_type_of_its_registration_pasal_19() -> None:
    kind = SAMPLE.find("pbg", START.date())
    case = PermitCase.open("K-1", registration(), START, kind)
    assert (case.id, case.version, case.stage, case.registered_at) == ("K-1", 1, S.REGISTERED, START)
    assert (case.service, case.levied, case.paper) == (kind.code, kind.levied, kind.paper)
    assert case.required_recommendations == kind.recommended_by
    assert case.missing_documents == kind.required_documents


def test_a_case_is_not_opened_under_another_type() -> None:
    error = refusal(lambda: PermitCase.open("K-1", registration("krk"), START, SAMPLE.find("pbg", START.date())))
    assert error.code == "service-mismatch"


def test_attached_documents_are_no_longer_missing_and_a_new_one_replaces_the_old_pasal_12_1() -> None:
    ktp = AttachedDocument(kind="ktp", name="ktp.pdf", sha256="a" * 64)
    case = replace(case_in(S.REGISTERED), documents=(ktp,))
    assert case.missing_documents == ("bukti-tanah", "gambar-rencana")
    sharper = replace(ktp, name="ktp-2.pdf", sha256="b" * 64)
    land = AttachedDocument(kind="bukti-tanah", name="shm.pdf", sha256="c" * 64)
    corrected = case.apply(e.ApplicationCorrected(documents=(sharper, land)), START)
    assert corrected.documents == (sharper, land)
    assert corrected.missing_documents == ("gambar-rencana",)


def test_a_case_is_a_value() -> None:
    case = opened()
    with pytest.raises(FrozenInstanceError):
        case.stage = S.ACTIVE  # type: ignore[misc]  # the fault under test


@pytest.mark.parametrize(
    "event",
    [
        replace(j.PAID, paid_at=NAIVE),
        notice_received(NAIVE),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_fact_with_a_time_without_zone_is_refused(event: CaseEvent) -> None:
    case = case_in(S.CHARGED)
    assert refusal(lambda: case.apply(event, START)).code == "time-without-zone"
    assert refusal(lambda: case.apply(j.PAID, NAIVE)).code == "time-without-zone"
    assert case.apply(j.PAID, START).stage is S.PAID


def test_a_registration_with_a_time_without_zone_is_refused() -> None:
    kind = SAMPLE.find("pbg", START.date())
    ticked = replace(registration(), declaration=replace(j.DECLARATION, accepted_at=NAIVE))
    error = refusal(lambda: PermitCase.open("K-1", ticked, START, kind))
    assert error.code == "time-without-zone"
    assert "declaration.accepted_at" in error.text
    assert refusal(lambda: PermitCase.open("K-1", registration(), NAIVE, kind)).code == "time-without-zone"


# --- references -----------------------------------------------------------------------------------------------------


def test_a_case_collects_the_references_by_which_others_know_it() -> None:
    given = (Reference(kind="nib", value="0000000000017"), Reference(kind="id-izin", value="I-17"))
    event = replace(registration(), references=(*given, given[0]))
    case = PermitCase.open("K-1", event, START, SAMPLE.find("pbg", START.date()))
    assert case.references == given
    done = after(case, path(case))
    assert done.references == (
        *given,
        Reference(kind="tanda-terima", value="503/17/2026"),
        Reference(kind="virtual-account", value=j.SKRD_350.payment_code),
        Reference(kind="permit-number", value="001/PBG/III/2026"),
    )
    assert done.reference("nib") == "0000000000017"
    assert done.reference("no-such-kind") is None


def test_the_virtual_account_is_known_from_the_charge_on_in_digits_pasal_14_2() -> None:
    assert case_in(S.APPROVED).reference("virtual-account") is None
    account = case_in(S.CHARGED).reference("virtual-account")
    assert account == j.SKRD_350.payment_code
    assert account.isdigit()


@pytest.mark.parametrize("stage", [S.NUMBERED, S.PREPARED, S.SIGNED])
def test_a_reserved_number_is_no_reference_until_it_is_in_force_pasal_11_3_i(stage: Stage) -> None:
    case = case_in(stage)
    assert case.reserved_number == "001/PBG/III/2026"
    assert case.reference("permit-number") is None
    assert (case.number_active, case.in_force_since) == (False, None)


def test_an_active_number_is_a_reference_and_keeps_its_moment_when_revoked_pasal_7_2_b() -> None:
    active = case_in(S.SIGNED).apply(j.ACTIVATED, START + DAY)
    assert active.reference("permit-number") == "001/PBG/III/2026"
    assert (active.number_active, active.in_force_since) == (True, START + DAY)
    revoked = active.apply(j.REVOKED, START + 9 * DAY)
    assert revoked.outcome is S.REVOKED
    assert (revoked.number_active, revoked.in_force_since) == (False, START + DAY)
    assert revoked.reference("permit-number") == "001/PBG/III/2026"


# --- the applicant and corrections ----------------------------------------------------------------------------------


def test_a_company_is_validated_without_the_registry_pasal_8_4_c() -> None:
    person = replace(case_in(S.VERIFIED), residency=Residency.UNCHECKED)
    company = replace(person, applicant=replace(person.applicant, kind=e.ApplicantKind.COMPANY, company="PT Contoh"))
    assert refused(person, j.VALIDATED) == "resident-not-verified"
    assert company.apply(j.VALIDATED, START).stage is S.VALIDATED


def test_a_refuted_person_is_not_validated_until_another_answer_comes() -> None:
    case = case_in(S.VERIFIED).apply(REFUTED, START)
    assert case.residency is Residency.REFUTED
    assert case.attention == ()
    assert refused(case, j.VALIDATED) == "resident-not-verified"
    assert case.apply(j.NIK_KNOWN, START).apply(j.VALIDATED, START).stage is S.VALIDATED


@pytest.mark.parametrize("stage", [S.VALIDATED, S.RECOMMENDED, S.APPROVED, S.PAID, S.ACTIVE])
def test_a_refutation_after_the_validation_calls_a_person(stage: Stage) -> None:
    (text,) = case_in(stage).apply(REFUTED, START).attention
    assert "deceased" in text
    assert "Data tercatat meninggal" in text


def test_a_correction_of_the_person_needs_a_new_verification() -> None:
    case = case_in(S.VERIFIED)
    moved = case.apply(e.ApplicationCorrected(applicant=replace(j.APPLICANT, address="Jalan Contoh 9")), START)
    renamed = case.apply(e.ApplicationCorrected(applicant=replace(j.APPLICANT, name="Siti A. Contoh")), START)
    assert (moved.stage, moved.residency) == (S.COMPLETE, Residency.VERIFIED)
    assert moved.applicant.address == "Jalan Contoh 9"
    assert (renamed.stage, renamed.residency) == (S.COMPLETE, Residency.UNCHECKED)
    assert case.applicant == j.APPLICANT


def test_a_returned_application_comes_back_corrected_and_goes_on() -> None:
    case = after(opened(), [j.NIK_KNOWN, j.RETURNED, j.CORRECTED, j.COMPLETED, j.VERIFIED, j.RETURNED, j.CORRECTED])
    assert (case.stage, case.site.purpose) == (S.COMPLETE, "Toko")
    assert after(case, [j.VERIFIED, j.VALIDATED]).stage is S.VALIDATED


# --- recommendation, decision ---------------------------------------------------------------------------------------


def test_all_recommendations_come_before_the_decision_in_any_order_pasal_11_3_d() -> None:
    case = case_in(S.VALIDATED, "reklame")
    for agency in ("bpkpd", "satpolpp"):
        case = case.apply(recommendation(agency), START)
        assert case.stage is S.VALIDATED
    assert case.missing_recommendations == ("dpupr",)
    assert refused(case, j.APPROVED) == "recommendation-missing"
    case = case.apply(recommendation("dpupr", favourable=False), START)
    assert case.stage is S.RECOMMENDED
    given = case.recommendation("dpupr")
    assert given is not None
    assert not given.favourable
    assert case.apply(j.APPROVED, START).approved_by == "kepala-bidang"


def test_a_rejection_ends_the_case_pasal_14_1() -> None:
    case = case_in(S.RECOMMENDED).apply(j.REJECTED, START + DAY)
    assert (case.outcome, case.decided_at, case.approved_by) == (S.REJECTED, START + DAY, None)
    assert refused(case, j.APPROVED) == "case-ended"


# --- charge, payment, lapse -----------------------------------------------------------------------------------------


def test_a_payment_before_the_lapse_wins_and_after_it_is_too_late_pasal_14_4() -> None:
    cut_off = end_of(START, 14)
    charged = case_in(S.CHARGED).apply(notice_received(START), START)
    lapse = e.ChargeLapsed(due_on=cut_off.date())
    paid = charged.apply(j.PAID, cut_off)
    assert refused(paid, lapse, cut_off) == "already-paid"
    lapsed = charged.apply(lapse, cut_off)
    assert refused(lapsed, j.PAID, cut_off) == "charge-lapsed"
    assert (lapsed.outcome, lapsed.payment, paid.payment) == (S.LAPSED, None, j.PAID)


def test_a_payment_is_taken_while_suspended_and_the_document_waits_pasal_17_4() -> None:
    case = suspended(case_in(S.CHARGED)).apply(j.PAID, START + 7 * DAY)
    assert (case.stage, case.suspended) == (S.PAID, True)
    assert refused(case, j.RESERVED, START + 7 * DAY) == "suspended"
    lifted = case.apply(j.SURVEYED, START + 8 * DAY)
    assert (lifted.suspended, lifted.survey) == (False, j.ANSWERS)
    assert lifted.apply(j.RESERVED, START + 8 * DAY).stage is S.NUMBERED


def test_a_lapse_or_a_withdrawal_ends_a_suspension() -> None:
    case = suspended(case_in(S.CHARGED).apply(notice_received(START), START))
    lapsed = case.apply(e.ChargeLapsed(due_on=end_of(START, 14).date()), end_of(START, 14))
    assert not lapsed.suspended
    assert not case.apply(j.WITHDRAWN, START + 7 * DAY).suspended


# --- document and number --------------------------------------------------------------------------------------------


def test_a_declined_signature_voids_the_number_for_good_pasal_11_3_i() -> None:
    case = case_in(S.PREPARED).apply(j.DECLINED, START)
    assert (case.stage, case.reserved_number, case.document_sha256) == (S.PAID, None, None)
    assert case.voided_numbers == ("001/PBG/III/2026",)
    assert refused(case, j.RESERVED) == "number-voided"
    again = after(case, [replace(j.RESERVED, number="002/PBG/III/2026"), j.PREPARED, j.SIGNED])
    assert refused(again, j.ACTIVATED) == "number-mismatch"
    assert again.apply(e.NumberActivated(number="002/PBG/III/2026"), START).stage is S.ACTIVE


def test_a_declined_wet_document_has_to_be_printed_again_pasal_16_2() -> None:
    case = case_in(S.PRINTED, "aset")
    assert case.printed is not None
    declined = case.apply(j.DECLINED, START)
    assert (declined.stage, declined.printed) == (S.PAID, None)
    assert case_in(S.PREPARED, "krk").apply(j.DECLINED, START).stage is S.APPROVED


def test_another_signing_method_changes_the_order_of_print_and_signature_pasal_13_5_16_2() -> None:
    chosen = e.SigningMethodChosen(officer="kepala-bidang", method=e.SigningMethod.WET, reason="pelimpahan")
    case = case_in(S.PREPARED).apply(chosen, START)
    assert (case.stage, case.document_sha256) == (S.NUMBERED, None)  # the document says how it is signed
    assert refused(case, j.printed(case)) == "step-not-allowed"
    case = case.apply(j.PREPARED, START)
    assert refused(case, j.SIGNED) == "step-not-allowed"
    done = after(case, [j.printed(case), j.SIGNED_WET, j.ACTIVATED, j.SURVEYED, j.HANDED_OVER])
    assert (done.outcome, done.signed_sha256) == (S.HANDED_OVER, j.SIGNED_DIGEST)


def test_a_spoilt_sheet_is_printed_again_pasal_16_1() -> None:
    case = case_in(S.PRINTED)
    again = case.apply(replace(j.printed(case), serial="s-2"), START)
    assert again.printed is not None
    assert (again.stage, again.printed.serial) == (S.PRINTED, "s-2")


def test_a_withdrawal_voids_a_reserved_number_pasal_7_2_b() -> None:
    assert case_in(S.NUMBERED).apply(j.WITHDRAWN, START).voided_numbers == ("001/PBG/III/2026",)
    assert case_in(S.PAID).apply(j.WITHDRAWN, START).voided_numbers == ()


def test_an_unpaid_document_is_not_handed_over_pasal_14_3() -> None:
    case = case_in(S.PRINTED).apply(j.SURVEYED, START)
    assert refused(replace(case, payment=None), j.HANDED_OVER) == "payment-missing"
    assert case.apply(j.HANDED_OVER, START).outcome is S.HANDED_OVER


# --- survey and attention -------------------------------------------------------------------------------------------


def test_three_warnings_come_before_the_suspension_pasal_17_3_4() -> None:
    case = warned(case_in(S.APPROVED))
    assert (case.survey_warnings, case.suspended) == (3, False)
    assert case.apply(j.SUSPENDED, end_of(START, 6)).suspended
    answered = case.apply(j.SURVEYED, START + 6 * DAY)
    assert refused(answered, j.SUSPENDED, end_of(START, 6)) == "survey-already-completed"


def test_attention_waits_until_a_person_has_looked_also_after_the_end_pasal_22_1() -> None:
    case = case_in(S.HANDED_OVER).apply(RAISED, START).apply(RAISED, START)
    assert case.attention == ("dpupr/technical-recommendation: jawaban tidak jelas",) * 2
    assert case.apply(e.AttentionSettled(officer="petugas-1", text="sudah"), START).attention == ()
    assert case.stage is S.HANDED_OVER


def test_an_agency_settles_one_attention_alone_and_no_other_pasal_22_4() -> None:
    other = e.AttentionRaised(source="bank/settlement", text="setelmen tidak memuatnya")
    case = case_in(S.PAID).apply(RAISED, START).apply(other, START)
    settled = e.AttentionSettled(officer="bank/settlement", text="ada", only=case.attention[1])
    assert case.apply(settled, START).attention == case.attention[:1]
    assert refused(case.apply(settled, START), settled, START) == "nothing-to-settle"
