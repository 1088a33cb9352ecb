"""How many connections a hub has at once, from whom, and who makes room when all places are taken."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from gateway.edge.server.connections import RESERVE, Connections, Place
from tests.edge.hostile.bed import Grounds
from tests.edge.hostile.wire import head, rest
from tests.edge.running import running
from tests.edge.talking import LIVE, ended, post, problem


class Seconds:
    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def connections(most: int = 3, per_address: int = 2) -> tuple[Connections, list[Place]]:
    made = Connections(most=most, most_per_address=per_address, seconds=Seconds(), trusts=lambda a: a == "10.0.0.9")
    return made, []


def seated(made: Connections, address: str, ends: list[Place]) -> Place:
    place = made.admit(address)
    assert place is not None
    place.end = lambda: ends.append(place)
    return place


def test_one_address_has_so_many_connections_and_a_proxy_has_more() -> None:
    made, ends = connections(most=10)
    seated(made, "a", ends)
    last = seated(made, "a", ends)
    assert made.admit("a") is None
    seated(made, "b", ends)
    made.leave(last)
    made.leave(last)
    seated(made, "a", ends)
    for _ in range(5):
        seated(made, "10.0.0.9", ends)
    assert (len(made), ends) == (8, [])


def test_a_full_house_lets_go_whoever_never_asked_anything() -> None:
    made, ends = connections()
    asker = seated(made, "a", ends)
    made.begun(asker)
    made.idle(asker)  # answered, and idle since
    first = seated(made, "b", ends)
    seated(made, "c", ends)
    seated(made, "d", ends)
    assert (len(made), ends) == (3, [first])


def test_when_all_are_in_a_request_health_alone_has_places_left() -> None:
    made, ends = connections(most=2)
    for address in ("a", "b"):
        made.begun(seated(made, address, ends))
    for number in range(RESERVE):
        place = seated(made, f"c{number}", ends)
        assert place.health_only
        made.begun(place)
    assert made.admit("d") is None
    assert ends == []


def test_a_hub_full_of_requests_answers_health(grounds: Grounds, tmp_path: Path) -> None:
    hub_of_two = running(grounds, tmp_path, max_connections=2, head_timeout_s=5.0, body_timeout_s=5.0)
    with hub_of_two as hub, ExitStack() as stack:
        for _ in range(2):
            sock = stack.enter_context(hub.connect())
            sock.sendall(post(Content_Length="100") + b"y")
        deadline = time.monotonic() + 10
        while sum(each.since is None for each in list(hub.server.connections._places)) < 2:
            assert time.monotonic() < deadline
        with hub.connect() as sock:
            sock.sendall(LIVE)
            assert rest(sock).startswith(b"HTTP/1.1 200")
        with hub.connect() as sock:
            sock.sendall(head("GET", "/periksa/x"))
            assert problem(rest(sock)) == (503, "hub-busy")


def test_silent_connections_make_room_for_those_who_ask(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, max_connections=4, head_timeout_s=60.0) as hub, ExitStack() as stack:
        silent = [stack.enter_context(hub.connect(f"127.0.0.{2 + n}")) for n in range(4)]
        with hub.connect() as sock:
            sock.sendall(head("GET", "/periksa/x"))
            assert rest(sock).startswith(b"HTTP/1.1 ")
        assert ended(silent[0])
