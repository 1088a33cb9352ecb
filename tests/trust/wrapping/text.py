"""Comments, instructions, sections, references and encodings inside signed text: seen as signed, or refused."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from tests.trust.wrapping.attack import COMMENTS, HARMLESS, SURVEY, Theme
from tests.trust.wrapping.scene import Scene

THEME = Theme("text")
attack = THEME.attack


def _in(element: etree._Element, foreign: Callable[[str], str]) -> bytes:
    """Rewrite the text of an element in the bytes on the wire."""
    text = str(element.text)
    element.text = "@@HERE@@"
    return etree.tostring(element.getroottree()).replace(b"@@HERE@@", foreign(text).encode())


def _leaf(scene: Scene, foreign: Callable[[str], str]) -> bytes:
    return _in(scene.leaf, foreign)


def _half(text: str, between: str) -> str:
    return text[: len(text) // 2] + between + text[len(text) // 2 :]


@attack(HARMLESS, COMMENTS)
def comment_inside_signed_text(scene: Scene) -> bytes:
    """`10<!-- -->00`: the canonical form has no comment; a reader of the first text node takes 10."""
    return _leaf(scene, lambda text: _half(text, "<!-- -->"))


@attack(HARMLESS, COMMENTS)
def comment_at_the_start_of_signed_text(scene: Scene) -> bytes:
    """`<!-- -->1000`: a reader of the first text node takes nothing."""
    return _leaf(scene, lambda text: f"<!-- -->{text}")


@attack(HARMLESS, COMMENTS)
def many_comments_inside_signed_text(scene: Scene) -> bytes:
    """A comment between any two characters."""
    return _leaf(scene, "<!-- -->".join)


@attack(HARMLESS, COMMENTS)
def comment_inside_the_signed_action(scene: Scene) -> bytes:
    """A comment cuts wsa:Action in two."""
    return _in(scene.part("Action"), lambda text: _half(text, "<!--#Withdrawal-->"))


@attack(HARMLESS, COMMENTS)
def comment_inside_the_timestamp(scene: Scene) -> bytes:
    """A comment cuts Expires in two."""
    return _in(scene.timestamp[1], lambda text: _half(text, "<!-- -->"))


@attack(HARMLESS, COMMENTS)
def comment_inside_digest_and_signature(scene: Scene) -> bytes:
    """A comment cuts SignatureValue in two."""
    return _in(scene.value, lambda text: _half(text.strip(), "<!-- -->"))


@attack(HARMLESS, COMMENTS)
def comment_inside_the_token(scene: Scene) -> bytes:
    """A comment cuts the certificate in two."""
    return _in(scene.token, lambda text: _half(text, "<!-- -->"))


@attack("signature-digest", COMMENTS)
def text_moved_into_a_comment(scene: Scene) -> bytes:
    """Half of the signed text is put into a comment."""
    return _leaf(scene, lambda text: f"{text[:2]}<!--{text[2:]}-->")


@attack(HARMLESS, COMMENTS)
def instruction_inside_signed_text(scene: Scene) -> bytes:
    """A processing instruction cuts the text in two: dropped before anybody reads."""
    return _leaf(scene, lambda text: _half(text, "<?evil text?>"))


@attack(HARMLESS)
def section_around_signed_text(scene: Scene) -> bytes:
    """The text as a CDATA section: the same text."""
    return _leaf(scene, lambda text: f"<![CDATA[{text}]]>")


@attack(HARMLESS)
def section_inside_signed_text(scene: Scene) -> bytes:
    """An empty CDATA section cuts the text in two: the same text."""
    return _leaf(scene, lambda text: _half(text, "<![CDATA[]]>"))


@attack(HARMLESS)
def characters_by_number(scene: Scene) -> bytes:
    """Every character as a reference: the same text."""
    return _leaf(scene, lambda text: "".join(f"&#x{ord(each):x};" for each in text))


@attack("signature-digest", COMMENTS)
def element_inside_signed_text(scene: Scene) -> bytes:
    """An empty element cuts the text in two."""
    return _leaf(scene, lambda text: _half(text, "<x/>"))


@attack("xml-malformed", SURVEY)
def entity_that_nobody_declared(scene: Scene) -> bytes:
    """An entity without a declaration."""
    return _leaf(scene, lambda text: f"{text}&evil;")


@attack("dtd-forbidden", SURVEY)
def text_by_an_entity(scene: Scene) -> bytes:
    """The text comes from an internal entity."""
    return b'<!DOCTYPE x [<!ENTITY evil "evil">]>' + _leaf(scene, lambda _: "&evil;")


@attack("dtd-forbidden", SURVEY)
def text_from_a_file(scene: Scene) -> bytes:
    """The text comes from an external entity (XXE)."""
    return b'<!DOCTYPE x [<!ENTITY evil SYSTEM "file:///etc/hostname">]>' + _leaf(scene, lambda _: "&evil;")


@attack("dtd-forbidden", SURVEY)
def doctype_behind_a_comment(scene: Scene) -> bytes:
    """A document type behind white space, comments and instructions."""
    return b"<!-- --> <?x y?>\n<!DOCTYPE x>" + scene.bytes()


@attack("envelope-invalid", SURVEY)
def inclusion_inside_the_document(scene: Scene) -> None:
    """An XInclude in the signed document."""
    etree.SubElement(scene.body[0], "{http://www.w3.org/2001/XInclude}include", href="file:///etc/hostname")


@attack("signature-digest", SURVEY)
def attachment_in_place_of_text(scene: Scene) -> None:
    """An MTOM reference in place of signed text."""
    scene.leaf.text = ""
    etree.SubElement(scene.leaf, "{http://www.w3.org/2004/08/xop/include}Include", href="cid:evil").attrib.pop("href")


@attack("signature-digest", COMMENTS)
def white_space_around_signed_text(scene: Scene) -> None:
    """A space behind the signed text."""
    scene.leaf.text = f"{scene.leaf.text} "


@attack("signature-digest")
def carriage_return_by_number(scene: Scene) -> bytes:
    """A carriage return, written as a reference."""
    return _leaf(scene, lambda text: f"{text}&#13;")


@attack("signature-digest")
def letter_that_looks_the_same(scene: Scene) -> None:
    """A letter or digit is exchanged for one that looks the same."""
    scene.leaf.text = str(scene.leaf.text).translate({0x6F: 0x43E, 0x30: 0x6F0})


@attack("signature-digest")
def nil_document(scene: Scene) -> None:
    """xsi:nil on a signed element."""
    scene.leaf.set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")


@attack(HARMLESS)
def comment_around_the_message(scene: Scene) -> bytes:
    """Comments before and behind the Envelope."""
    return b"<!-- a -->" + scene.bytes() + b"<!-- b -->"


@attack(HARMLESS)
def byte_order_mark(scene: Scene) -> bytes:
    """A byte order mark of UTF-8 before the message."""
    return b"\xef\xbb\xbf" + scene.bytes()


@attack("xml-malformed")
def message_behind_the_message(scene: Scene) -> bytes:
    """A second Envelope behind the first."""
    return scene.bytes() + b"<evil/>"


@attack("xml-malformed")
def message_in_utf_16(scene: Scene) -> bytes:
    """The message in UTF-16."""
    return scene.bytes().decode().encode("utf-16")


@attack("xml-malformed")
def message_that_claims_another_encoding(scene: Scene) -> bytes:
    """The message claims UTF-7, in which other bytes are angle brackets."""
    return b'<?xml version="1.0" encoding="UTF-7"?>' + scene.bytes()


@attack("xml-malformed")
def overlong_utf_8(scene: Scene) -> bytes:
    """A character in more bytes than it needs."""
    return scene.bytes().replace(b"Envelope>", b"Envelope>\xc0\xbc", 1)


@attack("xml-malformed")
def null_byte(scene: Scene) -> bytes:
    """A NUL in the document."""
    return _leaf(scene, lambda text: f"{text}\x00")
