"""A payload written as an element, as zeep renders it.

Zeep goes through its types for each value again. Where the document is one sequence of texts, an acknowledgement for
one, its element depends on nothing but which members there are: what zeep made of them once is kept as a form.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from zeep import xsd
from zeep.exceptions import Error as ZeepError
from zeep.xsd.types import builtins

from gateway.contract.message import Payload
from gateway.domain.errors import SchemaViolation, Violation

MAX_VIOLATIONS = 100
_MAX_FORMS: Final = 16
"""Sets of members that are kept as forms; optional members make many sets, those that are written in fact are few."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A root, its prefixes, and its children by the member whose text each one holds."""

    tag: str
    prefixes: dict[str | None, str]
    children: tuple[tuple[str, str], ...]

    def filled(self, payload: Mapping[str, Any]) -> etree._Element:
        root = etree.Element(self.tag, nsmap=self.prefixes)
        for name, tag in self.children:
            etree.SubElement(root, tag).text = payload[name]
        return root


class Writer:
    """Writes elements of one global element of zeep's. Safe to share between threads.

    `lock` is held while zeep is at work, whose types keep state. `document` names it in errors.
    """

    def __init__(self, document: str, element: Any, lock: threading.Lock) -> None:
        self._document = document
        self._element = element
        self._lock = lock
        self._root = f"/{etree.QName(element.qname).localname}"
        self._tags = _texts(element.type)
        self._forms: dict[frozenset[str], _Form | None] = {}  # None: zeep writes those members otherwise

    def write(self, payload: Payload) -> etree._Element:
        """Give the element of a payload. Raises SchemaViolation as `XmlDocument.to_element` says."""
        violations = tuple(_misfits(self._element.type, payload, self._root))[:MAX_VIOLATIONS]
        if violations:
            raise SchemaViolation(
                f"the payload does not fit {self._document}", clause=self._document, violations=violations
            )
        try:
            form = self._forms.get(frozenset(payload)) if self._tags else None
            return self._rendered(payload) if form is None else form.filled(payload)
        except (ZeepError, TypeError, ValueError, AttributeError) as error:
            violation = Violation(path="/", rule="structure", text=f"the payload does not fit ({type(error).__name__})")
            raise SchemaViolation(
                f"the payload does not fit {self._document}", clause=self._document, violations=(violation,)
            ) from error

    def _rendered(self, payload: Payload) -> etree._Element:
        holder = etree.Element("holder")
        with self._lock:
            self._element.render(holder, self._element(**payload))
        element = deepcopy(holder[0])
        etree.cleanup_namespaces(element)
        members = frozenset(payload)
        if self._tags and members not in self._forms and len(self._forms) < _MAX_FORMS:
            children = tuple((name, tag) for name, tag in self._tags.items() if name in payload)
            form = _Form(str(element.tag), dict(element.nsmap), children)
            fits = etree.tostring(form.filled(payload)) == etree.tostring(element)
            self._forms[members] = form if fits else None
        return element


def _texts(kind: Any) -> dict[str, str]:
    """The tags by member of a type that is one sequence of texts, each there once or not at all; else none.

    Of these zeep writes the text as it is, and asks of each whether it is there, not what it says.
    """
    if not isinstance(kind, xsd.ComplexType) or kind.attributes or len(kind.elements_nested) != 1:
        return {}
    sequence = kind.elements_nested[0][1]
    if not isinstance(sequence, xsd.Sequence) or not all(isinstance(each, xsd.Element) for each in sequence):
        return {}
    if any(
        each.accepts_multiple or not isinstance(each.type, builtins.String | builtins.DateTime) for each in sequence
    ):
        return {}
    return {name: each.qname.text for name, each in kind.elements}


def _misfits(kind: Any, value: Any, path: str) -> Iterator[Violation]:
    if not isinstance(kind, xsd.ComplexType):
        expected = bool if isinstance(kind, builtins.Boolean) else int if isinstance(kind, builtins.Integer) else str
        if type(value) is not expected:
            yield Violation(path=path, rule="type", text=f"expected a value of type {expected.__name__}")
        return
    if not isinstance(value, Mapping):
        yield Violation(path=path, rule="type", text="expected members")
        return
    known = {**dict(kind.elements), **dict(kind.attributes)}
    for name, said in value.items():
        where = f"{path}/{name[:60]}"
        each = known.get(name)
        if each is None:
            yield Violation(path=where, rule="unknown-member", text="no such member is agreed")
        elif getattr(each, "accepts_multiple", False):
            if not isinstance(said, list):
                yield Violation(path=where, rule="type", text="expected a list")
                continue
            for number, item in enumerate(said, 1):
                yield from _misfits(each.type, item, f"{where}[{number}]")
        else:
            yield from _misfits(each.type, said, where)
