"""A synthetic case and needs of it: what an adapter is tried with before anybody's data is there.

No person is meant: the NIK has a province that no place bears, and everybody is called Contoh.
"""

from __future__ import annotations

import types
from dataclasses import MISSING, fields, replace
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase, Residency, Stage
from gateway.domain.catalogue import PermitType, ServiceClass
from gateway.domain.errors import Misconfigured
from gateway.domain.events import (
    Applicant,
    ApplicantKind,
    ApplicationRegistered,
    Ask,
    Declaration,
    DocumentSigned,
    Origin,
    Reference,
    SigningMethod,
    Site,
)
from gateway.domain.identifiers import NIB, NIK, NIP, NPWP, Phone
from gateway.domain.skrd import SKRD, ChargeLine

A = TypeVar("A", bound=Ask)

AT = datetime(2026, 3, 2, 9, 0, tzinfo=JAKARTA)
"""When the sample case was registered: a Monday."""
CASE_ID = "K-2026-000017"
NUMBER = "017/CONTOH/III/2026"

_SIGNATURE = DocumentSigned(
    signer="Pejabat Contoh",
    signer_nip="198001012005011001",
    delegation="SK contoh 188.45/1/2026",
    method=SigningMethod.ELECTRONIC,
    document_sha256="a" * 64,
    sha256="b" * 64,
    challenge="contoh",
    signer_title="Kepala Dinas (contoh)",
)
_REFERENCES = {
    "nib": "0000000000017",
    "oss-id": "Q-202603-00000017",
    "id-izin": "I-202603-000001",
    "kd-izin": "057600000001",
    "id-produk": "R-202603-000001",
    "permit-number": NUMBER,
}


def sample_application(service: str, at: datetime) -> ApplicationRegistered:
    """An application for that service, lodged at the counter at `at`."""
    return ApplicationRegistered(
        service=service,
        origin=Origin.COUNTER,
        applicant=Applicant(
            kind=ApplicantKind.COMPANY,
            name="Siti Contoh",
            nik=NIK("9999014506900001"),
            phone=Phone("081200000017"),
            email="siti@contoh.example",
            address="Jalan Contoh 1",
            company="PT Contoh Sejahtera",
            npwp=NPWP("000000000999000"),
            nib=NIB("0000000000017"),
        ),
        site=Site(address="Jalan Contoh 17", kelurahan="35.76.01.1003", purpose="Rumah tinggal", area_m2=120),
        declaration=Declaration(version="1", text="Data ini benar (contoh).", accepted_at=at),
    )


def sample_case(service: str, agency: str) -> PermitCase:
    """A case of that service that waits for the recommendation of `agency`; it has a charge, a number and references.

    No case has all of these at once. A mapping that is tried with it finds whatever it looks for.
    """
    application = sample_application(service, AT)
    opened = PermitCase.open(CASE_ID, application, AT, _permit_type(service, agency))
    return replace(
        opened,
        stage=Stage.VALIDATED,
        residency=Residency.VERIFIED,
        acknowledgement_number="000017/TT/2026",
        skrd=_skrd(service),
        reserved_number=NUMBER,
        number_active=True,
        in_force_since=AT,
        document_sha256=_SIGNATURE.document_sha256,
        signed_sha256=_SIGNATURE.sha256,
        signature=_SIGNATURE,
        references=tuple(Reference(kind=kind, value=value) for kind, value in _REFERENCES.items()),
    )


def sample_ask(kind: type[A], agency: str) -> A:
    """An Ask of that kind, narrowed to `agency`, filled by the types of its fields.

    Raises Misconfigured `ask-unknown` for a field of a type that has no sample.
    """
    hints = get_type_hints(kind)
    values: dict[str, Any] = {
        each.name: _sample(hints[each.name], f"{kind.__name__}.{each.name}")
        for each in fields(kind)  # type: ignore[arg-type]  # every Ask is a dataclass, its empty base is none
        if each.default is MISSING and each.default_factory is MISSING and each.name != "agency"
    }
    return kind(**values, agency=agency)  # type: ignore[call-arg]  # the empty base names the field and takes none


_VALUES: dict[object, object] = {
    str: "contoh",
    int: 1,
    bool: True,
    datetime: AT,
    date: AT.date(),
    NIK: NIK("9999014506900001"),
    NPWP: NPWP("000000000999000"),
    NIB: NIB("0000000000017"),
    Phone: Phone("081200000017"),
}


def _sample(hint: Any, where: str) -> object:
    if get_origin(hint) is types.UnionType:
        hint = next(each for each in get_args(hint) if each is not types.NoneType)
    if get_origin(hint) is tuple:
        return ()
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if hint is str and where.endswith("_url"):
        return "https://contoh.example/"
    if hint not in _VALUES:
        raise Misconfigured(
            f"there is no sample of {where}: add one to gateway/contract/samples.py", code="ask-unknown"
        )
    return _VALUES[hint]


def _permit_type(service: str, agency: str) -> PermitType:
    return PermitType(
        code=service,
        name="Izin Contoh",
        service_class=ServiceClass.NON_USAHA,
        recommended_by=(agency,),
        levied=True,
        signing=SigningMethod.ELECTRONIC,
        paper="kertas-contoh",
        required_documents=("ktp",),
        duration_days=7,
        positive_fiction=False,
        number_template="{NNN}/{TYPE}/{ROMAN-MONTH}/{YYYY}",
        valid_from=date(2020, 3, 10),
        legal_basis="contoh",
    )


def _skrd(service: str) -> SKRD:
    return SKRD(
        number="974/0017/417.309/2026",
        period="Maret 2026",
        year=2026,
        payer_name="PT Contoh Sejahtera",
        payer_address="Jalan Contoh 1",
        legal_basis="contoh",
        account_code="4.1.2.03.01",
        npwrd="R-17",
        payment_code="998872600000000000017",
        service=service,
        lines=(ChargeLine(description="Retribusi contoh", quantity=1, unit_price=350_000),),
        pay_to_bank="Bank Contoh",
        pay_to_account="0000000017",
        issued_on=AT.date(),
        signatory="Pejabat Contoh",
        signatory_nip=NIP("198001012005011001"),
    )
