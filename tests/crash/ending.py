"""The end of a town: nothing new is begun, everything is said once more, all processes end, and all is looked at."""

from __future__ import annotations

from gateway.app import open_store
from tests.crash.audit import audit
from tests.crash.finding import Finding, Verdict
from tests.crash.town import SETTLE_S, Town


def look_back(town: Town, within_s: float = SETTLE_S) -> Verdict:
    """Let the town settle, end it, and audit it. What has not settled is a finding too."""
    left = town.settle(within_s)
    town.again()
    for process in town.processes:
        process.end()
    verdict = audited(town)
    verdict.findings += [Finding(kind="lost", text=f"still under way at the end: {each}") for each in left]
    refused = [each for player in town.players for each in player.refused]
    verdict.findings += [Finding(kind="refused", text=f"an officer's {each}") for each in refused]
    return verdict


def audited(town: Town) -> Verdict:
    """Audit a town whose processes have ended."""
    store = open_store(town.grounds.settings)
    try:
        return audit(store, town.clients, town.agencies, town.heads)
    finally:
        store.close()
