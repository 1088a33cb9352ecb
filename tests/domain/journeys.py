"""Cases brought to a stage by the facts that lead there. Every person and number here is made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase, Stage
from gateway.domain.catalogue import SAMPLE, PermitType
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import CaseEvent
from gateway.domain.identifiers import NIK, NIP, Phone
from gateway.domain.ikm import Answers
from gateway.domain.skrd import SKRD, ChargeLine

START = datetime(2026, 3, 2, 9, 0, tzinfo=JAKARTA)
"""A Monday morning."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

APPLICANT = e.Applicant(
    kind=e.ApplicantKind.PERSON,
    name="Siti Contoh",
    nik=NIK("9999014506900001"),
    phone=Phone("081200000017"),
    email="siti@contoh.example",
    address="Jalan Contoh 1",
)
SITE = e.Site(address="Jalan Contoh 17", kelurahan="35.76.01.1003", purpose="Rumah tinggal", area_m2=120)
DECLARATION = e.Declaration(version="1", text="Data ini benar.", accepted_at=START)

SKRD_350 = SKRD(
    number="974/0017/2026",
    period="Maret 2026",
    year=2026,
    payer_name="Siti Contoh",
    payer_address="Jalan Contoh 1",
    legal_basis="Perda contoh",
    account_code="4.1.2.03.01",
    npwrd="R-17",
    payment_code="998872600000000000017",
    service="pbg",
    lines=(ChargeLine(description="Retribusi", quantity=1, unit_price=350_000),),
    pay_to_bank="Bank Contoh",
    pay_to_account="0000000017",
    issued_on=date(2026, 3, 2),
    signatory="Pejabat Contoh",
    signatory_nip=NIP("19800101 200501 1 001"),
)
ANSWERS = Answers(u1=4, u2=3, u3=4, u4=3, u5=4, u6=3, u7=4, u8=3, u9=4)
DIGEST, SIGNED_DIGEST = "a" * 64, "b" * 64

NIK_KNOWN = e.ResidentVerified(name_score=100)
COMPLETED = e.ApplicationCompleted(acknowledgement_number="503/17/2026")
RETURNED = e.AdministrationReturned(officer="petugas-1", missing=("ktp",))
CORRECTED = e.ApplicationCorrected(site=replace(SITE, purpose="Toko"))
VERIFIED = e.AdministrationVerified(officer="petugas-1")
VALIDATED = e.AdministrationValidated(officer="petugas-2")
APPROVED = e.ApplicationApproved(officer="kepala-bidang", challenge="c-1")
REJECTED = e.ApplicationRejected(officer="kepala-bidang", grounds=("tidak sesuai tata ruang",))
CHARGED = e.ChargeIssued(skrd=SKRD_350)
PAID = e.PaymentReceived(amount=350_000, bank_reference="b-1", channel="va", paid_at=START)
RESERVED = e.NumberReserved(number="001/PBG/III/2026")
PREPARED = e.DocumentPrepared(sha256=DIGEST)
SIGNED = e.DocumentSigned(
    signer="Pejabat Contoh",
    signer_nip="198001012005011001",
    delegation="d-1",
    method=e.SigningMethod.ELECTRONIC,
    document_sha256=DIGEST,
    sha256=SIGNED_DIGEST,
    challenge="c-2",
)
SIGNED_WET = replace(SIGNED, method=e.SigningMethod.WET, challenge=None)
REQUESTED = e.SignatureRequested(
    signer=SIGNED.signer,
    signer_nip=SIGNED.signer_nip,
    delegation=SIGNED.delegation,
    document_sha256=DIGEST,
    challenge="c-2",
    expires_at=START + timedelta(minutes=10),
)
NOT_GIVEN = e.SignatureNotGiven(challenge="c-2", reason="wrong-passphrase", text="passphrase salah")
DECLINED = e.SignatureDeclined(signer="Pejabat Contoh", reason="salah nama")
ACTIVATED = e.NumberActivated(number="001/PBG/III/2026")
SURVEYED = e.SurveyCompleted(answers=ANSWERS)
SUSPENDED = e.ProcessSuspended()
HANDED_OVER = e.DocumentHandedOver(method=e.HandOver.COURIER, recipient="Siti Contoh", proof="resi-1")
WITHDRAWN = e.ApplicationWithdrawn(by="pemohon", reason="batal")
REVOKED = e.PermitRevoked(by="Kepala Dinas", reason="melanggar")


def registration(service: str = "pbg", origin: e.Origin = e.Origin.PORTAL) -> e.ApplicationRegistered:
    return e.ApplicationRegistered(
        service=service, origin=origin, applicant=APPLICANT, site=SITE, declaration=DECLARATION
    )


def opened(
    service: str = "pbg", origin: e.Origin = e.Origin.PORTAL, permit_type: PermitType | None = None
) -> PermitCase:
    kind = permit_type or SAMPLE.find(service, START.date())
    return PermitCase.open("K-2026-000017", registration(kind.code, origin), START, kind)


def recommendation(agency: str, *, favourable: bool = True) -> e.RecommendationGiven:
    return e.RecommendationGiven(
        agency=agency, favourable=favourable, number=f"{agency}/1", on=date(2026, 3, 2), by="Ahli Contoh"
    )


def printed(case: PermitCase) -> e.DocumentPrinted:
    return e.DocumentPrinted(paper=case.paper, serial="s-1", officer="petugas-3")


def notice_received(at: datetime) -> e.NoticeReceived:
    return e.NoticeReceived(notice=e.NoticeKind.CHARGE, evidence="DELIVRD", received_at=at)


def after(case: PermitCase, events: Iterable[CaseEvent], at: datetime = START) -> PermitCase:
    for event in events:
        case = case.apply(event, at)
    return case


def path(case: PermitCase) -> list[CaseEvent]:
    """The whole way of a freshly registered case to the hand-over."""
    levy = [CHARGED, PAID] if case.levied else []
    if case.signing is e.SigningMethod.WET:
        signing = [printed(case), SIGNED_WET, ACTIVATED]
    else:
        signing = [SIGNED, ACTIVATED, printed(case)]
    recommendations = map(recommendation, case.required_recommendations)
    decision = [NIK_KNOWN, COMPLETED, VERIFIED, VALIDATED, *recommendations, APPROVED]
    return [*decision, *levy, RESERVED, PREPARED, *signing, SURVEYED, HANDED_OVER]


def case_in(stage: Stage, service: str = "pbg", origin: e.Origin = e.Origin.PORTAL, at: datetime = START) -> PermitCase:
    """A case in that stage of the straight way (or ended just off it), all at one moment."""
    off = {
        Stage.INCOMPLETE: (Stage.REGISTERED, RETURNED),
        Stage.RETURNED: (Stage.COMPLETE, RETURNED),
        Stage.REJECTED: (Stage.RECOMMENDED, REJECTED),
        Stage.WITHDRAWN: (Stage.REGISTERED, WITHDRAWN),
        Stage.REVOKED: (Stage.ACTIVE, REVOKED),
        Stage.SIGNING: (Stage.PREPARED, REQUESTED),
    }
    if stage is Stage.LAPSED:
        case = case_in(Stage.CHARGED, service, origin, at).apply(notice_received(at), at)
        due_on = (at + 14 * DAY).date()
        return case.apply(e.ChargeLapsed(due_on=due_on), at + 15 * DAY)
    if stage in off:
        before, event = off[stage]
        return case_in(before, service, origin, at).apply(event, at)
    case = opened(service, origin)
    for event in path(case):
        if case.stage is stage:
            return case
        case = case.apply(event, at)
    assert case.stage is stage
    return case


def refusal(act: Callable[[], object]) -> CaseRefusal:
    """The refusal that `act` raises."""
    with pytest.raises(CaseRefusal) as caught:
        act()
    return caught.value


def refused(case: PermitCase, event: CaseEvent, at: datetime = START) -> str:
    """The code with which `case` refuses `event`; the case is seen to name stage and Pasal."""
    error = refusal(lambda: case.apply(event, at))
    assert case.stage in error.text
    assert type(event).__name__ in error.text
    assert error.clause.split()[0] in ("Pasal", "PP")
    assert error.clause in error.text
    return error.code


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
