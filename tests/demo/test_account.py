"""The account of the whole demo: from counts to a table, and what is said when something was not touched.

The run itself, minutes on a busy machine, is `make test-demo` (tests/demo/whole.py).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from conformance.peers.process import PEERS
from gateway.cli.demo.account import MODELS, Line, account, agreed_terms, check_whole, table
from gateway.cli.demo.plots import ALL, NAMES
from gateway.cli.demo.stage import AGENCIES, CERTIFIED, OTHERS, open_stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.errors import Misconfigured
from gateway.store.reads.tallies import Tally
from gateway.validation.agreement_file import latest_agreements

TODAY = date(2026, 11, 28)
TERMS = agreed_terms(TODAY)
EVERYBODY = sorted((*AGENCIES, *OTHERS))


def tally(agency: str, interaction: str, *counts: int) -> Tally:
    exchanges, refusals, retries, leaves = counts
    return Tally(
        agency=agency,
        interaction=interaction,
        exchanges=exchanges,
        succeeded=exchanges - refusals,
        refusals=refusals,
        retries=retries,
        leaves=leaves,
    )


def test_interactions_of_one_model_make_one_line_and_a_mailboxs_services_are_its_own() -> None:
    lines = account(
        [
            tally("satpolpp", "mailbox.collect", 3, 0, 0, 6),
            tally("satpolpp", "recommendation", 1, 0, 0, 2),
            tally("satpolpp", "recommendation-task", 1, 0, 1, 2),
            tally("bank", "va-inquiry", 2, 1, 0, 4),
            tally("bank", "va-status", 1, 0, 0, 2),
            tally("dlh", "technical-recommendation", 1, 0, 1, 5),
        ],
        TERMS,
    )
    assert [each.cells for each in lines] == [
        ("bank", "inquiry", "rest", "3", "1", "0", "6"),
        ("dlh", "request", "soap-1.2", "1", "0", "1", "5"),
        ("satpolpp", "submission", "rest", "1", "0", "0", "2"),
        ("satpolpp", "mailbox", "rest", "4", "0", "1", "8"),
    ]
    said = list(table(lines))
    assert said[0].split() == ["agency", "model", "transport", "exchanges", "refusals", "retries", "ledger", "entries"]
    assert said[-1].split() == ["all", "9", "1", "2", "21"]
    assert len({len(each) for each in said}) == 1


def whole() -> list[Line]:
    """A line for each model of each agency, as agreed."""
    terms = {(agency, *said) for (agency, _), said in TERMS.items()}
    return [
        Line(agency=agency, model=model, transport=transport, exchanges=1, succeeded=1)
        for agency, model, transport in terms
    ]


def test_a_run_that_touched_every_agency_and_every_model_is_whole() -> None:
    check_whole(whole(), EVERYBODY, Path("demo"))


def test_what_was_not_touched_is_said_in_one_sentence() -> None:
    lines = [each for each in whole() if each.agency != "courier" and each.model != "batch"]
    lines += [Line(agency="courier", model="request", transport="rest", exchanges=2, refusals=2)]  # none ended well
    with pytest.raises(Misconfigured) as caught:
        check_whole(lines, EVERYBODY, Path("demo"))
    assert caught.value.code == "demo-incomplete"
    assert (
        "nothing ended well with the agencies courier and the models batch: see demo/hub-log.txt" in caught.value.text
    )


def test_the_cases_need_everybody_and_everybody_can_be_played() -> None:
    assert (
        EVERYBODY == sorted(PEERS) == sorted(NAMES) == sorted(each.agency for each in latest_agreements(TODAY).values())
    )
    assert {model for model, _ in TERMS.values()} == set(MODELS)
    kinds = {"057600000001": "pbg", "057600000003": "reklame", "057600000004": "trayek"}
    for plot in ALL:
        recommend = SAMPLE.find(plot.service or kinds[plot.kd_izin], TODAY).recommended_by
        assert sorted((*plot.judges, *plot.by_hand)) == sorted(recommend), plot.name
        assert {each.agency for mishaps in plot.mishaps.values() for each in mishaps} <= set(EVERYBODY)
    judges = {agency for plot in ALL for agency in plot.judges}
    assert judges == {"bakesbangpol", "bpkpd", "dinkes", "dishub", "dlh", "dpupr", "satpolpp"}


def test_a_folder_that_once_had_all_agencies_keeps_them(tmp_path: Path) -> None:
    with open_stage(tmp_path) as plain:
        assert sorted(plain.agencies) == sorted(AGENCIES)
    with open_stage(tmp_path, everybody=True) as whole_one:
        assert sorted(whole_one.agencies) == EVERYBODY
    with open_stage(tmp_path) as again:
        assert sorted(again.agencies) == EVERYBODY
        assert again.ports == whole_one.ports
        assert {each for each in CERTIFIED if again.agency_home(each).is_dir()} == set(CERTIFIED)
