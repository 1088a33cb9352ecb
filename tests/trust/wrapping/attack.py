"""What an attack is, and the decorator that makes one of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.trust.wrapping.scene import Genuine, Scene

MCINTOSH = "McIntosh & Austel 2005"
GRUSCHKA = "Gruschka & Lo Iacono 2009"
GAJEK = "Gajek et al. 2009"
CURSE = "Jensen, Liao & Schwenk 2009"
SURVEY = "Jensen, Gruschka & Herkenhoener 2009"
CLOUDS = "Somorovsky et al. 2011"
SAML = "Somorovsky et al. 2012"
HILL = "Hill 2007"
PRACTICE = "W3C XML Signature Best Practices 2013"
COMMENTS = "CVE-2017-11427 (Ludwig 2018)"
HMAC_TRUNCATION = "CVE-2009-0217"
OWN = "own"

HARMLESS = ""
"""The code of a change after which the reader sees exactly what was signed: it is accepted, as what it was."""

Edit: TypeAlias = Callable[[Scene], bytes | None]
"""Changes the tree of a scene, or gives the bytes themselves."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attack: where it strikes, where it was published, and the code by which the gateway refuses it."""

    name: str
    theme: str
    position: str
    source: str
    code: str
    edit: Edit

    def make(self, genuine: Genuine) -> bytes:
        """The attack on a genuine message, as bytes on the wire."""
        scene = Scene(genuine)
        made = self.edit(scene)
        return scene.bytes() if made is None else made


class Theme:
    """The attacks of one module, in the order in which they are written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.attacks: list[Attack] = []

    def attack(self, code: str, source: str = OWN) -> Callable[[Edit], Edit]:
        """Make an attack of a function: its name is the function's, its position the first line of its docstring."""

        def take(edit: Edit) -> Edit:
            position = (edit.__doc__ or "").strip().splitlines()[0].rstrip(".")
            name = edit.__name__.replace("_", "-")
            self.add(name, position, source, code, edit)
            return edit

        return take

    def add(self, name: str, position: str, source: str, code: str, edit: Edit) -> None:
        """Add one that has no function of its own."""
        self.attacks.append(Attack(name=name, theme=self.name, position=position, source=source, code=code, edit=edit))
