"""The agency of the measurements: a dinas whose inspectors report what they found at a building.

Its interactions are those of any agency, so that the hub does with them all that it does: it lets in what the
agreement covers, checks schema and personal data, looks the permit up, acknowledges, and keeps the evidence.

    inspection        REST/JWS, a report that is recorded: no case has the permit number that it names
    inspection-soap   the same report over SOAP with WS-Security X.509
    application       REST/JWS, a message that moves a case: it opens one, with all that follows
    notice            what the hub has to tell the agency then: a delivery, which any 2xx answer acknowledges
"""

from __future__ import annotations

from gateway.contract.adapter import (
    Accept,
    Adapter,
    Agency,
    AgencyKind,
    Effect,
    Found,
    Notification,
    Repeat,
    Submission,
)
from gateway.contract.message import Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import (
    Applicant,
    ApplicantKind,
    ApplicationRegistered,
    Origin,
    Reference,
    Site,
    VerifyResident,
)
from gateway.domain.identifiers import NIK, Phone

AGENCY = "bench"
INSPECTION, INSPECTION_SOAP, APPLICATION, NOTICE = "inspection", "inspection-soap", "application", "notice"


def permit_about(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case whose permit was inspected."""
    return (Reference(kind="permit-number", value=str(payload["permitNumber"])),)


def report_taken(_payload: Payload, _found: Found) -> Accept:
    """Keep the report; no case changes."""
    return Accept()


def application_about(payload: Payload) -> tuple[Reference, ...]:
    """Look up the application by the number that the agency gave it."""
    return (Reference(kind="bench-application", value=str(payload["number"])),)


def application_taken(payload: Payload, found: Found) -> Accept:
    """Open a case, once for each number."""
    (reference,) = application_about(payload)
    if found.get(reference):
        return Accept()
    event = ApplicationRegistered(
        service="krk",
        origin=Origin.COUNTER,
        applicant=Applicant(
            kind=ApplicantKind.PERSON,
            name=str(payload["name"]),
            nik=NIK(str(payload["nik"])),
            phone=Phone(str(payload["phone"])),
            email=str(payload["email"]),
            address=str(payload["address"]),
        ),
        site=Site(
            address=str(payload["address"]),
            kelurahan=str(payload["kelurahan"]),
            purpose=str(payload["purpose"]),
        ),
        references=(reference,),
    )
    return Accept(effects=(Effect(case=None, key=reference, events=(event,)),))


def notice(case: PermitCase, _ask: VerifyResident, message_id: str) -> Payload:
    """Tell which case was opened."""
    return {"messageId": message_id, "case": case.id, "service": case.service, "openedFor": case.site.purpose}


ADAPTER = Adapter(
    agency=Agency(AGENCY, "Dinas Contoh untuk Pengukuran", AgencyKind.HORIZONTAL),
    agreement="bench-2026",
    package=__name__,
    interactions=(
        Submission(
            name=INSPECTION,
            security="jws",
            request="bench/inspection/1.0/request",
            about=permit_about,
            to_cases=report_taken,
        ),
        Submission(
            name=INSPECTION_SOAP,
            security="wss-x509",
            request="bench/inspection/1.0/request",
            about=permit_about,
            to_cases=report_taken,
        ),
        Submission(
            name=APPLICATION,
            security="jws",
            request="bench/application/1.0/request",
            about=application_about,
            to_cases=application_taken,
        ),
        Notification(
            name=NOTICE,
            serves=VerifyResident,
            security="jws",
            request="bench/notice/1.0/request",
            to_agency=notice,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
