"""Permits outlive the ledger's key: their QR codes are judged through a roll-over (decisions 0099, 0105)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from gateway.app import starting
from gateway.app.hub import Gateway
from gateway.app.identity import hub_key
from gateway.app.store import record_keys_of_ledger
from gateway.domain.case import PermitCase
from gateway.domain.events import DocumentPrepared, DocumentSigned, NumberActivated, NumberReserved, SigningMethod
from gateway.trust.permit_statement import Statement, StatementKey
from tests.edge.visitors import Visitor
from tests.office.house import NOW, House

GENUINE, PERHAPS_FORGED = "Kode QR asli", "mungkin palsu"
UNJUDGED, HOLDER_UNJUDGED = "belum dapat diperiksa", "nama pemegang di dalamnya tidak diperiksa"
DIFFERS = "berbeda dengan data tersimpan"
MISSING = "SIMOJO_EARLIER_PERMIT_KEYS"


@pytest.fixture
def keys(tmp_path: Path, house: House) -> dict[str, Path]:
    """The files of the key of today and of the next two."""
    found = {"old": house.gateway.settings.ledger_key_file}
    for number, name in enumerate(("new", "newest"), 1):
        found[name] = tmp_path / f"{name}.key"
        found[name].write_text(base64.b64encode(bytes([number]) * 32).decode())
    return found


@contextmanager
def started(house: House, current: Path, **settings: Any) -> Iterator[tuple[Visitor, Gateway, list[str]]]:
    """A hub with other keys over the same store, the warnings of its start beside it."""
    changed = house.gateway.settings.model_copy(update={"ledger_key_file": current, **settings})
    gateway = Gateway(changed, clock=house.clock)
    try:
        with capture_logs() as log:
            starting.make_sure(changed, gateway.store, hub_key(changed).certificate, house.clock)
        record_keys_of_ledger(gateway.store, house.clock())
        yield Visitor(TestClient(gateway.api)), gateway, [str(each.get("warning")) for each in log]
    finally:
        gateway.store.close()


def page(visitor: Visitor, case: PermitCase, statement: str) -> str:
    return visitor.client.get(f"/periksa/{quote(case.reserved_number or '')}?s={statement}&lang=id").text


def warned(visitor: Visitor) -> bool:
    return any(MISSING in each for each in visitor.get("/admin/v1/health")["warnings"])


def test_a_genuine_code_stays_genuine_through_the_whole_roll_over(house: House, keys: dict[str, Path]) -> None:
    house_key = house.gateway.checks.key
    record_keys_of_ledger(house.gateway.store, house.clock())
    case = house.signed()
    code = house.gateway.checks.statement(case, NOW.date())
    other_day = house.gateway.checks.statement(case, NOW.date().replace(day=1))
    other_holder = code_of(house_key, case, holder="Orang Lain")
    line = house_key.verifier.encode()

    # both sign: the old one is derived from the ledger's, and nothing is to be set
    with started(house, keys["new"], previous_ledger_key_file=keys["old"]) as (visitor, hub, warnings):
        text = page(visitor, case, code)
        assert (GENUINE in text, DIFFERS in text, HOLDER_UNJUDGED in text) == (True, False, False)
        assert "Pemegang izin." in page(visitor, case, other_holder), "the key that signed tells the holder"
        assert visitor.client.get("/periksa/kunci").text.split() == [hub.checks.key.verifier.encode(), line]
        assert (warned(visitor), any(MISSING in each for each in warnings)) == (False, False)
        newer = hub.checks.statement(case, NOW.date())
        assert GENUINE in page(visitor, case, newer)

    # the new one alone, with the public half of the old one: all but the holder is judged, and the page says so
    ended = {"earlier_ledger_keys": house.gateway.store.note_key.verifier.encode()}
    with started(house, keys["new"], earlier_permit_keys=line, **ended) as (visitor, _, warnings):
        text = page(visitor, case, code)
        assert (GENUINE in text, DIFFERS in text, HOLDER_UNJUDGED in text) == (True, False, True)
        assert HOLDER_UNJUDGED not in page(visitor, case, newer)
        assert "Tanggal dokumen." in page(visitor, case, other_day)
        assert (warned(visitor), any(MISSING in each for each in warnings)) == (False, False)

    # the setting was forgotten: start and health say so, and nobody is told that a genuine paper may be forged
    with started(house, keys["new"], **ended) as (visitor, _, warnings):
        text = page(visitor, case, code)
        assert (UNJUDGED in text, PERHAPS_FORGED in text, "verdict warn" in text) == (True, False, True)
        assert "S*** C***" not in text
        assert (warned(visitor), any(MISSING in each for each in warnings)) == (True, True)
        stranger = StatementKey.derived(b"\x09" * 32)
        assert PERHAPS_FORGED in page(visitor, case, code_of(stranger, case)), "the permit says which key"
        assert UNJUDGED in visitor.client.get(f"/periksa/9/KRK/I/2020?s={code}&lang=id").text

    # a second roll-over needs both lines
    overlap = {"previous_ledger_key_file": keys["new"], "earlier_permit_keys": line, **ended}
    with started(house, keys["newest"], **overlap) as (visitor, _, _):
        assert [GENUINE in page(visitor, case, each) for each in (code, newer)] == [True, True]
        assert not warned(visitor)
    with started(house, keys["newest"], earlier_permit_keys=line, **ended) as (visitor, _, _):
        assert warned(visitor), "the key between the two is missing"


def code_of(key: StatementKey, case: PermitCase, holder: str = "siti contoh") -> str:
    """A statement by some key about a holder of that name."""
    number = case.reserved_number or ""
    said = Statement(number=number, service=case.service, day=NOW.date(), holder=key.holder(number, holder))
    return key.sign(said)


def test_a_code_without_a_statement_is_old_only_where_the_permits_document_was_made_without_one(
    house: House, visitor: Visitor
) -> None:
    case = house.signed()
    text = visitor.client.get(f"/periksa/{quote(case.reserved_number or '')}?lang=id").text
    assert "Dokumen asli izin ini membawa tanda tangan dalam kode QR-nya" in text
    assert "Dokumen lama" not in text
    prepared = house.gateway.casework.last(case.id, DocumentPrepared)
    assert prepared is not None
    assert prepared.fact.code_key == house.gateway.checks.key.verifier.key_id.hex()
    older, digest = house.approved("krk"), "a" * 64
    signed = DocumentSigned(
        signer="Dewi Contoh",
        signer_nip="198001012005011001",
        delegation="d-1",
        method=SigningMethod.ELECTRONIC,
        document_sha256=digest,
        sha256="b" * 64,
        challenge="c-2",
    )
    number = "007/KRK/I/2020"
    house.record(older, NumberReserved(number=number), DocumentPrepared(sha256=digest))  # of before it was kept
    house.record(older, signed, NumberActivated(number=number))
    assert "Dokumen lama tidak membawa tanda tangan" in visitor.client.get(f"/periksa/{number}?lang=id").text
