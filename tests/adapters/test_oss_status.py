"""OSS receiveLicenseStatus: each state of ours has its code there, in Jakarta time, strictly written."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from adapters.oss import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Notification, Retry
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.errors import Refused
from gateway.domain.events import CaseStatus, ReportStatus

CODES = {
    CaseStatus.REGISTERED: "09",
    CaseStatus.COMPLETE: "10",
    CaseStatus.INCOMPLETE: "11",
    CaseStatus.VALIDATING: "20",
    CaseStatus.AWAITING_PAYMENT: "30",
    CaseStatus.PAID: "31",
    CaseStatus.CLOCK_PAUSED: "41",
    CaseStatus.CLOCK_RESUMED: "42",
    CaseStatus.CLOCK_RESTARTED: "44",
    CaseStatus.TECHNICALLY_APPROVED: "45",
    CaseStatus.NUMBERING: "49",
    CaseStatus.APPROVED: "50",
    CaseStatus.REJECTED: "90",
    CaseStatus.LAPSED: "90",
    CaseStatus.APPROVED_BY_FICTION: "57",
    CaseStatus.WITHDRAWN: "90",
    CaseStatus.REVOKED: "90",
}


@pytest.fixture
def report() -> Notification[ReportStatus]:
    """Give the version of agreement 1.2."""
    return _declared("1.1")


def _declared(version: str) -> Notification[ReportStatus]:
    (declared,) = (each for each in ADAPTER.named("receiveLicenseStatus") if each.version == version)
    assert isinstance(declared, Notification)
    return declared


def _ask(status: CaseStatus = CaseStatus.COMPLETE, by: str = "Petugas Contoh", note: str = "") -> ReportStatus:
    return ReportStatus(status=status, at=datetime(2026, 3, 1, 18, 5, tzinfo=UTC), by=by, note=note)


def _sent(report: Notification[ReportStatus], case: PermitCase, ask: ReportStatus) -> dict[str, Json]:
    status = report.to_agency(case, ask, "m-1")["IZINSTATUS"]
    assert isinstance(status, dict)
    return status


@pytest.mark.parametrize("status", list(CaseStatus))
def test_each_status_has_its_code(
    report: Notification[ReportStatus],
    oss_case: PermitCase,
    status: CaseStatus,
    violations: Callable[[str, Payload], list[str]],
) -> None:
    payload = report.to_agency(oss_case, _ask(status), "m-1")
    assert _sent(report, oss_case, _ask(status))["kd_status"] == CODES[status]
    assert violations(report.request, payload) == []


@pytest.mark.parametrize("status", list(CaseStatus))
def test_under_the_agreement_before_each_status_has_a_code_that_its_schema_knows(
    oss_case: PermitCase, status: CaseStatus, violations: Callable[[str, Payload], list[str]]
) -> None:
    before, ask = _declared("1.0"), _ask(status)
    sent = _sent(before, oss_case, ask)
    assert violations(before.request, {"IZINSTATUS": sent}) == []
    if status is CaseStatus.APPROVED_BY_FICTION:
        assert (sent["kd_status"], "fiktif positif" in str(sent["keterangan"])) == ("50", True)
    else:
        assert sent["kd_status"] == CODES[status]


def test_the_ids_of_the_opening_are_given_back(report: Notification[ReportStatus], oss_case: PermitCase) -> None:
    sent = _sent(report, oss_case, _ask())
    assert {member: sent[member] for member in ("nib", "oss_id", "id_izin", "kd_izin", "id_produk", "id_proyek")} == {
        "nib": "0000000000017",
        "oss_id": "Q-202603-00000017",
        "id_izin": "I-202603-000001",
        "kd_izin": "057600000001",
        "id_produk": "R-202603-000001",
        "id_proyek": "",
    }


def test_the_time_is_jakartas_in_19_characters(report: Notification[ReportStatus], oss_case: PermitCase) -> None:
    assert _sent(report, oss_case, _ask())["tgl_status"] == "2026-03-02 01:05:00"


@pytest.mark.parametrize(
    ("by", "nip", "name"),
    [
        ("Petugas Contoh", "", "Petugas Contoh"),
        ("19800101 200501 1 001", "198001012005011001", "19800101 200501 1 001"),
        ("", "", "SIMOJO"),
        ("P" * 60, "", "P" * 50),
    ],
)
def test_who_decided_is_told(
    report: Notification[ReportStatus], oss_case: PermitCase, by: str, nip: str, name: str
) -> None:
    sent = _sent(report, oss_case, _ask(by=by))
    assert (sent["nip_status"], sent["nama_status"]) == (nip, name)
    assert all(type(value) is str for value in sent.values())


def test_what_oss_has_no_code_for_is_a_rejection_that_says_what_it_is_pasal_7_14_4(
    report: Notification[ReportStatus], oss_case: PermitCase
) -> None:
    lapsed = _sent(report, oss_case, _ask(CaseStatus.LAPSED))
    rejected = _sent(report, oss_case, _ask(CaseStatus.REJECTED, note="tata ruang"))
    assert "retribusi" in str(lapsed["keterangan"])
    assert "ditarik kembali" in str(_sent(report, oss_case, _ask(CaseStatus.WITHDRAWN))["keterangan"])
    assert "dicabut: kebakaran" in str(
        _sent(report, oss_case, _ask(CaseStatus.REVOKED, note="kebakaran"))["keterangan"]
    )
    assert rejected["keterangan"] == "Permohonan ditolak: tata ruang"


def test_a_case_that_oss_did_not_open_is_not_reported(report: Notification[ReportStatus], case: PermitCase) -> None:
    with pytest.raises(Refused, match="tanpa nib"):
        report.to_agency(case, _ask(), "m-1")


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ({"responreceiveLicenseStatus": {"kode": 200, "keterangan": "Sukses", "dataNIB": {}}}, Accept),
        ({"responcheckLicenseStatus": {"kode": "200"}}, Accept),
        ({"responcheckStatusLicense": {"kode": "500", "keterangan": "Proses gagal"}}, Retry),
        ({"responsecheckLicenceStatus": {"kode": 504}}, Retry),
        ({"responreceiveLicenseStatus": {"kode": 401, "keterangan": "User tidak valid"}}, AskPerson),
        ({"responreceiveLicenseStatus": {"kode": "403", "keterangan": "Tidak berhak"}}, AskPerson),
        ({"responreceiveLicenseStatus": {"kode": 400}}, AskPerson),
        ({"responreceiveLicenseStatus": "Sukses"}, AskPerson),
        ({}, AskPerson),
    ],
)
def test_the_acknowledgement_is_read_under_every_spelling(
    report: Notification[ReportStatus], oss_case: PermitCase, reply: dict[str, Json], kind: type
) -> None:
    assert report.to_case is not None
    heard = report.to_case(oss_case, _ask(), reply)
    assert isinstance(heard, kind)
    if isinstance(heard, AskPerson):
        assert heard.again is ("401" in str(reply) or "403" in str(reply))
