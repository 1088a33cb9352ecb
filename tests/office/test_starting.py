"""What a hub loads, and what it makes sure of instead."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gateway.app import starting
from gateway.domain.errors import Misconfigured
from tests.office.house import House

NOT_YET = (
    "alembic",
    "arrow",
    "asn1crypto",
    "holidays",
    "psycopg",
    "pydantic.v1",
    "pyhanko",
    "requests",
    "rich",
    "spyne",
    "sqlalchemy.dialects.postgresql",
    "typst",
    "xmlsec",
    "zeep",
)


def test_a_hub_loads_no_library_that_its_office_may_do_without() -> None:
    """Together they are 50 MB; PostgreSQL's driver comes with its engine, SOAP with an agreement that speaks it."""
    asked = (
        "import sys; from gateway.cli.left_out import leave_out; leave_out(); import gateway.cli.processes;"
        f"print([name for name in {NOT_YET} if sys.modules.get(name)])"
    )
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_what_soap_takes_is_loaded_where_an_agreement_in_force_speaks_it(house: House) -> None:
    directory, at = house.gateway.directory, house.clock()
    assert starting.speaks_soap(directory, at)
    assert not starting.speaks_soap(directory, at.replace(year=at.year + 100))  # none is in force then


def test_a_library_that_is_loaded_later_and_is_missing_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    starting.refuse_missing()
    monkeypatch.setattr(starting, "LOADED_LATER", ("zeep", "no_such_library"))
    with pytest.raises(Misconfigured, match="no_such_library cannot be found") as refused:
        starting.refuse_missing()
    assert refused.value.code == "library-missing"
