"""Calls into an adapter: what a mapping raises besides our own errors is a fault of the hub, never of the sender."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

from gateway.contract.adapter import Heard, Outbound
from gateway.domain.errors import GatewayError, MappingFault
from gateway.domain.events import Ask


class Mapping:
    """`with Mapping("dpupr/technical-recommendation"): ...` turns a mapping's mistake into a MappingFault.

    Our own errors pass: an adapter may refuse by raising one. The text names the mistake's type and not its message,
    which may hold personal data; the cause is chained for the log of the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, GatewayError):
            raise MappingFault(
                f"the adapter {self._name} cannot map this message ({type(error).__name__}); nothing was kept and the "
                "message may be sent again once the adapter is mended",
                clause="adapter",
                after_s=300,
            ) from error


def to_case_of(interaction: object) -> Callable[[Any, Ask, Any], Heard] | None:
    """The mapping of a reply in the same call; a Request's `to_case` is for its callback alone."""
    if not isinstance(interaction, Outbound) or hasattr(interaction, "answer"):
        return None
    mapping: Callable[[Any, Ask, Any], Heard] | None = getattr(interaction, "to_case", None)
    return mapping
