"""The hub of tests/exchange: casework stands on a real store, real agreements and a clock that a test holds."""

from __future__ import annotations

from tests.exchange.conftest import door, stage, street, template

__all__ = ["door", "stage", "street", "template"]
