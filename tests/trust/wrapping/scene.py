"""A genuine message opened for editing. An attacker has no key of the sender; `resign` is for senders of bad tools."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

import xmlsec
from lxml import etree

from gateway.trust import names

XML_ID = "{http://www.w3.org/XML/1998/namespace}id"


@dataclass(frozen=True, kw_only=True)
class Genuine:
    """A signed message, its signer's key (PEM) and certificate (DER), those of a stranger, and what he wants read."""

    data: bytes
    key_pem: bytes
    certificate_der: bytes
    public_pem: bytes
    stranger_pem: bytes
    stranger_der: bytes
    evil_document: Callable[[], etree._Element]


class Scene:
    """One attack in the making: the tree, its parts by name, and the moves that attacks are made of."""

    def __init__(self, genuine: Genuine) -> None:
        self.genuine = genuine
        self.root = etree.fromstring(genuine.data)
        self.soap = etree.QName(self.root).namespace or ""
        self.header = self.one(f"{{{self.soap}}}Header")
        self.body = self.one(f"{{{self.soap}}}Body")
        self.security = self.one(f"*/{names.SECURITY}")
        self.timestamp = self.one(f"*/*/{names.TIMESTAMP}")
        self.token = self.one(f"*/*/{{{names.WSSE}}}BinarySecurityToken")
        self.signature = self.one(f"*/*/{ds('Signature')}")
        self.signed_info = self.one(f"*/*/*/{ds('SignedInfo')}")
        self.value = self.one(f"*/*/*/{ds('SignatureValue')}")
        self.key_info = self.one(f"*/*/*/{ds('KeyInfo')}")

    def one(self, path: str) -> etree._Element:
        """The one element at an ElementPath below the Envelope."""
        (found,) = self.root.findall(path)
        return found

    def bytes(self) -> bytes:
        """The message as it is sent."""
        return etree.tostring(self.root)

    # --- parts ----------------------------------------------------------------------------------------------------

    def part(self, name: str) -> etree._Element:
        """Body, Timestamp, or the addressing block of that name."""
        if name in ("Body", "Timestamp"):
            return self.body if name == "Body" else self.timestamp
        return self.one(f"*/{wsa(name)}")

    @property
    def leaf(self) -> etree._Element:
        """The last element of the document that holds text alone."""
        return [each for each in self.body.iter(etree.Element) if not len(each) and each.text][-1]

    @property
    def references(self) -> list[etree._Element]:
        """The ds:Reference elements."""
        return self.signed_info.findall(ds("Reference"))

    def reference(self, name: str) -> etree._Element:
        """The ds:Reference of a part."""
        uri = f"#{self.part(name).get(names.WSU_ID)}"
        (found,) = [each for each in self.references if each.get("URI") == uri]
        return found

    def transforms(self, name: str = "Body") -> etree._Element:
        """The ds:Transforms of a part's reference."""
        found = self.reference(name).find(ds("Transforms"))
        assert found is not None
        return found

    # --- moves ----------------------------------------------------------------------------------------------------

    def evil(self, name: str) -> etree._Element:
        """What the attacker wants read in the place of a part, without any identifier."""
        genuine = self.part(name)
        if name == "Body":
            made = etree.Element(genuine.tag)
            made.append(self.genuine.evil_document())
            return made
        made = deepcopy(genuine)
        made.tail = None
        del made.attrib[names.WSU_ID]
        if name == "Timestamp":
            made[-1].text = "2099-01-01T00:00:00Z"
        elif name == "ReplyTo":
            made[0].text = "https://attacker.example/"
        else:
            made.text = f"{made.text}#evil"
        return made

    def replace(self, name: str, evil: etree._Element | None = None) -> etree._Element:
        """Put the attacker's part in the place of the genuine one, which is given back."""
        genuine = self.part(name)
        parent = genuine.getparent()
        assert parent is not None
        parent.replace(genuine, self.evil(name) if evil is None else evil)
        return genuine

    @property
    def presented(self) -> etree._Element:
        """The Body that stands below the Envelope now."""
        return self.root.findall(f"{{{self.soap}}}Body")[0]

    def wrap(self, parent: etree._Element, *content: etree._Element) -> etree._Element:
        """Hide elements in a block of the attacker's."""
        hidden = etree.SubElement(parent, "{urn:attack}Wrapper")
        hidden.extend(content)
        return hidden

    # --- the sender's own doing -----------------------------------------------------------------------------------

    def resign(self, key: xmlsec.Key | None = None) -> None:
        """Sign anew over all that SignedInfo says now: what a sender's careless tool would send."""
        context = xmlsec.SignatureContext()
        context.key = key or xmlsec.Key.from_memory(self.genuine.key_pem, xmlsec.constants.KeyDataFormatPem, None)
        for bearer in self.root.iterfind(f".//*[@{names.WSU_ID}]"):
            context.register_id(bearer, "Id", names.WSU)
        context.sign(self.signature)


def ds(name: str) -> str:
    """An XML Signature name."""
    return f"{{{names.DS}}}{name}"


def wsa(name: str) -> str:
    """A WS-Addressing name."""
    return f"{{{names.WSA}}}{name}"


def wsse(name: str) -> str:
    """A WS-Security name."""
    return f"{{{names.WSSE}}}{name}"
