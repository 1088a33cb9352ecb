"""The mistakes that are recognised: what the sender did, and what it has to do instead.

A mistake is only named after it was made again: the octets or the key that it stands for give exactly what the sender
sent. `docs/diagnosis.md` lists them all with the remedies of each kind of client; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Mistake(StrEnum):
    """The stable name of a mistake; part of the public interface, never translated."""

    # over which octets a part, SignedInfo or a body was digested
    INCLUSIVE_FORM = "inclusive-form"
    EXCLUSIVE_FORM = "exclusive-form"
    COMMENTS = "comments"
    INSTRUCTIONS = "processing-instructions"
    PREFIX_LIST = "prefix-list"
    DEFAULT_PREFIX = "prefix-list-default"
    NAMESPACES_ADDED = "namespaces-added"
    PREFIXES_REWRITTEN = "prefixes-rewritten"
    ID_ADDED = "id-added"
    SPACE_ADDED = "white-space-added"
    SPACE_REMOVED = "white-space-removed"
    TEXT_TRIMMED = "text-trimmed"
    LINE_ENDS = "line-ends"
    FINAL_NEWLINE = "final-newline"
    DECLARATION = "xml-declaration"
    BYTE_ORDER_MARK = "byte-order-mark"
    CONTENT_ONLY = "content-only"
    WHOLE_ENVELOPE = "whole-envelope"
    NOT_CANONICAL = "not-canonicalized"
    UNICODE_FORM = "unicode-form"
    OTHER_ENCODING = "other-encoding"
    BODY_REWRITTEN = "body-rewritten"
    BODY_CANONICALIZED = "body-canonicalized"
    # how a digest or a signature was made and written
    OTHER_HASH = "other-hash"
    HEX = "hex"
    BASE64_TWICE = "base64-twice"
    HASHED_TWICE = "hashed-twice"
    BARE_HASH = "bare-hash"
    PSS = "pss-padding"
    PKCS1 = "pkcs1-padding"
    ECDSA_DER = "ecdsa-der"
    # whose
    OTHER_KEY = "other-key"
    EMBEDDED_KEY = "embedded-key"
    KEY_INFO = "key-info"
    ID_ATTRIBUTE = "id-attribute"
    # algorithms by name
    ALGORITHM = "algorithm-refused"
    ALGORITHM_OF_OTHER_KEY = "algorithm-of-other-key"
    # JWS
    BASE64_PADDING = "base64-padding"
    BASE64_ALPHABET = "base64-alphabet"
    ATTACHED = "payload-attached"
    JSON_FORM = "json-serialization"
    UNENCODED = "payload-unencoded"
    PAYLOAD_ENCODING = "payload-encoding"
    PAYLOAD_DIGEST = "payload-digest"
    PAYLOAD_EMPTY = "payload-empty"
    HEADER_REWRITTEN = "header-rewritten"
    THUMBPRINT_SHA1 = "thumbprint-sha1"
    THUMBPRINT_HEX = "thumbprint-hex"
    THUMBPRINT_OF_PEM = "thumbprint-of-pem"
    THUMBPRINT_OF_KEY = "thumbprint-of-key"
    THUMBPRINT_MISSING = "thumbprint-missing"
    TIME_UNIT = "time-in-milliseconds"
    # time
    LOCAL_TIME = "local-time"
    CLOCK_WRONG = "clock-wrong"


class Explained(NamedTuple):
    """What the sender did, and what it does instead."""

    sentence: str
    remedy: str


_AFTER = "sign last: nothing may touch the message between signing and sending"

MISTAKES: Mapping[Mistake, Explained] = MappingProxyType(
    {
        Mistake.INCLUSIVE_FORM: Explained(
            "the inclusive canonical form (C14N 1.0 or 1.1) was used where the exclusive one is named",
            "use http://www.w3.org/2001/10/xml-exc-c14n# for the Transform and the CanonicalizationMethod, and call "
            "the library's C14N with exclusive = true",
        ),
        Mistake.EXCLUSIVE_FORM: Explained(
            "the exclusive canonical form was used, which is right, and another one is named",
            "name http://www.w3.org/2001/10/xml-exc-c14n# in the Transform and the CanonicalizationMethod",
        ),
        Mistake.COMMENTS: Explained(
            "the canonical form with comments was used",
            "call the library's C14N with comments = false, or leave comments out of the message",
        ),
        Mistake.INSTRUCTIONS: Explained(
            "processing instructions inside the signed part were digested; the hub drops them",
            "leave processing instructions (<?...?>) out of the message",
        ),
        Mistake.PREFIX_LIST: Explained(
            "another PrefixList was used than the one that InclusiveNamespaces names",
            "leave InclusiveNamespaces out, or write into it the prefixes that the library really used",
        ),
        Mistake.DEFAULT_PREFIX: Explained(
            "the default namespace was digested as if PrefixList named #default",
            "leave #default out of the PrefixList",
        ),
        Mistake.NAMESPACES_ADDED: Explained(
            "namespace declarations were added or moved after the digest was made",
            f"declare all namespaces before signing, and use the exclusive canonical form; {_AFTER}",
        ),
        Mistake.PREFIXES_REWRITTEN: Explained(
            "namespace prefixes were rewritten after the digest was made",
            f"{_AFTER}; a prefix is part of what is signed",
        ),
        Mistake.ID_ADDED: Explained(
            "the digest was made before the element got its wsu:Id", "set wsu:Id first, then make the digest"
        ),
        Mistake.SPACE_ADDED: Explained(
            "white space (indentation) was added after signing",
            f"switch formatted output off (formatOutput, PreserveWhitespace, pretty print); {_AFTER}",
        ),
        Mistake.SPACE_REMOVED: Explained(
            "white space (indentation) was removed after signing",
            f"load with white space preserved, or sign the form without it; {_AFTER}",
        ),
        Mistake.TEXT_TRIMMED: Explained(
            "the texts of elements were trimmed, before or after signing", f"keep texts as they are; {_AFTER}"
        ),
        Mistake.LINE_ENDS: Explained(
            "line ends were rewritten: CR LF on one side, LF on the other",
            "write LF line ends, or none, before signing, and send the same bytes",
        ),
        Mistake.FINAL_NEWLINE: Explained(
            "a final line end was signed and not sent, or sent and not signed", "sign the exact bytes that are sent"
        ),
        Mistake.DECLARATION: Explained(
            "the XML declaration (<?xml ...?>) was digested with the element",
            "digest the canonical form of the element, which has no declaration",
        ),
        Mistake.BYTE_ORDER_MARK: Explained(
            "a UTF-8 byte order mark was signed and not sent, or sent and not signed",
            "write UTF-8 without byte order mark (.NET: new UTF8Encoding(false))",
        ),
        Mistake.CONTENT_ONLY: Explained(
            "the content of the element was digested and not the element itself",
            "digest the whole element, with its own tags and attributes",
        ),
        Mistake.WHOLE_ENVELOPE: Explained(
            "the whole envelope was digested and not the part that the Reference names",
            "digest each part by itself: Body, Timestamp, each addressing block",
        ),
        Mistake.NOT_CANONICAL: Explained(
            "the text as it stands in the message was used, without canonicalization",
            "run the exclusive C14N of an XML library over the element; text from a template is not canonical",
        ),
        Mistake.UNICODE_FORM: Explained(
            "text was brought into another Unicode normalisation form (NFC, NFD) after or before signing",
            f"normalise to NFC before signing, and not again; {_AFTER}",
        ),
        Mistake.OTHER_ENCODING: Explained(
            "octets in another character encoding (ISO 8859-1) were signed than were sent",
            "encode as UTF-8 first, then sign those bytes",
        ),
        Mistake.BODY_REWRITTEN: Explained(
            "the JSON body was written anew after signing",
            "write the body once into a byte string, sign that string, and send that same string",
        ),
        Mistake.BODY_CANONICALIZED: Explained(
            "the canonical form of the JSON body (RFC 8785) was signed",
            "sign the exact bytes that are sent; the hub canonicalizes nothing",
        ),
        Mistake.OTHER_HASH: Explained(
            "another hash was used than the algorithm names", "name the hash that is used; use SHA-256 for both"
        ),
        Mistake.HEX: Explained(
            "the value is hexadecimal text", "encode the raw bytes in base64 (PHP: hash(..., true), Node: digest())"
        ),
        Mistake.BASE64_TWICE: Explained(
            "the value was encoded in base64 twice", "encode the raw bytes once; the library's value is base64 already"
        ),
        Mistake.HASHED_TWICE: Explained(
            "the digest was signed as if it were the data, so that it was hashed twice",
            "give the sign function the data, not its digest (or use its function for ready digests)",
        ),
        Mistake.BARE_HASH: Explained(
            "the bare hash was encrypted with the private key, without the DigestInfo of PKCS#1 v1.5",
            "use the sign function (PHP: openssl_sign and not openssl_private_encrypt)",
        ),
        Mistake.PSS: Explained(
            "the signature is padded by PSS where the algorithm means PKCS#1 v1.5",
            "sign with PKCS#1 v1.5 padding, or (REST alone) name PS256",
        ),
        Mistake.PKCS1: Explained(
            "the signature is padded by PKCS#1 v1.5 where the algorithm means PSS", "name RS256, or pad by PSS"
        ),
        Mistake.ECDSA_DER: Explained(
            "the ECDSA signature is in DER form, as openssl writes it",
            "send r and s side by side, each as long as the curve (Node: dsaEncoding ieee-p1363, Java: "
            "SHA256withECDSAinP1363Format, .NET: the default of SignData)",
        ),
        Mistake.OTHER_KEY: Explained(
            "the signature was made with the key of another registered certificate of this agency",
            "send the certificate whose key signs, or sign with the key of the certificate that is sent",
        ),
        Mistake.EMBEDDED_KEY: Explained(
            "the signature fits the key that the message itself brings, which is not registered and not trusted",
            "have that certificate registered (simojo agency challenge, then certify), or sign with the registered one",
        ),
        Mistake.KEY_INFO: Explained(
            "KeyInfo names the certificate in another way than by a BinarySecurityToken",
            "send the certificate as BinarySecurityToken and point to it (WSS4J: signatureKeyIdentifier "
            "DirectReference)",
        ),
        Mistake.ID_ATTRIBUTE: Explained(
            "the Reference names its part by another attribute than wsu:Id",
            "write the id as wsu:Id (Node soap: signerOptions idMode 'wssecurity')",
        ),
        Mistake.ALGORITHM: Explained("an algorithm is named that the hub refuses", ""),
        Mistake.ALGORITHM_OF_OTHER_KEY: Explained(
            "the algorithm that is named does not go with the kind of the key", ""
        ),
        Mistake.BASE64_PADDING: Explained(
            "base64url with padding (=) was sent", "strip the = at the end of each part (RFC 7515 section 2)"
        ),
        Mistake.BASE64_ALPHABET: Explained(
            "base64 with + and / was sent in place of base64url", "write - for + and _ for /, and no ="
        ),
        Mistake.ATTACHED: Explained(
            "the payload stands in the header field (an attached JWS)",
            "take the middle part out: header..signature; the body is the payload (RFC 7515 appendix F)",
        ),
        Mistake.JSON_FORM: Explained(
            "the JWS came in JSON serialization", "send the compact serialization: header..signature"
        ),
        Mistake.UNENCODED: Explained(
            "the payload was signed without base64url (as b64=false of RFC 7797 has it)",
            "sign header + '.' + base64url(body), and leave b64 and crit out of the header",
        ),
        Mistake.PAYLOAD_ENCODING: Explained(
            "the payload was signed in ordinary base64 and not in base64url", "encode the body in base64url without ="
        ),
        Mistake.PAYLOAD_DIGEST: Explained(
            "the digest of the body was signed as the payload", "the payload is the body itself, in base64url"
        ),
        Mistake.PAYLOAD_EMPTY: Explained(
            "the header was signed with an empty payload",
            "sign with the body as payload, and take it out of the JWS only afterwards",
        ),
        Mistake.HEADER_REWRITTEN: Explained(
            "the protected header was encoded anew after signing", "send the very header text that was signed"
        ),
        Mistake.THUMBPRINT_SHA1: Explained(
            "the certificate is named by its SHA-1 thumbprint",
            "send x5t#S256: base64url of the SHA-256 of the certificate's DER form",
        ),
        Mistake.THUMBPRINT_HEX: Explained(
            "the thumbprint is hexadecimal text", "encode the 32 raw bytes of the SHA-256 in base64url"
        ),
        Mistake.THUMBPRINT_OF_PEM: Explained(
            "the thumbprint was made over the PEM text", "make it over the DER form (openssl x509 -outform DER)"
        ),
        Mistake.THUMBPRINT_OF_KEY: Explained(
            "the thumbprint was made over the public key alone", "make it over the whole certificate in DER form"
        ),
        Mistake.THUMBPRINT_MISSING: Explained(
            "the header names its key in another way than by x5t#S256 (kid, x5c, jwk, x5u)",
            "send x5t#S256: base64url of the SHA-256 of the certificate's DER form",
        ),
        Mistake.TIME_UNIT: Explained(
            "the time is in milliseconds", "send whole seconds (JavaScript: Math.floor(Date.now() / 1000))"
        ),
        Mistake.LOCAL_TIME: Explained(
            "the time is off by whole hours: local time was sent as if it were UTC, or UTC as if it were local",
            "convert to UTC before writing Z (PHP: gmdate, Java: Instant, .NET: DateTime.UtcNow, Node: toISOString)",
        ),
        Mistake.CLOCK_WRONG: Explained(
            "the sender's clock or the age of the message is outside the window",
            "set the clock by NTP, and sign anew for each sending",
        ),
    }
)
"""Every mistake with its words."""

REMEDIES: Mapping[Mistake, str] = MappingProxyType({mistake: said.remedy for mistake, said in MISTAKES.items()})


def sentence(mistake: Mistake) -> str:
    """What the sender did."""
    return MISTAKES[mistake].sentence
