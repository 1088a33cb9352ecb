"""The attacks, by name: what is sent, and what the hub has to say to it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tests.edge.hostile import papers
from tests.edge.hostile.attacks import (
    JSON,
    SOAP,
    announced,
    at_once,
    chunked,
    crumbs,
    expecting,
    flood,
    huge_header,
    jws_header,
    many_headers,
    network_entity,
    never_reads,
    office_body,
    paper,
    pipelined,
    signed,
    silent,
    slow_drips,
    slow_heads,
    slow_senders,
)
from tests.edge.hostile.bed import RECOMMENDATION, VALIDITY, HubProcess
from tests.edge.hostile.wire import Told


@dataclass(frozen=True, kw_only=True)
class Case:
    """An attack. `expected`: the answers (status, code) that are right; every one that came must be among them.

    `most_s` and `most_bytes` are what it may cost: seconds until its last answer, growth of the hub's memory.
    """

    name: str
    attack: Callable[[HubProcess], list[Told]]
    expected: frozenset[tuple[int, str]]
    most_s: float
    most_bytes: int


def _case(
    name: str,
    attack: Callable[[HubProcess], list[Told]],
    *expected: tuple[int, str],
    most_s: float = 5.0,
    most_mb: int = 120,
) -> Case:
    return Case(
        name=name, attack=attack, expected=frozenset(expected), most_s=most_s, most_bytes=most_mb * papers.MEGABYTE
    )


_xml = partial(paper, path=RECOMMENDATION, kind=SOAP)
_json = partial(paper, path=VALIDITY, kind=JSON)
DTD = (400, "dtd-forbidden")
BIG = (400, "xml-too-many-nodes")
TOO_MANY = (400, "json-too-many-values")
BUSY = (503, "bodies-busy")

_ALL = (
    _case("XXE, a file", _xml(partial(papers.xxe, "file:///etc/passwd")), DTD),
    _case("XXE, over the network", network_entity(papers.xxe), DTD),
    _case("parameter entity over the network", network_entity(papers.parameter_entity), DTD),
    _case("billion laughs", _xml(papers.laughs), DTD),
    _case("quadratic blow-up", _xml(papers.quadratic), DTD),
    _case("entity in an attribute", _xml(papers.attribute_entity), DTD),
    _case("DTD behind 100 000 comments", _xml(papers.late_doctype), (400, "xml-malformed"), DTD),
    _case("billion laughs in UTF-16", _xml(papers.utf16_laughs), (400, "xml-malformed")),
    _case("billion laughs in UTF-7", _xml(papers.utf7_laughs), (400, "xml-malformed")),
    _case("a million elements inside each other", _xml(papers.deep_xml), BIG, (400, "xml-too-deep")),
    _case("10 MB of empty elements", _xml(papers.crowd), BIG),
    _case(
        "the same from 20 addresses at once",
        at_once(papers.crowd, RECOMMENDATION, SOAP, 20),
        BIG,
        BUSY,
        most_mb=250,
    ),
    _case("500 000 attributes", _xml(papers.attributes), BIG),
    _case("200 000 namespaces", _xml(papers.namespaces), BIG),
    _case("100 000 prefixed attributes", _xml(papers.namespaced_attributes), BIG),
    _case("a text of 10 MB", _xml(papers.huge_text), (400, "signature-missing"), (400, "xml-malformed")),
    _case("2.4 million character references", _xml(papers.references), (400, "signature-missing")),
    _case("24 signed parts, 10 MB", signed(papers.many_references), (400, "body-too-large")),
    _case("PrefixList of 100 000", signed(papers.prefix_list), (400, "signature-malformed")),
    _case(
        "PrefixList of 100 000, each declared",
        signed(papers.prefix_list, namespaces=100_000),
        BIG,
        (400, "signature-malformed"),
    ),
    _case(
        "100 prefixes at 15 000 elements",
        signed(papers.prefix_list, prefixes=100, namespaces=100, elements=15_000),
        (400, "xml-too-wide"),
    ),
    _case(
        "60 prefixes at 9 000 elements",
        signed(papers.prefix_list, prefixes=60, namespaces=50, elements=9_000),
        (400, "signature-malformed"),
    ),
    _case(
        "10 prefixes at 9 000 elements: as much as is followed",
        signed(papers.prefix_list, prefixes=10, namespaces=50, elements=9_000),
        (400, "signature-digest"),
    ),
    _case("two million arrays inside each other", _json(papers.deep_json), (400, "json-too-deep"), TOO_MANY),
    _case("900 000 members", _json(papers.keys), TOO_MANY),
    _case("10 MB of empty arrays", _json(papers.small_arrays), TOO_MANY),
    _case(
        "the same from 20 addresses at once (JSON)",
        at_once(papers.small_arrays, VALIDITY, JSON, 20),
        TOO_MANY,
        BUSY,
        most_mb=250,
    ),
    _case("a number of five million digits", _json(papers.huge_number), (400, "json-number")),
    _case("five million numbers", _json(papers.many_numbers), TOO_MANY),
    _case("one member of 500 000 twice", _json(papers.same_members), TOO_MANY, (400, "json-duplicate-member")),
    _case("10 MB of backslashes in a quote", _json(papers.open_quotes), (400, "json-malformed")),
    _case("800 000 half surrogates", _json(papers.surrogates), TOO_MANY),
    _case("JWS header of 8 KB of dots", jws_header(8_000), (401, "signature-malformed")),
    _case(
        "gzip bomb, 200 MB in 200 KB",
        _json(lambda: gzip.compress(bytes(200 * papers.MEGABYTE), 6), Content_Encoding="gzip"),
        (415, "content-encoding-refused"),
    ),
    _case("100 MB announced", announced, (400, "body-too-large")),
    _case("100 MB in chunks", chunked, (413, "body-too-large")),
    _case("100 MB to the office API, no token", office_body, (413, "body-too-large")),
    _case("100 MB behind Expect: 100-continue", expecting, (400, "body-too-large")),
    _case("ten million chunks of a byte", crumbs, (400, "body-in-crumbs")),
    _case("a header of 10 MB", huge_header, (431, "head-too-large")),
    _case("1 000 headers", many_headers, (431, "head-too-large")),
    _case("3 000 pipelined requests", pipelined, (404, "agency-unknown"), (429, "rate-limited"), most_s=30),
    _case(
        "50 connections as fast as they can, 4 s",
        flood,
        (401, "signature-missing"),
        (429, "rate-limited"),
        (503, "address-busy"),
        (0, ""),
        most_s=8,
    ),
    _case(
        "100 bodies of 10 MB that stop", slow_senders, (408, "body-too-slow"), BUSY, (503, "address-busy"), most_s=25
    ),
    _case(
        "300 bodies by the byte",
        slow_drips,
        (400, "body-too-slow"),
        (500, "body-too-slow"),
        (503, "address-busy"),
        most_s=25,
    ),
    _case("300 heads by the line", slow_heads, (408, "head-too-slow"), (0, ""), most_s=25),
    _case("2 000 silent connections", silent, (0, ""), most_s=25),
    _case("a client that takes no answer", never_reads, (200, ""), (429, "rate-limited"), (0, ""), most_s=25),
)
CASES: Mapping[str, Case] = {each.name: each for each in _ALL}
