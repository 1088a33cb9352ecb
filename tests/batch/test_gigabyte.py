"""The same with some megabytes: the hub is a process that is killed twice."""

from __future__ import annotations

from pathlib import Path

from tests.batch.gigabyte import LIMIT_MB, run


def test_a_file_goes_through_a_hub_that_is_killed_twice_and_every_record_counts_once(tmp_path: Path) -> None:
    account = run(tmp_path, 4 * 2**20, 1024)
    assert account.wrong == []
    assert account.own_mb < LIMIT_MB
