"""The floor: what no exchange can do without, in a bare loop, one message after the other and without HTTP.

    1. parse      2. verify      3. schema      4. sign the answer      5. one durable insert of request and answer

REST: `json`, `cryptography`, `jsonschema-rs`. SOAP: lxml with its XSD, `xmlsec`, an answer that is ready but for its
ids and times. The insert goes through the driver, a commit for each. Nothing is looked up: no repeats, no agreement.

Run as a program it measures: `python -m benchmarks.floor PROTOCOL SIZE FOLDER URL SECONDS`, the parties' keys in the
folder; it says "ready" when it has checked itself, waits for a line, and prints exchanges, seconds, and processor time.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import jsonschema_rs
import xmlsec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree

from benchmarks.agency import AGENCY, INSPECTION, INSPECTION_SOAP
from benchmarks.choice import Protocol, Size
from benchmarks.documents import report
from benchmarks.floor_store import inserting
from benchmarks.load import LoadFailed
from benchmarks.machine import ROOT, Running
from benchmarks.messages import Mint
from benchmarks.parties import AGREEMENT, HUB_ID, Parties
from conformance.signing import jws, soap, wss
from gateway.machine import now

Exchange: TypeAlias = Callable[[bytes, str], bytes]
"""One exchange: the request's bytes and, over REST, its signature; gives the answer's bytes."""

SCHEMAS = ROOT / "benchmarks/agency/schemas/bench/inspection/1.0"
_P256_BYTES = 32
_CHUNK = 256


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Exchanges a second of all processes together, and processor time of one exchange, the database's not counted."""

    per_second: float
    cpu_ms: float


def measured(protocol: Protocol, size: Size, folder: Path, url: str, seconds: float, processes: int) -> Floor:
    """Measure so many processes at once, each with a connection of its own. Raises LoadFailed."""
    arguments = ["-m", "benchmarks.floor", protocol, size, str(folder), url, str(seconds)]
    running = [_start(arguments, folder / f"floor-{number}.log") for number in range(processes)]
    try:
        for each in running:
            _line(each, "ready")
        for each in running:
            assert each.process.stdin is not None  # noqa: S101 - Running.start makes it a pipe
            each.process.stdin.write(b"go\n")
            each.process.stdin.flush()
        done = [[float(word) for word in _line(each, "done").split()] for each in running]
    finally:
        for each in running:
            each.end()
    return Floor(
        per_second=sum(count / took_s for count, took_s, _ in done),
        cpu_ms=sum(cpu_s for _, _, cpu_s in done) / sum(count for count, _, _ in done) * 1000,
    )


def _start(arguments: Sequence[str], log: Path) -> Running:
    log.unlink(missing_ok=True)
    return Running.start(arguments, log=log, folder=log.parent, env={**os.environ, "PYTHONPATH": str(ROOT)})


def _line(running: Running, word: str) -> str:
    """What it says behind that word, once it does."""
    while True:
        ended = running.process.poll() is not None
        for line in running.said().splitlines():
            if line.startswith(word):
                return line.removeprefix(word)
        if ended:
            raise LoadFailed(f"the floor ended:\n{running.said()}")
        time.sleep(0.02)  # its output is a file


def loop(protocol: Protocol, size: Size, folder: Path, url: str, seconds: float) -> None:
    """Measure in this process."""
    parties = Parties.load(folder)
    mint = Mint(protocol, parties, report(protocol, size), INSPECTION if protocol is Protocol.REST else INSPECTION_SOAP)
    exchange = (rest if protocol is Protocol.REST else soap_)(parties)
    with inserting(url) as insert:
        _check(protocol, parties, mint, exchange)
        print("ready", flush=True)
        sys.stdin.readline()
        count, took_s, cpu_s = 0, 0.0, 0.0
        while took_s < seconds:  # messages are signed between the clocks, so that they are fresh and few in memory
            requests = [(m.id, b"".join(m.pieces(mint.document, mint.tail)), m.seal) for m in mint.messages(_CHUNK)]
            bodies = [(name, whole.partition(b"\r\n\r\n")[2], seal) for name, whole, seal in requests]
            begun, used = time.perf_counter(), time.process_time()
            for message_id, body, seal in bodies:
                insert(message_id, body, exchange(body, seal))
            took_s, cpu_s = took_s + time.perf_counter() - begun, cpu_s + time.process_time() - used
            count += len(bodies)
        print("done", count, took_s, cpu_s, flush=True)


def _check(protocol: Protocol, parties: Parties, mint: Mint, exchange: Exchange) -> None:
    """One exchange before the clock: its answer is verified, and a changed message is refused."""
    message = next(mint.messages(1))
    body = b"".join(message.pieces(mint.document, mint.tail)).partition(b"\r\n\r\n")[2]
    answer = exchange(body, message.seal)
    certificates = (parties.hub.certificate,)
    if protocol is Protocol.REST:
        seal, _, content = answer.partition(b"\n")
        jws.verify_detached(seal.decode(), content, certificates, issuer=HUB_ID, audience=AGENCY, at=now())
    else:
        wss.verify(answer, certificates, at=now())
    try:
        exchange(body.replace(b"/2026", b"/2027", 1), message.seal)
    except Exception:  # noqa: BLE001 - each library has its own
        return
    raise LoadFailed("the floor takes a message that was changed")


def rest(parties: Parties) -> Exchange:
    """REST: the answer is its detached JWS, a line feed and its body."""
    private, public = parties.hub.key, parties.agency.certificate.public_key()
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(public, ec.EllipticCurvePublicKey):
        raise TypeError("the REST measurements sign with P-256")
    validator = jsonschema_rs.validator_for(json.loads((SCHEMAS / "request.json").read_bytes()), validate_formats=True)
    thumbprint = jws.thumbprint(parties.hub.certificate)
    es256 = ec.ECDSA(hashes.SHA256())

    def exchange(body: bytes, seal: str) -> bytes:
        # 1. parse
        head, _, signature = seal.split(".")
        said = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        # 2. verify
        raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
        r, s = int.from_bytes(raw[:_P256_BYTES], "big"), int.from_bytes(raw[_P256_BYTES:], "big")
        public.verify(encode_dss_signature(r, s), f"{head}.{jws.base64url(body)}".encode(), es256)
        # 3. schema
        validator.validate(json.loads(body))
        # 4. sign
        at = now()
        issued = int(at.timestamp())
        acknowledgement = {"messageId": said["jti"], "receivedAt": at.isoformat(), "exchange": str(uuid.uuid4())}
        answer = json.dumps(acknowledgement, separators=(",", ":")).encode()
        protected = {
            "alg": "ES256",
            "x5t#S256": thumbprint,
            "iat": issued,
            "exp": issued + jws.LIFE_S,
            "iss": HUB_ID,
            "aud": AGENCY,
            "jti": f"{said['jti']}.answer",
            "agr": AGREEMENT,
            "int": INSPECTION,
            "rel": jws.body_digest(body),
        }
        head = jws.base64url(json.dumps(protected, separators=(",", ":")).encode())
        r, s = decode_dss_signature(private.sign(f"{head}.{jws.base64url(answer)}".encode(), es256))
        sealed = jws.base64url(r.to_bytes(_P256_BYTES, "big") + s.to_bytes(_P256_BYTES, "big"))
        return f"{head}..{sealed}\n".encode() + answer

    return exchange


def soap_(parties: Parties) -> Exchange:
    """SOAP: the answer is its envelope."""
    xsd = etree.XMLSchema(etree.parse(SCHEMAS / "request.xsd"))
    agency = xmlsec.Key.from_memory(
        parties.agency.certificate.public_bytes(serialization.Encoding.PEM), xmlsec.constants.KeyDataFormatCertPem
    )
    hub = xmlsec.Key.from_memory(parties.hub.key_pem, xmlsec.constants.KeyDataFormatPem)
    template = _template(parties)
    signature_path = etree.ETXPath(f"/*/*/{{{wss.WSSE}}}Security/{{{wss.DS}}}Signature")
    part_path = etree.XPath("//*[@wsu:Id]", namespaces={"wsu": wss.WSU})

    def context(root: etree._Element, key: xmlsec.Key) -> xmlsec.SignatureContext:
        made = xmlsec.SignatureContext()
        made.key = key
        for part in part_path(root):
            made.register_id(part, "Id", wss.WSU)
        return made

    def exchange(body: bytes, _seal: str) -> bytes:
        # 1. parse
        root = etree.fromstring(body)
        # 2. verify
        context(root, agency).verify(signature_path(root)[0])
        # 3. schema
        xsd.assertValid(root[1][0])
        # 4. sign
        message_id = root[0].findtext(f"{{{soap.WSA}}}MessageID") or ""
        at = now()
        text = template.format(
            id=uuid.uuid4(), relates=message_id, at=_moment(at), until=_moment(at + wss.LIFE), exchange=uuid.uuid4()
        )
        answer = etree.fromstring(text)
        context(answer, hub).sign(signature_path(answer)[0])
        return etree.tostring(answer, xml_declaration=True, encoding="UTF-8")

    return exchange


def _template(parties: Parties) -> str:
    """The answer's envelope with its signature's frame, and places for what changes."""
    content = etree.Element(f"{{{soap.ACKNOWLEDGEMENT}}}Acknowledgement", nsmap={None: soap.ACKNOWLEDGEMENT})
    for name, place in (("messageId", "{relates}"), ("receivedAt", "{at}"), ("exchange", "{exchange}")):
        etree.SubElement(content, f"{{{soap.ACKNOWLEDGEMENT}}}{name}").text = place
    addressing = soap.Addressing(
        message_id="urn:uuid:{id}", to=soap.ANONYMOUS, action=soap.action_of(content), relates_to="{relates}"
    )
    signed = etree.fromstring(wss.sign(soap.envelope(content, addressing), parties.hub, at=now()))
    for name in ("DigestValue", "SignatureValue"):
        for each in signed.iter(f"{{{wss.DS}}}{name}"):
            each.text = None
    for name, place in (("Created", "{at}"), ("Expires", "{until}")):
        for each in signed.iter(f"{{{wss.WSU}}}{name}"):
            each.text = place
    return etree.tostring(signed, encoding="unicode")


def _moment(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    loop(Protocol(sys.argv[1]), Size(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], float(sys.argv[5]))
