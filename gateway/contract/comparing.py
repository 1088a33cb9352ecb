"""What one version of an agreement changes against another, in sentences for those who have to agree to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from gateway.contract.agreement import Agreement, to_document

_OWN = ("id", "version")


def changes(before: Agreement, after: Agreement) -> tuple[str, ...]:
    """Say what is otherwise in `after`, first of the agreement as a whole, then of each interaction.

    Members have the names and the values that agreement files give them; a nested one is named by its path.
    """
    old, new = to_document(before), to_document(after)
    heads = [{name: value for name, value in each["agreement"].items() if name not in _OWN} for each in (old, new)]
    found = list(_members("", *heads))
    agreed = {each["name"]: each for each in old["interaction"]}
    still = {each["name"]: each for each in new["interaction"]}
    found += [f"{name}: no longer agreed" for name in agreed if name not in still]
    found += [f"{name}: new; {_in_short(each)}" for name, each in still.items() if name not in agreed]
    for name, each in still.items():
        if name in agreed:
            found += _members(f"{name}: ", agreed[name], each)
    return tuple(found)


def _in_short(interaction: Mapping[str, Any]) -> str:
    services = ", ".join(interaction["services"])
    return f"{interaction['model']} over {interaction['transport']} with {interaction['security']}, for {services}"


def _members(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _members(f"{where}{name}/", before, after)
        elif _are_words(before) and _are_words(after):
            yield f"{where}{name} {_gains_and_losses(before, after)}"
        else:
            yield f"{where}{name} was {_text(before)}, becomes {_text(after)}"


def _are_words(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _gains_and_losses(before: list[str], after: list[str]) -> str:
    gained = ", ".join(each for each in after if each not in before)
    lost = ", ".join(each for each in before if each not in after)
    said = [f"{verb} {words}" for verb, words in (("gains", gained), ("loses", lost)) if words]
    return " and ".join(said) or "stands in another order"


def _text(value: Any) -> str:
    if value is None:
        return "not said"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "; ".join(_text(each) for each in value) or "empty"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    return str(value)
