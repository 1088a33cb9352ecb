"""Damages to what is sealed: messages, facts, states of cases, documents, and the keys that open them."""

from __future__ import annotations

from random import Random

from gateway.casework.history import case_at, case_body
from gateway.domain.catalogue import SAMPLE
from gateway.ledger.damage import Damage
from gateway.store.sealing import BODY, CASES
from tests.drill.grounds import CASE, GONE, KEPT_NO_MORE, DrillOffice
from tests.drill.kinds import Kind, Named, flip, named, put, swap

PARTS = ("request", "answer-body", "answer", "answer-headers")
FACT, STATE = f"case_id = '{CASE}' AND seq = ", f"id = '{CASE}'"

CHANGED = (Damage.PART_DIFFERS, Damage.PART_MISSING)
"""A bit in the name of its key, which stands in front of a sealed body, leaves one that no key opens."""


def _exchanges(office: DrillOffice) -> list[str]:
    """Those of which something is left."""
    rows = office.reader.exchanges(200)
    return sorted(row.id for row in rows if row.case_id != GONE and row.id != KEPT_NO_MORE)


def _part(office: DrillOffice, chance: Random) -> tuple[str, str]:
    exchange = chance.choice(_exchanges(office))
    return exchange, f"exchange = '{exchange}' AND name = '{chance.choice(PARTS)}'"


def _fact(office: DrillOffice, chance: Random) -> str:
    return f"{FACT}{chance.choice(office.reader.case_events(CASE)).seq}"


def _scope(office: DrillOffice, chance: Random) -> tuple[str, str]:
    """A data key by chance, and the word by which it is named: that of a dossier is missed in its case."""
    scope = chance.choice(office.scopes())
    return scope, f"data key 'case/{CASE}'" if scope.startswith("dossier/") else f"data key '{scope}'"


def flip_part(office: DrillOffice, chance: Random) -> Named:
    """A byte of a stored message."""
    exchange, where = _part(office, chance)
    flip(office, chance, "exchange_part", "body", where)
    return named(f"'{exchange}'", *CHANGED)


def flip_fact(office: DrillOffice, chance: Random) -> Named:
    """A character of a fact of a case."""
    flip(office, chance, "case_event", "body", _fact(office, chance))
    return named(f"'{CASE}'", *CHANGED)


def flip_state(office: DrillOffice, chance: Random) -> Named:
    """A character of the state of a case."""
    flip(office, chance, "permit_case", "body", STATE)
    return named(CASE, *CHANGED)


def flip_document(office: DrillOffice, chance: Random) -> Named:
    """A byte of a document."""
    flip(office, chance, "document", "body", f"case_id = '{CASE}'")
    return named(CASE, *CHANGED)


def flip_key(office: DrillOffice, chance: Random) -> Named:
    """A byte of a stored data key."""
    scope, word = _scope(office, chance)
    flip(office, chance, "data_key", "wrapped", f"scope = '{scope}'")
    return named(word, Damage.PART_MISSING)


def delete_part(office: DrillOffice, chance: Random) -> Named:
    """A stored message."""
    exchange, where = _part(office, chance)
    office.damage(f"DELETE FROM exchange_part WHERE {where}")  # noqa: S608 - names of the drill
    return named(f"'{exchange}'", Damage.PART_MISSING)


def delete_fact(office: DrillOffice, chance: Random) -> Named:
    """A fact of a case."""
    office.damage(f"DELETE FROM case_event WHERE {_fact(office, chance)}")  # noqa: S608 - names of the drill
    return named(f"'{CASE}'", Damage.PART_MISSING)


def empty_part(office: DrillOffice, chance: Random) -> Named:
    """The bytes of a stored message: its row stays."""
    exchange, where = _part(office, chance)
    put(office, "exchange_part", "body", where, b"")
    return named(f"'{exchange}'", Damage.PART_DIFFERS)


def delete_key(office: DrillOffice, chance: Random) -> Named:
    """A data key: nothing of its scope can be read any more, and nobody asked for that."""
    scope, word = _scope(office, chance)
    office.damage("DELETE FROM data_key WHERE scope = :scope", scope=scope)
    return named(word, Damage.PART_MISSING)


def destroy_key(office: DrillOffice, chance: Random) -> Named:
    """A data key, as an erasure destroys it, without a leaf that tells of an erasure."""
    scope, word = _scope(office, chance)
    put(office, "data_key", "wrapped", f"scope = '{scope}'", b"")
    return named(word, Damage.PART_MISSING)


def pass_off_as_erased(office: DrillOffice, chance: Random) -> Named:
    """A data key, as an erasure destroys it; a row says that a leaf tells of it, and the leaf tells something else."""
    put(office, "data_key", "wrapped", f"scope = 'case/{CASE}'", b"")
    leaf = office.reader.leaves(chance.randrange(office.reader.tree_size()), 1)[0].id
    told = office.reader.erased_by(leaf)
    if told is None:
        office.damage("INSERT INTO erased (leaf, scope) VALUES (:leaf, :scope)", leaf=leaf, scope=f"case/{CASE}")
    else:
        put(office, "erased", "scope", f"leaf = '{leaf}'", f"case/{CASE}")
    if told is not None and told.scope == f"case/{GONE}":
        return named(f"data key 'case/{GONE}'", Damage.PART_MISSING)  # whose erasure nothing tells of now
    return named(f"case/{CASE} is erased", Damage.PART_MISSING)


def pass_off_as_of_an_erased_case(office: DrillOffice, chance: Random) -> Named:
    """A message: rows say that it was about the erased case, from before its erasure or from after it."""
    exchange = chance.choice(_exchanges(office))
    put(office, "exchange", "case_id", f"id = '{exchange}'", GONE)
    for leaf in office.reader.leaves_of_exchange(exchange):
        put(office, "leaf", "case_id", f"id = '{leaf.id}'", GONE)
    office.damage_all("DELETE FROM exchange_part WHERE exchange = :exchange", exchange=exchange)
    return named(f"case/{GONE} is erased", Damage.PART_MISSING)


def pass_off_as_kept_no_more(office: DrillOffice, chance: Random) -> Named:
    """A message: its row says that it went with one whose time of keeping is over, by the leaf that tells of that."""
    exchange = chance.choice(_exchanges(office))
    leaf = office.value(f"SELECT gone_by FROM exchange WHERE id = '{KEPT_NO_MORE}'")  # noqa: S608 - names of the drill
    put(office, "exchange", "gone_by", f"id = '{exchange}'", leaf)
    office.damage_all("DELETE FROM exchange_part WHERE exchange = :exchange", exchange=exchange)
    return named("agreement/dpupr-2026 is erased", Damage.PART_MISSING)


def insert_part(office: DrillOffice, chance: Random) -> Named:
    """A message that no leaf speaks of."""
    exchange = chance.choice(_exchanges(office))
    office.damage(
        "INSERT INTO exchange_part (exchange, name, body) VALUES (:exchange, 'sent-9', :body)",
        exchange=exchange,
        body=chance.randbytes(40),
    )
    return named(f"'{exchange}'", Damage.PART_MISSING)


def swap_parts(office: DrillOffice, chance: Random) -> Named:
    """The bytes of two messages of two exchanges."""
    part = chance.choice(PARTS)
    wheres = (f"exchange = '{each}' AND name = '{part}'" for each in chance.sample(_exchanges(office), 2))
    swap(office, "exchange_part", "body", *wheres)
    return named("part ", Damage.PART_DIFFERS)


def swap_in_exchange(office: DrillOffice, chance: Random) -> Named:
    """The bytes of two messages of one exchange, which the same key opens."""
    exchange = chance.choice(_exchanges(office))
    wheres = (f"exchange = '{exchange}' AND name = '{each}'" for each in chance.sample(PARTS, 2))
    swap(office, "exchange_part", "body", *wheres)
    return named(f"'{exchange}'", Damage.PART_DIFFERS)


def swap_facts(office: DrillOffice, chance: Random) -> Named:
    """Two facts of one case."""
    both = chance.sample([row.seq for row in office.reader.case_events(CASE)], 2)
    swap(office, "case_event", "body", *(f"{FACT}{each}" for each in both))
    return named(f"'{CASE}'", Damage.PART_DIFFERS)


def swap_keys(office: DrillOffice, chance: Random) -> Named:
    """The data keys of two days."""
    days = chance.sample([each for each in office.scopes() if each.startswith("day/")], 2)
    swap(office, "data_key", "wrapped", *(f"scope = '{each}'" for each in days))
    return named(f"data key '{min(days)}'", Damage.PART_MISSING)


def older_state(office: DrillOffice, chance: Random) -> Named:
    """The state of a case, by an older one of the same case from a copy: it was sealed there, and opens there."""
    facts = office.reader.case_events(CASE)
    older = case_at(facts, SAMPLE, chance.randrange(1, len(facts)))
    sealed = office.vault.case_seal(CASE).text(CASES, BODY, case_body(older))
    put(office, "permit_case", "body", STATE, sealed)
    return named(f"case '{CASE}'", Damage.PART_DIFFERS)


KINDS = (
    Kind("flip: message", flip_part),
    Kind("flip: fact of a case", flip_fact),
    Kind("flip: state of a case", flip_state),
    Kind("flip: document", flip_document),
    Kind("flip: data key", flip_key),
    Kind("delete: message", delete_part),
    Kind("delete: bytes of a message", empty_part),
    Kind("delete: fact of a case", delete_fact),
    Kind("delete: data key", delete_key),
    Kind("destroy: data key, with no leaf of an erasure", destroy_key),
    Kind("destroy: data key, passed off as an erasure", pass_off_as_erased),
    Kind("delete: message, passed off as one of an erased case", pass_off_as_of_an_erased_case),
    Kind("delete: message, passed off as kept no more", pass_off_as_kept_no_more),
    Kind("insert: message", insert_part),
    Kind("swap: messages of two exchanges", swap_parts),
    Kind("swap: messages of one exchange", swap_in_exchange),
    Kind("swap: facts of a case", swap_facts),
    Kind("swap: data keys", swap_keys),
    Kind("put back: an older state of a case", older_state),
)
