"""The agency sends a file of records: announces it, uploads it in pieces, and asks until the hub has done with it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

import httpx2

from conformance.peers.agreed.agreement import Part
from conformance.peers.agreed.mailbox import Say
from conformance.peers.agreed.voices import OFFICE, Seat
from conformance.peers.result_download import fetched_result
from conformance.signing import jws
from gateway.contract.message import Json, Payload
from gateway.domain.errors import Malformed

FORMS: Final = ("jsonl", "csv", "xml")
"""The forms of files, the one that says most first."""
ENDED: Final = frozenset({"completed", "broken", "refused", "cancelled"})
PAUSE_S: Final = 0.5
QUESTIONS: Final = 120
"""So often it is asked where the batch stands."""
LINES: Final = 20
"""So many lines of the result are told."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Sends files. `pause` waits so many seconds; True when the agency ends."""

    seat: Seat
    say: Say
    client: httpx2.Client
    pause: Callable[[float], bool]

    def send(self, part: Part, records: Sequence[Payload]) -> dict[str, Any]:
        """Send these records as one file; gives the signed report, and the first lines of the result.

        Raises GatewayError and httpx2.HTTPError.
        """
        form = next(each for each in FORMS if each in part.agreed.formats)
        content = written(form, records)
        name, first, second = (self.seat.new_id().rpartition(":")[2] for _ in range(3))
        token = first + second
        manifest: dict[str, Json] = {
            "batch": name,
            "fileName": f"{name}.{form}",
            "format": form,
            "encoding": "UTF-8",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "records": len(records),
            "uploadTokenSha256": hashlib.sha256(token.encode()).hexdigest(),
        }
        accepted = self.say(part, manifest)
        address, headers = f"{self.seat.hub_url}{accepted['upload']}", {"Authorization": f"Bearer {token}"}
        self._upload(address, headers, content, int(str(accepted["pieceBytes"])))
        report = self._ended(address, headers)
        result = fetched_result(self.client, address, headers, report).decode()
        return {"report": report, "result": result.splitlines()[:LINES]}

    def _upload(self, address: str, headers: Mapping[str, str], content: bytes, piece_bytes: int) -> None:
        """Send piece after piece, from where the hub says that the next one begins."""
        begins = 0
        while begins < len(content):
            ends = min(begins + piece_bytes, len(content))
            sent = {
                **headers,
                "Content-Type": "application/partial-upload",
                "Upload-Offset": str(begins),
                "Upload-Complete": "?1" if ends == len(content) else "?0",
            }
            answer = self.client.patch(address, content=content[begins:ends], headers=sent)
            stands = int(answer.headers.get("upload-offset", "-1"))
            if answer.status_code not in (204, 409) or stands < 0 or stands == begins:
                raise _no(answer)
            begins = stands

    def _ended(self, address: str, headers: Mapping[str, str]) -> dict[str, Any]:
        """The report of the end, with the hub's signature."""
        for _ in range(QUESTIONS):
            answer = _good(self.client.get(address, headers=headers), 200)
            report: dict[str, Any] = answer.json()
            if report["state"] in ENDED:
                jws.verify_detached(
                    answer.headers.get(jws.HEADER, ""),
                    answer.content,
                    self.seat.certificates(),
                    issuer=OFFICE,
                    audience=self.seat.script.adapter.agency.id,
                    at=self.seat.clock(),
                )
                return report
            if self.pause(PAUSE_S):
                break
        raise Malformed(f"the hub has not done with the file yet: {report['state']}", code="result-not-yet")


def written(form: str, records: Sequence[Payload]) -> bytes:
    """Records as a file of that form (docs/wire.md, *Files of records*)."""
    if form == "jsonl":
        return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in records).encode()
    names = list(dict.fromkeys(name for each in records for name in each))
    rows = [{name: _text(each[name]) for name in names if name in each} for each in records]
    if form == "csv":
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()
    told = ("".join(f"<{name}>{escape(value)}</{name}>" for name, value in row.items()) for row in rows)
    return f"<records>{''.join(f'<record>{row}</record>' for row in told)}</records>".encode()


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _good(answer: httpx2.Response, status: int) -> httpx2.Response:
    if answer.status_code != status:
        raise _no(answer)
    return answer


def _no(answer: httpx2.Response) -> Malformed:
    return Malformed(f"the hub answered HTTP {answer.status_code}: {answer.text[:300]}", code="not-acknowledged")
