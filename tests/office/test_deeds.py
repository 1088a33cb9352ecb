"""Deeds: each is one commit with everything that follows from it, and its numbers have neither gap nor double."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import CaseRefusal, Refused
from gateway.office.signing import PinStep
from tests.domain.journeys import refusal, registration
from tests.office.house import AGUS, ANSWERS, DAY, DEWI, RINA, House


def test_a_permit_goes_from_counter_to_hand_over_and_every_fact_is_in_the_ledger(house: House) -> None:
    deeds, rina, agus = house.gateway.deeds, house.officer(RINA), house.officer(AGUS)
    case = house.pay(house.told())
    case = house.gateway.signing.prepare(case.id, agus)
    case = house.gateway.signing.sign(case.id, house.officer(DEWI), *house.pin(case, PinStep.SIGN))
    assert (case.stage, case.number_active) == (Stage.ACTIVE, True)
    case = deeds.print_(case.id, agus, case.paper, "A-000001")
    case = deeds.survey(case.id, "staff/rina", ANSWERS, "baik")
    case = deeds.hand_over(case.id, rina, e.HandOver.COURIER, "Siti Contoh", "resi 17")
    assert (case.stage, case.ended, case.survey) == (Stage.HANDED_OVER, True, ANSWERS)
    leaves = house.gateway.store.reader.leaves_of_case(case.id)
    assert len(leaves) == case.version == len(house.facts(case))


def test_tanda_terima_12_4_numbers_the_application_and_starts_the_service_clock(house: House) -> None:
    case = house.gateway.deeds.complete(house.registered().id, house.officer(RINA))
    assert case.acknowledgement_number == "000001/TT/2026"
    assert (case.completed_at, case.clock.started_at) == (house.clock(), house.clock())


def test_tanda_terima_numbers_begin_anew_with_the_year(house: House) -> None:
    first, second, third = (house.registered() for _ in range(3))
    numbers = [
        house.gateway.deeds.complete(each.id, house.officer(RINA)).acknowledgement_number for each in (first, second)
    ]
    house.clock.at = house.clock.at.replace(month=12, day=31, hour=17)  # midnight in Mojokerto
    numbers.append(house.gateway.deeds.complete(third.id, house.officer(RINA)).acknowledgement_number)
    assert numbers == ["000001/TT/2026", "000002/TT/2026", "000001/TT/2027"]


def test_numbers_have_no_gap_and_no_double_when_many_ask_at_once(house: House) -> None:
    cases = [house.registered() for _ in range(6)]

    def complete(case: PermitCase) -> str:
        return house.gateway.deeds.complete(case.id, house.officer(RINA)).acknowledgement_number or ""

    with ThreadPoolExecutor(6) as pool:
        numbers = list(pool.map(complete, cases))
    assert sorted(numbers) == [f"{each:06}/TT/2026" for each in range(1, 7)]


def test_a_refused_deed_takes_no_number(house: House) -> None:
    deeds, rina = house.gateway.deeds, house.officer(RINA)
    first, second = house.registered(), house.registered()
    deeds.complete(first.id, rina)
    assert refusal(lambda: deeds.complete(first.id, rina)).code == "step-not-allowed"
    assert deeds.complete(second.id, rina).acknowledgement_number == "000002/TT/2026"


def test_two_who_do_one_deed_at_once_leave_one_fact(house: House) -> None:
    case = house.registered()

    def complete(_each: int) -> str:
        try:
            house.gateway.deeds.complete(case.id, house.officer(RINA))
        except CaseRefusal as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(complete, range(4)))
    assert said == ["done"] + ["step-not-allowed"] * 3
    assert house.facts(case).count("ApplicationCompleted") == 1


def test_one_reference_opens_one_case(house: House) -> None:
    deeds, rina = house.gateway.deeds, house.officer(RINA)
    key = e.Reference(kind="loket", value="1/17")
    deeds.register(registration(), rina, key)
    caught = refusal(lambda: deeds.register(registration(), rina, key))
    assert (caught.code, caught.clause) == ("already-registered", "Pasal 12(1)")
    deeds.register(registration(), rina, e.Reference(kind="loket", value="1/18"))
    assert len(house.gateway.store.reader.cases()) == 2


def test_an_unknown_service_is_refused_19(house: House) -> None:
    caught = refusal(lambda: house.gateway.deeds.register(registration("rumah"), house.officer(RINA)))
    assert (caught.code, caught.clause) == ("service-unknown", "Pasal 19")
    assert house.gateway.store.reader.cases() == []


def test_the_built_area_is_entered_from_the_drawings(house: House) -> None:
    case = house.gateway.deeds.enter_area(house.registered().id, house.officer(RINA), 74)
    assert case.site.area_m2 == 74
    assert case.site.kelurahan == "35.76.01.1003"


def test_an_application_goes_back_with_what_is_missing_11_3_b(house: House) -> None:
    deeds, rina = house.gateway.deeds, house.officer(RINA)
    case = deeds.return_(house.registered().id, rina, ["bukti-tanah"])
    assert case.stage is Stage.INCOMPLETE
    caught = refusal(lambda: deeds.return_(house.registered().id, rina, []))
    assert (caught.code, caught.clause) == ("grounds-missing", "Pasal 14(1)")


def test_a_second_officer_validates_11_3_c(house: House) -> None:
    deeds = house.gateway.deeds
    case = house.record(house.registered(), e.ResidentVerified(name_score=100))
    deeds.complete(case.id, house.officer(RINA))
    deeds.verify(case.id, house.officer(RINA))
    caught = refusal(lambda: deeds.validate(case.id, house.officer(RINA)))
    assert (caught.code, caught.clause) == ("same-officer", "Pasal 11(3)c")
    assert deeds.validate(case.id, house.officer(AGUS)).stage is Stage.VALIDATED


def test_a_rejection_tells_the_grounds_14_1(house: House) -> None:
    case = house.gateway.deeds.reject(house.recommended().id, house.officer(DEWI), ["tidak sesuai tata ruang"])
    assert (case.stage, case.ended) == (Stage.REJECTED, True)
    notices = [
        row for row in house.gateway.store.reader.deliveries(case_id=case.id) if row.ask_kind == "NotifyApplicant"
    ]
    assert any("tidak sesuai tata ruang" in row.ask_body for row in notices)


def test_an_skrd_has_a_number_and_a_virtual_account_of_its_own_14(house: House) -> None:
    skrds = [house.charged().skrd, house.charged().skrd]
    assert [each.number for each in skrds if each] == ["0001/SKRD/XI/2026", "0002/SKRD/XI/2026"]
    assert [each.payment_code for each in skrds if each] == ["88726000000000001", "88726000000000002"]
    assert [each.amount for each in skrds if each] == [120 * 9_500] * 2


def test_nothing_is_charged_for_a_service_without_retribusi_15(house: House) -> None:
    case = house.approved("krk")
    caught = refusal(lambda: house.gateway.deeds.charge(case.id, house.officer(AGUS)))
    assert (caught.code, caught.clause) == ("not-levied", "Pasal 15")
    assert house.charged().skrd is not None


def test_only_the_special_paper_is_printed_on_16_1(house: House) -> None:
    case, agus = house.signed(), house.officer(AGUS)
    caught = refusal(lambda: house.gateway.deeds.print_(case.id, agus, "kertas-pbg", "A-1"))
    assert (caught.code, caught.clause) == ("wrong-paper", "Pasal 16(1)")
    assert house.gateway.deeds.print_(case.id, agus, "kertas-krk", "A-1").stage is Stage.PRINTED


OUT_OF_TURN: dict[str, Callable[[House, PermitCase], object]] = {
    "Pasal 11(3)g, 16": lambda house, case: house.gateway.deeds.print_(case.id, house.officer(AGUS), case.paper, "1"),
    "Pasal 11(3)i": lambda house, case: house.gateway.signing.prepare(case.id, house.officer(AGUS)),
    "Pasal 11(3)k, 18": lambda house, case: house.gateway.deeds.hand_over(
        case.id, house.officer(RINA), e.HandOver.COUNTER, "Siti Contoh", "loket 1"
    ),
}


@pytest.mark.parametrize("clause", OUT_OF_TURN)
def test_a_deed_out_of_turn_names_its_pasal_and_changes_nothing(house: House, clause: str) -> None:
    case = house.registered()
    caught = refusal(lambda: OUT_OF_TURN[clause](house, case))
    assert (caught.code, caught.clause) == ("step-not-allowed", clause)
    assert house.now(case).version == 1


def test_a_deed_on_a_case_that_is_not_there_is_refused(house: House) -> None:
    caught = refusal(lambda: house.gateway.deeds.complete("K-2026-XXXXXXXX", house.officer(RINA)))
    assert caught.code == "case-unknown"


def test_a_deed_keeps_who_did_it_and_when(house: House) -> None:
    case = house.registered()
    house.clock.move(timedelta(hours=2))
    house.gateway.deeds.complete(case.id, house.officer(RINA))
    row = house.gateway.store.reader.case_events(case.id)[-1]
    assert (row.actor, row.occurred_at, row.entered_at) == ("staff/rina", house.clock(), house.clock())
    leaf = house.gateway.store.reader.leaves_of_case(case.id)[-1]
    assert b"rina" not in leaf.canonical


def test_the_survey_is_nine_marks_from_1_to_4(house: House) -> None:
    with pytest.raises(Refused, match="U1") as caught:
        type(ANSWERS)(u1=5, u2=1, u3=1, u4=1, u5=1, u6=1, u7=1, u8=1, u9=1)
    assert caught.value.clause == "Pasal 17(2)"
    case = house.approved("krk")
    assert house.gateway.deeds.survey(case.id, "staff/rina", ANSWERS).survey == ANSWERS
    assert (
        refusal(lambda: house.gateway.deeds.survey(case.id, "staff/rina", ANSWERS)).code == "survey-already-completed"
    )


def test_papers_are_signed_by_the_first_official_whose_delegation_is_valid(house: House) -> None:
    house.clock.move(60 * DAY)  # Dewi's delegation has ended by then
    case = house.recommended()
    case = house.record(case, e.ApplicationApproved(officer="Kepala Contoh", challenge="c-1"))
    caught = refusal(lambda: house.gateway.deeds.charge(case.id, house.officer(AGUS)))
    assert (caught.code, caught.clause) == ("delegation-expired", "Pasal 13(4)")
    house.employ("eka", nip="197501012000011001", delegation="SK contoh 2/2027")
    skrd = house.gateway.deeds.charge(case.id, house.officer(AGUS)).skrd
    assert skrd is not None
    assert skrd.signatory == "Eka Contoh"
    assert re.sub(r"\D", "", str(skrd.signatory_nip)) == "197501012000011001"
