"""The SMS texts: short, plain, complete, and without the applicant (Pasal 14(1), 14(2), 17(3), 17(4))."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import CaseEvent, NoticeKind
from gateway.domain.notices import ONE_SMS, letter, subject, text
from tests.domain import journeys as j
from tests.domain.fitting import suspended, warned
from tests.domain.journeys import START, case_in
from tests.domain.strategies import cases, events

MOST = 918
"""Six SMS parts of 153 characters: what the agreed schema of the aggregator takes."""

S, N = Stage, NoticeKind
LAPSE = e.ChargeLapsed(due_on=START.date())


def _after(stage: Stage, event: CaseEvent) -> tuple[PermitCase, CaseEvent]:
    return case_in(stage).apply(event, START), event


SAID: dict[NoticeKind, tuple[tuple[PermitCase, CaseEvent], tuple[str, ...]]] = {
    N.ACKNOWLEDGED: (_after(S.REGISTERED, j.COMPLETED), ("503/17/2026", "lengkap")),
    N.RETURNED: (_after(S.COMPLETE, j.RETURNED), ("503/17/2026", "ktp")),
    N.APPROVED: (_after(S.RECOMMENDED, j.APPROVED), ("DISETUJUI", "Kode bayar", "survei")),
    N.REJECTED: (_after(S.RECOMMENDED, j.REJECTED), ("DITOLAK", "tidak sesuai tata ruang")),
    N.CHARGE: (
        _after(S.APPROVED, j.CHARGED),
        ("Rp350.000", "998872600000000000017", "Bank Contoh", "0000000017", "10 hari kerja"),
    ),
    N.PAID: (_after(S.CHARGED, j.PAID), ("diterima", "b-1")),
    N.LAPSED: ((case_in(S.LAPSED), LAPSE), ("hangus", "permohonan baru")),
    N.SURVEY_WARNING: ((warned(case_in(S.APPROVED), 2), e.SurveyWarned(count=2)), ("peringatan 2 dari 3",)),
    N.SUSPENDED: ((suspended(case_in(S.APPROVED)), j.SUSPENDED), ("DITANGGUHKAN", "survei")),
    N.READY: (_after(S.SIGNED, j.ACTIVATED), ("001/PBG/III/2026", "setelah survei")),
}


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_notice_says_what_the_pasal_asks_in_one_sms(kind: NoticeKind) -> None:
    (case, event), words = SAID[kind]
    written = text(kind, case, event)
    assert [word for word in words if word not in written] == []
    assert len(written) <= ONE_SMS
    assert written.endswith(".")


def test_an_unlevied_permit_has_no_payment_code_to_come_pasal_15() -> None:
    assert "Kode bayar" in text(N.APPROVED, case_in(S.APPROVED), j.APPROVED)
    assert "Kode bayar" not in text(N.APPROVED, case_in(S.APPROVED, "krk"), j.APPROVED)


def test_a_ready_permit_asks_for_the_survey_only_while_it_is_missing() -> None:
    case = case_in(S.ACTIVE)
    assert "survei" in text(N.READY, case, j.ACTIVATED)
    assert "survei" not in text(N.READY, case.apply(j.SURVEYED, START), j.ACTIVATED)


def test_a_permit_that_a_courier_brings_is_not_to_be_fetched_pasal_18() -> None:
    by_courier = case_in(S.SIGNED).apply(e.HandOverChosen(method=e.HandOver.COURIER), START).apply(j.ACTIVATED, START)
    assert "dikirim kurir" in text(N.READY, by_courier, j.ACTIVATED)
    assert len(text(N.READY, by_courier, j.ACTIVATED)) <= ONE_SMS
    assert "dapat diserahkan" in text(N.READY, case_in(S.ACTIVE), j.ACTIVATED)


@pytest.mark.parametrize("kind", NoticeKind)
def test_a_mail_says_the_same_under_a_subject_of_one_line_pasal_8_6(kind: NoticeKind) -> None:
    (case, event), _ = SAID[kind]
    assert letter(kind, case, event).startswith(f"{text(kind, case, event)}\n\n")
    assert "503/17/2026" in subject(kind, case)
    assert subject(kind, case) != subject(next(each for each in NoticeKind if each is not kind), case)


def test_control_characters_in_an_officers_words_are_left_out() -> None:
    event = replace(j.REJECTED, grounds=("a\x1b[31m\x07b\x00c\r\nBcc: x",))
    assert text(N.REJECTED, case_in(S.REJECTED), event).isprintable()
    assert letter(N.REJECTED, case_in(S.REJECTED), event).replace("\n", "").isprintable()


def test_before_the_tanda_terima_the_application_is_named_by_its_case() -> None:
    case = case_in(S.INCOMPLETE)
    assert case.id in text(N.RETURNED, case, j.RETURNED)


def test_a_notice_after_an_unexpected_fact_leaves_its_details_out() -> None:
    assert "bukti bank" in text(N.PAID, case_in(S.PAID), j.PAID)
    assert "bukti bank" not in text(N.PAID, case_in(S.PAID), j.RETURNED)
    assert "ktp" not in text(N.RETURNED, case_in(S.RETURNED), j.PAID)
    assert "tata ruang" not in text(N.REJECTED, case_in(S.REJECTED), j.PAID)


def test_a_charge_notice_without_an_skrd_cannot_be_written_pasal_14_6() -> None:
    with pytest.raises(ValueError, match="SKRD"):
        text(N.CHARGE, case_in(S.APPROVED), j.CHARGED)


def test_long_grounds_are_cut_and_the_account_is_named() -> None:
    event = replace(j.REJECTED, grounds=("sempadan sungai dilanggar",) * 20)
    written = text(N.REJECTED, case_in(S.REJECTED), event)
    assert len(written) <= ONE_SMS
    assert "... Lihat" in written.replace("....", "...")
    assert written.endswith("Lihat akun SIMOJO Anda.")


def test_typographic_characters_do_not_make_an_sms_of_70() -> None:
    event = replace(j.REJECTED, grounds=("“tata – ruang” 50 m² [zona‑hijau] \n é",))
    written = text(N.REJECTED, case_in(S.REJECTED), event)
    assert written.isascii()
    assert not set("[]{}^~|\\`\n") & set(written)
    assert '"tata - ruang" 50 m2' in written


@pytest.mark.parametrize("nik", ["9999014506900001", "9999 0145 0690 0001", "999901.450690.0001", "99990145-06900001"])
def test_a_nik_in_an_officers_words_is_masked_also_when_cut(nik: str) -> None:
    for before in ("", "kata " * 8):
        event = replace(j.RETURNED, missing=(f"{before}KTP {nik} tidak terbaca",))
        written = text(N.RETURNED, case_in(S.RETURNED), event)
        assert "0145" not in written
        assert "450690" not in written
    assert "9999**********01" in text(N.RETURNED, case_in(S.RETURNED), replace(j.RETURNED, missing=(f"KTP {nik}",)))


def test_a_longer_number_such_as_a_payment_code_is_left_as_it_is() -> None:
    event = replace(j.RETURNED, missing=("kode 998872600000000000017",))
    assert "998872600000000000017" in text(N.RETURNED, case_in(S.RETURNED), event)


@given(st.sampled_from(NoticeKind), cases(), events())
@settings(max_examples=150)
def test_no_notice_is_too_long_or_names_the_applicant(kind: NoticeKind, case: PermitCase, event: CaseEvent) -> None:
    case = replace(case, skrd=case.skrd or j.SKRD_350)
    written = text(kind, case, event)
    assert len(written) <= MOST
    assert written.isascii()
    assert subject(kind, case).isascii()
    assert subject(kind, case).isprintable()
    assert len(subject(kind, case)) <= 200
    assert case.applicant.nik is None or case.applicant.nik not in written
    assert re.sub("[^0-9]", "", case.applicant.phone) not in written
