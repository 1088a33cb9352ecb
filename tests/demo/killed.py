"""A demo that is killed, with all its processes or alone: it goes on where it was, and leaves no process behind.

Too long for `make test`: `make test-demo` runs it.
"""

from __future__ import annotations

from pathlib import Path

from tests.demo.plays import AGENCIES, Remains, await_gone, ended_well, kill, playing, processes_of


def test_a_demo_that_is_killed_goes_on_where_it_was_and_leaves_no_process_behind(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with playing(home) as whole_tree:
        whole_tree.until("pays virtual account")
        pids = list(processes_of(home))
        assert len(pids) == 2 + len(AGENCIES)  # the demo, the hub and the agencies
        kill(pids)
        await_gone(pids)
    with playing(home) as parent_alone:
        parent_alone.until("signs the PDF")
        children = [pid for pid in processes_of(home) if pid != parent_alone.process.pid]
        assert len(children) == 1 + len(AGENCIES)
        kill([parent_alone.process.pid])
        await_gone(children)
    assert processes_of(home) == {}
    with playing(home) as last:
        assert last.end() == 0, last.said
    number, _ = ended_well(last.said)
    assert number.startswith("001/PBG/")
    assert processes_of(home) == {}
    Remains(home).assert_nothing_doubled(permits=1)
