"""OSS-RBA (the national licensing system of BKPM): business numbers in, statuses of permits out. REST.

From the published guide for ministries and regions: method and field names, `tipe_dokumen`, `kewenangan`,
`kd_status`, the `responreceiveNIB` envelope, the headers Token (in) and user_key (out). The guide contradicts
itself on lengths and envelope names, so what comes is read with tolerance and what goes is written strictly.

Agreement 1.1 adds the look-up of a NIB (inqueryNIB) and the permit that was issued (receiveLicense); 1.0 has neither.

Samples, to be replaced with the agreement: the table of kd_izin and kd_instansi. Chosen here, where the guide is
silent: 30 and 31 for waiting and paid, 90 for a lapsed charge, and that one unreadable permit declines its message
(one that is not mapped to a service is left out, and calls a person).
"""

from __future__ import annotations

from adapters.oss.inquiry import business_outcome, business_query
from adapters.oss.licence import licence_report, licence_taken
from adapters.oss.nib import permits_about, permits_identity, permits_received
from adapters.oss.status import status_report, status_taken
from gateway.contract.adapter import (
    Accept,
    Adapter,
    Agency,
    AgencyKind,
    Dialect,
    Interaction,
    Notification,
    Query,
    Repeat,
    Submission,
)
from gateway.contract.message import Payload, Refusal, Reply
from gateway.domain.events import QueryBusiness, ReportLicence, ReportStatus

TAKEN, NOT_TAKEN = "1", "2"
AUTHENTICATION_CODES = frozenset(
    {"not-authenticated", "signature-wrong", "credentials-wrong", "timestamp-stale", "token-wrong", "token-expired"}
)


NOT_AGREED = frozenset(
    {
        "not-agreed",
        "no-agreement",
        "agreement-not-yet",
        "agreement-expired",
        "agreement-mismatch",
        "agency-suspended",
        "service-not-agreed",
    }
)


def refuse(_interaction: Interaction, refusal: Refusal, _payload: Payload | None) -> Reply:
    """Answer status 2, with our reason, under the HTTP status that the guide has for it: 504 when the hub is busy."""
    if refusal.retriable:
        status = 504 if refusal.busy else 500
    elif refusal.code in AUTHENTICATION_CODES:
        status = 401
    else:
        status = 403 if refusal.code in NOT_AGREED else 400
    return _reply(status, NOT_TAKEN, refusal.text or refusal.code, refusal.after_s)


def accept(_interaction: Interaction, _payload: Payload, accepted: Accept) -> Reply:
    """Answer status 1: taken, with the number of permits that it touched."""
    return _reply(200, TAKEN, f"Data diterima: {len(accepted.effects)} izin diproses")


def _reply(status: int, verdict: str, text: str, after_s: int | None = None) -> Reply:
    return Reply(
        status=status,
        payload={"responreceiveNIB": {"status": verdict, "keterangan": text[:255]}},
        headers={} if after_s is None else {"Retry-After": str(after_s)},
    )


ADAPTER = Adapter(
    agency=Agency("oss", "OSS-RBA, Kementerian Investasi dan Hilirisasi/BKPM", AgencyKind.VERTICAL),
    agreement="oss-2026",
    package=__name__,
    dialect=Dialect(refuse=refuse, accept=accept),
    interactions=(
        Submission(
            name="receiveNIB",
            security="oss-token",
            path="receiveNIB",
            request="oss/receiveNIB/1.0/request",
            reply="oss/receiveNIB/1.0/reply",
            about=permits_about,
            identity=permits_identity,
            to_cases=permits_received,
            says_state=True,
        ),
        Notification(
            name="receiveLicenseStatus",
            serves=ReportStatus,
            security="oss-key",
            path="receiveLicenseStatus",
            request="oss/receiveLicenseStatus/1.0/request",
            reply="oss/receiveLicenseStatus/1.0/reply",
            to_agency=status_report,
            to_case=status_taken,
            # the same permit, status and time say the same thing twice
            repeat=Repeat.SAFE,
        ),
        Query(
            name="inqueryNIB",
            since="1.1",
            serves=QueryBusiness,
            security="oss-key",
            path="inqueryNIB",
            request="oss/inqueryNIB/1.0/request",
            reply="oss/inqueryNIB/1.0/reply",
            to_agency=business_query,
            to_case=business_outcome,
            repeat=Repeat.SAFE,
        ),
        Notification(
            name="receiveLicense",
            since="1.1",
            serves=ReportLicence,
            security="oss-key",
            path="receiveLicense",
            request="oss/receiveLicense/1.0/request",
            reply="oss/receiveLicense/1.0/reply",
            to_agency=licence_report,
            to_case=licence_taken,
            # a permit has one number: told twice, it is the same
            repeat=Repeat.SAFE,
        ),
    ),
)
