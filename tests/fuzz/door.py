"""The HTTP door of a whole hub: any method, path, headers and body, as bytes that no client library would send.

    python -m tests.fuzz.door REQUESTS SEED

The property: no 5xx but the documented 503 (busy) and the 500 that SOAP 1.1 prescribes for a Fault of the client; an
answer for every whole request; and no change of any business table.
"""

from __future__ import annotations

import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.exchange.furnishing import furnish
from tests.exchange.stage import Stage
from tests.exchange.town import Door, Street
from tests.fuzz.targets import TARGETS

METHODS = ("POST",) * 12 + ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW", "post")
PATHS = (
    "/soap/dpupr/technical-recommendation",
    "/soap/dpupr/technical-recommendation?wsdl",
    "/soap/dpupr/technical-recommendation/xsd/answer.xsd",
    "/soap/dpupr/permit-validity",
    "/soap/nobody/nothing",
    "/rest/dpupr/permit-validity",
    "/rest/dpupr/openapi.json",
    "/rest/bank/v1.0/access-token/b2b",
    "/rest/bank/v1.0/transfer-va/inquiry",
    "/rest/bank/v1.0/transfer-va/payment",
    "/rest/oss/receiveNIB",
    "/rest/sms/delivery-report",
    "/rest/dukcapil/verify-resident",
    "/rest//",
    "/soap//",
)
ODD = (
    "%00",
    "%2e%2e/",
    "..;/",
    "%ff%fe",
    "//",
    "?a=%zz",
    "#x",
    "/" * 50,
    "x" * 3000,
    "%E2%80%AE",
    "?" + "&" * 500,
    "\x7f",
)
HEADERS = (
    "Content-Type", "X-JWS-Signature", "Accept-Language", "Authorization", "X-TIMESTAMP", "X-SIGNATURE", "X-CLIENT-KEY",
    "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID", "Token", "user_key", "X-Passkey", "SOAPAction", "Expect", "Range",
    "If-None-Match", "X-Forwarded-For", "Client-Cert", "Content-Encoding", "Cookie", "Origin", "X-HTTP-Method-Override",
)  # fmt: skip
VALUES = (
    "application/json", "application/soap+xml", "text/xml; charset=utf-8", "application/json; charset=utf-16", "", "a",
    "Bearer x.y", "Bearer 9999999999.AAAA", "Basic OjpA", "id;q=x, en;q=9e99", "en;q=" + "9" * 400,
    "2026-03-02T10:00:00+07:00",
    "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00+14:00", "client-7Q", "partner-7Q", "report-key-7Q", "\xff\xfe",
    "x" * 9000, "bytes=0-", "100-continue", "gzip", "127.0.0.1, ::1", ":AAAA:", "\u202e".encode().decode("latin-1"),
    'multipart/related; type="application/xop+xml"', "1772420400", "-1", "nan",
)  # fmt: skip


def request(choose: random.Random) -> tuple[bytes, bool]:
    """One request, and whether it is whole (a body as long as it says)."""
    method, path = choose.choice(METHODS), choose.choice(PATHS)
    if choose.random() < 0.25:
        at = choose.randrange(len(path) + 1)
        path = path[:at] + choose.choice(ODD) + path[at:]
    lines = [(choose.choice(HEADERS), choose.choice(VALUES)) for _ in range(choose.randrange(5))]
    body = _body(choose)
    if path.startswith("/soap/") and choose.random() < 0.7:
        lines.append(("Content-Type", choose.choice(("application/soap+xml", "text/xml"))))
    elif choose.random() < 0.7:
        lines.append(("Content-Type", "application/json"))
        token, separator, rest = body.partition(b"\n")
        if separator and choose.random() < 0.8:
            body = rest
            lines.append(("X-JWS-Signature", token.decode("latin-1")))
    whole = choose.random() > 0.03
    length = len(body) if whole else len(body) + choose.choice((-1, 1, 10**9))
    head = [f"{method} {path} HTTP/1.1", "Host: hub", "Connection: close", f"Content-Length: {length}"]
    head += [f"{name}: {value}" for name, value in lines]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body, whole


def _body(choose: random.Random) -> bytes:
    if choose.random() < 0.2:
        return choose.randbytes(choose.randrange(300))
    target = choose.choice(TARGETS)
    steps = [
        (choose.randrange(target.steps), choose.randrange(65_536), choose.randrange(65_536))
        for _ in range(choose.randrange(4))
    ]
    made = target.made(choose.randrange(65_536), steps)
    return made[1:] if target.name == "soap-wire" else made


def fuzz(stage: Stage, requests: int, number: int) -> Counter[int]:
    """Send them; give how many answers had each status (0: none). Raises AssertionError with the bytes of a finding."""
    choose, told = random.Random(number), Counter[int]()  # noqa: S311 - inputs, not secrets
    with stage.unchanged():
        for _ in range(requests):
            sent, whole = request(choose)
            answer = send(stage.door.url, sent, ends=not whole)
            answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
            status = int(answer[9:12]) if answer[:9] == b"HTTP/1.1 " else 0
            theirs = status == 500 and b"<faultcode>soap:Client</faultcode>" in answer
            if (status >= 500 and status != 503 and not theirs) or (status == 0 and whole):
                raise AssertionError(f"HTTP {status} for {sent[:2000]!r}: {answer[:500]!r}")
            told[status] += 1
    return told


def send(url: str, data: bytes, *, ends: bool) -> bytes:
    """Send bytes and read the whole answer. `ends`: the client sends no more, so that nobody waits for the rest."""
    place = urlsplit(url)
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 80), timeout=20) as connection:
        answer = b""
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65_536):
                answer += chunk
                if _is_whole(answer):
                    break
        except (ConnectionError, TimeoutError):
            return answer
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(end) and len(body) >= int(line.partition(b":")[2])
    return False


def main(arguments: list[str]) -> None:
    """Furnish a hub in a temporary folder and fuzz its door."""
    requests, number = (int(each) for each in arguments)
    door, street = Door(), Street()
    with tempfile.TemporaryDirectory() as folder:
        furnish(Path(folder) / "hub", f"sqlite:///{folder}/hub.db", door, street)
        stage = Stage(Path(folder) / "hub", door, street, f"sqlite:///{folder}/hub.db")
        began = time.monotonic()
        told = fuzz(stage, requests, number)
        figures = {"requests": requests, "seconds": time.monotonic() - began, "statuses": dict(sorted(told.items()))}
        stage.close()
    print(json.dumps(figures), flush=True)
    door.close()
    street.close()


if __name__ == "__main__":
    main(sys.argv[1:])
