"""Who keeps the registry of an office in tests, and what they say and refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.domain.errors import Refused
from gateway.ledger.leaf import Leaf
from gateway.operations.registry import Registry
from tests.operations.ledgers import Office

ACTOR = "staff/siti"


def registry_of(office: Office, *, production: bool = False) -> Registry:
    return Registry(
        reader=office.reader,
        vault=office.vault,
        unit_of_work=office.writer,
        leaves=office.leaves,
        clock=lambda: office.now,
        production=production,
    )


def said(office: Office) -> list[tuple[str, str]]:
    """The kinds and steps of all leaves, oldest first."""
    leaves = [Leaf.parse(row.canonical) for row in office.reader.pending_leaves()]
    assert all(b"siti" not in row.canonical for row in office.reader.pending_leaves())
    return [(leaf.kind.value, str(leaf.extra["step"])) for leaf in leaves]


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value
