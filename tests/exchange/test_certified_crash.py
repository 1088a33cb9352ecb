"""The process ends between any two commits of a certified signature: it is carried on, and the document signed once."""

from __future__ import annotations

import base64
from collections import Counter

import pytest

from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as CaseStage
from gateway.exchange.claiming import LEASE_BEYOND_CALL
from gateway.store.engine import is_shared
from gateway.trust.pdf_signature import pdf_signatures
from tests.databases import Behind
from tests.exchange.signatures import PASSPHRASE, delivery, prepared, released, send
from tests.exchange.stage import Stage
from tests.exchange.test_crash import Killed, Mortal
from tests.exchange.town import Call, Told, says, signs

COMMITS = {"the request": 2, "the document, sent": 5, "the signed file": 6}
"""The number of each commit: the PIN is the first; question and answer about the signer come before the document."""


def _released_and_sent(stage: Stage, case: PermitCase) -> None:
    released(stage, case)
    send(stage, case)


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("commit", COMMITS)
def test_a_process_that_dies_at_a_commit_signs_once_all_the_same(
    stage: Stage, commit: str, written: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = prepared(stage)
    monkeypatch.setattr(Mortal, "after", COMMITS[commit])
    monkeypatch.setattr(Mortal, "written", written)
    stage.restart(Mortal)
    with pytest.raises(Killed):
        _released_and_sent(stage, case)
    stage.restart()
    stage.hub.outbound.recover(alone=not is_shared(stage.hub.store.engine))
    stage.clock.advance(seconds=30 + LEASE_BEYOND_CALL.total_seconds())
    stage.hub.outbound.recover()
    stage.clock.advance(minutes=1)
    if stage.case(case.id).stage is CaseStage.PREPARED:
        assert (commit, written) == ("the request", False)
        released(stage, case)
    send(stage, case)
    now = stage.case(case.id)
    assert (now.stage, now.attention) == (CaseStage.ACTIVE, ())
    kinds = Counter(row.kind for row in stage.hub.store.reader.case_events(case.id))
    assert (kinds["SignatureRequested"], kinds["DocumentSigned"], kinds["NumberActivated"]) == (1, 1, 1)
    documents = [row for row in stage.hub.store.reader.documents(case.id) if row.kind == "permit-signed"]
    assert [len(pdf_signatures(row.body)) for row in documents] == [1]
    assert stage.state(delivery(stage, case)) == "answered"
    assert stage.rows("held_secret") == {"held_secret": []}
    with Behind(stage.settings.database_url) as behind:
        assert {name for name, value in behind.stored() if PASSPHRASE.encode() in value} == set()


def test_of_two_answers_the_first_that_is_kept_counts(stage: Stage) -> None:
    """A worker that was thought lost brings its answer after another has asked again: both files are valid."""
    case = prepared(stage)
    released(stage, case)
    row = delivery(stage, case)

    def overtaken(call: Call) -> Told:
        stage.clock.advance(seconds=30 + LEASE_BEYOND_CALL.total_seconds())
        stage.hub.outbound.recover()
        stage.clock.advance(minutes=1)
        assert stage.hub.outbound.deliver(row.id)
        return signs(call)

    stage.town.next("bsre", says({"status": "ISSUE"}), overtaken)
    send(stage, case)
    now = stage.case(case.id)
    assert (now.stage, now.attention) == (CaseStage.ACTIVE, ())
    parts = stage.parts(row.id)
    first, second = parts["reply-1"], parts["reply-2"]
    assert first != second
    kept = stage.hub.store.reader.document(case.id, now.signed_sha256 or "")
    assert kept is not None
    assert base64.b64encode(kept.body) in second
    kinds = Counter(row.kind for row in stage.hub.store.reader.case_events(case.id))
    assert kinds["DocumentSigned"] == 1
