"""`simojo delivery`: what waits and what was given up, from the shell; nothing is done that was not said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Simojo, opened_at
from tests.databases import Behind
from tests.office.house import House


@pytest.fixture
def letters(home: Path, database: Behind) -> list[str]:
    """Three dead letters, the oldest first."""
    house: House = opened_at(home)
    names = [house.gateway.store.reader.deliveries(case_id=house.registered().id)[-1].id for _ in range(3)]
    house.gateway.stop()
    database.execute("UPDATE delivery SET state = 'dead', outcome = 'used-up', cause = 'no connection', attempts = 8")
    return sorted(names)


def states(database: Behind) -> list[str]:
    return [row[0] for row in database.execute("SELECT state FROM delivery ORDER BY id")]


def test_deliveries_are_listed_and_shown(simojo: Simojo, letters: list[str]) -> None:
    listed = simojo("delivery", "list", "--agency", "dukcapil").out
    assert all(f"{name}  dead      dukcapil/verify-resident" in listed for name in letters)
    assert listed.count("8 attempts  used-up: no connection") == 3
    for narrow in (("--state", "queued"), ("--outcome", "refused"), ("--made-before", "2020-01-01")):
        assert simojo("delivery", "list", *narrow).out == "no such delivery\n"
    assert "8 attempts" in simojo("delivery", "show", letters[0]).out
    assert "[delivery-unknown]" in simojo("delivery", "show", "d-9").sentence


def test_one_and_many_are_sent_again_after_they_were_shown(
    simojo: Simojo, letters: list[str], database: Behind
) -> None:
    assert "3  dukcapil/verify-resident  used-up" in simojo("delivery", "redrive", "--all", "--dry-run").out
    assert letters[0] in simojo("delivery", "redrive", letters[0], "--dry-run").out
    assert states(database) == ["dead"] * 3
    assert simojo("delivery", "redrive", letters[0]).out == f"delivery {letters[0]} is queued again\n"
    assert states(database) == ["queued", "dead", "dead"]
    for words in ((letters[1], "--all"), (letters[1], "--agency", "dukcapil"), ()):
        assert "[which-unclear]" in simojo("delivery", "redrive", *words).sentence
    assert "[delivery-state]" in simojo("delivery", "redrive", letters[0], "--dry-run").sentence
    said = simojo("delivery", "redrive", "--outcome", "used-up", "--made-from", "2026-01-01").out
    assert said.endswith("2 dead letters to be sent again\n2 queued again, 0 left\n")
    assert states(database) == ["queued"] * 3


def test_what_dies_again_while_many_are_sent_is_not_sent_twice(
    simojo: Simojo, letters: list[str], database: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused_at_once() -> None:
        database.execute("UPDATE delivery SET state = 'dead'")

    monkeypatch.setattr("gateway.cli.delivery._nobody", refused_at_once)
    said = simojo("delivery", "redrive", "--all").out
    assert said.endswith("3 dead letters to be sent again\n3 queued again, 3 left\n")
    assert states(database) == ["dead"] * len(letters)


def test_one_and_many_are_cancelled_with_a_reason(simojo: Simojo, letters: list[str], database: Behind) -> None:
    assert simojo("delivery", "cancel", letters[0]).code == 2
    why = ("--reason", "lewat surat")
    assert letters[0] in simojo("delivery", "cancel", letters[0], *why, "--dry-run").out
    assert "3 dead letters would be cancelled" in simojo("delivery", "cancel", *why, "--all", "--dry-run").out
    assert states(database) == ["dead"] * 3
    simojo("delivery", "cancel", letters[0], *why)
    assert "2 cancelled, 0 left" in simojo("delivery", "cancel", *why, "--all").out
    assert states(database) == ["cancelled"] * 3


def test_endpoints_are_listed_and_one_that_is_mended_is_called_again(
    simojo: Simojo, letters: list[str], database: Behind
) -> None:
    simojo("agency", "endpoint", "dukcapil", "https://dukcapil.example/")
    since, until = "2020-01-01 00:00:00.000000", "2020-01-02 00:00:00.000000"
    database.execute(
        "INSERT INTO circuit (agency, interaction, url, failures, openings, opened_at, open_until, cause)"
        " VALUES ('dukcapil', '*', 'https://dukcapil.example/', 5, 1, :since, :until, 'no connection')",
        since=since,
        until=until,
    )
    listed = simojo("delivery", "endpoints").out
    assert "half-open" in listed
    assert "no connection" in listed
    assert "dukcapil has not answered at" in simojo("delivery", "list").err
    assert simojo("delivery", "close", "dukcapil").out == "dukcapil is called again\n"
    assert "half-open" not in simojo("delivery", "endpoints").out
    assert "[circuit-closed]" in simojo("delivery", "close", "dukcapil").sentence
    assert "[endpoint-unknown]" in simojo("delivery", "close", "dukcapil", "--interaction", "x").sentence
    assert len(letters) == 3
