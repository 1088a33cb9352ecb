"""A share for each address, and one for all, anew in each minute."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from gateway.operations.allowance import Allowance

AT = datetime(2026, 3, 2, 3, 0, 59, tzinfo=UTC)


def test_each_address_has_its_share_and_all_have_theirs() -> None:
    allowance = Allowance(each=2, in_all=5)
    assert [allowance.take("a", AT) for _ in range(3)] == [True, True, False]
    assert [allowance.take(address, AT) for address in "bbcd"] == [True, True, True, False]


def test_who_has_an_ipv6_network_has_one_share() -> None:
    allowance = Allowance(each=2, in_all=5)
    taken = [allowance.take(f"2001:db8:1:2::{n}", AT) for n in range(3)]
    assert taken == [True, True, False]
    assert allowance.take("2001:db8:1:3::1", AT)


def test_the_next_minute_begins_anew() -> None:
    allowance = Allowance(each=1, in_all=1)
    assert allowance.take("a", AT)
    assert not allowance.take("a", AT)
    assert allowance.take("a", AT + timedelta(seconds=1))


def test_many_threads_take_no_more_than_there_is() -> None:
    allowance = Allowance(each=100, in_all=150)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda number: allowance.take(f"a{number % 2}", AT), range(400)))
    assert sum(taken) == 150
