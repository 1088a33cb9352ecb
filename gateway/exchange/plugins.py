"""Adapters found by the entry-point group `simojo.adapters`, so that a vendor can ship one as a package of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType

from gateway.contract.adapter import Adapter
from gateway.domain.errors import Misconfigured
from gateway.exchange.mailbox import service as mailbox
from gateway.exchange.meta import inquiry as meta

GROUP = "simojo.adapters"


def load_adapters(found: Iterable[EntryPoint] | None = None) -> Mapping[str, Adapter]:
    """All adapters by agency, in the order of their names.

    Raises Misconfigured `adapter-invalid` for an entry point that cannot be loaded, is no Adapter or declares the name
    of a service of the hub's own, and `adapter-duplicate` for an agency or an interaction that is declared twice.
    """
    adapters: dict[str, Adapter] = {}
    for point in sorted(found if found is not None else entry_points(group=GROUP), key=lambda each: each.name):
        adapter = _load(point)
        agency = adapter.agency.id
        if agency in adapters:
            raise Misconfigured(
                f"two adapters are installed for agency {agency}: remove {point.value} or the other",
                code="adapter-duplicate",
            )
        names = [each.name for each in adapter.interactions]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise Misconfigured(
                f"adapter {point.value} declares {', '.join(twice)} more than once", code="adapter-duplicate"
            )
        _hold_names(point, adapter)
        adapters[agency] = adapter
    return MappingProxyType(adapters)


def _hold_names(point: EntryPoint, adapter: Adapter) -> None:
    """Keep the names of the hub's own services for the hub."""
    for each in adapter.interactions:
        for own, prefix, path in (
            ("meta-services", meta.PREFIX, meta.PATH),
            ("mailboxes", mailbox.PREFIX, mailbox.PATH),
        ):
            if each.name.startswith(prefix) or each.path.startswith(path):
                raise Misconfigured(
                    f"adapter {point.value} declares {each.name!r} at path {each.path!r}: names that begin with "
                    f"{prefix} and paths that begin with {path} are those of the hub's {own}, choose another",
                    code="adapter-invalid",
                )


def _load(point: EntryPoint) -> Adapter:
    try:
        adapter = point.load()
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"adapter {point.value} cannot be loaded: {error}", code="adapter-invalid") from error
    if not isinstance(adapter, Adapter):
        raise Misconfigured(
            f"entry point {point.value} gives a {type(adapter).__name__}, an Adapter was expected",
            code="adapter-invalid",
        )
    return adapter
