"""What is stored beside the ledger, against what the ledger proves: cases, their documents, and agreements.

case        its row is what its facts lead to; each fact is committed to by a leaf, which the walk has checked; of an
            erased one nothing is left to be compared
document    its bytes are those of its SHA-256, and what a fact names as prepared or signed is there
agreement   its text is that of its hash, which both parties signed
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import TypeGuard

from gateway.casework.history import case_at, case_of
from gateway.contract.agreement import agreement_hash, from_canonical
from gateway.domain.case import PermitCase
from gateway.domain.catalogue import Catalogue
from gateway.domain.errors import LedgerBroken, Misconfigured, Refused, Tampered
from gateway.domain.events import CaseEvent, DocumentPrepared, DocumentSigned, SigningMethod
from gateway.domain.facts import decode_event
from gateway.ledger.damage import Damage, broken
from gateway.operations.erased import is_told
from gateway.store.reading import Reader
from gateway.store.sealing import ERASED, Shut
from gateway.store.tables import CaseEventRow, CaseRow

KEPT = (DocumentPrepared.__name__, DocumentSigned.__name__)
"""Facts whose `sha256` names a stored document, but for a signature in ink, whose sheet lies in an archive."""


def check_cases(reader: Reader, catalogue: Catalogue) -> None:
    """Replay every case. Raises LedgerBroken naming the first whose row, or whose named document, is another.

    The hub may go on writing: a case that moves while it is read is read again.
    """
    for ids in reader.case_ids():
        for case_id in ids:
            row, facts = _at_rest(reader, case_id)
            if row.body == ERASED and is_told(reader, f"case/{case_id}"):
                continue  # the walk has proven it of its facts
            _check_case(row, facts, catalogue)
            check_named(reader, case_id, facts)


def check_opened(reader: Reader, cases: Collection[str]) -> None:
    """Raise LedgerBroken for the first of these cases, of which there are facts, that has no row."""
    for case_id in sorted(cases):
        if reader.case(case_id) is None:
            raise broken(Damage.PART_MISSING, f"case {case_id!r}", expected="a row for its facts", found="none")


def check_documents(reader: Reader) -> None:
    """Hash every stored document, one at a time. Raises LedgerBroken naming the first whose bytes are others."""
    for keys in reader.document_keys():
        for case_id, digest in keys:
            try:
                row = reader.document(case_id, digest)
            except Shut:
                if not is_told(reader, f"case/{case_id}"):
                    raise
                continue
            found = sha256(row.body).hexdigest() if row else "none"
            if found != digest:
                raise broken(Damage.PART_DIFFERS, f"document of case {case_id!r}", expected=digest, found=found)


def check_agreements(reader: Reader) -> None:
    """Hash every agreement anew. Raises LedgerBroken naming the first whose text is not that of its hash."""
    for row in reader.agreements():
        try:
            agreement = from_canonical(row.body)
            found = agreement_hash(agreement)
        except Misconfigured:
            found = "a text that is no agreement"
        else:
            if (agreement.id, agreement.version, agreement.agency) != (row.id, row.version, row.agency):
                found = f"{agreement.id}/{agreement.version} of {agreement.agency}"
        if found != row.hash:
            where = f"agreement {row.id}/{row.version}"
            raise broken(Damage.PART_DIFFERS, where, expected=row.hash, found=found)


def _at_rest(reader: Reader, case_id: str) -> tuple[CaseRow, list[CaseEventRow]]:
    """The row and the facts of one instant."""
    row = reader.case(case_id)
    while row is not None:
        facts = reader.case_events(case_id)
        again = reader.case(case_id)
        if again is not None and again.version == row.version:
            return again, facts
        row = again
    raise broken(Damage.PART_MISSING, f"case {case_id!r}", expected="its row", found="none")


def _check_case(row: CaseRow, facts: Sequence[CaseEventRow], catalogue: Catalogue) -> None:
    try:
        case = case_at(facts, catalogue, len(facts))
        stored = case_of(row)
    except (ValueError, KeyError, TypeError, Refused, Tampered, Misconfigured) as error:
        found = f"what cannot be replayed ({type(error).__name__})"
        raise _differs(row, found) from error
    first = facts[0].occurred_at
    if stored != case or _columns(row) != _expected(case) or row.opened_at != first:
        raise _differs(row, f"version {row.version} in stage {row.stage!r} with another state")


def _columns(row: CaseRow) -> tuple[object, ...]:
    return row.id, row.version, row.stage, row.ended, row.service, row.origin


def _expected(case: PermitCase) -> tuple[object, ...]:
    return case.id, case.version, case.stage.value, case.ended, case.service, case.origin.value


def _differs(row: CaseRow, found: str) -> LedgerBroken:
    return broken(Damage.PART_DIFFERS, f"case {row.id!r}", expected="the state that its facts lead to", found=found)


def check_named(reader: Reader, case_id: str, facts: Sequence[CaseEventRow]) -> None:
    """Raise LedgerBroken for the first document that these facts of a case name and that is not stored."""
    for row in facts:
        if row.kind not in KEPT:
            continue
        fact = decode_event(row.kind, json.loads(row.body))
        if _names_a_document(fact) and reader.document(case_id, fact.sha256) is None:
            where = f"document of case {case_id!r}"
            raise broken(
                Damage.PART_MISSING, where, expected=f"{fact.sha256}, which fact {row.seq} names", found="none"
            )


def _names_a_document(fact: CaseEvent) -> TypeGuard[DocumentPrepared | DocumentSigned]:
    if isinstance(fact, DocumentSigned):
        return fact.method is SigningMethod.ELECTRONIC
    return isinstance(fact, DocumentPrepared)
