"""One hub for each process, and the wire between it and the clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.exchange.town import Door, Street
from tests.interop.between import Between
from tests.interop.hub import InteropStage


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteropStage]:
    door, street = Door(), Street()
    between = Between(door.url)
    stage = InteropStage(tmp_path_factory.mktemp("interop") / "hub", door, street, between)
    stage.furnish()
    yield stage
    stage.close()
    between.close()
    street.close()
    door.close()
