"""How a simulated agency delivers a file of records to the hub (docs/wire.md, *Files of records*).

1. write the file: CSV (RFC 4180), in the order of the records
2. announce it by a signed manifest, which holds the SHA-256 of a token; the token stays here
3. send it in pieces. After the first one it forgets how far it is, as after a cut connection, asks with HEAD, and
   goes on from there
4. ask until the batch has ended; the report is signed then, and names the digest of the result
5. fetch the result, part by part: what became of each record
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from conformance.peers.peer import Peer
from conformance.peers.result_download import fetched_result, good
from conformance.signing import jws
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import AgencyUnavailable, Malformed, Refused

OFFICE = "dpmptsp"
ENDED = frozenset({"completed", "broken", "refused", "cancelled"})
PIECES = 3
"""So many pieces a file is sent in, however small it is."""
PATIENCE_S, PAUSE_S = 60.0, 0.2

Record = Mapping[str, str]
Days = tuple[str, str]
"""The first and the last day that a file is about."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What came of a file: the hub's report, what it said of each record, and from which byte the upload went on."""

    report: Mapping[str, Any]
    results: Sequence[Mapping[str, str]]
    resumed_at: int

    def told(self) -> dict[str, Any]:
        """The same as JSON."""
        return {"report": dict(self.report), "results": list(self.results), "resumedAt": self.resumed_at}


class RecordFiles:
    """The files of one interaction of a peer, one after the other."""

    def __init__(self, peer: Peer, interaction: str) -> None:
        self._peer = peer
        self._interaction = interaction

    def deliver(self, records: Sequence[Record], days: Days) -> Delivered:
        """Deliver a file with these records, one at least; the manifest says for which days it is complete.

        Raises Malformed or Unauthenticated for an answer that is not as agreed, Refused when the hub takes no file,
        AgencyUnavailable when the hub is away or the batch does not end.
        """
        try:
            return self._delivered(records, days)
        except httpx2.HTTPError as fault:
            raise AgencyUnavailable(f"the hub gave no answer ({type(fault).__name__}): deliver again") from fault

    def _delivered(self, records: Sequence[Record], days: Days) -> Delivered:
        body = written(records)  # 1
        number = len(self._peer.journal.entries("file")) + 1
        token = hashlib.sha256(f"{self._peer.surroundings.new_id()}{self._peer.surroundings.new_id()}".encode())
        name = f"{self._interaction}-{local_date(self._peer.now()):%Y%m%d}-{number:04d}"
        manifest = {
            "batch": name,
            "fileName": f"{name}.csv",
            "format": "csv",
            "encoding": "UTF-8",
            "bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "records": len(records),
            "uploadTokenSha256": hashlib.sha256(token.hexdigest().encode()).hexdigest(),
            "period": {"from": days[0], "until": days[1]},
        }
        self._peer.journal.append("file", interaction=self._interaction, batch=name, records=len(records))
        accepted = self._announced(manifest)  # 2
        address = f"{self._peer.config.hub_url}{accepted['upload']}"
        shown = {"Authorization": f"Bearer {token.hexdigest()}"}
        resumed_at = self._sent(address, shown, body, int(accepted["pieceBytes"]))  # 3
        report = self._ended(address, shown)  # 4
        results = self._results(address, shown, report)  # 5
        self._peer.journal.append("file-ended", interaction=self._interaction, report=dict(report))
        return Delivered(report=report, results=results, resumed_at=resumed_at)

    def _announced(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        peer = self._peer
        body = json.dumps(manifest, separators=(",", ":")).encode()
        claims = {
            "iss": peer.agency,
            "aud": OFFICE,
            "jti": f"urn:uuid:{peer.surroundings.new_id()}",
            "agr": agreement_in_force(peer),
            "int": self._interaction,
        }
        headers = {
            "Content-Type": "application/json",
            jws.HEADER: jws.sign_detached(body, peer.identity, claims, at=peer.now()),
        }
        url = f"{peer.config.hub_url}/rest/{peer.agency}/{self._interaction}"
        answer = good(peer.client.post(url, content=body, headers=headers))
        proven = self._proven(answer)
        if proven.get("rel") != jws.body_digest(body):
            raise Malformed("the hub's answer is to another manifest", code="not-acknowledged")
        said: dict[str, Any] = answer.json()
        return said

    def _sent(self, address: str, shown: Mapping[str, str], body: bytes, largest: int) -> int:
        """Send the bytes; gives the one from which the hub wanted to go on after the first piece."""
        size = min(largest, -(-len(body) // PIECES))
        self._piece(address, shown, body[:size], 0, last=size == len(body))
        head = good(self._peer.client.head(address, headers=shown))
        offset = resumed_at = int(head.headers["Upload-Offset"])
        while offset < len(body):
            piece = body[offset : offset + size]
            self._piece(address, shown, piece, offset, last=offset + len(piece) == len(body))
            offset += len(piece)
        return resumed_at

    def _piece(self, address: str, shown: Mapping[str, str], piece: bytes, offset: int, *, last: bool) -> None:
        headers = {
            **shown,
            "Content-Type": "application/partial-upload",
            "Upload-Offset": str(offset),
            "Upload-Complete": "?1" if last else "?0",
        }
        good(self._peer.client.patch(address, content=piece, headers=headers))

    def _ended(self, address: str, shown: Mapping[str, str]) -> dict[str, Any]:
        """The report of the batch once it has ended, with its signature verified."""
        until = self._peer.surroundings.elapsed() + PATIENCE_S
        while self._peer.surroundings.elapsed() < until and not self._peer.stopping.is_set():
            answer = good(self._peer.client.get(address, headers=shown))
            report: dict[str, Any] = answer.json()
            if report["state"] in ENDED:
                self._proven(answer)
                return report
            self._peer.stopping.wait(PAUSE_S)
        raise AgencyUnavailable(f"the hub did not end the batch within {PATIENCE_S:.0f} s: see `simojo batch list`")

    def _results(self, address: str, shown: Mapping[str, str], report: Mapping[str, Any]) -> list[dict[str, str]]:
        content = fetched_result(self._peer.client, address, shown, report)
        return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))

    def _proven(self, answer: httpx2.Response) -> Mapping[str, str | int]:
        certificates = load_certificates(self._peer.folder / Path(self._peer.config.hub_certificate))
        return jws.verify_detached(
            answer.headers.get(jws.HEADER, ""),
            answer.content,
            certificates,
            issuer=OFFICE,
            audience=self._peer.agency,
            at=self._peer.now(),
        )


def agreement_in_force(peer: Peer) -> str:
    """`<id>/<version>` of the agency's agreement that is in force today. Raises Refused `no-agreement`."""
    # zeep comes with it, and takes longer to load than a simulation takes to start
    from gateway.validation.agreement_file import latest_agreements

    found = latest_agreements(local_date(peer.now())).values()
    agreement = next((each for each in found if each.agency == peer.agency), None)
    if agreement is None:
        raise Refused(f"{peer.agency} has no agreement that has begun", code="no-agreement")
    return f"{agreement.id}/{agreement.version}"


def written(records: Sequence[Record]) -> bytes:
    """The records as CSV, a line with the columns first; what a record does not have is an empty cell."""
    text = io.StringIO(newline="")
    out = csv.DictWriter(text, fieldnames=list(dict.fromkeys(name for each in records for name in each)))
    out.writeheader()
    out.writerows(records)
    return text.getvalue().encode()
