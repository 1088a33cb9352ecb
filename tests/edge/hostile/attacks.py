"""What attackers do: each sends, and gives what the hub told it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.edge.hostile import papers
from tests.edge.hostile.bed import RECOMMENDATION, VALIDITY, HubProcess
from tests.edge.hostile.wire import Told, connect, head, post, rest, talk, told

SOAP = "application/soap+xml"
JSON = "application/json"
ATTACKER = "127.0.0.9"


def paper(make: Callable[[], bytes], path: str, kind: str, **headers: str) -> Callable[[HubProcess], list[Told]]:
    def attack(hub: HubProcess) -> list[Told]:
        return [talk(hub.port, ATTACKER, post(path, make(), kind, **headers))]

    return attack


def signed(make: Callable[..., bytes], **more: int) -> Callable[[HubProcess], list[Told]]:
    def attack(hub: HubProcess) -> list[Told]:
        data = make(hub.grounds.dpupr, **more)
        return [talk(hub.port, ATTACKER, post(RECOMMENDATION, data, SOAP))]

    return attack


def at_once(make: Callable[[], bytes], path: str, kind: str, count: int) -> Callable[[HubProcess], list[Told]]:
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
