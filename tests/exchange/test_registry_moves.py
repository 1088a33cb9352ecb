"""What the hub keeps in memory of the registry counts no longer than the registry itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from gateway.domain.errors import HubBusy
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from tests.exchange import voices
from tests.exchange.deliveries import asked, now
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.voices import Said


def while_looked_at(stage: Stage, monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """`deed` is done once, after the next message was proven and found to be covered, before it is committed."""
    look = stage.hub.directory.terms
    done: list[object] = []

    def terms(agency: str, interaction: str, at: datetime, entry: Entry | None = None) -> Terms:
        found = look(agency, interaction, at, entry)
        if not done:
            done.append(deed())
        return found

    monkeypatch.setattr(stage.hub.directory, "terms", terms)


def revoked(stage: Stage) -> None:
    (row,) = stage.hub.store.reader.certificates("dpupr")
    stage.hub.store.registry.revoke_certificate(row.fingerprint, "hilang", "staff/siti")


def ask(stage: Stage, jti: str) -> Said:
    return voices.ask_validity(stage, jti=jti)


def test_nothing_of_the_registry_is_read_for_a_message_once_its_agency_is_known(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for jti in ("makes the key of the day", "reads it"):
        assert ask(stage, jti).code == "not-found"
    asked: list[str] = []
    for name in ("agency", "agreements", "certificates", "endpoints", "counter", "data_key"):
        monkeypatch.setattr(stage.hub.store.reader, name, lambda *_args, _name=name, **_named: asked.append(_name))
    assert ask(stage, "third").code == "not-found"
    assert asked == []


def test_a_certificate_revoked_before_the_commit_is_refused_and_nothing_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(stage, "before").code == "not-found"
    while_looked_at(stage, monkeypatch, lambda: revoked(stage))
    assert ask(stage, "meanwhile").code == "certificate-revoked"
    assert [row.message_id for row in stage.exchanges("dpupr")] == ["before"]
    assert stage.refusals() == {"certificate-revoked": 1}


def test_an_agency_suspended_before_the_commit_is_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(stage, "before").code == "not-found"
    while_looked_at(stage, monkeypatch, lambda: stage.suspend("dpupr"))
    assert ask(stage, "meanwhile").code == "agency-suspended"
    stage.suspend("dpupr", None)
    assert ask(stage, "meanwhile").code == "not-found"  # it was not bound


def test_a_change_that_concerns_somebody_else_changes_nothing_for_a_message(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_looked_at(stage, monkeypatch, lambda: stage.suspend("bank"))
    assert ask(stage, "meanwhile").code == "not-found"
    assert len(stage.exchanges("dpupr")) == 1


def test_no_refusal_rests_on_what_the_registry_said_before(stage: Stage) -> None:
    """The certificate is revoked and another registered while the hub holds the old entry of the agency."""
    assert ask(stage, "before").code == "not-found"
    revoked(stage)
    assert ask(stage, "revoked").code == "certificate-revoked"
    other = agency_identity("bank")
    assert voices.ask_validity(stage, jti="other", signer=other).code == "certificate-unknown"


def test_the_stored_answer_is_not_given_again_to_whom_it_no_longer_belongs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(stage, "same")
    assert ask(stage, "same").body == first.body
    while_looked_at(stage, monkeypatch, lambda: revoked(stage))
    assert ask(stage, "same").code == "certificate-revoked"


# --- attempts of deliveries that are prepared together ------------------------------------------------------------


def prepared_together(stage: Stage, deed: Callable[[], object]) -> int:
    """`deed` is done once all that is due is prepared, and nothing of it handed over. Gives how many calls left."""
    prepare = stage.hub.outbound.preparer()
    begun = [prepare(each) for each in stage.hub.claiming.take(50).claimed]
    deed()
    for attempt in begun:
        attempt.submit()
    called = [call for call in [attempt.call() for attempt in begun] if call is not None]
    for call in called:
        assert call.is_kept()
    return len(called)


def test_nothing_leaves_that_was_prepared_before_its_agency_was_suspended(stage: Stage) -> None:
    deliveries = [asked(stage, "dukcapil") for _ in range(3)]
    assert prepared_together(stage, lambda: stage.suspend("dukcapil")) == 0
    assert stage.town.calls["dukcapil"] == []
    for each in deliveries:
        row = now(stage, each)
        assert (row.state, row.attempts, row.lease_until) == ("queued", 0, None)
        assert "pemeriksaan" in (row.cause or "")


def test_what_was_prepared_before_somebody_else_changed_is_prepared_anew_and_leaves_once(stage: Stage) -> None:
    deliveries = [asked(stage, "dukcapil") for _ in range(3)]
    assert prepared_together(stage, lambda: stage.suspend("bank")) == 3
    assert len(stage.town.calls["dukcapil"]) == 3
    assert [(now(stage, each).state, now(stage, each).attempts) for each in deliveries] == [("answered", 1)] * 3


def test_a_registry_that_does_not_come_to_rest_lets_nothing_leave(stage: Stage) -> None:
    delivery = asked(stage, "dukcapil")
    preparing, turns = stage.hub.outbound._preparing, iter(range(1000))
    prepare = preparing.prepare

    def moving(*given: Any) -> Any:
        attempt = prepare(*given)
        stage.suspend("bank", None if next(turns) % 2 else "pemeriksaan")
        return attempt

    preparing.prepare = moving  # type: ignore[method-assign, assignment]  # the moment between preparing and commit has no other door
    with pytest.raises(HubBusy):
        stage.hub.outbound.deliver(delivery.id)
    assert stage.town.calls["dukcapil"] == []
    assert now(stage, delivery).attempts == 0
