"""The ledger's note key is rolled over with overlap: witnesses and verifiers of either key follow (decision 0105)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from conformance.notes import read_key
from conformance.receipts.damage import Damaged
from conformance.receipts.judge import Trusted, judge
from conformance.witness.judge import Witness
from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.checkpoint import NoteKey, NoteVerifier, open_note, split_note
from gateway.ledger.held import read_held
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.ledger.receipt import verify_receipt
from gateway.ledger.verify import verify_export
from gateway.operations.integrator import Integrator
from gateway.operations.ledger_export import export_lines, verify_store
from gateway.operations.ledger_keys import known_keys, record_ledger_keys, refuse_unknown_signer
from gateway.operations.proofs import Proofs
from gateway.operations.witnessing import PACE, Witnessing
from tests.ledger.receipts import PEM
from tests.operations.ledgers import KEY, ORIGIN, Office
from tests.operations.witness_town import WitnessTown

NEXT = NoteKey.from_seed(ORIGIN, bytes(range(1, 33)))
STRANGER = NoteKey.from_seed(ORIGIN, bytes(range(2, 34)))
BOTH = (NEXT.verifier, KEY.verifier)


def record(office: Office, *keys: NoteKey) -> None:
    record_ledger_keys(office.reader, office.writer, office.leaves, [each.verifier for each in keys], office.now)


def integrate(office: Office, key: NoteKey, previous: NoteKey | None = None) -> str:
    """Place what waits; gives the last note."""
    earlier = [] if key is KEY else [KEY.verifier]
    made = Integrator(office.reader, office.writer, key, lambda: office.now, earlier=earlier, previous=previous)
    while made.run_once():
        pass
    last = office.reader.last_checkpoint()
    assert last is not None
    return last.note


def steps(office: Office) -> list[tuple[str, str]]:
    """What the ledger says of its own keys."""
    leaves = [Leaf.parse(each.canonical) for each in office.reader.leaves(0)]
    return [(str(each.extra["step"]), str(each.extra["verifier"])) for each in leaves if each.kind is LeafKind.KEY]


def test_when_each_key_began_and_ended_is_kept_and_told_in_the_ledger(filled: Office) -> None:
    began = filled.reader.checkpoints()[0].at
    record(filled, KEY)
    record(filled, KEY)
    assert (steps(filled), len(filled.reader.pending_leaves())) == ([], 0)  # of the first key there is nothing to tell
    filled.now += timedelta(days=1)
    overlap = filled.now
    record(filled, NEXT, KEY)
    integrate(filled, NEXT, KEY)
    filled.now += timedelta(days=30)
    record(filled, NEXT)
    record(filled, NEXT)
    integrate(filled, NEXT)
    assert steps(filled) == [
        ("ledger-signs-with", NEXT.verifier.encode()),
        ("ledger-signed-with", KEY.verifier.encode()),
    ]
    told = [(each.verifier, each.began_at, each.ended_at) for each in known_keys(filled.reader, [NEXT.verifier])]
    assert told == [(NEXT.verifier.encode(), overlap, None), (KEY.verifier.encode(), began, filled.now)]
    unknown = known_keys(filled.reader, [NEXT.verifier, STRANGER.verifier])[1]
    assert (unknown.verifier, unknown.began_at) == (STRANGER.verifier.encode(), None)


def test_while_both_keys_sign_either_of_them_judges_a_checkpoint_and_a_receipt(filled: Office) -> None:
    proofs = Proofs(filled.reader, NEXT.verifier, [KEY.verifier])
    before = proofs.receipt("ex-1", {}, PEM)
    filled.exchange("ex-5")
    note = integrate(filled, NEXT, KEY)
    for each in BOTH:
        assert open_note(note, [each]).size == 15
        assert read_held(note.encode(), "it", [each]).size == 15
    during = proofs.receipt("ex-5", {}, PEM)
    filled.exchange("ex-6")
    assert len(split_note(integrate(filled, NEXT))[1]) == 1
    after = proofs.receipt("ex-6", {}, PEM)
    assert [json.loads(each)["verifier"] for each in (before, during, after)] == [
        KEY.verifier.encode(),
        NEXT.verifier.encode(),
        NEXT.verifier.encode(),
    ]
    judged_by = {
        name: [takes(document, verifier) for document in (before, during, after)]
        for name, verifier in (("old", KEY.verifier), ("new", NEXT.verifier), ("stranger", STRANGER.verifier))
    }
    assert judged_by == {
        "old": [True, True, False],
        "new": [False, True, True],
        "stranger": [False, False, False],
    }
    for document in (before, during, after):  # whoever has both keys has all receipts
        assert judge(document, Trusted(keys=[each.encode() for each in BOTH])).trusted


def takes(receipt: bytes, verifier: NoteVerifier) -> bool:
    """Whether both verifiers take a receipt under this key; they agree."""
    said: list[object] = []
    ways: list[Callable[[], bool]] = [
        lambda: judge(receipt, Trusted(keys=[verifier.encode()])).trusted,
        lambda: verify_receipt(receipt, verifier.encode()).trusted,
    ]
    for judged in ways:
        try:
            said.append(judged())
        except (Damaged, LedgerBroken) as damaged:
            said.append(damaged.code)
    assert said in ([True, True], ["verifier-key", "verifier-key"])
    return said[0] is True


def test_store_and_export_verify_with_all_keys_and_not_with_one_alone(filled: Office) -> None:
    filled.exchange("ex-5")
    integrate(filled, NEXT, KEY)
    filled.exchange("ex-6")
    integrate(filled, NEXT)
    assert verify_store(filled.reader, filled.vault, BOTH, parts=False).ledger.size == 17
    lines = list(export_lines(filled.reader, filled.vault, BOTH))
    assert verify_export(lines, [each.encode() for each in BOTH], parts=False).trusted
    for each in BOTH:
        with pytest.raises(LedgerBroken):
            verify_export(lines, [each.encode()], parts=False)


def test_a_ledger_that_none_of_the_keys_of_the_settings_signed_is_refused_at_start(filled: Office) -> None:
    refuse_unknown_signer(filled.reader, [KEY.verifier])
    refuse_unknown_signer(filled.reader, BOTH)
    with pytest.raises(Misconfigured, match="SIMOJO_PREVIOUS_LEDGER_KEY_FILE"):
        refuse_unknown_signer(filled.reader, [NEXT.verifier])


@pytest.fixture
def town(filled: Office, tmp_path: Path) -> Iterator[WitnessTown]:
    made = WitnessTown(filled, tmp_path / "saksi")
    made.register()
    yield made
    made.memory.close()


def test_a_witness_follows_with_the_old_key_and_goes_on_with_the_new_one_in_the_same_folder(
    town: WitnessTown, filled: Office
) -> None:
    def cosigned(note: str) -> bool:
        filled.now += PACE
        hub = Witnessing(
            reader=filled.reader,
            unit_of_work=filled.writer,
            leaves=filled.leaves,
            client=town,
            verifiers=BOTH,
            clock=town.clock,
        )
        hub.run_once()
        return bool(filled.reader.cosignatures(open_note(note, BOTH).size))

    assert cosigned(integrate(filled, KEY))
    filled.deeds(2)
    assert cosigned(integrate(filled, NEXT, KEY))  # it knows the old key alone
    town.witness = Witness(town.memory, town.key, (read_key(NEXT.verifier.encode()),), town.clock, town.said.append)
    filled.deeds(2)
    assert cosigned(integrate(filled, NEXT, KEY))
    filled.deeds(2)
    note = integrate(filled, NEXT)
    assert cosigned(note)
    assert not any("REFUSED" in each for each in town.said)
    both = tuple(read_key(each.encode()) for each in BOTH)
    town.witness = Witness(town.memory, town.key, both, town.clock, town.said.append)
    filled.deeds(2)
    assert cosigned(integrate(filled, NEXT))  # one that is told of the new key before, and need not be started again
    late = Witness(town.memory, town.key, both[1:], town.clock, town.said.append)
    town.witness = late  # one that was never told of the new key
    filled.deeds(2)
    assert not cosigned(integrate(filled, NEXT))
    row = filled.reader.witness(town.key.name)
    assert row is not None
    assert row.refusal == "it does not accept the signature of the ledger's key (HTTP 403)"
