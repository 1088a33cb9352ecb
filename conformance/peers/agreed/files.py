"""Files of the office that the agency takes: announced by a manifest, sent in pieces, answered record by record.

    HEAD   /berkas/<id>          how many bytes are here
    PATCH  /berkas/<id>          the next piece
    GET    /berkas/<id>          where the file stands; once it was read the signed report
    GET    /berkas/<id>/result   a line for each record, from the byte of `Range` on

Each file has a folder with its manifest and its bytes, which a restart finds again. It is read when all of it is here:
a record that keeps to its schema is accepted, any other is invalid. The line of a record is an example of the agreed
result about it; of the result that is the hub's own, its key is the first member that the record's schema requires.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response

from conformance.peers.agreed.agreement import Part
from conformance.peers.agreed.examples import said_of
from conformance.peers.agreed.voices import OFFICE, Seat
from conformance.peers.peer import RawBody
from conformance.signing import jws
from gateway.contract.adapter import Batch
from gateway.contract.message import Payload
from gateway.domain.errors import Replayed, Unauthenticated
from gateway.validation.record_files import BrokenFile, Place, ReadRecord, open_records

PIECE_BYTES = 64 * 1024
FOLDER = "berkas"
CANONICAL = "simojo/batch-result/1.0/result"
COLUMNS = ("number", "key", "outcome", "reason", "text")


class OfficeFiles:
    """The files in a folder. `spoiled` gives the faulty answer that somebody ordered."""

    def __init__(self, folder: Path, seat: Seat, app: FastAPI, spoiled: Callable[[], Response | None]) -> None:
        self._folder = folder / FOLDER
        self._seat = seat

        @app.head("/berkas/{file}")
        def offset(request: Request, file: str) -> Response:
            return spoiled() or _stands(self._known(request, file))

        @app.patch("/berkas/{file}")
        def append(request: Request, file: str, body: RawBody) -> Response:
            return spoiled() or self._appended(self._known(request, file), request.headers, body)

        @app.get("/berkas/{file}")
        def report(request: Request, file: str) -> Response:
            return spoiled() or self._report(self._known(request, file))

        @app.get("/berkas/{file}/result")
        def result(request: Request, file: str) -> Response:
            return spoiled() or _ranged(self._known(request, file) / "result", request.headers.get("range", ""))

    def announced(self, part: Part, manifest: Payload) -> Payload:
        """Take a manifest: the answer says where its pieces go. Raises Replayed for a name that another file has."""
        name = hashlib.sha256(f"{part.declared.name}/{manifest['batch']}".encode()).hexdigest()[:32]
        place = self._folder / name
        text = json.dumps({"interaction": part.declared.name, **manifest}, sort_keys=True)
        if place.is_dir() and (place / "manifest").read_text() != text:
            raise Replayed("this name was announced before for another file", code="batch-name-used")
        place.mkdir(parents=True, exist_ok=True)
        (place / "manifest").write_text(text)
        (place / "file").touch()
        return {
            "batch": manifest["batch"],
            "exchange": name,
            "upload": f"/{FOLDER}/{name}",
            "pieceBytes": PIECE_BYTES,
            "bytes": manifest["bytes"],
        }

    # --- taking -------------------------------------------------------------------------------------------------------

    def _known(self, request: Request, file: str) -> Path:
        """The folder of a file, for who shows its token. Raises Unauthenticated."""
        place = self._folder / file
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        digest = hashlib.sha256(token.encode()).hexdigest()
        if (
            not file.isalnum()
            or not place.is_dir()
            or not hmac.compare_digest(digest, _manifest(place)["uploadTokenSha256"])
        ):
            raise Unauthenticated("no file here has this token", code="upload-token-wrong")
        return place

    def _appended(self, place: Path, headers: Mapping[str, str], body: bytes) -> Response:
        size, here = _manifest(place)["bytes"], (place / "file").stat().st_size
        if int(headers.get("upload-offset", "-1")) != here:
            return _stands(place, 409)
        if len(body) > PIECE_BYTES or here + len(body) > size:
            return _stands(place, 413)
        with (place / "file").open("ab") as file:
            file.write(body)
        return _stands(place)

    # --- answering ----------------------------------------------------------------------------------------------------

    def _report(self, place: Path) -> Response:
        said = _manifest(place)
        is_whole = (place / "file").stat().st_size == said["bytes"]
        if is_whole and not (place / "report").exists():
            self._read(place, said)
        body = (
            (place / "report").read_bytes() if is_whole else _line(self._standing(place, said, "uploading", Counter()))
        )
        if not is_whole:
            return Response(body, media_type="application/json")
        claims = {
            "iss": self._seat.script.adapter.agency.id,
            "aud": OFFICE,
            "jti": self._seat.new_id(),
            "agr": self._seat.script.reference,
            "int": said["interaction"],
        }
        token = jws.sign_detached(body, self._seat.identity, claims, at=self._seat.clock())
        return Response(body, media_type="application/json", headers={jws.HEADER: token})

    def _read(self, place: Path, said: Mapping[str, Any]) -> None:
        """Read a file that is whole, and write its result and its report."""
        state, cause, counts = "completed", "", Counter[str]()
        form = "csv" if said["format"] == "csv" else "jsonl"
        with (place / "file").open("rb") as file, (place / "result").open("wb") as result:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if digest != said["sha256"]:
                state, cause = "refused", f"the file's SHA-256 is {digest}"
            else:
                file.seek(0)
                try:
                    for text in self._results(said, file, form, counts):
                        result.write(text)
                except BrokenFile as broken:
                    state, cause = "broken", broken.text
        answer = (place / "result").read_bytes()
        report = self._standing(place, said, state, counts) | {
            "resultFormat": form,
            "resultBytes": len(answer),
            "resultSha256": hashlib.sha256(answer).hexdigest(),
            **({"cause": cause} if cause else {}),
        }
        (place / "report").write_bytes(_line(report))

    def _results(self, said: Mapping[str, Any], file: Any, form: str, counts: Counter[str]) -> Iterator[bytes]:
        declared = next(each.declared for each in self._seat.script.parts if each.declared.name == said["interaction"])
        assert isinstance(declared, Batch)  # noqa: S101 - nothing else is announced
        schema = self._seat.script.library.json(declared.request)
        members = list(schema.schema.get("properties", {}))
        first = True
        for record in open_records(said["format"], file, Place(), members):
            is_fit = record.fault is None and not schema.check(record.payload)
            counts["accepted" if is_fit else "invalid"] += 1
            row = self._row(declared, schema.schema, record, is_fit=is_fit)
            yield _line(row) if form == "jsonl" else _cells(row, first=first)
            first = False

    def _row(self, declared: Batch, schema: Mapping[str, Any], record: ReadRecord, *, is_fit: bool) -> Payload:
        if declared.result != CANONICAL:
            ordered = {"number": record.number}
            library = self._seat.script.library
            return said_of(declared.result, library, soap=False, about=record.payload, ordered=ordered)
        named = next(iter(schema.get("required", ())), "")
        key = record.payload.get(named)
        said: dict[str, Any] = {"number": record.number, "outcome": "accepted" if is_fit else "invalid"}
        return said | ({"key": str(key)} if key else {})

    def _standing(self, place: Path, said: Mapping[str, Any], state: str, counts: Counter[str]) -> dict[str, Any]:
        read = counts.total()
        return {
            "batch": said["batch"],
            "exchange": place.name,
            "interaction": said["interaction"],
            "agreement": self._seat.script.reference,
            "state": state,
            "bytes": said["bytes"],
            "received": (place / "file").stat().st_size,
            "sha256": said["sha256"],
            "records": said["records"],
            "read": read,
            **{name: counts[name] for name in ("accepted", "declined", "invalid", "failed")},
            "waiting": 0,
            "unread": max(0, said["records"] - read),
        }


def _manifest(place: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((place / "manifest").read_text())
    return said


def _stands(place: Path, status: int = 204) -> Response:
    here, size = (place / "file").stat().st_size, _manifest(place)["bytes"]
    complete = "?1" if here == size else "?0"
    return Response(status_code=status, headers={"Upload-Offset": str(here), "Upload-Complete": complete})


def _ranged(path: Path, wanted: str) -> Response:
    """A file, from the byte on that a Range of the form `bytes=17-` names (RFC 9110, 14)."""
    body = path.read_bytes()
    begin = wanted.removeprefix("bytes=").removesuffix("-")
    headers = {"Accept-Ranges": "bytes"}
    if not begin.isdecimal() or int(begin) >= len(body):
        return Response(body, media_type="application/octet-stream", headers=headers)
    at = int(begin)
    headers["Content-Range"] = f"bytes {at}-{len(body) - 1}/{len(body)}"
    return Response(body[at:], status_code=206, media_type="application/octet-stream", headers=headers)


def _line(said: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(said, ensure_ascii=False, separators=(',', ':'))}\n".encode()


def _cells(row: Payload, *, first: bool) -> bytes:
    columns = COLUMNS if set(row) <= set(COLUMNS) else tuple(row)
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    if first:
        writer.writerow(columns)
    writer.writerow([row.get(each, "") for each in columns])
    return written.getvalue().encode()
