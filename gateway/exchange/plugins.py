"""Adapters found by the entry-point group `simojo.adapters`, so that a vendor can ship one as a package of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from itertools import combinations
from types import MappingProxyType

from gateway.contract.adapter import Adapter
from gateway.contract.versions import is_version
from gateway.domain.errors import Misconfigured
from gateway.exchange.mailbox import service as mailbox
from gateway.exchange.meta import inquiry as meta

GROUP = "simojo.adapters"


def load_adapters(found: Iterable[EntryPoint] | None = None) -> Mapping[str, Adapter]:
    """All adapters by agency, in the order of their names.

    Raises Misconfigured `adapter-invalid` for an entry point that cannot be loaded, is no Adapter, declares the name
    of a service of the hub's own or what is no version, and `adapter-duplicate` for an agency, or an interaction in one
    version, that is declared twice.
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
        _refuse_twice(point, adapter)
        _hold_names(point, adapter)
        _hold_versions(point, adapter)
        adapters[agency] = adapter
    return MappingProxyType(adapters)


def _refuse_twice(point: EntryPoint, adapter: Adapter) -> None:
    """One name in one version is declared once for each version of the agreement."""
    for each, other in combinations(adapter.interactions, 2):
        bounds = (each.since, other.since, each.until, other.until)
        spoken = [bound for bound in bounds if bound] or [each.version]
        both = any(each.is_of(version) and other.is_of(version) for version in spoken)
        if (each.name, each.version) == (other.name, other.version) and both:
            raise Misconfigured(
                f"adapter {point.value} declares {each.name} {each.version} more than once", code="adapter-duplicate"
            )


def _hold_versions(point: EntryPoint, adapter: Adapter) -> None:
    for each in adapter.interactions:
        for what in ("version", "since", "until"):
            said = getattr(each, what)
            if said and not is_version(said):
                raise Misconfigured(
                    f"adapter {point.value} declares {each.name} with {what} {said!r}: versions are written as 1.0",
                    code="adapter-invalid",
                )


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
