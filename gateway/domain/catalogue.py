"""Permit types and their service standards (Pasal 19), versioned by date.

Whether a type carries retribusi, who recommends it and how long it may take change by decree. A case keeps the
version that was valid when it was registered; a new version is a new entry with a later `valid_from`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.events import SigningMethod
from gateway.domain.numbering import check_template


class ServiceClass(StrEnum):
    """Pasal 1 numbers 15 to 17: business permits, other permits, and services that are no permit."""

    USAHA = "usaha"
    NON_USAHA = "non-usaha"
    NONPERIZINAN = "nonperizinan"


@dataclass(frozen=True, kw_only=True)
class PermitType:
    """One version of one permit type.

    `code` is lower case; `recommended_by` names agencies by their ids; `levied` says whether Pasal 14 applies (15);
    `paper` is the special paper (16(1)); `required_documents` are kinds of AttachedDocument; `duration_days` is the
    service standard in hari kerja, 1 or more; `positive_fiction`: overdue counts as approved (PP 28/2025);
    `valid_until` is its last day, None while nothing ends it. Raises Misconfigured `permit-type-invalid` or
    `number-template-invalid`.
    """

    code: str
    name: str
    service_class: ServiceClass
    recommended_by: tuple[str, ...]
    levied: bool
    signing: SigningMethod
    paper: str
    required_documents: tuple[str, ...]
    duration_days: int
    positive_fiction: bool
    number_template: str
    valid_from: date
    legal_basis: str
    valid_until: date | None = None

    def __post_init__(self) -> None:
        check_template(self.number_template)
        if self.duration_days < 1 or not self.code or self.code != self.code.lower():
            raise Misconfigured(
                f"permit type {self.code!r}: the code must be in lower case and the duration 1 hari kerja or more",
                code="permit-type-invalid",
                clause="Pasal 19",
            )

    def is_valid_on(self, day: date) -> bool:
        """Tell whether `day` lies between `valid_from` and `valid_until`, both included."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True)
class Catalogue:
    """All versions of all permit types. Raises Misconfigured when two versions of a type start on one day."""

    types: tuple[PermitType, ...]

    def __post_init__(self) -> None:
        starts = Counter((each.code, each.valid_from) for each in self.types)
        for (code, start), count in starts.items():
            if count > 1:
                raise Misconfigured(
                    f"permit type {code!r} has {count} versions from {start}: keep one", code="permit-type-invalid"
                )

    def find(self, code: str, on: date) -> PermitType:
        """Find the version of `code` in force on that date; CaseRefusal `service-unknown` if there is none."""
        versions = [each for each in self.types if each.code == code and each.valid_from <= on]
        latest = max(versions, key=lambda each: each.valid_from, default=None)
        if latest is None or not latest.is_valid_on(on):
            raise CaseRefusal(
                f"no permit type {code[:40]!r} is offered on {on}: choose one of {', '.join(self.codes(on)) or 'none'}",
                code="service-unknown",
                clause="Pasal 19",
            )
        return latest

    def codes(self, on: date) -> tuple[str, ...]:
        """List the codes that can be applied for on that date: their newest version then has not ended. Sorted."""
        newest = {
            each.code: each for each in sorted(self.types, key=lambda each: each.valid_from) if each.valid_from <= on
        }
        return tuple(sorted(code for code, each in newest.items() if each.is_valid_on(on)))


_TEMPLATE = "{NNN}/{TYPE}/{ROMAN-MONTH}/{YYYY}"
_SINCE_2020 = date(2020, 3, 10)  # the day on which Perwali 18/2020 came into force
_SAMPLE_BASIS = "contoh ilustratif, bukan ketetapan"


def _sample(
    code: str,
    name: str,
    service_class: ServiceClass,
    by: tuple[str, ...],
    documents: tuple[str, ...],
    *,
    days: int,
    levied: bool = False,
    signing: SigningMethod = SigningMethod.ELECTRONIC,
    fiction: bool = False,
    paper: str | None = None,
    since: date = _SINCE_2020,
) -> PermitType:
    return PermitType(
        code=code,
        name=f"{name} (contoh)",
        service_class=service_class,
        recommended_by=by,
        levied=levied,
        signing=signing,
        paper=paper or f"kertas-{code}",
        required_documents=("ktp", *documents),
        duration_days=days,
        positive_fiction=fiction,
        number_template=_TEMPLATE,
        valid_from=since,
        legal_basis=_SAMPLE_BASIS,
    )


_U, _N, _P = ServiceClass.USAHA, ServiceClass.NON_USAHA, ServiceClass.NONPERIZINAN
_WET = SigningMethod.WET

SAMPLE = Catalogue(
    (
        _sample(
            "pbg",
            "Persetujuan Bangunan Gedung",
            _N,
            ("dpupr",),
            ("bukti-tanah", "gambar-rencana"),
            days=14,
            levied=True,
        ),
        _sample("krk", "Keterangan Rencana Kota", _N, ("dpupr",), ("bukti-tanah",), days=7, fiction=True),
        _sample(
            "sip-dokter", "Surat Izin Praktik Dokter", _N, ("dinkes",), ("str", "ijazah"), days=5, paper="kertas-sip"
        ),
        # reklame is taxed, which is no retribusi
        _sample(
            "reklame",
            "Izin Penyelenggaraan Reklame",
            _U,
            ("satpolpp", "dpupr", "bpkpd"),
            ("gambar-reklame",),
            days=7,
        ),
        _sample("lingkungan", "Persetujuan Lingkungan", _U, ("dlh",), ("dokumen-lingkungan",), days=10),
        _sample("trayek", "Izin Trayek", _U, ("dishub",), ("stnk",), days=5, levied=True, signing=_WET),
        # UU 1/2022 narrowed which permits may carry retribusi
        _sample("trayek", "Izin Trayek", _U, ("dishub",), ("stnk",), days=5, signing=_WET, since=date(2024, 1, 5)),
        _sample(
            "aset", "Pemakaian Aset Daerah", _N, ("bpkpd",), ("surat-permohonan",), days=7, levied=True, signing=_WET
        ),
        _sample("penelitian", "Izin Penelitian", _P, ("bakesbangpol",), ("proposal",), days=3, paper="kertas-umum"),
    )
)
"""An illustrative catalogue for demonstrations and tests: no public source was read for it, and it is not law."""
