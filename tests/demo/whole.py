"""`simojo demo --all --exit`, whole: every agency and every model in one run, and again in the same folder.

Too long for `make test`: `make test-demo` runs it. What can be known without the run is in test_account.py.
"""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import NamedTuple

from gateway.cli.demo.account import HEADINGS, MODELS
from gateway.cli.demo.stage import AGENCIES, OTHERS
from tests.demo.plays import Remains, kill, playing, processes_of

LAST = re.compile(r"permit \d{3}/PBG/[IVX]+/\d{4} active; ledger (\d+) entries verified")
ROW = re.compile(r"([a-z]+) +([a-z]+) +([a-z0-9.-]+) +(\d+) +(\d+) +(\d+) +(\d+) *")
TOLD = (
    "OSS submits a kind of permit that the city has not mapped; the hub refuses it",
    "DPUPR is down when it is asked (503)",
    "Bank tells of a payment of Rp1; the hub refuses it (404",
    "Dishub answers in nonsense first; the hub refuses that",
    "Dewi mistypes her passphrase",
    "Kurir finds nobody at home, and comes again",
    "enters the letter of DPUPR",
    "rejects: Rekomendasi teknis Satpol PP tidak mendukung",
    "records that Dewi signed the sheet in ink",
    "officers are told: bpkpd/arrears",
    "officers are told: djp/verify-tax-status",
    "cut off after the first piece and resumed at byte",
    ": tidak ada SKRD di sini dengan virtual account ini",
)


class Row(NamedTuple):
    """A line of the printed table."""

    agency: str
    model: str
    transport: str
    exchanges: int
    refusals: int
    retries: int
    entries: int


def rows(said: str) -> list[Row]:
    """The lines of the table, its sum left out."""
    begins = said.index(HEADINGS[-1])
    found = (ROW.fullmatch(each) for each in said[begins:].splitlines())
    return [Row(each[1], each[2], each[3], *(int(each[place]) for place in (4, 5, 6, 7))) for each in found if each]


def number(remains: Remains, question: str) -> int:
    """The one number that a question of the store has for an answer."""
    ((found,),) = remains.rows(question)
    return int(found)


def test_every_agency_and_every_model_in_one_run_which_a_killed_hub_does_not_end(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with playing(home, "--all") as play:
        play.until("enters the application of PT Contoh Sejahtera at the counter")
        kill([play.hub])
        assert play.end() == 0, play.said
    assert f"The hub ended (-{signal.SIGKILL.value}); it is started again" in play.said
    entries = LAST.fullmatch(play.said.splitlines()[-1])
    assert entries is not None, play.said
    assert [each for each in TOLD if each not in play.said] == []
    account = rows(play.said)
    assert {each.agency for each in account} == {*AGENCIES, *OTHERS}
    assert {each.model for each in account} == set(MODELS)
    remains = Remains(home)
    # Satpol PP asks its mailbox again while all is ended
    exchanges = sum(each.exchanges for each in account if each.agency != "satpolpp")
    assert number(remains, "SELECT count(*) FROM exchange WHERE agency <> 'satpolpp'") == exchanges
    retries = sum(each.retries for each in account)
    assert number(remains, "SELECT count(*) FROM attempt WHERE number > 1") == retries >= 6
    refused = sum(each.refusals for each in account)
    records = number(remains, "SELECT sum(declined + invalid + failed) FROM batch")
    assert number(remains, "SELECT count(*) FROM exchange WHERE verdict = 'refused'") + records == refused >= 6
    assert sum(each.entries for each in account) < int(entries[1])
    stages = sorted(stage for (stage,) in remains.rows("SELECT stage FROM permit_case"))
    assert stages == ["handed-over"] * 5 + ["rejected"]
    assert processes_of(home) == {}
    with playing(home) as plain:  # everybody is there still, and is called
        assert plain.end() == 0, plain.said
    assert "15 simulated agencies" in plain.said
    assert "email/send-mail" in plain.said
    assert "transport" not in plain.said
    with playing(home, "--all") as again:
        assert again.end() == 0, again.said
    later = rows(again.said)
    assert {each[:3] for each in later} == {each[:3] for each in account}
    assert sum(each.exchanges for each in later if each.agency != "satpolpp") < 1.5 * exchanges  # of this run alone
    assert processes_of(home) == {}
