"""A mail relay over HTTP and JSON: notices out by mail (Pasal 8(6)), reports of what became of them in.

A city has SMTP; the hub speaks REST and SOAP. So the agency here is a relay that takes a notice over HTTP, hands it
to the city's own SMTP server, and reports what that server learns. There is no public specification of such a relay:
both documents are a format of our own, as the parties agree on it under Pasal 21(2)c.3.

    send-mail    notification: one address, one subject, one plain text. The schema admits neither a second address nor
                 a line break in a subject, so nothing that anybody wrote can become a header of the mail.
    mail-report  submission: delivered (the receiving server took it: RFC 3461 DSN `delivered`), bounced, complained.
                 Late, twice or never: `delivered` is evidence of receipt as an SMS report is (14(3)), and of two pieces
                 of evidence the earlier receipt counts; anything else calls an officer.

`reference` is our message id, a slash, and the notice kind; a report repeats it. Both ways are signed, since a report
begins the ten hari kerja of a charge.
"""

from __future__ import annotations

from adapters.email.mapping import mail_taken, notice_mail, report_about, report_received
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Notification, Repeat, Submission
from gateway.domain.events import EmailApplicant

ADAPTER = Adapter(
    agency=Agency("email", "Relai Surat Elektronik", AgencyKind.HORIZONTAL),
    agreement="email-2026",
    package=__name__,
    interactions=(
        Notification(
            name="send-mail",
            serves=EmailApplicant,
            security="jws",
            path="mails",
            request="email/send-mail/1.0/request",
            reply="email/send-mail/1.0/reply",
            to_agency=notice_mail,
            to_case=mail_taken,
            # the relay keeps one mail for each message id (jti); a mail that comes twice would do no harm either
            repeat=Repeat.SAME_ID,
        ),
        Submission(
            name="mail-report",
            security="jws",
            request="email/mail-report/1.0/request",
            about=report_about,
            to_cases=report_received,
        ),
    ),
)
