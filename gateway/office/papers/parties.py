"""Applicants and sites as papers print them: what the reader needs, and no more of a person than that."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.domain.events import Applicant, ApplicantKind, Site
from gateway.domain.identifiers import mask
from gateway.domain.regions import Kelurahan
from gateway.office.papers.layout import Rows


def holder_rows(applicant: Applicant) -> Rows:
    """Who holds the paper. NIK and NPWP are masked (an NPWP may be a NIK); telephone and email are not printed."""
    return tuple(_holder(applicant))


def site_rows(site: Site, kelurahan: Kelurahan | None) -> Rows:
    """What it is about and where. Without `kelurahan`, its code is printed as it was given."""
    return tuple(_site(site, kelurahan))


def _holder(applicant: Applicant) -> Iterator[tuple[str, str]]:
    if applicant.kind is ApplicantKind.COMPANY:
        yield "Nama badan usaha", applicant.company or "-"
        yield "Penanggung jawab", applicant.name
    else:
        yield "Nama", applicant.name
    if applicant.nik is not None:
        yield "NIK", mask(applicant.nik)
    if applicant.npwp is not None:
        yield "NPWP", mask(applicant.npwp)
    if applicant.nib is not None:
        yield "NIB", applicant.nib
    yield "Alamat", applicant.address


def _site(site: Site, kelurahan: Kelurahan | None) -> Iterator[tuple[str, str]]:
    yield "Peruntukan", site.purpose
    yield "Lokasi", site.address
    if kelurahan is None:
        yield "Kelurahan", site.kelurahan
    else:
        yield "Kelurahan / kecamatan", f"{kelurahan.name} / {kelurahan.kecamatan}"
    if site.area_m2 is not None:
        yield "Luas", f"{site.area_m2:,} m²".replace(",", ".")
