"""Fields that are masked when a message is shown, though the published schema does not mark them as personal.

A published schema is frozen, and its `x-personal` marks decide what an agreement has to permit (`excess`). A mark that
was forgotten cannot be added to it: what both parties signed would be refused from then on. Here stands what is masked
all the same, since it can name a natural person: a firm that is a person's (OSS gives a sole trader's own name as
`nama_perseroan`), texts that people write, and texts of agencies that may repeat what they were asked. This list
decides nothing but what is shown without a reason (UU 27/2022), may grow at any time, and is no part of an agreement.
A new version of a schema marks such fields itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NIB = (
    "dataNIB/nama_perseroan",
    "dataNIB/data_proyek/uraian_usaha",
    "dataNIB/data_proyek/nama_kegiatan",
)
_RESPONSES = ("RESPON", "RESPONSE", "RESPONSE_DESC")
"""Dukcapil's texts; its code and verdicts are shown."""

WITHHELD: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        document: frozenset(fields)
        for document, fields in {
            "bakesbangpol/technical-recommendation/1.0/answer": ("ketentuan",),
            "bakesbangpol/technical-recommendation/1.0/request": ("peneliti/lembaga", "judul"),
            "bank/va-inquiry/1.0/reply": ("virtualAccountData/freeTexts",),
            "bank/va-payment/1.0/request": ("freeTexts", "billDetails"),
            "bank/va-payment/1.1/request": ("freeTexts", "billDetails"),
            "bpkpd/technical-recommendation/1.0/answer": ("syarat",),
            "bpkpd/technical-recommendation/1.0/request": ("pemohon/badanUsaha", "objek/uraian"),
            "bsre/sign-pdf/1.0/reply": ("error", "message"),
            "bsre/sign-pdf/1.0/request": ("signatureProperties/reason",),
            "bsre/user-status/1.0/reply": ("error", "message"),
            "courier/deliver-document/1.0/answer": ("reason",),
            "dinkes/technical-recommendation/1.0/answer": ("syarat",),
            "dinkes/technical-recommendation/1.0/request": ("tempatPraktik/nama",),
            "dishub/technical-recommendation/1.0/answer": ("syarat",),
            "dishub/technical-recommendation/1.0/request": ("pengusaha/badanUsaha",),
            "djp/verify-tax-status/1.0/reply": ("galat/pesan",),
            "dlh/technical-recommendation/1.0/answer": ("kewajiban",),
            "dlh/technical-recommendation/1.0/request": ("pelakuUsaha/badanUsaha", "kegiatan"),
            "dpupr/technical-recommendation/1.0/answer": ("condition",),
            "dpupr/technical-recommendation/1.0/request": ("applicant/company", "purpose"),
            "dpupr/technical-recommendation/1.1/answer": ("condition",),
            "dpupr/technical-recommendation/1.1/request": ("applicant/company", "purpose"),
            "dukcapil/verify-resident/1.0/reply": tuple(f"content/{each}" for each in _RESPONSES),
            "email/send-mail/1.0/reply": ("text",),
            "email/send-mail/1.0/request": ("subject", "text"),
            "oss/inqueryNIB/1.0/reply": ("*/dataNIB/nib", "*/keterangan"),
            "oss/receiveLicense/1.0/reply": ("*/keterangan",),
            "oss/receiveLicense/1.0/request": ("IZINFINAL/file_izin", "IZINFINAL/keterangan"),
            "oss/receiveLicenseStatus/1.0/reply": ("*/keterangan",),
            "oss/receiveLicenseStatus/1.0/request": ("IZINSTATUS/keterangan",),
            "oss/receiveLicenseStatus/1.1/reply": ("*/keterangan",),
            "oss/receiveLicenseStatus/1.1/request": ("IZINSTATUS/keterangan",),
            "oss/receiveNIB/1.0/request": _NIB,
            "oss/receiveNIB/1.1/request": _NIB,
            "satpolpp/recommendation-task/1.0/request": ("applicant/company", "purpose"),
            "satpolpp/recommendation/1.0/request": ("condition",),
            "simojo/mailbox-acknowledge/1.0/request": ("item/text",),
            "simojo/mailbox-collect/1.0/reply": ("item/body",),
            "sms/send-message/1.0/reply": ("text",),
            "sms/send-message/1.0/request": ("message",),
            "sms/send-pin/1.0/reply": ("text",),
            "sms/send-pin/1.0/request": ("message",),
        }.items()
    }
)
"""Document id to slash paths as in `personal_fields`; `*` stands for one name of any spelling."""
