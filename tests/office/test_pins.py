"""PINs (Pasal 13(3)): for one person, case, step and document, once, for five minutes and tries; stored nowhere."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import CaseRefusal
from gateway.office.pins import MAX_WRONG
from gateway.office.signing import PIN_LIFE, PinStep
from gateway.store.plan import Update
from gateway.store.tables import AgencyRow
from tests.databases import Behind
from tests.domain.journeys import refusal
from tests.office.house import AGUS, DEWI, House, delegation, wrong


@pytest.fixture
def case(house: House) -> PermitCase:
    return house.recommended("krk")


def approve(house: House, case: PermitCase, challenge: str, pin: str, by: str = DEWI) -> str:
    """Give the code of the refusal, or `approved`."""
    try:
        house.gateway.signing.approve(case.id, house.officer(by), challenge, pin)
    except CaseRefusal as refused:
        return refused.code if refused.clause == "Pasal 13(3)" else f"{refused.code} without its clause"
    return "approved"


def tries(house: House, challenge: str) -> int:
    row = house.gateway.store.reader.pin_challenge(challenge)
    assert row is not None
    return row.wrong


def test_the_right_pin_approves_and_the_fact_names_its_challenge(house: House, case: PermitCase) -> None:
    challenge, pin = house.pin(case, PinStep.APPROVE)
    approved = house.gateway.signing.approve(case.id, house.officer(DEWI), challenge, f" {pin} ")
    assert (approved.stage, approved.approved_by) == (Stage.APPROVED, "Dewi Contoh")
    assert challenge in house.gateway.store.reader.case_events(case.id)[-1].body
    row = house.gateway.store.reader.pin_challenge(challenge)
    assert row is not None
    assert row.used_at == house.clock()


def test_a_wrong_pin_changes_nothing_but_is_counted(house: House, case: PermitCase) -> None:
    challenge, pin = house.pin(case, PinStep.APPROVE)
    caught = refusal(lambda: house.gateway.signing.approve(case.id, house.officer(DEWI), challenge, wrong(pin)))
    assert (caught.code, caught.clause) == ("pin-wrong", "Pasal 13(3)")
    assert "4 tries are left" in caught.text
    assert (house.now(case).stage, tries(house, challenge)) == (Stage.RECOMMENDED, 1)
    assert approve(house, case, challenge, pin) == "approved"


def test_five_wrong_tries_lock_a_pin_and_the_right_one_comes_too_late(house: House, case: PermitCase) -> None:
    challenge, pin = house.pin(case, PinStep.APPROVE)
    said = [approve(house, case, challenge, wrong(pin)) for _ in range(MAX_WRONG)]
    assert said == ["pin-wrong"] * MAX_WRONG
    assert approve(house, case, challenge, pin) == "pin-locked"
    assert approve(house, case, *house.pin(case, PinStep.APPROVE)) == "approved"


def test_many_guesses_at_once_are_no_more_than_five(house: House, case: PermitCase) -> None:
    challenge, pin = house.pin(case, PinStep.APPROVE)
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda _: approve(house, case, challenge, wrong(pin)), range(8)))
    assert sorted(said) == ["pin-locked"] * 3 + ["pin-wrong"] * MAX_WRONG
    assert tries(house, challenge) == MAX_WRONG


def test_a_pin_lives_for_five_minutes(house: House, case: PermitCase) -> None:
    late, in_time = house.pin(case, PinStep.APPROVE), house.pin(case, PinStep.APPROVE)
    house.clock.move(PIN_LIFE - timedelta(seconds=1))
    row = house.gateway.store.reader.pin_challenge(late[0])
    assert row is not None
    assert row.expires_at - house.clock() == timedelta(seconds=1)
    house.clock.move(timedelta(seconds=1))
    assert approve(house, case, *late) == "pin-expired"
    house.clock.move(-timedelta(seconds=1))
    assert approve(house, case, *in_time) == "approved"


def test_a_pin_is_used_once(house: House, case: PermitCase) -> None:
    used = house.pin(case, PinStep.APPROVE)
    with ThreadPoolExecutor(3) as pool:
        said = sorted(pool.map(lambda _: approve(house, case, *used), range(3)))
    assert said == ["approved", "pin-used", "pin-used"]
    assert house.facts(case).count("ApplicationApproved") == 1


def test_a_pin_is_for_one_person(house: House, case: PermitCase) -> None:
    house.employ("eka", **delegation(phone="+6281200000091"))
    asked = house.pin(case, PinStep.APPROVE, by="eka")
    assert approve(house, case, *asked, by=DEWI) == "pin-mismatch"
    assert approve(house, case, *asked, by="eka") == "approved"


def test_a_pin_is_for_one_case(house: House, case: PermitCase) -> None:
    other = house.recommended("krk")
    asked = house.pin(case, PinStep.APPROVE)
    assert approve(house, other, *asked) == "pin-mismatch"
    assert approve(house, case, *asked) == "approved"


def test_a_pin_is_for_one_step(house: House) -> None:
    case = house.prepared()
    approving = house.pin(case, PinStep.APPROVE)
    caught = refusal(lambda: house.gateway.signing.sign(case.id, house.officer(DEWI), *approving))
    assert caught.code == "pin-mismatch"
    signing = house.pin(case, PinStep.SIGN)
    assert house.gateway.signing.sign(case.id, house.officer(DEWI), *signing).stage is Stage.ACTIVE


def test_a_pin_is_for_what_was_shown(house: House) -> None:
    case = house.prepared()
    shown = house.pin(case, PinStep.SIGN)
    house.record(case, e.DocumentPrepared(sha256="c" * 64))
    caught = refusal(lambda: house.gateway.signing.sign(case.id, house.officer(DEWI), *shown))
    assert caught.code == "pin-mismatch"


def test_an_application_that_changed_after_the_pin_went_out_needs_a_new_one(house: House) -> None:
    case = house.record(house.registered("krk"), e.ResidentVerified(name_score=100))
    asked = house.pin(case, PinStep.APPROVE)
    house.record(case, e.ApplicationCorrected(site=replace(case.site, purpose="Toko")))
    assert approve(house, case, *asked) == "pin-mismatch"


def test_a_challenge_that_nobody_asked_for_is_a_mismatch_like_any_other(house: House, case: PermitCase) -> None:
    assert approve(house, case, "01999999-0000-7000-8000-000000000000", "123456") == "pin-mismatch"


def test_a_pin_goes_to_the_registered_telephone_alone(house: House, case: PermitCase) -> None:
    challenge = house.gateway.signing.ask_pin(case.id, house.officer(DEWI), PinStep.APPROVE)
    assert (challenge.phone, challenge.expires_at) == ("...090", house.clock() + PIN_LIFE)
    row = house.gateway.store.reader.deliveries(case_id=case.id)[0]
    assert (row.agency, row.interaction, row.queue) == ("sms", "send-pin", f"pin/{challenge.id}")
    assert "+6281200000090" in row.ask_body
    caught = refusal(lambda: house.gateway.signing.ask_pin(case.id, house.officer(AGUS), PinStep.APPROVE))
    assert (caught.code, caught.clause) == ("phone-missing", "Pasal 13(3)")


def test_without_an_sms_agency_no_pin_can_be_asked_for(house: House, case: PermitCase) -> None:
    house.commit(Update(AgencyRow, {"id": "sms"}, {"suspended": None}, {"suspended": "contoh"}))
    caught = refusal(lambda: house.gateway.signing.ask_pin(case.id, house.officer(DEWI), PinStep.APPROVE))
    assert (caught.code, caught.clause) == ("pin-no-route", "Pasal 13(3)")
    house.commit(Update(AgencyRow, {"id": "sms"}, {"suspended": "contoh"}, {"suspended": None}))
    assert approve(house, case, *house.pin(case, PinStep.APPROVE)) == "approved"


def test_a_pin_is_nowhere_in_the_database(house: House, case: PermitCase) -> None:
    pins = [house.pin(case, PinStep.APPROVE) for _ in range(3)]
    assert approve(house, case, pins[0][0], wrong(pins[0][1])) == "pin-wrong"
    assert approve(house, case, *pins[0]) == "approved"
    with Behind(house.gateway.settings.database_url) as behind:
        values = [value for _, value in behind.stored()]
    assert any(pins[0][0].encode() in value for value in values)
    for challenge, pin in pins:
        spoken = [value for value in values if pin.encode() in value.replace(challenge.encode(), b"")]
        assert [value for value in spoken if not _by_chance(value, pin)] == []


def _by_chance(value: bytes, pin: str) -> bool:
    """Six digits may stand inside a longer row of hex digits or of random bytes: that is no PIN."""
    at = value.find(pin.encode())
    around = value[max(0, at - 1) : at] + value[at + 6 : at + 7]
    return around.isalnum() or not value.isascii()
