"""Bodies at rest: sealed under the key of their scope, bound to where they stand, opened by the reader alone."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable

import pytest

from gateway.domain.errors import Refused, Tampered
from gateway.exchange.attempt import ask_of
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed, Conflict, Insert, Plan, Update
from gateway.store.reading import Reader
from gateway.store.reads.outbox import Sought
from gateway.store.sealed_rows import sealed
from gateway.store.sealing import (
    DAMAGED,
    DOCUMENTS,
    ERASED,
    PARTS,
    TEXT_MARK,
    BodySeal,
    Place,
    Shut,
    open_blob,
    open_text,
)
from gateway.store.tables import BatchPieceRow, DataKeyRow, DeliveryRow, DossierRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault, scope_of
from gateway.trust.secrets import MasterKey
from tests.store.rows import NOW, delivery

KEY = bytes(range(32))
SEAL = BodySeal("case/c-1", KEY, "x-1")
BODY = b'{"nik": "9999014506900001"}'


def keys(scope: str) -> bytes | None:
    return {"case/c-1": KEY}.get(scope)


def test_a_body_shows_nothing_of_itself_and_opens_where_it_stands() -> None:
    sealed = SEAL.blob(PARTS, "request", BODY)
    assert BODY[5:] not in sealed
    assert open_blob(sealed, Place("x-1", PARTS, "request"), keys) == BODY
    assert SEAL.blob(PARTS, "request", BODY) == sealed  # alike, so that a plan that is prepared twice is the same
    assert SEAL.blob(PARTS, "answer", BODY)[-16:] != sealed[-16:]
    text = SEAL.text(PARTS, "request", "é")
    assert open_text(text, Place("x-1", PARTS, "request"), keys) == "é"


@pytest.mark.parametrize(
    "place", [Place("x-2", PARTS, "request"), Place("x-1", PARTS, "answer"), Place("x-1", DOCUMENTS, "request")]
)
def test_a_body_opens_at_no_other_place(place: Place) -> None:
    with pytest.raises(Tampered, match="does not open"):
        open_blob(SEAL.blob(PARTS, "request", BODY), place, keys)


@pytest.mark.parametrize("at", [9, 12, 17, 25, 40, -1])
def test_a_changed_bit_or_an_end_that_is_missing_is_never_taken(at: int) -> None:
    sealed = bytearray(SEAL.blob(PARTS, "request", BODY))
    for damaged in (bytes(sealed[:at]), bytes(sealed[:at]) + bytes([sealed[at] ^ 1]) + bytes(sealed[at:][1:])):
        with pytest.raises((Tampered, Shut)):
            open_blob(damaged, Place("x-1", PARTS, "request"), keys)


def test_a_sealed_text_has_one_spelling() -> None:
    """Base64 has bits to spare where it does not end with a whole group; a text with others there was changed."""
    text = next(each for each in (SEAL.text(PARTS, "request", "x" * size) for size in range(3)) if each.endswith("="))
    filling = text.rstrip("=")
    spare = base64.b64decode(text[len(TEXT_MARK) :])
    others = [f"{filling[:-1]}{each}{text[len(filling) :]}" for each in string.ascii_letters + string.digits]
    same = [each for each in others if base64.b64decode(each[len(TEXT_MARK) :]) == spare and each != text]
    assert same
    for each in same:
        with pytest.raises(Tampered):
            open_text(each, Place("x-1", PARTS, "request"), keys)


def test_without_its_key_a_body_says_that_it_was_erased_and_one_in_clear_is_taken_as_it_is() -> None:
    with pytest.raises(Shut, match="erased"):
        open_blob(SEAL.blob(PARTS, "request", BODY), Place("x-1", PARTS, "request"), lambda _scope: None)
    assert open_blob(BODY, Place("x-1", PARTS, "request"), keys) == BODY


# --- dossiers -----------------------------------------------------------------------------------------------------


@pytest.fixture
def vaults(reader: Reader) -> Callable[[int], Vault]:
    """A vault of a process of its own: the number is where its randomness begins."""

    def made(first: int) -> Vault:
        numbers = iter(range(first, 250))
        return Vault(reader, MasterKey(bytes(range(1, 33))), lambda size: bytes([next(numbers)]) * size)

    return made


def test_cases_of_one_person_hang_on_one_key_and_those_of_another_do_not(
    vaults: Callable[[int], Vault], writer: GroupCommit, reader: Reader
) -> None:
    vault = vaults(1)
    for case, person in (("c-1", "nik/1"), ("c-2", "nik/1"), ("c-3", "nik/2"), ("c-4", None)):
        assert writer.commit(vault.case_key(case, person).plan) == Committed()
    above = [wrapped.under for each in range(1, 5) if (wrapped := reader.data_key(f"case/c-{each}")) is not None]
    assert above[0] == above[1] == reader.dossier(vault.dossier_digest("nik/1"))
    assert len(set(above)) == 3
    assert {vaults(100).case_key(f"c-{each}").key for each in range(1, 5)} == {
        vault.case_key(f"c-{each}").key for each in range(1, 5)
    }


def test_of_two_processes_that_begin_a_persons_dossier_the_second_joins_the_first(
    vaults: Callable[[int], Vault], writer: GroupCommit, reader: Reader
) -> None:
    one, other = vaults(1), vaults(100)
    ours, theirs = one.case_key("c-1", "nik/1"), other.case_key("c-2", "nik/1")
    assert writer.commit(theirs.plan) == Committed()
    assert isinstance(writer.commit(ours.plan), Conflict)
    assert writer.commit(one.case_key("c-1", "nik/1").plan) == Committed()
    assert len({wrapped.under for case in ("c-1", "c-2") if (wrapped := reader.data_key(f"case/{case}"))}) == 1


def test_a_destroyed_dossier_key_shuts_what_was_kept_and_lets_nothing_new_begin(
    vaults: Callable[[int], Vault], writer: GroupCommit, reader: Reader
) -> None:
    vault = vaults(1)
    made = vault.case_key("c-1", "nik/1")
    body = BodySeal("case/c-1", made.key, "x-1").blob(PARTS, "request", BODY)
    writer.commit(made.plan + Plan.of(Insert(PartRow, {"exchange": "x-1", "name": "request", "body": body})))
    assert [each.body for each in reader.parts("x-1")] == [BODY]
    late = vault.case_key("c-2", "nik/1")  # prepared before, committed after
    scope = reader.dossier(vault.dossier_digest("nik/1"))
    writer.commit(Plan.of(Update(DataKeyRow, {"scope": scope}, {}, {"wrapped": b""})))
    assert isinstance(writer.commit(late.plan), Conflict)
    with pytest.raises(Shut):
        reader.part("x-1", "request")
    assert reader.part_digests(["x-1"]) == {}
    assert vault.stored_key("case/c-1") is None
    with pytest.raises(Refused, match="erased"):
        vault.case_key("c-1")
    again = vault.case_key("c-3", "nik/1")  # the person comes again, as somebody new
    assert [each.model for each in again.plan.changes] == [DossierRow, DataKeyRow, DataKeyRow]


# --- rows ---------------------------------------------------------------------------------------------------------


def test_texts_of_a_row_are_read_as_they_were_and_as_nothing_once_their_key_is_destroyed(
    vaults: Callable[[int], Vault], writer: GroupCommit, reader: Reader
) -> None:
    vault = vaults(1)
    values = delivery("d-1", "q", 1, "dead", case_id="c-1", cause="NIK Wulan ditolak", payload=None)
    key = vault.case_key("c-1", "nik/1")
    stored = sealed(vault, DeliveryRow, values, values, case_id="c-1", at=NOW)
    assert "Wulan" not in repr(stored)
    assert stored.values["payload"] is None
    assert {name for name in values if values[name] != stored.values[name]} == {"ask_body", "cause"}
    writer.commit(key.plan + stored.plan + Plan.of(Insert(DeliveryRow, stored.values)))
    row = reader.delivery("d-1")
    assert row is not None
    assert (row.ask_body, row.cause) == (values["ask_body"], values["cause"])
    sought = Sought(cause="wulan DITOLAK")
    assert [each.id for each in reader.sought(sought, 1)] == ["d-1"]
    assert sum(reader.sought_counts(sought).values()) == 1
    assert reader.sought(Sought(cause="lain"), 1) == []
    # a text that was moved to another column, or changed, opens for nobody; the row is still read
    writer.commit(Plan.of(Update(DeliveryRow, {"id": "d-1"}, {}, {"cause": stored.values["ask_body"]})))
    assert [each.cause for each in reader.deliveries()] == [DAMAGED]
    writer.commit(Plan.of(Update(DataKeyRow, {"scope": "case/c-1"}, {}, {"wrapped": b""})))
    assert [(each.ask_body, each.cause, each.payload) for each in reader.deliveries()] == [(ERASED, ERASED, None)]
    late = sealed(vault, DeliveryRow, {"id": "d-1"}, {"cause": "Wulan lagi", "state": "dead"}, case_id="c-1", at=NOW)
    assert late == ({"cause": ERASED, "state": "dead"}, Plan())
    with pytest.raises(Refused, match="erased"):
        ask_of(StoredDelivery.of(reader.deliveries()[0]))


def test_bytes_of_a_row_are_not_kept_for_nothing(
    vaults: Callable[[int], Vault], writer: GroupCommit, reader: Reader
) -> None:
    vault = vaults(1)
    piece = {"batch": "b-1", "side": "file", "position": 0, "body": BODY}
    stored = sealed(vault, BatchPieceRow, piece, piece, at=NOW)
    writer.commit(stored.plan + Plan.of(Insert(BatchPieceRow, stored.values)))
    assert reader.batch_piece("b-1", "file", 3) == (0, BODY)
    writer.commit(Plan.of(Update(DataKeyRow, {"scope": scope_of(None, NOW)}, {}, {"wrapped": b""})))
    with pytest.raises(Shut):
        reader.batch_piece("b-1", "file", 3)
    with pytest.raises(Refused, match="erased"):
        sealed(vault, BatchPieceRow, piece, piece, at=NOW)
