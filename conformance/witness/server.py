"""The witness over HTTP: C2SP tlog-witness, `POST /add-checkpoint`.

200  the co-signature line
400  unreadable, or an old size beyond the checkpoint
403  not signed by the ledger's key
404  another ledger
409  the last checkpoint here is another: its size, as text/x.tlog.size. Also for a fork
422  the proof does not show that the ledger only grew
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conformance.notes import HASH_SIZE, NotANote, NotSigned, from_base64, read_checkpoint
from conformance.witness.judge import REWRITE, Behind, Contradiction, OtherLedger, Witness

MAX_BODY = 64 * 1024
MAX_PROOF = 63
READ_S = 60.0
"""A connection may be idle so long: longer than a hub keeps one, so that none closes under a submission."""

_OLD = re.compile(r"old (0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """Status, body, media type."""

    status: int
    body: str
    media_type: str = "text/plain; charset=utf-8"


def answer(witness: Witness, body: bytes) -> Answer:
    """Answer one submission."""
    try:
        head, _, note = body.decode().partition("\n\n")
        old, *lines = head.split("\n")
        asked = _OLD.fullmatch(old)
        if asked is None or len(lines) > MAX_PROOF:
            raise NotANote("a submission is `old <size>`, hashes, an empty line, and a checkpoint")
        proof = [from_base64(each, HASH_SIZE) for each in lines]
        if int(asked[1]) > read_checkpoint(note).size:
            raise NotANote("the old size is beyond that of the checkpoint")
        return Answer(200, witness.cosign(note, int(asked[1]), proof))
    except OtherLedger as fault:
        return Answer(404, f"{fault}\n")
    except NotSigned as fault:
        return Answer(403, f"{fault}\n")
    except Behind as fault:
        return _has(fault.size)
    except Contradiction as fault:
        # the same size with another root is 409 (tlog-witness), and the size that it names is the one that was sent
        return Answer(422, f"{fault.text}\n") if fault.kind == REWRITE else _has(witness.size)
    except ValueError as fault:
        return Answer(400, f"{fault}\n")


def _has(size: int) -> Answer:
    return Answer(409, f"{size}\n", "text/x.tlog.size")


def make_server(witness: Witness, host: str, port: int, say: Callable[[str], None]) -> ThreadingHTTPServer:
    """Bind a server; `serve_forever` runs it. Raises OSError for an address that is taken."""

    class Handler(BaseHTTPRequestHandler):
        timeout = READ_S
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not self.path.endswith("/add-checkpoint"):
                self._write(Answer(404, "POST /add-checkpoint\n"))
            elif not (length.isascii() and length.isdigit() and int(length) <= MAX_BODY):
                self._write(Answer(400, f"a body of known length, at most {MAX_BODY} bytes\n"))
            else:
                self._write(answer(witness, self.rfile.read(int(length))))

        def _write(self, said: Answer) -> None:
            body = said.body.encode()
            self.send_response(said.status)
            self.send_header("Content-Type", said.media_type)
            self.send_header("Content-Length", str(len(body)))
            if said.status == 400:
                self.close_connection = True  # part of a body may be left unread
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            say(f"{self.address_string()} {format % args}")

    return ThreadingHTTPServer((host, port), Handler)
