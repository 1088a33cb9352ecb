"""BSrE's electronic signature service, v2 of its client service: may this official sign, and the signature itself.

The client service runs on the office's premises and speaks REST under HTTP Basic. Known from public client code:
`GET /api/user/status/{nik}` and its states, `POST /api/v2/sign/pdf` with `nik`, `passphrase` or `totp`,
`signatureProperties` and `file`, its answer `{"file": [...]}`, and the codes 2031 (wrong passphrase) and 2011 (not
registered).

Modelled here, because no public text fixes it: the members of an error (`status_code`, `error`, `message`; what its
server answers by itself has `status` as a number), and that the signed file is ours with a signature appended (PAdES).

A signature is asked for again when its answer is lost (SAFE): the same document signed twice makes two valid files of
one permit with one number, and the hub keeps the first that reaches it.
"""

from __future__ import annotations

from adapters.bsre.mapping import document_signed, document_to_sign, signer_known, signer_query
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Query, Repeat
from gateway.domain.events import CheckSigner, SignDocument

ADAPTER = Adapter(
    agency=Agency("bsre", "Balai Besar Sertifikasi Elektronik", AgencyKind.VERTICAL),
    agreement="bsre-2026",
    package=__name__,
    interactions=(
        Query(
            name="user-status",
            serves=CheckSigner,
            security="basic",
            method="GET",
            path="api/user/status/{nik}",
            request="bsre/user-status/1.0/request",
            reply="bsre/user-status/1.0/reply",
            to_agency=signer_query,
            to_case=signer_known,
            repeat=Repeat.SAFE,
        ),
        Query(
            name="sign-pdf",
            serves=SignDocument,
            security="basic",
            path="api/v2/sign/pdf",
            redact=("passphrase", "totp"),
            documents=("file",),
            request="bsre/sign-pdf/1.0/request",
            reply="bsre/sign-pdf/1.0/reply",
            to_agency=document_to_sign,
            to_case=document_signed,
            repeat=Repeat.SAFE,
        ),
    ),
)
