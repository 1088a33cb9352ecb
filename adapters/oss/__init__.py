"""OSS-RBA (the national licensing system of BKPM): business numbers in, statuses of permits out. REST.

From the published guide for ministries and regions: method and field names, `tipe_dokumen`, `kewenangan`,
`kd_status`, the `responreceiveNIB` envelope, the headers Token (in) and user_key (out). The guide contradicts
itself on lengths and envelope names, so what comes is read with tolerance and what goes is written strictly.

Agreement 1.1 adds the look-up of a NIB (inqueryNIB) and the permit that was issued (receiveLicense); 1.0 has neither.
Agreement 1.2 reads receiveNIB as OSS writes it (null, numbers, firms without a NIK; decision 0080) and tells of
positive fiction; both methods have version 1.1 there.

Samples, to be replaced with the agreement: the table of kd_izin and kd_instansi. Chosen here, where the guide is
silent: 30 and 31 for waiting and paid, 90 for a lapsed charge, a withdrawal and a revocation, and that one unreadable
permit of the city declines its message (one that is not mapped to a service is left out, and calls a person).
"""

from __future__ import annotations

from dataclasses import replace

from adapters.oss.answer import accept, refuse
from adapters.oss.inquiry import business_outcome, business_query
from adapters.oss.licence import licence_report, licence_taken
from adapters.oss.nib import permits_about, permits_identity, permits_received
from adapters.oss.status import status_report, status_report_1_0, status_taken
from gateway.contract.adapter import (
    Adapter,
    Agency,
    AgencyKind,
    Dialect,
    Notification,
    Query,
    Repeat,
    Submission,
)
from gateway.domain.events import QueryBusiness, ReportLicence, ReportStatus

_BUSINESS = Submission(
    name="receiveNIB",
    until="1.1",
    security="oss-token",
    path="receiveNIB",
    request="oss/receiveNIB/1.0/request",
    reply="oss/receiveNIB/1.0/reply",
    about=permits_about,
    identity=permits_identity,
    to_cases=permits_received,
    says_state=True,
)
_STATUS = Notification(
    name="receiveLicenseStatus",
    until="1.1",
    serves=ReportStatus,
    security="oss-key",
    path="receiveLicenseStatus",
    request="oss/receiveLicenseStatus/1.0/request",
    reply="oss/receiveLicenseStatus/1.0/reply",
    to_agency=status_report_1_0,
    to_case=status_taken,
    # the same permit, status and time say the same thing twice
    repeat=Repeat.SAFE,
)

ADAPTER = Adapter(
    agency=Agency("oss", "OSS-RBA, Kementerian Investasi dan Hilirisasi/BKPM", AgencyKind.VERTICAL),
    agreement="oss-2026",
    package=__name__,
    dialect=Dialect(refuse=refuse, accept=accept),
    interactions=(
        _BUSINESS,
        replace(
            _BUSINESS,
            version="1.1",
            since="1.2",
            until="",
            request="oss/receiveNIB/1.1/request",
            reply="oss/receiveNIB/1.1/reply",
        ),
        _STATUS,
        replace(
            _STATUS,
            version="1.1",
            since="1.2",
            until="",
            request="oss/receiveLicenseStatus/1.1/request",
            reply="oss/receiveLicenseStatus/1.1/reply",
            to_agency=status_report,
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
