"""The demo from first to last line."""

from __future__ import annotations

import base64
import contextlib
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from cryptography import x509

from gateway.app import open_store
from gateway.cli.demo.account import account, agreed_terms, check_whole, table
from gateway.cli.demo.files import settle
from gateway.cli.demo.journey import Journey
from gateway.cli.demo.office import HubGone, Office, Refusal
from gateway.cli.demo.plots import ALL, PERMIT, REFUSED, Plot
from gateway.cli.demo.processes import Processes
from gateway.cli.demo.screen import Screen, Watch
from gateway.cli.demo.stage import ACTOR, CERTIFIED, Stage, alone, furnish, open_stage
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured
from gateway.exchange.plugins import load_adapters
from gateway.machine import now
from gateway.operations.ledger_export import verify_store
from gateway.validation.agreement_file import latest_agreements

PATIENCE = 150
"""Tries, most of them a fifth of a second apart, before a running hub that does not answer is given up."""

T = TypeVar("T")


def play(home: Path, *, leave: bool, everybody: bool = False) -> None:
    """Play; with `leave` end afterwards, else leave the console open until Ctrl-C.

    `everybody`: the cases that need every agency and every interaction model, and an account of what came of them.

    Raises Misconfigured `demo-failed` when something that the demo waits for does not come or is refused, and
    `demo-incomplete` when an agency or a model was not touched.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that processes are ended, as after Ctrl-C
    try:
        with alone(home), open_stage(home, everybody=everybody) as stage:
            _play(home, stage, leave=leave, everybody=everybody)
    except (HubGone, Refusal, TimeoutError, httpx2.HTTPError) as failure:
        raise Misconfigured(
            f"the demo could not go on: {failure}; logs are under {home}, and the same command goes on from there",
            code="demo-failed",
        ) from failure


def _play(home: Path, stage: Stage, *, leave: bool, everybody: bool) -> None:
    screen = Screen(_protocols())
    began = Began(home) if everybody else None
    with Processes(stage) as processes:
        screen.title("SIMOJO Gateway demo")
        screen.say(f"Data: {home} (each agency's key, certificate and URLs are under agencies/)")
        if everybody:
            screen.say(f"Starting {len(stage.agencies)} simulated agencies and the hub ...")
        processes.start_agencies()
        _furnish(stage)
        processes.start_hub()
        process = (home / "hub.pid").read_text().strip()
        screen.say(f"Hub: {stage.hub_url}, process {process}; {len(stage.agencies)} simulated agencies")
        office = Office(stage, screen.say, began.at if began else None)
        kept = Kept(screen, processes)
        screen.skip(kept(office.exchanges))
        case = _journeys(ALL if everybody else (PERMIT, REFUSED), stage, screen, office, kept)
        if everybody:
            _settle(case, screen, office, kept)
        kept(lambda: _settled(office))
        entries = _verified(stage)
        if began:
            _account(stage, screen, began.at)
            began.forget()
        if not leave:
            screen.say(f"Console: {stage.hub_url}/console  token: {stage.tokens['agus']}")
        screen.say(f"permit {case['number']} active; ledger {entries} entries verified")
        if not leave:
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
        office.close()


def _journeys(plots: Sequence[Plot], stage: Stage, screen: Screen, office: Office, kept: Kept) -> dict[str, Any]:
    """Play the plots one after the other; gives the case of the first."""
    ended = []
    for plot in plots:
        screen.title(plot.title)
        journey = Journey(plot, office, screen, stage.home)
        case = kept(partial(_play_through, journey, screen, office))
        screen.exchanges(kept(lambda: _settled(office)))
        case = kept(partial(office.case, case["id"]))  # what was answered after its end counts as well
        screen.told(case["attention"])
        ended.append((journey, case))
    for journey, _ in ended:
        journey.forget()
    return ended[0][1]


def _settle(case: dict[str, Any], screen: Screen, office: Office, kept: Kept) -> None:
    screen.title("The end of the day: files of records")
    kept(lambda: settle(office, screen, case))
    screen.exchanges(kept(lambda: _settled(office)))


def _account(stage: Stage, screen: Screen, since: datetime) -> None:
    """Print what came of the run, as the store has it. Raises Misconfigured `demo-incomplete`."""
    store = open_store(stage.settings())
    try:
        lines = account(store.reader.tallies(since), agreed_terms(local_date(now())))
    finally:
        store.close()
    screen.title("Every agency, every interaction model")
    for each in table(lines):
        screen.say(each)
    check_whole(lines, stage.agencies, stage.home)


class Began:
    """When the run began, written down: one that was killed and goes on counts from its own beginning."""

    def __init__(self, home: Path) -> None:
        self._path = home / "all-began.txt"
        if not self._path.exists():
            part = self._path.with_suffix(".part")
            part.write_text(now().isoformat(), encoding="ascii")
            part.replace(self._path)
        self.at = datetime.fromisoformat(self._path.read_text(encoding="ascii"))

    def forget(self) -> None:
        """The run has ended."""
        self._path.unlink(missing_ok=True)


class Kept:
    """Does things that need the hub, and does them anew when it ended meanwhile, however often it is killed."""

    def __init__(self, screen: Screen, processes: Processes) -> None:
        self._screen = screen
        self._processes = processes
        self._pause = threading.Event()

    def __call__(self, action: Callable[[], T]) -> T:
        """Give what `action` gives. Raises what it raises when the hub runs and still does not answer."""
        for _ in range(PATIENCE):
            try:
                return action()
            except (HubGone, httpx2.HTTPError):
                code = self._processes.hub_died()
                if code is None:
                    self._pause.wait(0.2)  # it runs, and is busy or about to end
                    continue
                self._screen.say(f"The hub ended ({code}); it is started again, and the journey goes on.")
                self._processes.start_hub()
        return action()


def _play_through(journey: Journey, screen: Screen, office: Office) -> dict[str, Any]:
    def look() -> None:
        with contextlib.suppress(HubGone, httpx2.HTTPError):
            screen.exchanges(office.exchanges())

    with Watch(look):
        return journey.play()


def _furnish(stage: Stage) -> None:
    """What staff would enter: agreements, agencies, certificates with proof of possession, their own accounts."""
    store = open_store(stage.settings())
    try:
        furnish(stage, store)
        for agency in (each for each in CERTIFIED if each in stage.agencies):
            pem = (stage.agency_home(agency) / "certificate.pem").read_bytes()
            certificate = x509.load_pem_x509_certificate(pem)
            challenge = store.registry.challenge(agency, certificate, secrets.token_hex(16))
            url = f"{stage.agency_url(agency)}/_control/possession"
            answer = httpx2.post(url, json={"challenge": challenge.decode()}, trust_env=False).json()
            proof = base64.b64decode(answer["signature"])
            store.registry.register_certificate(agency, certificate, challenge, proof, ACTOR)
    finally:
        store.close()


def _settled(office: Office) -> list[dict[str, Any]]:
    """All exchanges once none is under way and all leaves are placed, or after a while as they are then."""
    pause = threading.Event()
    items: list[dict[str, Any]] = []
    for _ in range(600):
        items = office.exchanges()
        under_way = any(each["verdict"] in ("sending", "not-sent", "unknown") for each in items)
        if not under_way and not office.deliveries_waiting() and office.head()["pending"] == 0:
            return items
        pause.wait(0.1)
    office.tell_what_waits()
    return items


def _verified(stage: Stage) -> int:
    """Verify the ledger from the store, without the hub's help; gives the number of its entries."""
    store = open_store(stage.settings())
    try:
        verdict = verify_store(store.reader, store.vault, store.note_key.verifier)
    finally:
        store.close()
    return verdict.ledger.size


def _protocols() -> dict[str, str]:
    """`<agency>/<interaction>` -> transport and profile, as agreed."""
    adapters = load_adapters()
    return {
        f"{agreement.agency}/{each.name}": f"{each.transport} {each.security}"
        for agreement in latest_agreements(local_date(now())).values()
        for each in agreement.interactions
        if agreement.agency in adapters
    }
