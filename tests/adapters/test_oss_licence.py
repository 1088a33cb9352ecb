"""OSS receiveLicense: the permit that came of the application, strictly written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.oss import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Notification, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import DocumentSigned, ReportLicence, SigningMethod

ASK = ReportLicence(
    number="001/PBG/VII/2026",
    at=datetime(2026, 7, 1, 18, 5, tzinfo=UTC),
    check_url="https://simojo.example/periksa/001/PBG/VII/2026",
)
SIGNATURE = DocumentSigned(
    signer="Dewi Contoh",
    signer_nip="19800101 200501 2 001",
    signer_title="Kepala DPM-PTSP Kota Mojokerto",
    delegation="SK contoh",
    method=SigningMethod.ELECTRONIC,
    document_sha256="a" * 64,
    sha256="b" * 64,
    challenge="c-1",
)


@pytest.fixture
def report() -> Notification[ReportLicence]:
    declared = ADAPTER.interaction("receiveLicense")
    assert isinstance(declared, Notification)
    return declared


@pytest.fixture
def signed(oss_case: PermitCase) -> PermitCase:
    return replace(oss_case, signature=SIGNATURE)


def _sent(report: Notification[ReportLicence], case: PermitCase, ask: ReportLicence = ASK) -> dict[str, Json]:
    final = report.to_agency(case, ask, "m-1")["IZINFINAL"]
    assert isinstance(final, dict)
    return final


def test_number_day_signatory_and_the_address_of_the_check_are_given(
    report: Notification[ReportLicence], signed: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    sent = _sent(report, signed)
    assert violations(report.request, {"IZINFINAL": sent}) == []
    assert (sent["nib"], sent["oss_id"], sent["id_izin"]) == ("0000000000017", "Q-202603-00000017", "I-202603-000001")
    assert (sent["nomor_izin"], sent["tgl_terbit_izin"]) == ("001/PBG/VII/2026", "2026-07-02")  # the day in Jakarta
    assert (sent["nama_ttd"], sent["nip_ttd"]) == ("Dewi Contoh", "198001012005012001")
    assert all(type(value) is str for value in sent.values())
    assert sent["jabatan_ttd"] == "Kepala DPM-PTSP Kota Mojokerto"
    assert sent["file_izin"] == ASK.check_url


def test_a_permit_without_end_by_an_official_without_nip_leaves_both_empty(
    report: Notification[ReportLicence], signed: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    sent = _sent(report, replace(signed, signature=replace(SIGNATURE, signer_nip="")))
    assert (sent["nip_ttd"], sent["tgl_berlaku_izin"]) == ("", "")
    assert violations(report.request, {"IZINFINAL": sent}) == []


def test_what_older_facts_do_not_say_is_for_a_person_since_oss_is_told_once(
    report: Notification[ReportLicence], signed: PermitCase
) -> None:
    older = replace(signed, signature=replace(SIGNATURE, signer_title=" "))
    with pytest.raises(Refused, match=r"jabatan_ttd.*secara manual"):
        report.to_agency(older, ASK, "m-1")
    with pytest.raises(Refused, match=r"file_izin.*secara manual"):
        report.to_agency(signed, replace(ASK, check_url=""), "m-1")


def test_a_permit_that_oss_did_not_ask_for_or_that_nobody_signed_is_not_given(
    report: Notification[ReportLicence], case: PermitCase, oss_case: PermitCase
) -> None:
    with pytest.raises(Refused, match="tanpa nib"):
        report.to_agency(replace(case, signature=SIGNATURE), ASK, "m-1")
    with pytest.raises(Refused, match="Penandatangan izin tidak tercatat"):
        report.to_agency(oss_case, ASK, "m-1")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"responreceiveLicense": {"kode": "200"}}, Accept),
        ({"responcheckStatusLicense": {"kode": 200}}, Accept),
        ({"responreceiveLicense": {"kode": 500}}, Retry),
        ({"responreceiveLicense": {"kode": "400", "keterangan": "nomor_izin salah"}}, AskPerson),
        ({"responreceiveLicense": {"kode": "403"}}, AskPerson),
    ],
)
def test_the_acknowledgement_is_read_as_that_of_a_status(
    report: Notification[ReportLicence], signed: PermitCase, reply: dict[str, Json], kind: type
) -> None:
    assert report.to_case is not None
    assert isinstance(report.to_case(signed, ASK, reply), kind)
