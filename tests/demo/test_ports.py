"""Two demos never want one port, and a demo that cannot go on says so in one sentence."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import httpx2
import pytest

from gateway.cli.demo import play as playing
from gateway.cli.demo.office import HubGone, Office, Refusal
from gateway.cli.demo.play import play
from gateway.cli.demo.ports import HeldPorts
from gateway.cli.demo.processes import Processes
from gateway.cli.demo.stage import AGENCIES, Stage, open_stage
from gateway.domain.errors import Misconfigured

NAMES = ("hub", *AGENCIES)


def listener(port: int) -> socket.socket:
    """Listen as a server does that wants a port of a moment ago again."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    opened.listen()
    return opened


def test_two_demos_hold_different_ports() -> None:
    with HeldPorts(NAMES, {}) as one, HeldPorts(NAMES, {}) as other:
        assert len({*one.numbers.values(), *other.numbers.values()}) == 2 * len(NAMES)


def test_a_held_port_can_be_listened_at_by_a_process_of_the_demo() -> None:
    with (
        HeldPorts(["hub"], {}) as ports,
        listener(ports.numbers["hub"]) as server,
        socket.create_connection(("127.0.0.1", ports.numbers["hub"]), timeout=5) as client,
    ):
        accepted, address = server.accept()
        accepted.close()
        assert address == client.getsockname()


def test_the_ports_of_the_last_time_are_taken_again_when_nobody_has_them() -> None:
    with HeldPorts(NAMES, {}) as first:
        kept = dict(first.numbers)
    with listener(kept["sms"]), HeldPorts(NAMES, kept) as second:
        changed = {name for name in NAMES if second.numbers[name] != kept[name]}
    assert changed == {"sms"}


def test_without_any_free_port_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.demo.ports.LOOPBACK", "192.0.2.1")  # documentation only: nobody has it
    with pytest.raises(Misconfigured, match=r"192\.0\.2\.1") as caught:
        HeldPorts(["hub"], {"hub": 1})
    assert caught.value.code == "port-taken"


def test_the_folder_remembers_secrets_and_tokens(tmp_path: Path) -> None:
    with open_stage(tmp_path / "demo") as first:
        assert first.ports
    with open_stage(tmp_path / "demo") as second:
        assert (first.secrets, first.tokens) == (second.secrets, second.tokens)
    said = json.loads((tmp_path / "demo" / "agencies" / "sms" / "config.json").read_text())
    assert (said["port"], said["hub"]) == (second.ports["sms"], second.hub_url)


def test_a_damaged_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text("{")
    with pytest.raises(Misconfigured, match=r"demo\.json cannot be read") as caught:
        play(tmp_path, leave=True)
    assert caught.value.code == "demo-damaged"


@pytest.mark.parametrize(
    "failure",
    [HubGone("habis"), Refusal("x", "ditolak"), TimeoutError("the PIN: no SMS came"), httpx2.ReadTimeout("lambat")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_demo_that_cannot_go_on_names_its_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(playing, "_play", fail)
    with pytest.raises(Misconfigured, match="the same command goes on from there") as caught:
        play(tmp_path, leave=True)
    assert caught.value.code == "demo-failed"
    assert str(tmp_path) in caught.value.text


def test_a_process_that_ends_at_its_start_is_named(tmp_path: Path) -> None:
    with open_stage(tmp_path) as stage:
        (tmp_path / "keys" / "ledger.key").write_text("bukan kunci")
        with Processes(stage) as processes, pytest.raises(Misconfigured, match="hub ended with 2 at its start"):
            processes.start_hub()


def test_a_hub_that_is_not_there_is_gone_and_not_an_error_of_the_demo(tmp_path: Path) -> None:
    with HeldPorts(["hub"], {}) as ports:
        office = Office(
            Stage(home=tmp_path, agencies=(), ports=ports.numbers, secrets={}, tokens={"agus": "x", "rina": "x"})
        )
        with pytest.raises(HubGone):
            office.head()
        office.close()
