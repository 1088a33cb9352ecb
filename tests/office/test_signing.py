"""Pengesahan (11(3)h, 13): the prepared PDF is the one that is signed, by an official who may; the number follows."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from cryptography import x509

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import SigningMethod
from gateway.office.signing import PinStep
from gateway.office.staff import Officer
from gateway.trust.keys import fingerprint
from gateway.trust.pdf_signature import pdf_signatures
from tests.domain.journeys import refusal
from tests.office.house import AGUS, DAY, DEWI, RINA, House, delegation


def stored(house: House, case: PermitCase, sha256: str | None) -> bytes:
    row = house.gateway.store.reader.document(case.id, sha256 or "")
    assert row is not None
    assert row.media_type == "application/pdf"
    assert hashlib.sha256(row.body).hexdigest() == sha256
    return row.body


def test_a_prepared_document_is_kept_under_its_digest_and_is_not_signed(house: House) -> None:
    case = house.prepared()
    assert (case.stage, case.reserved_number, case.number_active) == (Stage.PREPARED, "001/KRK/XI/2026", False)
    body = stored(house, case, case.document_sha256)
    assert body.startswith(b"%PDF-")
    assert pdf_signatures(body) == ()


def test_a_signed_document_is_the_prepared_one_with_an_intact_signature(house: House) -> None:
    case = house.signed()
    assert (case.stage, case.number_active, case.in_force_since) == (Stage.ACTIVE, True, house.clock())
    prepared, signed = stored(house, case, case.document_sha256), stored(house, case, case.signed_sha256)
    assert signed.startswith(prepared)
    (signature,) = pdf_signatures(signed)
    certificate = x509.load_pem_x509_certificate(house.gateway.settings.signing_pems()[1])
    assert (signature.intact, signature.covers_whole_file) == (True, True)
    assert (signature.fingerprint, signature.claimed_at) == (fingerprint(certificate), house.clock())
    kinds = {row.kind for row in house.gateway.store.reader.documents(case.id)}
    assert kinds == {"tanda-terima", "permit-prepared", "permit-signed"}


def test_a_changed_signed_document_shows(house: House) -> None:
    case = house.signed()
    body = bytearray(stored(house, case, case.signed_sha256))
    body[len(stored(house, case, case.document_sha256)) // 2] ^= 1
    (signature,) = pdf_signatures(bytes(body))
    assert not signature.intact


def test_the_fact_names_signer_delegation_method_and_challenge(house: House) -> None:
    case = house.prepared()
    challenge, pin = house.pin(case, PinStep.SIGN)
    house.gateway.signing.sign(case.id, house.officer(DEWI), challenge, pin)
    body = next(row.body for row in house.gateway.store.reader.case_events(case.id) if row.kind == "DocumentSigned")
    for said in ("Dewi Contoh", "198001012005012001", "SK contoh 188.45/1/2026", "electronic", challenge):
        assert said in body


def test_permit_numbers_follow_each_other(house: House) -> None:
    assert [house.prepared().reserved_number for _ in range(3)] == [f"00{n}/KRK/XI/2026" for n in (1, 2, 3)]


def test_a_document_is_prepared_before_a_pin_for_it_can_be_asked(house: House) -> None:
    case = house.approved("krk")
    caught = refusal(lambda: house.gateway.signing.ask_pin(case.id, house.officer(DEWI), PinStep.SIGN))
    assert (caught.code, caught.clause) == ("document-missing", "Pasal 13")
    house.gateway.signing.prepare(case.id, house.officer(AGUS))
    assert house.gateway.signing.ask_pin(case.id, house.officer(DEWI), PinStep.SIGN).id


def test_a_document_whose_file_is_gone_is_not_signed(house: House) -> None:
    case = house.prepared()
    case = house.record(case, e.DocumentPrepared(sha256="c" * 64))
    caught = refusal(lambda: house.gateway.signing.sign(case.id, house.officer(DEWI), *house.pin(case, PinStep.SIGN)))
    assert caught.code == "document-missing"
    assert house.now(case).stage is Stage.PREPARED


def test_retribusi_comes_before_the_number_14_3(house: House) -> None:
    case = house.told()
    caught = refusal(lambda: house.gateway.signing.prepare(case.id, house.officer(AGUS)))
    assert caught.code == "step-not-allowed"
    house.pay(case)
    assert house.gateway.signing.prepare(case.id, house.officer(AGUS)).reserved_number == "001/PBG/XI/2026"


def test_declining_voids_the_number_and_the_next_document_gets_another_13_4(house: House) -> None:
    case = house.prepared()
    declined = house.gateway.signing.decline(case.id, house.officer(DEWI), "salah nama")
    assert (declined.stage, declined.reserved_number, declined.document_sha256) == (Stage.APPROVED, None, None)
    assert declined.voided_numbers == ("001/KRK/XI/2026",)
    again = house.gateway.signing.prepare(case.id, house.officer(AGUS))
    assert again.reserved_number == "002/KRK/XI/2026"
    signed = house.gateway.signing.sign(case.id, house.officer(DEWI), *house.pin(again, PinStep.SIGN))
    caught = refusal(lambda: house.gateway.signing.decline(signed.id, house.officer(DEWI), "terlambat"))
    assert caught.code in ("step-not-allowed", "number-active")


def test_whoever_may_not_sign_may_not_decline(house: House) -> None:
    case = house.prepared()
    caught = refusal(lambda: house.gateway.signing.decline(case.id, house.officer(AGUS), "salah nama"))
    assert (caught.code, caught.clause) == ("delegation-missing", "Pasal 13(4)")
    wet_alone = house.employ("eka", **delegation(delegation_electronic=False))
    assert house.gateway.signing.decline(case.id, wet_alone, "bukan wewenang").voided_numbers


# --- delegation, 13(4) and 13(5) ------------------------------------------------------------------------------------

OFFICIAL = Officer(id=DEWI, name="Dewi Contoh", **delegation())


def test_a_delegation_is_valid_from_its_first_to_its_last_day() -> None:
    for day in (date(2026, 1, 1), date(2026, 12, 31)):
        assert OFFICIAL.require_delegation(day, SigningMethod.ELECTRONIC) == "SK contoh 188.45/1/2026"
    for day in (date(2025, 12, 31), date(2027, 1, 1)):
        caught = refusal(lambda day=day: OFFICIAL.require_delegation(day, SigningMethod.ELECTRONIC))  # type: ignore[misc]  # a default in a lambda has no type
        assert (caught.code, caught.clause) == ("delegation-expired", "Pasal 13(4)")


def test_a_delegation_without_days_has_no_end() -> None:
    always = Officer(id=DEWI, name="Dewi Contoh", **delegation(delegation_from=None, delegation_until=None))
    assert always.require_delegation(date(2050, 1, 1), SigningMethod.ELECTRONIC)


@pytest.mark.parametrize("lacking", ["delegation", "nip"])
def test_without_delegation_or_nip_nobody_signs_13_4(lacking: str) -> None:
    official = Officer(id=DEWI, name="Dewi Contoh", **delegation(**{lacking: None}))
    caught = refusal(lambda: official.require_delegation(date(2026, 11, 24), SigningMethod.WET))
    assert (caught.code, caught.clause) == ("delegation-missing", "Pasal 13(4)")


def test_a_delegation_that_does_not_cover_electronic_signing_is_for_wet_ink_13_5() -> None:
    wet_alone = Officer(id=DEWI, name="Dewi Contoh", **delegation(delegation_electronic=False))
    caught = refusal(lambda: wet_alone.require_delegation(date(2026, 11, 24), SigningMethod.ELECTRONIC))
    assert (caught.code, caught.clause) == ("delegation-method", "Pasal 13(5)")
    assert wet_alone.require_delegation(date(2026, 11, 24), SigningMethod.WET)


def test_a_pin_for_a_signature_is_not_even_sent_to_whoever_may_not_sign(house: House) -> None:
    case = house.prepared()
    house.employ("eka", phone="+6281200000091")
    caught = refusal(lambda: house.gateway.signing.ask_pin(case.id, house.officer("eka"), PinStep.SIGN))
    assert caught.code == "delegation-missing"
    assert all("pin/" not in row.queue for row in house.gateway.store.reader.deliveries(case_id=case.id)[:1])


def test_a_delegation_that_ended_between_pin_and_signature_refuses_and_leaves_the_pin(house: House) -> None:
    case = house.prepared()
    house.clock.at = house.clock.at.replace(month=12, day=31, hour=16, minute=59)  # one minute to midnight
    asked = house.pin(case, PinStep.SIGN)
    house.clock.at = house.clock.at.replace(hour=17, minute=0)
    caught = refusal(lambda: house.gateway.signing.sign(case.id, house.officer(DEWI), *asked))
    assert (caught.code, caught.clause) == ("delegation-expired", "Pasal 13(4)")
    house.clock.at = house.clock.at.replace(hour=16, minute=59)
    assert house.gateway.signing.sign(case.id, house.officer(DEWI), *asked).stage is Stage.ACTIVE


def test_without_any_official_no_paper_is_made(house: House) -> None:
    case = house.approved("krk")
    house.clock.move(-400 * DAY)
    with pytest.raises(CaseRefusal) as caught:
        house.gateway.signing.prepare(case.id, house.officer(RINA))
    assert (caught.value.code, caught.value.clause) == ("delegation-expired", "Pasal 13(4)")
