"""One hub for each process, one more in confidence, and the wire between it and the clients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.exchange.town import Door, Street
from tests.interop.between import Between
from tests.interop.hub import InteropStage


@contextmanager
def opened(folder: Path, *, confidential: bool) -> Iterator[InteropStage]:
    door, street = Door(), Street()
    between = Between(door.url)
    stage = InteropStage(folder, door, street, between, confidential=confidential)
    stage.furnish()
    yield stage
    stage.close()
    between.close()
    street.close()
    door.close()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteropStage]:
    with opened(tmp_path_factory.mktemp("interop") / "hub", confidential=False) as stage:
        yield stage


@pytest.fixture(scope="session")
def confidential_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteropStage]:
    with opened(tmp_path_factory.mktemp("interop") / "confidential", confidential=True) as stage:
        yield stage
