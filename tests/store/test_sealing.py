"""Bodies at rest: sealed under the key of their scope, bound to where they stand, opened by the reader alone."""

from __future__ import annotations

import base64
import string
from collections.abc import Callable

import pytest

from gateway.domain.errors import Refused, Tampered
from gateway.store.plan import Committed, Conflict, Insert, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import DOCUMENTS, PARTS, TEXT_MARK, BodySeal, Place, Shut, open_blob, open_text
from gateway.store.tables import DataKeyRow, DossierRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey

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
