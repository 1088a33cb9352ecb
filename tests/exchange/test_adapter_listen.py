"""`simojo adapter try` where the agency speaks first: what it said is told, and of a file what came of it."""

from __future__ import annotations

import pytest

from gateway.cli.adapter_listen import listen
from gateway.contract.adapter import Batch
from tests.batch.adapter import PASAR
from tests.exchange.pasar import announce, delivered, manifest, registered, work, written
from tests.exchange.stage import Stage


def test_a_file_is_followed_until_the_hub_has_done_with_it(
    market: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.adapter_listen.now", market.clock)
    reader, daftar = market.hub.store.reader, PASAR.interactions[0]
    assert isinstance(daftar, Batch)
    assert not listen(reader, "pasar", daftar, 0.2)
    registered(market, "R-1")
    content = written("jsonl", [{"number": "R-1", "note": "baik"}])
    delivered(market, content, 1)
    assert not listen(reader, "pasar", daftar, 0.4)
    work(market)
    assert listen(reader, "pasar", daftar, 0.4)
    said = capsys.readouterr().out
    for text in (
        "nothing came within 0 s",
        "was accepted",
        "simojo batch show",
        "completed: 1 records accepted, 0 declined, 0 invalid, 0 failed",
    ):
        assert text in said
    market.clock.advance(seconds=1)
    assert announce(market, manifest(content, 1, name="b-2", format="xls"), "m-2").status == 422
    assert not listen(reader, "pasar", daftar, 0.4)
    assert "was refused: schema-violation" in capsys.readouterr().out
