"""The same with some megabytes: the hub is a process that is killed twice."""

from __future__ import annotations

from pathlib import Path

from tests.batch.gigabyte import run

NOTICED_MB = 160
"""A few megabytes of records take a hub to 141 to 146 MB, a gigabyte no further: what is beyond this has grown back."""


def test_a_file_goes_through_a_hub_that_is_killed_twice_and_every_record_counts_once(tmp_path: Path) -> None:
    account = run(tmp_path, 4 * 2**20, 1024)
    assert account.wrong == []
    assert max(account.peaks_mb) < NOTICED_MB
