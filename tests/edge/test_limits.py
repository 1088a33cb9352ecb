"""Rates, places and memory: what is enough, and one more than that."""

from __future__ import annotations

import threading

import anyio
import anyio.lowlevel
import pytest

from gateway.contract.address import owner_of
from gateway.domain.errors import GatewayError, HubBusy, Misconfigured, RateLimited
from gateway.edge.limits import BodyMemory, Bounds, Limits, Windows, agreed_rate, rate_of


class Seconds:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def limits(seconds: Seconds, **bounds: object) -> Limits:
    return Limits(Bounds(**bounds), seconds)  # type: ignore[arg-type]  # each test names what it bounds


def test_an_address_may_send_its_rate_and_not_one_more(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_address="3/second")
    for _ in range(3):
        made.check_address("10.0.0.1")
        seconds.now += 0.1
    with pytest.raises(RateLimited, match=r"more than 3 in a second from your address") as caught:
        made.check_address("10.0.0.1")
    assert (caught.value.code, caught.value.after_s) == ("rate-limited", 1)
    made.check_address("10.0.0.2")  # others have rates of their own
    seconds.now = 1001.05
    made.check_address("10.0.0.1")  # the first of the three has left the window
    with pytest.raises(RateLimited):
        made.check_address("10.0.0.1")


def test_retry_after_is_when_the_oldest_message_leaves_the_window(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_address="2/minute")
    made.check_address("a")
    seconds.now += 20
    made.check_address("a")
    with pytest.raises(RateLimited, match="in a 60 seconds") as caught:
        made.check_address("a")
    assert caught.value.after_s == 40
    seconds.now += 40.01
    made.check_address("a")


def test_no_rate_is_no_limit(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_address="", rate_per_agency="")
    for _ in range(1000):
        made.check_address("10.0.0.1")
        made.take("dpupr", "permit-validity", None)


def test_an_agency_may_send_what_its_agreement_says_in_each_interaction(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_agency="1/second")
    for _ in range(2):
        made.take("dpupr", "permit-validity", 2.0)
    with pytest.raises(RateLimited, match="dpupr/permit-validity by the agreement"):
        made.take("dpupr", "permit-validity", 2.0)
    made.take("dpupr", "technical-recommendation", 2.0)


def test_what_repeats_or_is_not_covered_is_counted_apart_from_what_is_new(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_agency="1/second")
    for rate in (1.0, None):
        made.take("dpupr", "permit-validity", rate, False)
        with pytest.raises(RateLimited, match="of those that repeat, come late or are not covered"):
            made.take("dpupr", "permit-validity", rate, False)
        made.take("dpupr", "permit-validity", rate, True)
        with pytest.raises(RateLimited, match="send the same again later"):
            made.take("dpupr", "permit-validity", rate, True)


def test_an_agency_whose_agreement_names_no_rate_has_the_default_in_all(seconds: Seconds) -> None:
    made = limits(seconds, rate_per_agency="1/second")
    made.take("dpupr", "permit-validity", None)
    with pytest.raises(RateLimited, match="no rate is agreed"):
        made.take("dpupr", "technical-recommendation", None)
    made.take("bank", "va-inquiry", None)


@pytest.mark.parametrize(("per_s", "amount", "expiry"), [(20.0, 20, 1), (1.0, 1, 1), (1.5, 90, 60), (5 / 60, 5, 60)])
def test_an_agreed_rate_has_a_window_in_which_it_is_a_whole_number(per_s: float, amount: int, expiry: int) -> None:
    rate = agreed_rate(per_s)
    assert (rate.amount, rate.get_expiry()) == (amount, expiry)


@pytest.mark.parametrize("text", ["many", "0/second", "5", "5/fortnight", "-1/second"])
def test_a_rate_that_is_none_is_said_to_be(text: str) -> None:
    with pytest.raises(Misconfigured, match="SIMOJO_RATE_PER_ADDRESS") as caught:
        rate_of(text, "SIMOJO_RATE_PER_ADDRESS")
    assert caught.value.code == "rate-malformed"


def test_a_rate_is_kept_among_many_threads(seconds: Seconds) -> None:
    made = limits(seconds)
    let_in = []

    def send() -> None:
        for _ in range(50):
            try:
                made.take("dpupr", "permit-validity", 20.0)
            except RateLimited:
                continue
            let_in.append(1)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(let_in) == 20


def test_windows_are_bounded_in_number_and_the_least_used_is_forgotten(seconds: Seconds) -> None:
    windows = Windows(seconds, max_keys=2)
    assert windows.acquire_entry("a", 1, 1)
    assert windows.acquire_entry("b", 1, 1)
    assert not windows.acquire_entry("a", 1, 1)  # a was used last
    assert windows.acquire_entry("c", 1, 1)  # b is forgotten
    assert not windows.acquire_entry("a", 1, 1)
    assert windows.acquire_entry("b", 1, 1)
    assert windows.check()
    assert windows.reset() == 2
    assert windows.acquire_entry("a", 1, 1)
    windows.clear("a")
    assert windows.acquire_entry("a", 1, 1)
    assert not windows.acquire_entry("a", 2, 1, amount=3)


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_who_has_an_ipv6_address_has_its_neighbours(address: str, owner: str) -> None:
    assert owner_of(address) == owner


def test_one_address_has_so_many_requests_at_once(seconds: Seconds) -> None:
    made = limits(seconds, max_requests_per_address=2)
    with made.present("a"):
        with made.present("a"), made.present("b"):
            with pytest.raises(HubBusy) as caught, made.present("a"):
                pass
            assert (caught.value.code, caught.value.after_s) == ("address-busy", 2)
        with made.present("a"):
            pass


def test_bodies_share_a_memory_of_which_one_address_gets_a_quarter() -> None:
    memory = BodyMemory(1000)
    memory.take("a", 250)
    with pytest.raises(HubBusy) as caught:
        memory.take("a", 1)
    assert caught.value.code == "bodies-busy"
    for owner in ("b", "c", "d"):
        memory.take(owner, 250)
    with pytest.raises(HubBusy):
        memory.take("e", 1)
    memory.give_back("b", 250)
    memory.take("e", 250)
    assert memory.used == 1000


def test_an_exchange_beyond_the_places_waits_and_then_is_asked_to_come_back(seconds: Seconds) -> None:
    made = limits(seconds, max_exchanges=2, busy_wait_s=0.05)
    free, seen = threading.Event(), []

    def held() -> None:
        seen.append(threading.current_thread().name)
        assert free.wait(20)

    async def refused() -> GatewayError:
        with pytest.raises(HubBusy) as caught:
            await made.run(lambda: None)
        free.set()
        return caught.value

    async def main() -> GatewayError:
        async with anyio.create_task_group() as group:
            for _ in range(2):
                group.start_soon(made.run, held)
            while len(seen) < 2:
                await anyio.lowlevel.checkpoint()
            error = await refused()
        assert await made.run(lambda: "served") == "served"
        return error

    error = anyio.run(main)
    assert (error.code, getattr(error, "after_s", None)) == ("hub-busy", 2)
