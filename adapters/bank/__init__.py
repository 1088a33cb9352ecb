"""The bank of the retribution account: virtual accounts and QRIS by SNAP BI, its settlement as a file. REST.

Virtual accounts: the bank asks and tells, we answer. QRIS (agreement 1.1): we ask for a QR (service 47) when a charge
is issued, and the bank tells of its payment (52). Whichever way is paid first counts; the other is refused as paid.

From the public SNAP BI standard: services 24 (inquiry), 25 (payment) and 26 (status) with the biller as server,
their field names and lengths, the padding of partnerServiceId, amounts as text with two decimals, and the response
codes. Ours: the paths' names follow the bank's onboarding form; every account is closed (type C), since an SKRD
fixes its amount (14(6)); trxDateTime is required, because it is the time of payment that the case keeps: not before
the day of the SKRD and not in the future (14(3)). Once the charge has lapsed a payment is refused, also one that was
made in time and is told late: the debt is gone (14(4)), and the bank gives the money back.

QRIS, ours: partnerReferenceNo is the id of our message, so the same question gets the same QR, and a payment finds its
case by it; validityPeriod is the tenth weekday after the SKRD, so that the QR ends before the charge can; the time of
payment comes in additionalInfo.paidTime, since 52 has none. SNAP has no message that takes a QR back: one whose virtual
account was paid is refused as paid when it is told. Our questions are signed by the
asymmetric signature, without a token. What became of a QR (51) is not asked (decision 0065).

Settlement (agreement 1.2): each day a file of what was moved to the retribution account, under our own profile, since
SNAP has no such file; it is compared with the payments that cases know, both ways, and records none. The `period` of
its manifest are the days of payment about which the file, with those before it, is complete.

From agreement 1.2 on a payment may have every member that SNAP lists (decision 0077); none of them is read.

A message is identified by X-EXTERNAL-ID, which the `snap-bi` dialect reads with its day; a payment by
paymentRequestId, the one identifier of it that SNAP makes mandatory: it becomes the bank reference of the case.
"""

from __future__ import annotations

from adapters.bank.mapping import account, bill, paid, payment_status
from adapters.bank.qris import qris_about, qris_made, qris_paid, qris_request, qris_too_late
from adapters.bank.settlement import MATCHED, TOLD, reconciled, settled_account, settlement_result
from adapters.bank.snap import DIALECT
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Batch, Inquiry, Query, Repeat, Submission
from gateway.domain.events import OfferQris

ADAPTER = Adapter(
    agency=Agency("bank", "Bank Penampung Retribusi Daerah", AgencyKind.VERTICAL),
    agreement="bank-2026",
    package=__name__,
    dialect=DIALECT,
    interactions=(
        Inquiry(
            name="va-inquiry",
            security="snap-bi",
            path="v1.0/transfer-va/inquiry",
            request="bank/va-inquiry/1.0/request",
            reply="bank/va-inquiry/1.0/reply",
            about=account,
            answer=bill,
        ),
        Submission(
            name="va-payment",
            until="1.1",
            security="snap-bi",
            path="v1.0/transfer-va/payment",
            request="bank/va-payment/1.0/request",
            reply="bank/va-payment/1.0/reply",
            about=account,
            to_cases=paid,
        ),
        Submission(
            name="va-payment",
            version="1.1",
            since="1.2",
            security="snap-bi",
            path="v1.0/transfer-va/payment",
            request="bank/va-payment/1.1/request",
            reply="bank/va-payment/1.1/reply",
            about=account,
            to_cases=paid,
        ),
        Inquiry(
            name="va-status",
            security="snap-bi",
            path="v1.0/transfer-va/status",
            request="bank/va-status/1.0/request",
            reply="bank/va-status/1.0/reply",
            about=account,
            answer=payment_status,
        ),
        Query(
            name="qris-generate",
            since="1.1",
            serves=OfferQris,
            security="snap-bi-asymmetric",
            path="v1.0/qr/qr-mpm-generate",
            redact=("merchantId",),
            request="bank/qris-generate/1.0/request",
            reply="bank/qris-generate/1.0/reply",
            to_agency=qris_request,
            too_late=qris_too_late,
            to_case=qris_made,
            # the bank gives one QR for each partnerReferenceNo, however often it is asked
            repeat=Repeat.SAME_ID,
        ),
        Submission(
            name="qris-notify",
            since="1.1",
            until="1.1",
            security="snap-bi",
            path="v1.0/qr/qr-mpm-notify",
            request="bank/qris-notify/1.0/request",
            reply="bank/qris-notify/1.0/reply",
            about=qris_about,
            to_cases=qris_paid,
        ),
        Submission(
            name="qris-notify",
            version="1.1",
            since="1.2",
            security="snap-bi",
            path="v1.0/qr/qr-mpm-notify",
            request="bank/qris-notify/1.1/request",
            reply="bank/qris-notify/1.1/reply",
            about=qris_about,
            to_cases=qris_paid,
        ),
        Batch(
            name="settlement",
            since="1.2",
            security="jws",
            request="bank/settlement/1.0/request",
            result="bank/settlement/1.0/result",
            about=settled_account,
            to_cases=reconciled,
            result_of=settlement_result,
            expects=TOLD,
            quiet=(MATCHED,),
        ),
    ),
)
