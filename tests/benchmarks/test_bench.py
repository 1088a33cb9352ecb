"""The measurements can still be taken, and say what they found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.agency import INSPECTION
from benchmarks.checking import check_answers
from benchmarks.choice import Engine, Part, Protocol, Size, UnknownChoice, choose
from benchmarks.documents import BYTES, report
from benchmarks.floor import Floor
from benchmarks.hub import Grounds, serving
from benchmarks.load import LoadFailed, send
from benchmarks.measure import Figures
from benchmarks.messages import Mint
from benchmarks.page import BEGIN, END, write
from benchmarks.parties import Parties
from benchmarks.table import Cell, Outcome


def test_words_pick_parts_and_an_unknown_one_says_what_there_is() -> None:
    picked = choose(["soap", "hub"], {"BENCH_ONLY": "sqlite,2kb", "BENCH_SECONDS": "0.5"})
    assert list(picked.matrix) == [(Protocol.SOAP, Engine.SQLITE, Size.KB2)]
    assert (picked.parts, picked.seconds) == ((Part.HUB,), 0.5)
    whole = choose([], {})
    assert (len(list(whole.matrix)), whole.parts) == (8, tuple(Part))
    with pytest.raises(UnknownChoice, match="there is no oracle to measure; there are rest, soap, sqlite"):
        choose(["oracle"], {})
    with pytest.raises(UnknownChoice, match="BENCH_SECONDS"):
        choose([], {"BENCH_SECONDS": "long"})


def test_documents_have_the_size_that_they_are_named_for() -> None:
    for protocol in Protocol:
        for size in Size:
            length = len(report(protocol, size).numbered(7))
            assert 0.85 * BYTES[size] < length <= BYTES[size], (protocol, size, length)


def test_the_document_and_the_table_say_what_was_measured_and_what_was_reached(tmp_path: Path) -> None:
    def figures(per_second: float, p99_ms: float) -> Figures:
        return Figures(
            per_second=per_second,
            p50_ms=4.0,
            p99_ms=p99_ms,
            max_ms=99.0,
            exchanges=100,
            seconds=1.0,
            verified=9,
            load_cpu=0.25,
            server_cpu=0.5,
            rss_each_mb=(140.0, 150.0),
        )

    cell = Cell(Protocol.REST, Engine.POSTGRES, Size.KB2, Floor(per_second=4000.0, cpu_ms=0.1), figures(500.0, 40.0))
    unmeasured = Outcome({"cpu": "any"}, 1.0, 16, [Cell(Protocol.SOAP, Engine.SQLITE, Size.KB2)])
    assert unmeasured.document()["soap"]["sqlite"]["2kb"]["hub"] is None
    assert not list(unmeasured.goals())
    assert "-" in unmeasured.text()
    cell.hub = figures(1500.0, 41.0)
    outcome = Outcome({"cpu": "any", "libraries": {"lxml": "6"}}, 1.0, 16, [cell])
    outcome.deliveries["two_workers"] = 499.0
    outcome.ceiling = {"per_second": 50_000.0, "cpu": 0.6}
    outcome.stored["sqlite"] = {
        "at": {key: {"hub": 8.0, "p99_ms": 1.0, "cpu_ms": 2.0} for key in ("1", "9")},
        "kept": 0.95,
    }
    outcome.write(tmp_path / "latest.json")
    said = json.loads((tmp_path / "latest.json").read_bytes())["rest"]["postgres"]["2kb"]
    wanted = {"floor": 4000.0, "reference": 500.0, "hub": 1500.0, "vs_reference": 3.0, "vs_floor": 0.375}
    assert said | wanted | {"p50_ms": 4.0, "p99_ms": 41.0, "rss_mb": 150.0, "rss_all_mb": 290.0} == said
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write(tmp_path / "latest.json", page)
    told = page.read_text(encoding="utf-8")
    assert told.startswith(f"before\n{BEGIN}\nMachine: cpu any.")
    assert told.endswith(f"- Deliveries, two workers: 499/s.\n{END}\nafter\n")
    row = "| rest, postgres, 2kb, 2 processes | 4000 | 500 | 1500 | 3 | 0.375 | 4 | 41 | 150 | 0.10, 1.00, 0.33 | 25 |"
    assert row in told.splitlines()
    assert [reached for _, reached in outcome.goals()] == [True, False, False, True, True, False]
    assert "MISSED   499 deliveries a second with two workers, at least 500" in outcome.text()


def test_a_hub_is_measured_and_an_answer_that_is_not_good_ends_it(tmp_path: Path) -> None:
    """The plug, the agreement, the messages and the checks of an answer, on a hub in its own process."""
    protocol = Protocol.REST
    parties = Parties.make(protocol, tmp_path)
    grounds = Grounds.furnish(tmp_path, parties, f"sqlite:///{tmp_path / 'simojo.db'}")
    mint = Mint(protocol, parties, report(protocol, Size.KB2), INSPECTION)
    with serving(grounds, 1) as running:
        ports = [each.port for each in running]
        few = list(mint.messages(4))
        load = send(ports, few, mint.document, mint.tail, connections=2, seconds=30.0)
        assert (len(load.latencies), load.ran_out) == (4, True)
        assert check_answers(protocol, parties, load.sample, mint.document, leaf=True) == 4
        others = Parties.make(protocol, tmp_path / "others")
        with pytest.raises(LoadFailed, match="is not good"):
            check_answers(protocol, others, load.sample, mint.document, leaf=True)
        strange = Mint(protocol, others, mint.document, INSPECTION)
        with pytest.raises(LoadFailed, match=r"HTTP/1.1 401"):
            send(ports, list(strange.messages(1)), mint.document, b"", connections=1, seconds=30.0)
