"""An SMS aggregator over HTTP and JSON: notices and PINs out, delivery reports in.

Aggregators share a style (userkey, passkey, to, message; receipts with SMPP 3.4's `DELIVRD`, `UNDELIV`, `EXPIRED`)
and no specification. The member names follow that style; replies, the report's JSON and `reference` are agreed
formats of our own.

`reference` is our message id, a slash, and what the message carried: a notice kind or `pin`. A report repeats it:
the id finds the case, the word says which notice was received. DELIVRD is the evidence from which Pasal 14(3) counts.
"""

from __future__ import annotations

from adapters.sms.mapping import (
    message_taken,
    notice_message,
    pin_message,
    report_about,
    report_identity,
    report_received,
)
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Notification, Repeat, Submission
from gateway.domain.events import NotifyApplicant, SendPin

ADAPTER = Adapter(
    agency=Agency("sms", "Penyedia SMS", AgencyKind.VERTICAL),
    agreement="sms-2026",
    package=__name__,
    interactions=(
        Notification(
            name="send-message",
            serves=NotifyApplicant,
            security="sms-key",
            path="messages",
            redact=("userkey", "passkey"),
            request="sms/send-message/1.0/request",
            reply="sms/send-message/1.0/reply",
            to_agency=notice_message,
            to_case=message_taken,
            # the agreement makes the aggregator drop a second message with the same reference; were it to fail
            # in that, the applicant reads a notice twice, which is better than not at all (14(3))
            repeat=Repeat.SAME_ID,
        ),
        Notification(
            name="send-pin",
            serves=SendPin,
            security="sms-key",
            path="messages",
            redact=("message", "userkey", "passkey"),
            request="sms/send-pin/1.0/request",
            reply="sms/send-pin/1.0/reply",
            to_agency=pin_message,
            to_case=message_taken,
            # a PIN lives for minutes: its owner asks for a new one sooner than a repeat could help
            repeat=Repeat.NEVER,
        ),
        Submission(
            name="delivery-report",
            security="sms-key",
            request="sms/delivery-report/1.0/request",
            about=report_about,
            identity=report_identity,
            to_cases=report_received,
        ),
    ),
)
