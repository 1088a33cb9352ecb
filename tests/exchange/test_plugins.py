"""Adapters are found by their entry points, and one that cannot be used is named."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from adapters.sms import ADAPTER as SMS
from gateway.domain.errors import Misconfigured
from gateway.exchange.plugins import GROUP, load_adapters


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_adapters_are_found_by_their_entry_points() -> None:
    found = load_adapters([point("sms", "adapters.sms:ADAPTER"), point("dpupr", "adapters.dpupr:ADAPTER")])
    assert list(found) == ["dpupr", "sms"]


@pytest.mark.parametrize(
    ("points", "code"),
    [
        ([point("x", "adapters.nothing:ADAPTER")], "adapter-invalid"),
        ([point("x", "adapters.sms:NOTHING")], "adapter-invalid"),
        ([point("x", "adapters.sms.mapping:PIN")], "adapter-invalid"),
        ([point("a", "adapters.sms:ADAPTER"), point("b", "adapters.sms:ADAPTER")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_plugins:TWICE")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_plugins:TWICE_IN_ONE_AGREEMENT")], "adapter-duplicate"),
        ([point("a", "tests.exchange.test_plugins:OF_NO_VERSION")], "adapter-invalid"),
        ([point("a", "tests.exchange.test_plugins:NAMED_AS_META")], "adapter-invalid"),
        ([point("a", "tests.exchange.test_plugins:AT_A_META_PATH")], "adapter-invalid"),
    ],
)
def test_an_adapter_that_cannot_be_used_is_named(points: list[EntryPoint], code: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        load_adapters(points)
    assert raised.value.code == code


TWICE = replace(SMS, interactions=SMS.interactions * 2)
TWICE_IN_ONE_AGREEMENT = replace(
    SMS,
    interactions=(replace(SMS.interactions[0], until="1.1"), replace(SMS.interactions[0], since="1.1")),
)
OF_NO_VERSION = replace(SMS, interactions=(replace(SMS.interactions[0], since="v1"),))
NAMED_AS_META = replace(SMS, interactions=(replace(SMS.interactions[0], name="meta.echo"),))
AT_A_META_PATH = replace(SMS, interactions=(replace(SMS.interactions[0], path="meta/anything"),))
