"""Witnesses: four eyes, co-signatures by call and by visit, and loud alerts for refusal and silence (Pasal 22(4))."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from conformance.witness.judge import Contradiction
from conformance.witness.visiting import visit
from gateway.domain.errors import Malformed, Refused, Unauthenticated
from gateway.ledger.checkpoint import open_note
from gateway.ledger.cosignature import WitnessVerifier
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.operations.published import Published, proof_text
from gateway.operations.witnesses import Proposal, witness_warnings
from gateway.operations.witnessing import PACE
from gateway.store.tables import WitnessRow
from gateway.transport.http import HttpReply, OutboundCall
from tests.operations.ledgers import KEY, Office
from tests.operations.witness_town import NAME, WitnessTown


@pytest.fixture
def town(filled: Office, tmp_path: Path) -> Iterator[WitnessTown]:
    """An office with 13 leaves, and a witness that it does not know yet."""
    made = WitnessTown(filled, tmp_path / "saksi")
    yield made
    made.memory.close()


def row(town: WitnessTown) -> WitnessRow:
    found = town.office.reader.witness(NAME)
    assert found is not None
    return found


def told(office: Office) -> list[str]:
    """The steps of witnesses that the ledger has, waiting ones too."""
    leaves = [Leaf.parse(each.canonical) for each in (*office.reader.leaves(0), *office.reader.pending_leaves())]
    return [str(each.extra["step"]) for each in leaves if each.kind is LeafKind.WITNESS]


def warnings(town: WitnessTown) -> tuple[str, ...]:
    return witness_warnings(town.office.reader, town.clock())


def integrate(office: Office) -> None:
    while office.integrator().run_once():
        pass


def grown(office: Office, count: int = 3) -> None:
    office.deeds(count)
    integrate(office)


# --- four eyes -----------------------------------------------------------------------------------------------------


def test_who_proposes_does_not_approve(town: WitnessTown) -> None:
    proposal = Proposal(verifier=town.key.verifier)
    assert town.deeds.propose(proposal, "rina") == town.deeds.propose(proposal, "agus") == NAME
    with pytest.raises(Refused) as caught:
        town.deeds.approve(NAME, "rina")
    assert caught.value.code == "second-person-needed"
    town.deeds.approve(NAME, "agus")
    town.deeds.remove(NAME, "rina")
    assert told(town.office) == ["proposed", "approved", "removed"]


@pytest.mark.parametrize(
    ("code", "proposal", "actor"),
    [
        ("verifier-key", {"verifier": KEY.verifier.encode()}, "rina"),
        ("endpoint-invalid", {"url": "ftp://saksi"}, "rina"),
        ("agency-unknown", {"agency": "nowhere"}, "rina"),
        ("witness-interval", {"interval_s": 5}, "rina"),
        ("staff-unknown", {}, "mallory"),
    ],
)
def test_a_proposal_that_cannot_stand_is_refused(
    town: WitnessTown, code: str, proposal: dict[str, object], actor: str
) -> None:
    with pytest.raises(Refused) as caught:
        town.deeds.propose(Proposal(**{"verifier": town.key.verifier, **proposal}), actor)  # type: ignore[arg-type]  # a table of members
    assert caught.value.code == code


def test_a_removed_name_or_key_does_not_come_back(town: WitnessTown) -> None:
    town.register()
    town.deeds.remove(NAME, "agus")
    again = WitnessVerifier("another.example", WitnessVerifier.parse(town.key.verifier).public_key)
    for verifier in (town.key.verifier, again.encode()):
        with pytest.raises(Refused) as caught:
            town.deeds.propose(Proposal(verifier=verifier), "rina")
        assert caught.value.code == "witness-exists"


# --- the hub calls -------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_served_with_its_co_signature_and_each_call_proves_the_growth(town: WitnessTown) -> None:
    town.register()
    published = Published(town.office.reader)
    with pytest.raises(Refused):
        published.checkpoint(witnessed=True)
    integrate(town.office)
    assert town.hub.run_once() is False
    assert town.hub.run_once() is False  # not again at once
    for size in (15, 18):
        note = published.checkpoint()
        line = WitnessVerifier.parse(town.key.verifier).cosignature_on(note)
        assert open_note(note, [KEY.verifier]).size == size == town.witness.size
        assert line is not None
        assert line.time == int(town.clock().timestamp())
        assert published.checkpoint(witnessed=True) == note
        grown(town.office)
        town.office.now += PACE
        town.hub.run_once()
    assert town.heard == ["old 0", "old 15", "old 18"]
    assert warnings(town) == ()


def test_a_newer_checkpoint_without_line_does_not_hide_the_one_that_has_one(town: WitnessTown) -> None:
    town.register()
    town.hub.run_once()
    grown(town.office)
    published = Published(town.office.reader)
    assert published.checkpoint().count("— ") == 1
    witnessed = published.checkpoint(witnessed=True)
    assert (open_note(witnessed, [KEY.verifier]).size, witnessed.count("— ")) == (13, 2)
    town.deeds.remove(NAME, "rina")
    with pytest.raises(Refused):
        published.checkpoint(witnessed=True)


def test_an_answer_that_is_lost_is_made_up_for_by_the_next_call(town: WitnessTown) -> None:
    town.register()
    town.wire = town.lost
    town.hub.run_once()
    assert (town.witness.size, row(town).size, row(town).failures) == (13, 0, 1)
    town.witness = town.reborn()
    assert town.witness.size == 13  # it was on the disk before the answer left
    town.wire = None
    town.office.now += PACE
    town.hub.run_once()
    assert town.heard == ["old 0", "old 0", "old 13"]
    assert (row(town).size, row(town).failures, row(town).trouble) == (13, 0, None)


def test_a_quiet_ledger_is_co_signed_anew_so_that_silence_means_something(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)
    town.hub.run_once()
    town.office.now += timedelta(seconds=99)
    town.hub.run_once()
    assert len(town.heard) == 1
    town.office.now += timedelta(seconds=1)
    town.hub.run_once()
    assert town.heard == ["old 0", "old 15"]


def test_one_that_is_not_reached_is_left_alone_longer_each_time_and_missed_once(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)
    town.wire = town.deaf
    for _ in range(40):
        town.hub.run_once()
        town.office.now += timedelta(seconds=10)
    assert len(town.heard) == 6  # at 0, 10, 30, 70, 150 and 310 s
    assert told(town.office) == ["proposed", "approved", "overdue"]
    (sentence,) = warnings(town)
    assert "saksi.dpupr.example has co-signed nothing since 2026-01-06 10:05 WIB, 300 s are agreed" in sentence
    assert "nobody listens there" in sentence
    town.wire = None
    town.office.now += timedelta(minutes=10)
    town.hub.run_once()
    assert warnings(town) == ()
    assert told(town.office)[-1] == "returned"


@pytest.mark.parametrize(
    ("status", "body"), [(200, b""), (200, b"no line\n"), (500, b""), (409, b"many\n"), (302, b"")]
)
def test_an_answer_that_is_none_is_a_failure_and_no_refusal(town: WitnessTown, status: int, body: bytes) -> None:
    town.register()
    town.wire = lambda _call: HttpReply(status=status, headers={}, body=body, took_s=0.0)
    town.hub.run_once()
    assert (row(town).failures, row(town).refusal) == (1, None)
    assert row(town).trouble
    assert town.office.reader.cosignatures(13) == []


def test_a_line_by_another_key_or_of_another_time_is_not_kept(town: WitnessTown) -> None:
    town.register()

    def late(call: OutboundCall) -> HttpReply:
        at, town.office.now = town.office.now, town.office.now - timedelta(minutes=6)
        reply, town.office.now = town.reach(call), at
        return reply

    town.wire = late
    town.hub.run_once()
    assert "-360 s from the hub's clock" in (row(town).trouble or "")
    assert town.office.reader.cosignatures(13) == []


# --- damage --------------------------------------------------------------------------------------------------------


def rewritten(office: Office) -> None:
    """What somebody does who has the database and the ledger's key: another leaf 0, and all of the tree anew."""
    office.damage("UPDATE leaf SET id = 'forged' WHERE tree_index = 0")
    forged = office.leaves.make(LeafKind.SIGN_IN, at=office.now, actor="staff/mallory").row.values
    with office.engine.begin() as connection:
        for statement in ("DELETE FROM tile", "DELETE FROM checkpoint", "DELETE FROM tree_head"):
            connection.exec_driver_sql(statement)
    office.damage(
        "UPDATE leaf SET canonical = :canonical, hash = :hash WHERE tree_index = 0",
        canonical=forged["canonical"],
        hash=forged["hash"],
    )
    with office.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE leaf SET tree_index = NULL")
    integrate(office)


def test_history_rewritten_with_the_real_key_is_refused_with_evidence_and_told_once(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)
    town.hub.run_once()
    rewritten(town.office)
    grown(town.office)
    for _ in range(3):
        town.office.now += timedelta(minutes=1)
        town.hub.run_once()
    assert told(town.office) == ["proposed", "approved", "refused"]
    (sentence,) = warnings(town)
    assert "refuses to co-sign: it does not accept the proof that the ledger only grew (HTTP 422)" in sentence
    (file,) = (town.folder / "evidence").iterdir()
    evidence = json.loads(file.read_text())
    assert evidence["kind"] == "rewrite"
    sizes = [open_note(evidence[each], [KEY.verifier]).size for each in ("held", "offered")]
    assert sizes == [15, 18]
    assert town.said[-1].startswith("REFUSED (rewrite)")


def test_two_trees_of_one_size_are_a_fork(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)
    town.hub.run_once()
    rewritten(town.office)
    town.office.now += timedelta(minutes=3)
    town.hub.run_once()
    assert "another ledger of 15 leaves, with another root" in warnings(town)[0]
    (file,) = (town.folder / "evidence").iterdir()
    evidence = json.loads(file.read_text())
    held, offered = (open_note(evidence[each], [KEY.verifier]) for each in ("held", "offered"))
    assert evidence["kind"] == "fork"
    assert held.size == offered.size
    assert held.root != offered.root


def set_back(office: Office, before: int) -> None:
    """The older copy: its last checkpoint over so many leaves, its leaves, and what was known of the witness then."""
    # the older copy: the last checkpoint, its leaves and what was known of the witness then
    tile = office.reader.tile(0, 0)
    assert tile is not None
    office.damage("UPDATE tile SET hashes = :hashes WHERE level = 0", hashes=tile[: before * 32])
    office.damage("DELETE FROM checkpoint WHERE size > 15")
    office.damage("UPDATE tree_head SET size = :size", size=before)
    office.damage("UPDATE witness SET size = 0, seen_at = NULL, next_at = NULL")
    with office.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM leaf WHERE tree_index >= 15")


def test_a_database_that_was_set_back_is_found_by_what_the_witness_has(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)
    before = town.office.reader.tree_size()
    grown(town.office)
    town.hub.run_once()
    set_back(town.office, before)
    town.office.now += timedelta(minutes=1)
    town.hub.run_once()
    assert "it has seen 18 leaves of this ledger, which has 15 now" in warnings(town)[0]
    assert town.said[-1].startswith("shown 15 leaves, with 18 co-signed")


# --- the witness comes ---------------------------------------------------------------------------------------------


def test_a_witness_without_endpoint_brings_its_line(town: WitnessTown) -> None:
    town.register(url=None)
    town.hub.run_once()
    assert town.heard == []
    note = Published(town.office.reader).checkpoint()
    brought = note + town.witness.cosign(note, None, [])
    for _ in range(2):  # the second time changes nothing
        assert town.hub.take(brought).witness == NAME
    assert Published(town.office.reader).checkpoint() == brought
    assert row(town).size == 13


@pytest.mark.parametrize(
    ("brought", "kind", "code"),
    [
        ("no note", Malformed, "cosignature-malformed"),
        ("{note}", Unauthenticated, "witness-unknown"),
        ("{other}{line}", Malformed, "cosignature-malformed"),
    ],
)
def test_what_no_active_witness_signed_is_refused(
    town: WitnessTown, brought: str, kind: type[Refused], code: str
) -> None:
    town.register(url=None)
    note = Published(town.office.reader).checkpoint()
    smaller = town.office.reader.checkpoint(9)
    assert smaller is not None
    line = town.witness.cosign(note, None, [])
    with pytest.raises(kind) as caught:
        town.hub.take(brought.format(note=note, line=line, other=smaller.note))
    assert caught.value.code == code


def test_a_proposed_witness_is_no_witness_yet(town: WitnessTown) -> None:
    town.deeds.propose(Proposal(verifier=town.key.verifier), "rina")
    note = Published(town.office.reader).checkpoint()
    with pytest.raises(Unauthenticated):
        town.hub.take(note + town.witness.cosign(note, None, []))


def test_a_checkpoint_of_ours_that_we_do_not_have_is_evidence(town: WitnessTown) -> None:
    town.register(url=None)
    integrate(town.office)
    note = Published(town.office.reader).checkpoint()
    brought = note + town.witness.cosign(note, None, [])
    rewritten(town.office)
    with pytest.raises(Refused) as caught:
        town.hub.take(brought)
    assert caught.value.code == "checkpoint-unknown"
    assert "signed by this ledger's key, that this ledger does not have" in warnings(town)[0]
    assert told(town.office)[-1] == "refused"


class Door:
    """The hub's pages of the ledger, for a witness that visits."""

    def __init__(self, town: WitnessTown) -> None:
        self.town = town
        self.published = Published(town.office.reader)

    def get(self, url: str) -> httpx2.Response:
        """Checkpoint or proof."""
        asked = re.search(r"from=([0-9]+)&to=([0-9]+)", url)
        if asked is None:
            return httpx2.Response(200, text=self.published.checkpoint())
        grown = self.published.consistency(int(asked[1]), int(asked[2]))
        return httpx2.Response(200, json={"proof": proof_text(grown.proof)})

    def post(self, url: str, *, content: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """A checkpoint is brought."""
        assert (url, "Content-Type" in headers) == ("http://hub/ledger/cosignature", True)
        try:
            self.town.hub.take(content.decode())
        except Refused as fault:
            return httpx2.Response(422, text=fault.text)
        return httpx2.Response(200)


@pytest.mark.parametrize("kind", ["rollback", "fork", "rewrite", "rewrite beside its old checkpoint"])
def test_a_witness_that_visits_and_refuses_tells_the_hub_what_it_signed_before(town: WitnessTown, kind: str) -> None:
    town.register(url=None)
    integrate(town.office)
    before = town.office.reader.tree_size()
    if kind == "rollback":
        grown(town.office)
    assert visit(town.witness, Door(town), "http://hub")
    seen = Published(town.office.reader).checkpoint().rpartition("— saksi")[0]
    if kind == "rollback":
        set_back(town.office, before)
    else:
        rewritten(town.office)
        if kind != "fork":
            grown(town.office)
        if "beside" in kind:
            town.office.damage("UPDATE checkpoint SET note = :note WHERE size = :size", note=seen, size=before)
    for _ in range(2):  # told once, and standing as long as it refuses
        town.office.now += timedelta(minutes=1)
        with pytest.raises(Contradiction) as caught:
            visit(town.witness, Door(town), "http://hub")
        assert caught.value.kind == kind.partition(" ")[0]
        assert "refuses to co-sign" in warnings(town)[0]
    assert told(town.office).count("refused") == 1
    assert "returned" not in told(town.office)


def test_a_plan_that_stands_on_what_was_known_before_writes_nothing(town: WitnessTown) -> None:
    town.register()
    integrate(town.office)

    def meanwhile(call: OutboundCall) -> HttpReply:
        town.deeds.remove(NAME, "rina")
        return town.reach(call)

    town.wire = meanwhile
    town.hub.run_once()
    assert (row(town).state, row(town).size) == ("removed", 0)
    assert town.office.reader.cosignatures(15) == []
