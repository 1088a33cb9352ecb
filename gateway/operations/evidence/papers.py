"""Agreements, schemas and certificates as they stood: what an exchange was allowed by, and whom it was proven to be.

Of revocation the store keeps an authority's last word, by certificate: what it said, when, from which source. Its
signed form (an OCSP answer, a list) is not kept, so the bundle says what the hub had been told, and by whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509

from gateway.contract.agreement import AgreedInteraction
from gateway.domain.errors import Misconfigured
from gateway.store.reading import Reader
from gateway.store.tables import CertificateRow, CertificateStatusRow, HubCertificateRow
from gateway.trust.keys import fingerprint
from gateway.validation.library import SchemaLibrary


class Paper(NamedTuple):
    """A file of the bundle."""

    name: str
    media_type: str
    content: bytes


class Standing(NamedTuple):
    """A certificate as it stood at a time. `word` is Indonesian, for the page."""

    fingerprint: str
    whose: str
    subject: str
    valid_from: datetime
    valid_until: datetime
    uses: str
    word: str


def agreement_papers(reader: Reader, reference: str) -> Iterator[Paper]:
    """The text of an agreement version, in the canonical form that both parties signed the hash of."""
    name, _, version = reference.partition("/")
    row = reader.agreement(name, version)
    if row is not None:
        yield Paper(f"agreements/{name}-{version}.json", "application/json", row.body.encode())


def schema_papers(library: SchemaLibrary, agreed: AgreedInteraction) -> Iterator[Paper]:
    """The schemas of an interaction, with what they import and what marks personal fields in them."""
    for document in (agreed.request, agreed.reply, agreed.answer, agreed.result):
        if document is None:
            continue
        try:
            folder = library.folder(document)
        except Misconfigured:
            continue  # no longer published here: the agreement still names it
        wanted = (".xsd", ".toml") if agreed.transport.is_soap else (".json",)
        for path in sorted(folder.iterdir()):
            if path.suffix in wanted and path.is_file():
                kind = {".json": "application/json", ".xsd": "application/xml"}.get(path.suffix, "text/plain")
                yield Paper(f"schemas/{document.rpartition('/')[0]}/{path.name}", kind, path.read_bytes())


def certificate_papers(reader: Reader, agency: str, at: datetime) -> tuple[list[Paper], list[Standing]]:
    """The certificates registered for an agency by then, with their chains, and how each stood at that time."""
    papers, standings = [], []
    for row in reader.certificates(agency):
        if row.registered_at > at:
            continue
        above = x509.load_pem_x509_certificates(row.chain.encode()) if row.chain else []
        marks = [row.fingerprint, *(fingerprint(each) for each in above)]
        words = reader.certificate_statuses(marks)
        told = {
            "fingerprint": row.fingerprint,
            "agency": row.agency,
            "uses": row.uses,
            "registeredAt": _instant(row.registered_at),
            "revokedAt": _instant(row.revoked_at),
            "revokedBecause": row.revoked_because,
            "authoritiesLastWords": [_word(words[each]) for each in marks if each in words],
        }
        base = f"certificates/{agency}/{row.fingerprint[:32]}"
        papers.append(Paper(f"{base}.pem", "application/x-pem-file", (row.pem + row.chain).encode()))
        status = json.dumps(told, ensure_ascii=False, indent=1).encode()
        papers.append(Paper(f"{base}-status.json", "application/json", status))
        standings.append(_agency_standing(row, words.get(row.fingerprint), at))
    return papers, standings


def hub_papers(reader: Reader, at: datetime) -> tuple[list[Paper], list[Standing]]:
    """The certificates with which the hub signed at that time, and how each stood."""
    papers, standings = [], []
    for row in reader.hub_certificates():
        if _signed(row, at):
            words = reader.certificate_statuses([row.fingerprint])
            told = {
                "fingerprint": row.fingerprint,
                "signsFrom": _instant(row.signs_from),
                "signsUntil": _instant(row.signs_until),
                "authoritiesLastWords": [_word(each) for each in words.values()],
            }
            base = f"certificates/hub/{row.fingerprint[:32]}"
            papers.append(Paper(f"{base}.pem", "application/x-pem-file", row.pem.encode()))
            status = json.dumps(told, ensure_ascii=False, indent=1).encode()
            papers.append(Paper(f"{base}-status.json", "application/json", status))
            said = words.get(row.fingerprint)
            word = _revoked([each for each in (said.revoked_at if said else None,) if each is not None], at)
            standings.append(_standing(row.fingerprint, "SIMOJO", row.pem, "sign", at, word))
    return papers, standings


def _signed(row: HubCertificateRow, at: datetime) -> bool:
    return row.signs_from is not None and row.signs_from <= at and (row.signs_until is None or at < row.signs_until)


def _agency_standing(row: CertificateRow, said: CertificateStatusRow | None, at: datetime) -> Standing:
    revoked = [each for each in (row.revoked_at, said.revoked_at if said else None) if each is not None]
    return _standing(row.fingerprint, row.agency, row.pem, row.uses, at, _revoked(revoked, at))


def _revoked(moments: Sequence[datetime], at: datetime) -> str:
    """The word for a certificate that was revoked at these moments; "" for none."""
    if not moments:
        return ""
    return "dicabut sebelum itu" if min(moments) <= at else "dicabut kemudian"


def _standing(mark: str, whose: str, pem: str, uses: str, at: datetime, revoked: str) -> Standing:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    word = "berlaku" if begins <= at <= ends else "di luar masa berlaku"
    subject = certificate.subject.rfc4514_string()
    return Standing(mark, whose, subject, begins, ends, uses, f"{word}, {revoked}" if revoked else word)


def _word(row: CertificateStatusRow) -> dict[str, Any]:
    return {
        "fingerprint": row.fingerprint,
        "askedAt": _instant(row.asked_at),
        "thisUpdate": _instant(row.this_update),
        "nextUpdate": _instant(row.next_update),
        "source": row.source,
        "revokedAt": _instant(row.revoked_at),
        "reason": row.reason,
        "notAnswered": row.fault,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
