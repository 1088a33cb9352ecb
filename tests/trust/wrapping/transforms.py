"""Transforms let the sender choose afterwards what was signed, or the receiver run the sender's program."""

from __future__ import annotations

from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import GAJEK, HILL, PRACTICE, SAML, SURVEY, Theme
from tests.trust.wrapping.scene import Scene, ds

THEME = Theme("transforms")
attack = THEME.attack

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER_2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
WITH_COMMENTS = f"{names.EXCLUSIVE_C14N}WithComments"
STR_TRANSFORM = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform"
INCLUSIVE_NAMESPACES = f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces"

_SHEET = (
    '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
    '<xsl:template match="/"><said/></xsl:template></xsl:stylesheet>'
)


def _first(scene: Scene, algorithm: str, *content: etree._Element) -> None:
    """The sender's tool put this transform before the canonical form of the Body."""
    transform = etree.Element(ds("Transform"), Algorithm=algorithm)
    transform.extend(content)
    scene.transforms().insert(0, transform)


def _element(name: str, text: str, **attributes: str) -> etree._Element:
    made = etree.Element(name, attributes)
    made.text = text
    return made


@attack("signature-policy", SURVEY)
def xpath_that_leaves_the_document_out(scene: Scene) -> None:
    """An XPath transform signs the Body without its document, which is then exchanged."""
    _first(scene, XPATH, _element(ds("XPath"), "count(ancestor-or-self::node()) < 4"))
    scene.resign()
    scene.leaf.text = "evil"


@attack("signature-policy", SURVEY)
def xpath_that_is_always_false(scene: Scene) -> None:
    """An XPath transform signs nothing at all."""
    _first(scene, XPATH, _element(ds("XPath"), "false()"))
    scene.resign()
    scene.leaf.text = "evil"


@attack("signature-policy", SURVEY)
def xpath_that_costs_time(scene: Scene) -> None:
    """An XPath transform of nested counts keeps the verifier busy."""
    _first(scene, XPATH, _element(ds("XPath"), "count(//. | //@* | //namespace::*) > 0"))
    scene.resign()


@attack("signature-policy", SURVEY)
def xpath_filter_2_that_subtracts_the_document(scene: Scene) -> None:
    """An XPath Filter 2 signs the Body without its document, which is then exchanged."""
    _first(scene, FILTER_2, _element(f"{{{FILTER_2}}}XPath", "/*/*[2]/*", Filter="subtract"))
    scene.resign()
    scene.leaf.text = "evil"


@attack("signature-policy", HILL)
def xslt_that_says_what_was_signed(scene: Scene) -> None:
    """An XSLT transform gives the same output for any document; then it is exchanged."""
    _first(scene, XSLT, etree.fromstring(_SHEET))
    scene.resign()
    scene.leaf.text = "evil"


@attack("signature-policy", HILL)
def xslt_that_reads_a_file(scene: Scene) -> None:
    """An XSLT transform with document() reads the receiver's files."""
    _first(scene, XSLT, etree.fromstring(_SHEET.replace("<said/>", "<xsl:copy-of select=\"document('/etc/hosts')\"/>")))


@attack("signature-policy", SURVEY)
def xslt_that_never_ends(scene: Scene) -> None:
    """An XSLT transform whose template calls itself."""
    loop = _SHEET.replace("<said/>", '<xsl:call-template name="l"/>').replace(
        "</xsl:stylesheet>", '<xsl:template name="l"><xsl:call-template name="l"/></xsl:template></xsl:stylesheet>'
    )
    _first(scene, XSLT, etree.fromstring(loop))


@attack("signature-policy", SAML)
def enveloped_signature_transform(scene: Scene) -> None:
    """The enveloped-signature transform on the Body."""
    _first(scene, f"{names.DS}enveloped-signature")
    scene.resign()


@attack("signature-policy", PRACTICE)
def base64_transform(scene: Scene) -> None:
    """The base64 transform signs the text inside, without its elements."""
    _first(scene, f"{names.DS}base64")


@attack("signature-policy", GAJEK)
def str_transform(scene: Scene) -> None:
    """The STR-Transform signs what a reference leads to, in place of what stands there."""
    _first(scene, STR_TRANSFORM)


@attack("signature-policy", PRACTICE)
def an_unknown_transform(scene: Scene) -> None:
    """A transform that nobody knows."""
    _first(scene, "urn:attack:transform")


def _form(name: str, algorithm: str, what: str) -> None:
    def edit(scene: Scene) -> None:
        scene.transforms()[0].set("Algorithm", algorithm)
        scene.resign()

    def signed_info(scene: Scene) -> None:
        scene.signed_info[0].set("Algorithm", algorithm)
        scene.resign()

    THEME.add(f"{name}-of-the-body", f"the Body's canonical form {what}", PRACTICE, "signature-policy", edit)
    THEME.add(
        f"{name}-of-signed-info", f"SignedInfo's canonical form {what}", PRACTICE, "signature-policy", signed_info
    )


_form("inclusive-form", INCLUSIVE, "is inclusive")
_form("inclusive-form-1-1", INCLUSIVE_11, "is inclusive 1.1")
_form("form-with-comments", WITH_COMMENTS, "keeps comments")


@attack("signature-policy", HILL)
def signed_info_by_xslt(scene: Scene) -> None:
    """SignedInfo's canonical form is an XSLT program."""
    scene.signed_info[0].set("Algorithm", XSLT)
    scene.signed_info[0].append(etree.fromstring(_SHEET))


@attack("signature-malformed", PRACTICE)
def the_canonical_form_twice(scene: Scene) -> None:
    """Two canonical forms in a row."""
    _first(scene, names.EXCLUSIVE_C14N)
    scene.resign()


@attack("signature-malformed", PRACTICE)
def transforms_without_a_transform(scene: Scene) -> None:
    """ds:Transforms is empty, which means the inclusive form."""
    transforms = scene.transforms()
    transforms.remove(transforms[0])
    scene.resign()


@attack("signature-policy", PRACTICE)
def no_transforms(scene: Scene) -> None:
    """No ds:Transforms, which means the inclusive form."""
    reference = scene.reference("Body")
    reference.remove(scene.transforms())
    scene.resign()


@attack("signature-malformed", PRACTICE)
def canonical_form_with_a_strange_parameter(scene: Scene) -> None:
    """The canonical form has a parameter that nobody knows."""
    etree.SubElement(scene.transforms()[0], "{urn:attack}Parameter")


@attack("signature-malformed", PRACTICE)
def canonical_form_with_an_xpath_parameter(scene: Scene) -> None:
    """The canonical form has an XPath as its parameter."""
    scene.transforms()[0].append(_element(ds("XPath"), "false()"))


@attack("signature-malformed", PRACTICE)
def two_prefix_lists(scene: Scene) -> None:
    """The canonical form has two lists of inclusive prefixes."""
    for _ in range(2):
        etree.SubElement(scene.transforms()[0], INCLUSIVE_NAMESPACES, PrefixList="wsu")


@attack("signature-malformed", PRACTICE)
def transforms_behind_the_digest(scene: Scene) -> None:
    """ds:Transforms stands behind DigestValue."""
    scene.reference("Body").append(scene.transforms())


@attack("signature-digest", GAJEK)
def prefix_list_added_by_the_attacker(scene: Scene) -> None:
    """A PrefixList that was not signed with changes the canonical form."""
    etree.SubElement(scene.transforms()[0], INCLUSIVE_NAMESPACES, PrefixList="ds wsse wsa soap wsu")
    scene.root.set("{urn:attack}a", "1")
    scene.root.set("unsigned", "1")
    scene.body[0].set("changed", "1")
