"""Kota Mojokerto: three kecamatan and eighteen kelurahan.

The Ministry of Home Affairs (Kemendagri) and the statistics office (BPS) number the same kecamatan differently, and
systems of the centre use one or the other; so both are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.domain.identifiers import InvalidIdentifier

CITY_CODE = "35.76"
"""Kota Mojokerto in Kemendagri's numbering."""


@dataclass(frozen=True, kw_only=True)
class Kelurahan:
    """One kelurahan: its Kemendagri code (`35.76.01.1003`), its kecamatan, and the kecamatan's BPS code (7 digits)."""

    code: str
    name: str
    kecamatan: str
    kecamatan_code: str
    bps_code: str

    @classmethod
    def find(cls, code: str) -> Kelurahan:
        """Find the kelurahan of that Kemendagri code; InvalidIdentifier if the city has none such."""
        try:
            return KELURAHAN[code]
        except KeyError:
            raise InvalidIdentifier(
                f"{code[:16]!r} is no kelurahan of Kota Mojokerto: expected a Kemendagri code such as 35.76.01.1003"
            ) from None


_KECAMATAN = (
    (
        "35.76.01",
        "3576010",
        "Prajurit Kulon",
        "1003 Mentikan, 1004 Kauman, 1005 Pulorejo, 1006 Prajurit Kulon, 1007 Surodinawan, 1008 Blooto",
    ),
    (
        "35.76.02",
        "3576020",
        "Magersari",
        "1001 Gununggedangan, 1003 Magersari, 1004 Gedongan, 1008 Balongsari, 1009 Kedundung, 1010 Wates",
    ),
    (
        "35.76.03",
        "3576021",
        "Kranggan",
        "1001 Kranggan, 1002 Miji, 1003 Meri, 1004 Jagalan, 1005 Sentanan, 1006 Purwotengah",
    ),
)

KELURAHAN: Mapping[str, Kelurahan] = MappingProxyType(
    {
        f"{kecamatan_code}.{entry[:4]}": Kelurahan(
            code=f"{kecamatan_code}.{entry[:4]}",
            name=entry[5:],
            kecamatan=kecamatan,
            kecamatan_code=kecamatan_code,
            bps_code=bps_code,
        )
        for kecamatan_code, bps_code, kecamatan, entries in _KECAMATAN
        for entry in entries.split(", ")
    }
)
"""All eighteen, by Kemendagri code, in the order of the codes."""
