"""Keys: a message that brings its own, names another, or has a public key taken for a secret."""

from __future__ import annotations

from base64 import b64decode, b64encode
from copy import deepcopy

import xmlsec
from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import HILL, HMAC_TRUNCATION, MCINTOSH, PRACTICE, SURVEY, Theme
from tests.trust.wrapping.scene import Scene, ds, wsse

THEME = Theme("keys")
attack = THEME.attack

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"


def _stranger(scene: Scene) -> None:
    """The attacker signs his own document with his own key."""
    scene.leaf.text = "evil"
    scene.resign(xmlsec.Key.from_memory(scene.genuine.stranger_pem, xmlsec.constants.KeyDataFormatPem, None))


def _method(scene: Scene) -> str:
    return str(scene.signed_info[1].get("Algorithm"))


def _x509_data(der: bytes) -> etree._Element:
    data = etree.Element(ds("X509Data"))
    etree.SubElement(data, ds("X509Certificate")).text = b64encode(der).decode()
    return data


@attack("certificate-unknown", SURVEY)
def certificate_of_a_stranger(scene: Scene) -> None:
    """The token is the attacker's certificate, and he signed."""
    scene.token.text = b64encode(scene.genuine.stranger_der).decode()
    _stranger(scene)


@attack("signature-wrong", SURVEY)
def key_of_a_stranger_under_the_registered_certificate(scene: Scene) -> None:
    """The attacker signed; the token is the registered certificate."""
    _stranger(scene)


@attack("signature-malformed", SURVEY)
def x509_data_of_a_stranger_beside_the_reference(scene: Scene) -> None:
    """KeyInfo holds the reference to the registered token, and the attacker's X509Data."""
    _stranger(scene)
    scene.key_info.insert(0, _x509_data(scene.genuine.stranger_der))


@attack("signature-malformed", SURVEY)
def x509_data_in_place_of_the_reference(scene: Scene) -> None:
    """KeyInfo holds the certificate itself."""
    scene.key_info.replace(scene.key_info[0], _x509_data(scene.genuine.certificate_der))


@attack("signature-malformed", SURVEY)
def key_value_of_a_stranger(scene: Scene) -> None:
    """KeyInfo holds the attacker's bare public key, which most libraries take."""
    _stranger(scene)
    value = etree.Element(ds("KeyValue"))
    scene.key_info.insert(0, value)


@attack("signature-malformed", PRACTICE)
def key_name(scene: Scene) -> None:
    """KeyInfo names a key, as a path."""
    name = etree.Element(ds("KeyName"))
    name.text = "../../keys/hub.key.pem"
    scene.key_info.insert(0, name)


@attack("signature-malformed", HILL)
def retrieval_method_to_an_external_uri(scene: Scene) -> None:
    """KeyInfo says where to fetch the key."""
    scene.key_info.append(
        etree.Element(ds("RetrievalMethod"), URI="http://127.0.0.1:9/key.pem", Type=f"{names.DS}X509Data")
    )


@attack("signature-malformed", HILL)
def retrieval_method_through_xslt(scene: Scene) -> None:
    """KeyInfo says to compute the key by a program."""
    method = etree.SubElement(scene.key_info, ds("RetrievalMethod"), URI="#key")
    transforms = etree.SubElement(method, ds("Transforms"))
    etree.SubElement(transforms, ds("Transform"), Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116")


@attack("signature-malformed", PRACTICE)
def key_identifier_in_place_of_the_reference(scene: Scene) -> None:
    """The token is named by a thumbprint."""
    holder = scene.key_info[0]
    identifier = etree.Element(wsse("KeyIdentifier"))
    identifier.text = "AAAA"
    holder.replace(holder[0], identifier)


@attack("signature-malformed", PRACTICE)
def embedded_token(scene: Scene) -> None:
    """The token stands inside the reference."""
    holder = scene.key_info[0]
    embedded = etree.Element(wsse("Embedded"))
    embedded.append(deepcopy(scene.token))
    embedded[0].attrib.clear()
    holder.replace(holder[0], embedded)


@attack("signature-malformed", PRACTICE)
def key_info_missing(scene: Scene) -> None:
    """There is no KeyInfo: any registered key might be meant."""
    scene.signature.remove(scene.key_info)


@attack("signature-malformed", HILL)
def token_at_an_external_uri(scene: Scene) -> None:
    """The reference leads to a token elsewhere."""
    scene.key_info[0][0].set("URI", "http://127.0.0.1:9/token")


@attack("signature-malformed", MCINTOSH)
def token_outside_the_security_header(scene: Scene) -> None:
    """The token stands in Header beside Security."""
    scene.header.append(scene.token)


@attack("id-duplicated", MCINTOSH)
def two_tokens_of_one_id(scene: Scene) -> None:
    """The attacker's token carries the identifier of the genuine one, before it."""
    other = deepcopy(scene.token)
    other.text = b64encode(scene.genuine.stranger_der).decode()
    scene.security.insert(0, other)


@attack("signature-malformed", PRACTICE)
def token_of_another_type(scene: Scene) -> None:
    """The token says that it is a path of certificates."""
    scene.token.set("ValueType", names.X509_V3.replace("#X509v3", "#X509PKIPathv1"))


@attack("signature-malformed", PRACTICE)
def token_in_another_encoding(scene: Scene) -> None:
    """The token says that it is hexadecimal."""
    scene.token.set("EncodingType", names.BASE64.replace("#Base64Binary", "#HexBinary"))


@attack("signature-malformed", SURVEY)
def token_of_a_megabyte(scene: Scene) -> None:
    """The token is larger than any certificate."""
    scene.token.text = "A" * 60_000


@attack("certificate-unknown", SURVEY)
def token_that_is_no_certificate(scene: Scene) -> None:
    """The token is some bytes."""
    scene.token.text = "AAAA"


def _hmac(scene: Scene, secret: bytes, *, bits: int | None = None) -> None:
    method = scene.signed_info[1]
    method.set("Algorithm", f"{_MORE}hmac-sha256")
    if bits is not None:
        etree.SubElement(method, ds("HMACOutputLength")).text = str(bits)
    scene.leaf.text = "evil"
    scene.resign(xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, secret))


@attack("signature-policy", SURVEY)
def hmac_with_the_public_key_as_secret(scene: Scene) -> None:
    """Key confusion: HMAC-SHA256 with the public key (PEM), which everybody knows, as the secret."""
    _hmac(scene, scene.genuine.public_pem)


@attack("signature-policy", SURVEY)
def hmac_with_the_certificate_as_secret(scene: Scene) -> None:
    """Key confusion: HMAC-SHA256 with the certificate (DER) as the secret."""
    _hmac(scene, scene.genuine.certificate_der)


@attack("signature-policy", HMAC_TRUNCATION)
def hmac_cut_to_eight_bits(scene: Scene) -> None:
    """HMAC with HMACOutputLength 8: one try in 256 is right."""
    method = scene.signed_info[1]
    method.set("Algorithm", f"{names.DS}hmac-sha1")
    etree.SubElement(method, ds("HMACOutputLength")).text = "8"
    scene.value.text = "AA=="


@attack("signature-malformed", HMAC_TRUNCATION)
def signature_method_with_a_parameter(scene: Scene) -> None:
    """The genuine method with HMACOutputLength 0."""
    etree.SubElement(scene.signed_info[1], ds("HMACOutputLength")).text = "0"


@attack("signature-policy", PRACTICE)
def rsa_and_ecdsa_exchanged(scene: Scene) -> None:
    """The method is that of the other kind of key."""
    other = "rsa" if "ecdsa" in _method(scene) else "ecdsa"
    scene.signed_info[1].set("Algorithm", f"{_MORE}{other}-sha256")


@attack("signature-policy", PRACTICE)
def signature_by_sha_1(scene: Scene) -> None:
    """The sender's tool signs with SHA-1."""
    sha_1 = f"{_MORE}ecdsa-sha1" if "ecdsa" in _method(scene) else f"{names.DS}rsa-sha1"
    scene.signed_info[1].set("Algorithm", sha_1)
    scene.resign()


@attack("signature-policy", PRACTICE)
def no_method(scene: Scene) -> None:
    """SignatureMethod has no algorithm."""
    del scene.signed_info[1].attrib["Algorithm"]


@attack("signature-wrong", "CVE-2022-21449")
def psychic_signature(scene: Scene) -> None:
    """The signature value is all zeros, as long as the genuine one."""
    scene.value.text = b64encode(bytes(len(b64decode(scene.value.text or "")))).decode()


@attack("signature-wrong", PRACTICE)
def signature_value_cut_short(scene: Scene) -> None:
    """The signature value is cut to its first bytes."""
    scene.value.text = str(scene.value.text)[:16]


@attack("signature-malformed", PRACTICE)
def signature_value_empty(scene: Scene) -> None:
    """The signature value is empty."""
    scene.value.text = ""


@attack("signature-malformed", PRACTICE)
def signature_value_no_base64(scene: Scene) -> None:
    """The signature value has characters outside base64, which lenient readers skip."""
    scene.value.text = f"{scene.value.text}!*"
