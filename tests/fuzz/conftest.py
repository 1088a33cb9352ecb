"""The whole hub of the exchange's tests."""

from tests.exchange.conftest import door, stage, street, template

__all__ = ["door", "stage", "street", "template"]
