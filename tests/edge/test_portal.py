"""What everybody may see of a permit, and paper against store (Pasal 22(4)c, 22(5)); nothing about the person."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import segno

from gateway.domain.case import PermitCase
from gateway.domain.events import PermitRevoked
from gateway.edge.portal.texts import TEXTS
from gateway.ledger.leaf import Leaf
from gateway.office.checking.files import MAX_FILE
from gateway.office.signing import PinStep
from gateway.trust.keys import signing_key
from gateway.trust.pdf_signature import SigningMaterial, sign_pdf
from gateway.trust.permit_statement import StatementKey, StatementVerifier
from tests.edge.visitors import Visitor
from tests.office.house import AGUS, DAY, DEWI, NOW, House, delegation
from tests.office.papers.reading import qr_modules
from tests.trust.parties import certificate, private_key

PREVAILS = "data yang tersimpan dalam SIMOJO yang dianggap benar"


def statement(house: House, case: PermitCase) -> str:
    """What the QR code of a permit says after `?s=`."""
    return house.gateway.checks.statement(case, NOW.date())


def page(case: PermitCase, said: str = "") -> str:
    return f"/periksa/{quote(case.reserved_number or '')}" + (f"?s={said}" if said else "")


def names_nobody(text: str, case: PermitCase) -> bool:
    return not any(
        said in text
        for said in (case.applicant.name, str(case.applicant.nik), case.applicant.address, case.site.address)
    )


def test_a_permit_in_force_is_valid_and_names_nobody(house: House, visitor: Visitor) -> None:
    case = house.signed()
    answer = visitor.client.get(page(case))
    assert answer.status_code == 200
    assert "Izin ini berlaku</h2>" in answer.text
    assert all(said in answer.text for said in (case.service_name, "24 November 2026", "Prajurit Kulon", PREVAILS))
    assert names_nobody(answer.text, case)
    assert "S*** C***" not in answer.text, "initials are for who has the paper"


def test_the_day_on_the_document_and_the_day_it_came_into_force_are_told_apart(house: House, visitor: Visitor) -> None:
    case = house.prepared()
    house.clock.move(DAY)
    house.gateway.signing.sign(case.id, house.officer(DEWI), *house.pin(case, PinStep.SIGN))
    answer = visitor.client.post(page(case, statement(house, case)), data={"day": "24/11/2026"})
    assert ("24 November 2026" in answer.text, "25 November 2026" in answer.text) == (True, True)
    assert "sama dengan data SIMOJO" in answer.text
    assert "berbeda" not in answer.text.partition("verdict")[0]


def test_a_reserved_number_is_no_permit_yet(house: House, visitor: Visitor) -> None:
    case = house.prepared()
    answer = visitor.client.get(page(case))
    assert (answer.status_code, "Nomor ini tidak dikenal" in answer.text) == (404, True)
    with_code = visitor.client.get(page(case, statement(house, case)))
    assert (with_code.status_code, "Izin ini tidak berlaku</h2>" in with_code.text) == (404, True)


def test_a_revoked_permit_says_so_in_the_visitors_language(house: House, visitor: Visitor) -> None:
    case = house.signed()
    house.gateway.deeds.record(case.id, "staff/agus", PermitRevoked(by="DPM-PTSP", reason="contoh"))
    answer = visitor.client.get(f"{page(case)}?lang=en")
    assert "This permit was revoked" in answer.text
    assert 'lang="en"' in answer.text


def test_a_permit_whose_survey_is_overdue_is_valid_and_suspended(house: House, visitor: Visitor) -> None:
    case = house.signed()
    house.clock.move(timedelta(days=20))
    while house.gateway.timers.run_once():
        house.clock.move(timedelta(days=2))
    assert house.now(case).suspended
    assert "penyerahannya ditangguhkan" in visitor.client.get(page(case)).text


def test_a_number_from_outside_stays_text(house: House, visitor: Visitor) -> None:
    house.registered()
    answer = visitor.client.get("/periksa/<script>alert(1)</script>?s=<u>&lang=<i>")
    assert (answer.status_code, "<script>" in answer.text, "<u>" in answer.text) == (404, False, False)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "script" not in answer.headers["content-security-policy"]


def test_the_qr_code_of_the_document_leads_to_a_genuine_page(house: House, visitor: Visitor) -> None:
    case = house.signed()
    answer = visitor.client.get(page(case, statement(house, case)))
    assert (answer.status_code, "Kode QR asli" in answer.text) == (200, True)
    assert "S*** C***" in answer.text
    assert names_nobody(answer.text, case)
    keys = visitor.client.get("/periksa/kunci").text.split()
    assert [StatementVerifier.parse(each) for each in keys] == [house.gateway.checks.key.verifier]


@pytest.mark.parametrize("ink", [False, True])
def test_the_code_is_inside_the_signed_file_and_on_the_sheet_that_is_signed_in_ink(
    house: House, visitor: Visitor, ink: bool
) -> None:
    case = house.approved("krk")
    if ink:
        house.employ("eka", **delegation(delegation_electronic=False))
        why = {"reason": "Kepala Dinas berhalangan (contoh)", "signer": "eka"}
        visitor.post(f"/office/v1/cases/{case.id}/wet-ink", AGUS, why)
    case = house.gateway.signing.prepare(case.id, house.officer(AGUS))
    if not ink:
        case = house.gateway.signing.sign(case.id, house.officer(DEWI), *house.pin(case, PinStep.SIGN))
    row = house.gateway.store.reader.document(case.id, (case.document_sha256 if ink else case.signed_sha256) or "")
    assert row is not None
    matrix = segno.make(house.gateway.settings.public_url + page(case, statement(house, case)), error="m").matrix
    assert qr_modules(row.body) == {(x, y) for y, dots in enumerate(matrix) for x, dot in enumerate(dots) if dot}


def test_a_forged_code_and_one_of_another_permit_are_told_at_once(house: House, visitor: Visitor) -> None:
    one, other = house.signed(), house.signed()
    genuine = statement(house, one)
    forged = visitor.client.get(page(one, genuine[:-30] + genuine[-30:-10].swapcase() + genuine[-10:]))
    assert "Kode QR ini bukan dari kantor kami</h2>" in forged.text
    assert "S*** C***" not in forged.text
    house.gateway.deeds.record(other.id, "staff/agus", PermitRevoked(by="DPM-PTSP", reason="contoh"))
    moved = visitor.client.get(page(other, genuine))
    assert "telah dicabut" in moved.text
    assert "Kode QR ini milik izin lain</h2>" in moved.text
    assert str(one.reserved_number) in moved.text
    cut_off = visitor.client.get(page(one, genuine[:50]))
    assert ("terpotong" in cut_off.text, "verdict warn" in cut_off.text) == (True, True)


def test_a_statement_that_differs_from_the_store_says_in_what_and_that_the_store_prevails(
    house: House, visitor: Visitor
) -> None:
    case = house.signed()
    earlier = house.gateway.checks.statement(case, (NOW - timedelta(days=9)).date())
    answer = visitor.client.get(page(case, earlier))
    assert "berbeda dengan data tersimpan pada: Tanggal dokumen." in answer.text
    assert PREVAILS in answer.text


def test_a_paper_is_compared_field_by_field_without_telling_the_stored_value(house: House, visitor: Visitor) -> None:
    case = house.signed()
    address = page(case, statement(house, case))
    same = {"number": "001/krk/xi/2026", "day": "24-11-2026", "holder": "Hj. SITI CONTOH, S.E."}
    answer = visitor.client.post(address, data=same)
    assert (answer.status_code, "sama dengan data SIMOJO" in answer.text) == (200, True)
    other = visitor.client.post(address, data={"holder": "Orang Lain", "location": "Jln Contoh No 17", "day": "besok"})
    assert other.text.count('<tr class="differs">') == 1
    assert other.text.count('<tr class="same">') == 1
    assert other.text.count('<tr class="unreadable">') == 1
    assert PREVAILS in other.text
    assert "Laporkan perbedaan ini" in other.text
    assert names_nobody(other.text, case)
    assert visitor.client.post(address, data={}).status_code == 422


def test_a_name_cannot_be_guessed_tries_end_and_the_facts_stay(house: House, visitor: Visitor) -> None:
    case = house.signed()

    def tried(said: str, **fields: str) -> int:
        return int(visitor.client.post(page(case, said), data=fields).status_code)

    assert [tried("", holder=f"orang {n}") for n in range(4)] == [200, 200, 200, 429]
    answer = visitor.client.post(page(case), data={"location": "Jalan Contoh 17"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 3600
    assert ("Terlalu sering dicoba" in answer.text, case.service_name in answer.text) == (True, True)
    assert "same" not in answer.text.partition("</section>")[0]
    assert tried(statement(house, case), holder="Siti Contoh") == 200, "who has the paper goes on"
    assert tried("", day="24-11-2026") == 200, "what the page shows can be compared"
    assert [tried("", day="24-11-2026") for _ in range(20)][-1] == 429


def upload(visitor: Visitor, case: PermitCase, body: bytes) -> tuple[int, str]:
    answer = visitor.client.post(page(case), files={"berkas": ("izin.pdf", body, "application/pdf")})
    return answer.status_code, answer.text


def test_a_file_is_the_stored_one_or_told_what_it_is_and_never_kept(house: House, visitor: Visitor) -> None:
    case = house.signed()
    reader = house.gateway.store.reader
    rows = reader.documents(case.id)
    signed = next(row.body for row in rows if row.sha256 == case.signed_sha256)
    draft = next(row.body for row in rows if row.sha256 == case.document_sha256)
    assert "Berkas ini asli</h2>" in upload(visitor, case, signed)[1]
    assert "rancangan yang belum ditandatangani" in upload(visitor, case, draft)[1]
    status, added = upload(visitor, case, signed + b"\n% more\n")
    assert status == 200
    assert all(
        said in added
        for said in ("bukan yang tersimpan", "utuh", "Sesudah tanda tangan ini ada", "milik kantor ini", PREVAILS)
    )
    stranger = signing_key(private_key(), certificate(private_key(), start=NOW - timedelta(days=1)))
    foreign = sign_pdf(draft, SigningMaterial(key=stranger), name="x", reason="x", location="x", signed_at=NOW)
    assert "tidak membuktikan apa-apa" in upload(visitor, case, foreign)[1]
    assert "Hasil cetak atau pindaian" in upload(visitor, case, draft + b"\n")[1]
    assert reader.documents(case.id) == rows


def test_a_file_that_is_no_pdf_too_large_or_damaged_does_no_harm(house: House, visitor: Visitor) -> None:
    case = house.signed()
    assert "Ini bukan berkas PDF</h2>" in upload(visitor, case, b"\xff\xd8 a photograph")[1]
    assert (
        "tidak dapat dibaca</h2>"
        in upload(visitor, case, b"%PDF-1.7\n/ByteRange [0 1 2 3]\ntrailer <</Root 1 0 R>>")[1]
    )
    status, text = upload(visitor, case, b"%PDF-" + bytes(MAX_FILE))
    assert (status, "Paling besar 4 MB" in text) == (413, True)
    assert upload(visitor, case, b"")[0] == 422
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert visitor.client.post(page(case), content=b"--x\r\nnonsense", headers=headers).status_code == 400
    assert [upload(visitor, case, b"photo")[0] for _ in range(6)][-1] == 429


def test_the_form_leads_to_the_page_and_an_empty_one_says_so(visitor: Visitor) -> None:
    assert visitor.client.get("/periksa").status_code == 200
    empty = visitor.client.get("/periksa?nomor=++&lang=en")
    assert (empty.status_code, "Type a permit number first." in empty.text) == (422, True)
    sent = visitor.client.get("/periksa?nomor=001/KRK/XI/2026&lang=id", follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/periksa/001/KRK/XI/2026?lang=id")
    style = visitor.client.get("/periksa/static/portal.css")
    assert style.headers["content-type"].startswith("text/css")


def test_both_languages_say_all() -> None:
    indonesian, english = TEXTS.values()
    assert set(indonesian) == set(english)
    assert all((*indonesian.values(), *english.values()))


def test_a_difference_that_staff_found_is_a_leaf_and_one_of_the_public_is_counted(
    house: House, visitor: Visitor
) -> None:
    case = house.signed()

    def leaves() -> list[Leaf]:
        found = [Leaf.parse(row.canonical) for row in house.gateway.store.reader.pending_leaves(1000)]
        return [each for each in found if each.extra.get("step") == "paper-differs"]

    visitor.client.post(page(case), data={"day": "1-1-2026"})
    assert leaves() == []
    counts = visitor.get("/admin/v1/health")["paperChecks"]
    assert (counts["comparisons"], counts["comparisonsDiffering"]) == (1, 1)
    said = {"number": case.reserved_number, "holder": "Orang Lain", "day": "24 November 2026"}
    found = visitor.post("/office/v1/paper-checks", AGUS, said)
    assert (found["differs"], found["prevails"]) == (["holder"], "store")
    assert found["fields"] == {"holder": "differs", "day": "same"}
    (leaf,) = leaves()
    assert (leaf.exchange, leaf.extra["fields"]) == (case.id, "holder")
    assert "Orang" not in leaf.canonical().decode()
    visitor.post("/office/v1/paper-checks", AGUS, {"number": case.reserved_number, "holder": "Siti Contoh"})
    assert len(leaves()) == 1, "what is the same is no difference"


@pytest.mark.parametrize("said", [{"number": "9/X/2026", "day": "1-1-2026"}, {"number": "001/KRK/XI/2026"}])
def test_staff_are_told_what_is_missing(house: House, visitor: Visitor, said: dict[str, str]) -> None:
    house.signed()
    code = visitor.refused("POST", "/office/v1/paper-checks", AGUS, said).code
    assert code == ("paper-says-nothing" if "day" not in said else "permit-unknown")
    assert visitor.refused("POST", "/office/v1/paper-checks", None, said).status == 401


def test_statements_under_an_earlier_key_stay_good(house: House, visitor: Visitor) -> None:
    case, before = house.signed(), StatementKey.derived(b"\x09" * 32)
    checks = house.gateway.checks
    now = checks.statement(case, NOW.date())
    object.__setattr__(checks, "earlier", (checks.key.verifier,))
    object.__setattr__(checks, "key", before)
    assert "Kode QR asli" in visitor.client.get(page(case, now)).text


def test_a_soap_client_is_told_in_soap_also_of_an_unknown_agency(visitor: Visitor) -> None:
    answer = visitor.client.post("/soap/nobody/nothing", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert "<sj:code>agency-unknown</sj:code>" in answer.text
