"""The attacks, by name: what is sent, and what the hub has to say to it."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.edge.hostile import papers
from tests.edge.hostile.bed import RECOMMENDATION, VALIDITY, HubProcess
from tests.edge.hostile.wire import Told, connect, head, post, rest, talk, told

SOAP = "application/soap+xml"
JSON = "application/json"
ATTACKER = "127.0.0.9"


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


def _paper(make: Callable[[], bytes], path: str, kind: str, **headers: str) -> Callable[[HubProcess], list[Told]]:
    def attack(hub: HubProcess) -> list[Told]:
        return [talk(hub.port, ATTACKER, post(path, make(), kind, **headers))]

    return attack


def _signed(make: Callable[..., bytes], **more: int) -> Callable[[HubProcess], list[Told]]:
    def attack(hub: HubProcess) -> list[Told]:
        data = make(hub.grounds.dpupr, **more)
        return [talk(hub.port, ATTACKER, post(RECOMMENDATION, data, SOAP))]

    return attack


def _at_once(make: Callable[[], bytes], path: str, kind: str, count: int) -> Callable[[HubProcess], list[Told]]:
    """The same from as many addresses at once."""

    def attack(hub: HubProcess) -> list[Told]:
        data = make()
        with ThreadPoolExecutor(count) as pool:
            calls = [
                pool.submit(talk, hub.port, f"127.0.0.{20 + number}", post(path, data, kind)) for number in range(count)
            ]
            return [each.result() for each in calls]

    return attack


# --- XML that reaches out -----------------------------------------------------------------------------------------


def network_entity(make: Callable[[str], bytes]) -> Callable[[HubProcess], list[Told]]:
    """An entity at an address that listens: nobody may come."""

    def attack(hub: HubProcess) -> list[Told]:
        visits: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/x.dtd"
            found = [talk(hub.port, ATTACKER, post(RECOMMENDATION, make(url), SOAP))]
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)
        assert visits == []
        return found

    return attack


# --- bodies that do not end ---------------------------------------------------------------------------------------


def announced(hub: HubProcess) -> list[Told]:
    """100 MB by Content-Length, sent as fast as they go."""
    pieces = [b"y" * 2**20] * 100
    start = head("POST", RECOMMENDATION, Content_Type=SOAP, Content_Length=str(100 * 2**20))
    return [talk(hub.port, ATTACKER, [start, *pieces])]


def chunked(hub: HubProcess) -> list[Told]:
    """100 MB in chunks, without an end."""
    chunk = b"%x\r\n" % 2**20 + b"y" * 2**20 + b"\r\n"
    start = head("POST", VALIDITY, Content_Type=JSON, Transfer_Encoding="chunked")
    return [talk(hub.port, ATTACKER, [start, *[chunk] * 100])]


def crumbs(hub: HubProcess) -> list[Told]:
    """Ten million chunks of one byte: as many steps of a parser."""
    start = head("POST", VALIDITY, Content_Type=JSON, Transfer_Encoding="chunked")
    return [talk(hub.port, ATTACKER, [start, *[b"1\r\ny\r\n" * 40_000] * 250])]


def office_body(hub: HubProcess) -> list[Told]:
    """100 MB for the office's own API, of somebody without a token."""
    chunk = b"%x\r\n" % 2**20 + b"y" * 2**20 + b"\r\n"
    start = head("POST", "/office/v1/cases/K-2026-000001/area", Content_Type=JSON, Transfer_Encoding="chunked")
    return [talk(hub.port, ATTACKER, [start, *[chunk] * 100])]


def expecting(hub: HubProcess) -> list[Told]:
    """100 MB that wait for 100 Continue: the refusal comes first, and none of them."""
    start = head("POST", RECOMMENDATION, Content_Type=SOAP, Content_Length=str(100 * 2**20), Expect="100-continue")
    return [talk(hub.port, ATTACKER, [start])]


# --- slowness -----------------------------------------------------------------------------------------------------


def _slow(
    hub: HubProcess, first: Callable[[int], bytes], drop: bytes, *, count: int, addresses: int, every_s: float
) -> list[Told]:
    """`count` connections that each send a drop now and then, until the hub has ended them all."""
    begun = time.monotonic()
    found: list[Told] = []
    with ExitStack() as stack:
        open_ones = []
        for number in range(count):
            sock = stack.enter_context(connect(hub.port, f"127.0.1.{1 + number % addresses}"))
            with suppress(OSError):
                sock.sendall(first(number))
            sock.settimeout(0.002)
            open_ones.append(sock)
        while open_ones and time.monotonic() - begun < 60:
            for sock in list(open_ones):
                try:
                    data = sock.recv(65536)
                except TimeoutError:
                    with suppress(OSError):
                        sock.sendall(drop)
                    continue
                except OSError:
                    data = b""
                sock.settimeout(5)
                found.append(told(data + (rest(sock) if data else b""), begun))
                open_ones.remove(sock)
            time.sleep(every_s)
    assert not open_ones, f"{len(open_ones)} are still open"
    return found


def slow_senders(hub: HubProcess) -> list[Told]:
    """A hundred bodies of 10 MB that stop shortly before they are complete, then drip."""
    body = b"y" * 2_000_000

    def first(_: int) -> bytes:
        return head("POST", VALIDITY, Content_Type=JSON, Content_Length=str(10 * papers.MEGABYTE)) + body

    return _slow(hub, first, b"y", count=100, addresses=5, every_s=0.2)


def slow_drips(hub: HubProcess) -> list[Told]:
    """Three hundred bodies that come a byte at a time."""
    first = head("POST", RECOMMENDATION, Content_Type=SOAP, Content_Length="100000")
    return _slow(hub, lambda _: first, b"y", count=300, addresses=10, every_s=0.2)


def slow_heads(hub: HubProcess) -> list[Told]:
    """Three hundred heads that come a line at a time (slowloris)."""
    first = b"POST /soap/dpupr/x HTTP/1.1\r\nHost: hub.example\r\n"
    return _slow(hub, lambda _: first, b"X-More: y\r\n", count=300, addresses=10, every_s=0.2)


def silent(hub: HubProcess) -> list[Told]:
    """Two thousand connections that say nothing."""
    begun = time.monotonic()
    found = []
    with ExitStack() as stack:
        open_ones = []
        for number in range(2000):
            with suppress(OSError):
                open_ones.append(stack.enter_context(connect(hub.port, f"127.0.2.{1 + number % 200}")))
        for sock in open_ones:
            with suppress(OSError):
                found.append(told(sock.recv(1024), begun))
    return found


def never_reads(hub: HubProcess) -> list[Told]:
    """A client that asks for page after page in one go and takes none."""
    request = head("GET", "/rest/dpupr/openapi.json")
    with connect(hub.port, ATTACKER) as sock:
        sock.settimeout(1.0)
        begun = time.monotonic()
        with suppress(OSError):
            for _ in range(5_000):
                sock.sendall(request)
        sock.settimeout(5.0)
        return [told(rest(sock), begun)]


# --- heads --------------------------------------------------------------------------------------------------------


def huge_header(hub: HubProcess) -> list[Told]:
    start = head("POST", RECOMMENDATION, Content_Type=SOAP, Content_Length="0")[:-2]
    return [talk(hub.port, ATTACKER, [start, b"X-Long: ", *[b"y" * 2**16] * 160])]


def many_headers(hub: HubProcess) -> list[Told]:
    start = head("GET", VALIDITY)[:-2]
    return [talk(hub.port, ATTACKER, [start, b"".join(b"X-%d: y\r\n" % n for n in range(1_000)), b"\r\n"])]


def pipelined(hub: HubProcess) -> list[Told]:
    """Three thousand requests in one breath: each is counted."""
    begun = time.monotonic()
    with connect(hub.port, ATTACKER) as sock:
        with suppress(OSError):
            sock.sendall(head("GET", "/rest/nobody/openapi.json") * 3_000)
        data = b""
        with suppress(OSError):
            while chunk := sock.recv(2**20):
                data += chunk
    limited, unknown = data.count(b"HTTP/1.1 429"), data.count(b"HTTP/1.1 404")
    took = time.monotonic() - begun
    return [
        *[Told(status=404, code="agency-unknown", took_s=took)] * unknown,
        *[Told(status=429, code="rate-limited", took_s=took)] * limited,
    ]


def flood(hub: HubProcess) -> list[Told]:
    """Unsigned messages from one address on fifty connections, as fast as they are answered, for four seconds."""
    ends = time.monotonic() + 4
    body = b'{"permitNumber":"1"}'
    request = head("POST", VALIDITY, Content_Type=JSON, Content_Length=str(len(body))) + body

    def caller(_: int) -> Iterator[Told]:
        while time.monotonic() < ends:
            with suppress(OSError), connect(hub.port, ATTACKER) as sock:
                begun = time.monotonic()
                sock.sendall(request)
                yield told(rest(sock), begun)

    with ThreadPoolExecutor(50) as pool:
        return [each for found in pool.map(lambda n: list(caller(n)), range(50)) for each in found]


def jws_header(size: int) -> Callable[[HubProcess], list[Told]]:
    def attack(hub: HubProcess) -> list[Told]:
        return [talk(hub.port, ATTACKER, post(VALIDITY, b"{}", JSON, X_JWS_Signature="a." * (size // 2)))]

    return attack


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


_xml = partial(_paper, path=RECOMMENDATION, kind=SOAP)
_json = partial(_paper, path=VALIDITY, kind=JSON)
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
        _at_once(papers.crowd, RECOMMENDATION, SOAP, 20),
        BIG,
        BUSY,
        most_mb=250,
    ),
    _case("500 000 attributes", _xml(papers.attributes), BIG),
    _case("200 000 namespaces", _xml(papers.namespaces), BIG),
    _case("100 000 prefixed attributes", _xml(papers.namespaced_attributes), BIG),
    _case("a text of 10 MB", _xml(papers.huge_text), (400, "signature-missing"), (400, "xml-malformed")),
    _case("2.4 million character references", _xml(papers.references), (400, "signature-missing")),
    _case("24 signed parts, 10 MB", _signed(papers.many_references), (400, "body-too-large")),
    _case("PrefixList of 100 000", _signed(papers.prefix_list), (400, "signature-malformed")),
    _case(
        "PrefixList of 100 000, each declared",
        _signed(papers.prefix_list, namespaces=100_000),
        BIG,
        (400, "signature-malformed"),
    ),
    _case(
        "100 prefixes at 15 000 elements",
        _signed(papers.prefix_list, prefixes=100, namespaces=100, elements=15_000),
        (400, "xml-too-wide"),
    ),
    _case(
        "60 prefixes at 9 000 elements",
        _signed(papers.prefix_list, prefixes=60, namespaces=50, elements=9_000),
        (400, "signature-malformed"),
    ),
    _case(
        "10 prefixes at 9 000 elements: as much as is followed",
        _signed(papers.prefix_list, prefixes=10, namespaces=50, elements=9_000),
        (400, "signature-digest"),
    ),
    _case("two million arrays inside each other", _json(papers.deep_json), (400, "json-too-deep"), TOO_MANY),
    _case("900 000 members", _json(papers.keys), TOO_MANY),
    _case("10 MB of empty arrays", _json(papers.small_arrays), TOO_MANY),
    _case(
        "the same from 20 addresses at once (JSON)",
        _at_once(papers.small_arrays, VALIDITY, JSON, 20),
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
