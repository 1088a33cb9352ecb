"""What the signature refers to: other things than parts of this message, too little of it, or nothing at all."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from copy import deepcopy
from pathlib import Path

from lxml import etree

from gateway.trust import names
from gateway.trust.xml import canonical
from tests.trust.wrapping.attack import GRUSCHKA, HARMLESS, HILL, MCINTOSH, PRACTICE, SAML, SURVEY, Theme
from tests.trust.wrapping.scene import Scene, ds, wsa

THEME = Theme("references")
attack = THEME.attack

A_FILE = (Path(__file__).parents[3] / "schemas/simojo/acknowledgement/1.0/acknowledgement.xsd").as_uri()
"""An XML file that the receiver has."""


def _elsewhere(scene: Scene, uri: str) -> None:
    """A further Reference leads elsewhere; where the signing library follows it, the sender signed it."""
    further = deepcopy(scene.reference("Body"))
    further.set("URI", uri)
    scene.signed_info.append(further)
    if uri.startswith(("file:", f"#{scene.body.get(names.WSU_ID)}")):
        scene.resign()


for name, uri in {
    "http": "http://127.0.0.1:9/body.xml",
    "https": "https://127.0.0.1:9/body.xml",
    "file": A_FILE,
    "cid": "cid:body@attacker.example",
    "data": "data:text/xml;base64,PGEvPg==",
    "relative": "body.xml",
    "fragment-of-another": "http://127.0.0.1:9/body.xml#body",
}.items():
    THEME.add(
        f"reference-to-{name}",
        f"a Reference leads to an external URI ({name})",
        HILL,
        "signature-policy",
        lambda scene, uri=uri: _elsewhere(scene, uri),  # type: ignore[misc]  # a default binds the loop's value
    )

for name, pattern in {
    "xpointer-id": "#xpointer(id('{0}'))",
    "xpointer-root": "#xpointer(/)",
    "xpointer-path": "#xpointer(/*/*[2])",
    "element-scheme": "#element({0})",
}.items():
    THEME.add(
        f"reference-by-{name}",
        f"the Body's Reference is an XPointer ({pattern.format('body')})",
        PRACTICE,
        "signature-policy",
        lambda scene, pattern=pattern: _pointed(scene, pattern),  # type: ignore[misc]  # the same
    )

for name, pattern, code in (
    ("space-before", "# {0}", "signature-part-missing"),
    ("space-after", "#{0} ", "signature-part-missing"),
    ("space-around", " #{0}", "signature-policy"),
    ("percent-encoded", "#%{1:02x}{2}", "signature-part-missing"),
    ("two-hashes", "##{0}", "signature-part-missing"),
    ("no-hash", "{0}", "signature-policy"),
    ("hash-alone", "#", "signature-policy"),
    ("empty", "", "signature-policy"),
):
    THEME.add(
        f"reference-uri-{name}",
        f"the Body's Reference is spelled otherwise ({name.replace('-', ' ')})",
        SAML,
        code,
        lambda scene, pattern=pattern: _spelled(scene, pattern),  # type: ignore[misc]  # the same
    )


def _pointed(scene: Scene, pattern: str) -> None:
    scene.reference("Body").set("URI", pattern.format(scene.body.get(names.WSU_ID)))
    if "element(" not in pattern:  # the signing library does not know that scheme
        scene.resign()


def _spelled(scene: Scene, pattern: str) -> None:
    value = str(scene.body.get(names.WSU_ID))
    scene.reference("Body").set("URI", pattern.format(value, ord(value[0]), value[1:]))


@attack("signature-policy", PRACTICE)
def reference_without_uri(scene: Scene) -> None:
    """The Body's Reference names nothing: the application is to know."""
    del scene.reference("Body").attrib["URI"]


@attack("signature-policy", SAML)
def whole_document_enveloped(scene: Scene) -> None:
    """One Reference to the whole document with the enveloped transform, as SAML has it; then a block is added."""
    for each in scene.references[1:]:
        scene.signed_info.remove(each)
    only = scene.references[0]
    only.set("URI", "")
    transforms = only.find(ds("Transforms"))
    assert transforms is not None
    transforms.insert(0, etree.Element(ds("Transform"), Algorithm=f"{names.DS}enveloped-signature"))
    scene.resign()


@attack("signature-malformed", GRUSCHKA)
def no_references_at_all(scene: Scene) -> None:
    """SignedInfo refers to nothing at all."""
    for each in scene.references:
        scene.signed_info.remove(each)
    scene.replace("Body")


def _unsigned(name: str) -> None:
    def edit(scene: Scene) -> None:
        scene.signed_info.remove(scene.reference(name))
        scene.resign()
        scene.replace(name)

    code = "signature-part-missing"
    THEME.add(f"unsigned-{name}", f"the sender signed all but {name}, which is exchanged", MCINTOSH, code, edit)


for part in ("Body", "Timestamp", "Action", "MessageID", "To", "RelatesTo", "ReplyTo"):
    _unsigned(part)


@attack("signature-wrapped", SURVEY)
def only_the_document_inside_the_body_is_signed(scene: Scene) -> None:
    """The Reference names the Body's child; the Body around it is free."""
    reference = scene.reference("Body")
    scene.body[0].set(names.WSU_ID, "document")
    reference.set("URI", "#document")
    scene.resign()


@attack("signature-wrapped", SURVEY)
def only_a_leaf_of_the_document_is_signed(scene: Scene) -> None:
    """The Reference names one element of the document."""
    reference = scene.reference("Body")
    scene.leaf.set(names.WSU_ID, "leaf")
    reference.set("URI", "#leaf")
    scene.resign()


@attack("signature-wrapped", SAML)
def the_signature_refers_to_its_own_key_info(scene: Scene) -> None:
    """A further Reference names KeyInfo, in place of nothing that is needed."""
    scene.key_info.set(names.WSU_ID, "key-info")
    further = deepcopy(scene.reference("Body"))
    further.set("URI", "#key-info")
    scene.signed_info.append(further)
    scene.resign()


@attack("signature-wrapped", SAML)
def the_signature_refers_to_the_security_header(scene: Scene) -> None:
    """A further Reference names the Security header itself."""
    scene.security.set(names.WSU_ID, "security")
    _elsewhere(scene, "#security")


@attack("signature-wrapped", PRACTICE)
def a_manifest_instead_of_the_parts(scene: Scene) -> None:
    """The parts stand in a ds:Manifest, whose digests most verifiers never look at."""
    holder = etree.SubElement(scene.signature, ds("Object"))
    holder.set(names.WSU_ID, "manifest")
    manifest = etree.SubElement(holder, ds("Manifest"))
    body = deepcopy(scene.reference("Body"))
    manifest.append(body)
    reference = scene.reference("Body")
    reference.set("URI", "#manifest")
    reference.set("Type", f"{names.DS}Manifest")
    scene.resign()
    scene.replace("Body")


@attack("signature-malformed", PRACTICE)
def two_references_to_one_part(scene: Scene) -> None:
    """The Body is referred to twice."""
    _elsewhere(scene, str(scene.reference("Body").get("URI")))


@attack("signature-malformed", PRACTICE)
def more_references_than_anybody_needs(scene: Scene) -> None:
    """Forty References: each costs a canonical form."""
    for number in range(40):
        _elsewhere(scene, f"#part-{number}")


@attack(HARMLESS)
def comment_between_the_references(scene: Scene) -> None:
    """A comment stands between two References: neither canonical form nor reader sees it."""
    scene.signed_info.insert(3, etree.Comment("here"))


@attack("signature-wrong", PRACTICE)
def references_in_another_order(scene: Scene) -> None:
    """The References stand in another order than they were signed in."""
    for each in reversed(scene.references):
        scene.signed_info.append(each)


@attack("signature-digest", SURVEY)
def digest_value_cut_short(scene: Scene) -> None:
    """The Body's DigestValue is cut to its first 3 bytes, and the Body exchanged."""
    _digest_value(scene, "AAAA")


@attack("signature-malformed", SURVEY)
def digest_value_empty(scene: Scene) -> None:
    """The Body's DigestValue is empty."""
    _digest_value(scene, "")


@attack("signature-wrong", SURVEY)
def digest_of_the_new_body(scene: Scene) -> None:
    """The Body is exchanged and its DigestValue put right; the signature is the old one."""
    scene.leaf.text = "evil"
    _digest_value(scene, b64encode(hashlib.sha256(canonical(scene.body)).digest()).decode())


def _digest_value(scene: Scene, value: str) -> None:
    found = scene.reference("Body").find(ds("DigestValue"))
    assert found is not None
    found.text = value


@attack("signature-policy", PRACTICE)
def digest_by_sha_1(scene: Scene) -> None:
    """The digests are SHA-1, by the sender's own tool."""
    for method in scene.signed_info.iter(ds("DigestMethod")):
        method.set("Algorithm", f"{names.DS}sha1")
    scene.resign()


@attack("signature-wrapped", GRUSCHKA)
def signed_block_replaced_by_one_of_the_same_name_elsewhere(scene: Scene) -> None:
    """The signed To stands in the Body's document, and another To in Header."""
    block = scene.part("To")
    evil = scene.evil("To")
    scene.replace("To", evil)
    scene.body[0].append(block)


@attack("signature-part-missing", MCINTOSH)
def optional_block_added_unsigned(scene: Scene) -> None:
    """A wsa:From that the sender never wrote."""
    etree.SubElement(etree.SubElement(scene.header, wsa("From")), wsa("Address")).text = "https://attacker.example/"


@attack("signature-part-missing", MCINTOSH)
def signed_block_left_out(scene: Scene) -> None:
    """The signed RelatesTo is gone; its Reference stays."""
    scene.header.remove(scene.part("RelatesTo"))
