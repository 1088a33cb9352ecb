"""Where agencies speak to the hub: `/soap/<agency>/<interaction>`, `/rest/<agency>/<path>`, and what describes them.

Who receives reads the bounded body and hands it to the exchange in a thread; the answer leaves when it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from starlette.types import Scope

from gateway.contract.adapter import Interaction
from gateway.contract.message import Message, Transport
from gateway.dialect.profiles import INBOUND, WSS_X509
from gateway.dialect.snap_bi import TOKEN_LIFE, issue_token
from gateway.domain.errors import GatewayError, Malformed, Refused, Unauthenticated, Unauthorised
from gateway.edge.http import (
    PROBLEM_MEDIA_TYPE,
    joined_headers,
    language_of,
    problem,
    problem_body,
    read_body,
    status_of,
)
from gateway.edge.limits import Limits
from gateway.edge.proxies import Proxies, shown_certificate
from gateway.edge.rest.wire import RestWire
from gateway.edge.soap.codec import SoapCodec
from gateway.edge.soap.wire import SoapWire, fault_answer, leaving, version_of
from gateway.exchange.client_certificates import ClientCertificates, check_shown
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.meta.services import MetaServices
from gateway.exchange.published import REQUIRED, Published
from gateway.exchange.refusing import refusal_answer
from gateway.exchange.wire import Sealed, Wire
from gateway.store.pending import Going
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary
from gateway.validation.wsdl import Port

TOKEN_PATH = "v1.0/access-token/b2b"  # noqa: S105 - a path, not a secret
MAX_TOKEN_REQUEST_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class AgencyEdge:
    """What the routes need."""

    inbound: Inbound
    directory: Directory
    meta: MetaServices
    published: Published
    library: SchemaLibrary
    clock: Callable[[], datetime]
    max_body_bytes: int
    body_timeout_s: float
    limits: Limits
    proxies: Proxies
    client_certificates: ClientCertificates


class Wires:
    """One wire for each interaction, made when it is first spoken in."""

    def __init__(self, edge: AgencyEdge) -> None:
        self._edge = edge
        self._made: dict[tuple[str, str, str], Wire] = {}

    def find(self, agency: str, interaction: Interaction) -> Wire:
        """The wire of an interaction: SOAP for the one SOAP profile, REST else."""
        key = (agency, interaction.name, interaction.security)  # a meta-service is served under two profiles
        if key not in self._made:
            self._made[key] = self._make(agency, interaction)
        return self._made[key]

    def _make(self, agency: str, interaction: Interaction) -> Wire:
        if interaction.security != WSS_X509:
            return RestWire(INBOUND[interaction.security], library=self._edge.library)
        port = self.port(agency, interaction)
        codec = SoapCodec(agency, interaction.name, request=port.request.root.text, answer=port.answer.root.text)
        path = f"/soap/{agency}/{interaction.name}"
        action, library = port.request.action, self._edge.library
        return SoapWire(codec, path=path, address=port.address, action=action, library=library)

    def port(self, agency: str, interaction: Interaction) -> Port:
        """What the WSDL of an interaction says."""
        return self._edge.published.served(agency, interaction)


class Receiving:
    """Takes messages of agencies: bounded body, exchange in a thread, answer once it is on disk."""

    def __init__(self, edge: AgencyEdge) -> None:
        self._edge = edge
        self.wires = Wires(edge)

    async def __call__(self, request: Request, agency: str, name: str, transport: Transport) -> Response:
        """Answer one message. A GatewayError that leaves it becomes a problem in `gateway.edge.api`."""
        edge, wires = self._edge, self.wires
        try:
            body = await read_body(request, edge.max_body_bytes, within_s=None)  # the front door has its time
        except Refused as error:
            return await _refuse_unread(edge, wires, request, agency, name, transport, error)
        return _response(await self.exchange(request.scope, agency, name, transport, body))

    async def exchange(self, scope: Scope, agency: str, name: str, transport: Transport, body: bytes) -> Sealed:
        """Answer a message whose body was read. Raises GatewayError as above."""
        edge = self._edge
        message = _message(scope, agency, name, transport, body, edge.clock())
        return await edge.limits.run(_exchange, edge, self.wires, message, size=len(body))


def agency_router(edge: AgencyEdge, receiving: Receiving) -> APIRouter:
    """The routes: what describes interactions, and what takes messages, for those who come past `gateway.edge.door`."""
    router = APIRouter(include_in_schema=False)
    _add_soap(router, edge, receiving)
    _add_rest(router, edge, receiving)
    return router


def _add_soap(router: APIRouter, edge: AgencyEdge, receiving: Receiving) -> None:
    wires = receiving.wires

    @router.post("/soap/{agency}/{interaction}")
    async def soap(request: Request, agency: str, interaction: str) -> Response:
        return await receiving(request, agency, interaction, Transport.SOAP_12)

    @router.get("/soap/{agency}/{interaction}")
    def wsdl(agency: str, interaction: str) -> Response:
        return Response(_soap_port(edge, wires, agency, interaction).wsdl(), media_type="text/xml")

    @router.get("/soap/{agency}/{interaction}/xsd/{name}")
    def xsd(agency: str, interaction: str, name: str) -> Response:
        return _xsd(_soap_port(edge, wires, agency, interaction), name)

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}")
    def required_wsdl(agency: str, interaction: str) -> Response:
        return Response(edge.published.required(agency, interaction).wsdl(), media_type="text/xml")

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}/xsd/{{name}}")
    def required_xsd(agency: str, interaction: str, name: str) -> Response:
        return _xsd(edge.published.required(agency, interaction), name)


def _add_rest(router: APIRouter, edge: AgencyEdge, receiving: Receiving) -> None:
    @router.get("/rest/{agency}/openapi.json")
    def openapi(agency: str) -> Response:
        return Response(edge.published.openapi(agency, edge.clock()), media_type="application/json")

    @router.post("/rest/{agency}/" + TOKEN_PATH)
    async def token(request: Request, agency: str) -> Response:
        body = await read_body(request, edge.max_body_bytes, within_s=edge.body_timeout_s)
        message = _message(request.scope, agency, TOKEN_PATH, Transport.REST, body, edge.clock())
        try:
            answer = await edge.limits.run(_token, edge, message)
        except Refused as error:
            await edge.limits.run(edge.inbound.begin_refusal, message, error.code, None)
            if not isinstance(error, Unauthenticated):
                raise
            # the standard's own form: service 73, and nothing about which part was wrong
            refused = {"responseCode": "4017300", "responseMessage": f"Unauthorized. [{error.code}]"}
            return JSONResponse(refused, status_code=401)
        return JSONResponse(answer)

    @router.post("/rest/{agency}/{path:path}")
    async def rest(request: Request, agency: str, path: str) -> Response:
        return await receiving(request, agency, path, Transport.REST)


def _exchange(edge: AgencyEdge, wires: Wires, message: Message) -> Going[Sealed]:
    interaction = _served(edge, message.agency, message.interaction, message.transport)
    if interaction is None:
        return _not_served(edge, message, _unknown(edge, message.agency, message.interaction))
    named = message if message.interaction == interaction.name else replace(message, interaction=interaction.name)
    return edge.inbound.begin(named, wires.find(message.agency, interaction), interaction)


async def _refuse_unread(
    edge: AgencyEdge, wires: Wires, request: Request, agency: str, name: str, transport: Transport, error: Refused
) -> Response:
    """A body that was not read whole is refused in its interaction's own form, and counted."""
    interaction = _served(edge, agency, name, transport)
    if interaction is None:
        message = _message(request.scope, agency, name, transport, b"", edge.clock())
        sealed = await edge.limits.run(_not_served, edge, message, error)
    else:
        message = _message(request.scope, agency, interaction.name, transport, b"", edge.clock())
        wire = wires.find(agency, interaction)
        sealed = await edge.limits.run(_refused, edge, message, wire, error)
    return _response(sealed, Connection="close")  # what is left of the body is not read


def refuse_early(edge: AgencyEdge, request: Request, error: GatewayError) -> Response:
    """Refuse, in the form that the address speaks, what no exchange has seen: no thread, no commit, no proof."""
    _, kind, agency, name = (*request.url.path.split("/", 3), "", "", "")[:4]
    if request.method != "POST" or kind not in {"soap", "rest"}:
        return problem(error, instance=request.url.path, language=language_of(request.headers))
    transport = Transport.SOAP_12 if kind == "soap" else Transport.REST
    message = _message(request.scope, agency, name, transport, b"", edge.clock())
    if transport.is_soap:
        return _response(leaving(fault_answer(error, message), version_of(message)))
    interaction = _served(edge, agency, name, transport)
    if interaction is None:
        return problem(error, instance=request.url.path, language=language_of(request.headers))
    named = replace(message, interaction=interaction.name)
    wire = RestWire(INBOUND[interaction.security], library=edge.library)
    answer = refusal_answer(edge.directory.adapters.get(agency), named, wire, error)
    after_s = getattr(error, "after_s", None)
    waits = {} if after_s is None else {"Retry-After": str(after_s)}
    return Response(answer.body, answer.status, {"Content-Type": answer.media_type, **waits, **answer.headers})


def _served(edge: AgencyEdge, agency: str, name: str, transport: Transport) -> Interaction | None:
    """The interaction at an address, if that transport is the one that it is spoken over."""
    meta = edge.meta.served(agency, name, transport)
    if meta is not None:
        return meta
    found = edge.directory.spoken_to_us(agency, name)
    if found is None or (found[1].security == WSS_X509) is not transport.is_soap:
        return None
    return found[1]


def _refused(edge: AgencyEdge, message: Message, wire: Wire, error: Refused) -> Going[Sealed]:
    """Refuse in the form of an interaction, and count it."""
    return edge.inbound.begin_refusal(message, error.code, edge.inbound.unknown_senders.unsigned(message, wire, error))


def _not_served(edge: AgencyEdge, message: Message, error: Refused) -> Going[Sealed]:
    """Refuse what no interaction of ours takes, in the form of the address, and count it."""
    if message.transport.is_soap:
        sealed = leaving(fault_answer(error, message), version_of(message))
    else:
        body = problem_body(error, exchange=None, language=language_of(message.headers))
        sealed = Sealed(status=status_of(error), headers={"Content-Type": PROBLEM_MEDIA_TYPE}, body=body)
    return edge.inbound.begin_refusal(message, error.code, sealed)


def _unknown(edge: AgencyEdge, agency: str, name: str) -> Unauthorised:
    if agency not in edge.directory.adapters:
        return Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
    return Unauthorised(
        f"no interaction {name[:60]!r} of agency {agency[:40]!r} is served here", code="interaction-unknown"
    )


def _response(sealed: Sealed, **more: str) -> Response:
    return Response(sealed.body, status_code=sealed.status, headers={**sealed.headers, **more})


def _message(scope: Scope, agency: str, name: str, transport: Transport, body: bytes, at: datetime) -> Message:
    raw_path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    asked: bytes = scope["query_string"]
    query = f"?{asked.decode('ascii', 'replace')}" if asked else ""
    return Message(
        agency=agency,
        interaction=name,
        transport=transport,
        method=scope["method"],
        path=raw_path.decode("ascii", "replace") + query,
        headers=joined_headers(scope["headers"]),
        body=body,
        received_at=at,
        address=scope["client"][0] if scope.get("client") else "",
        client_certificate=shown_certificate(scope),
    )


def _soap_port(edge: AgencyEdge, wires: Wires, agency: str, name: str) -> Port:
    interaction = _served(edge, agency, name, Transport.SOAP_12)
    if interaction is None:
        raise _unknown(edge, agency, name)
    return wires.port(agency, interaction)


def _xsd(port: Port, name: str) -> Response:
    files = port.files()
    if name not in files:
        raise Refused(f"no XSD {name[:80]!r} belongs to this interaction", code="document-unknown")
    return Response(files[name], media_type="text/xml")


def _token(edge: AgencyEdge, message: Message) -> dict[str, str]:
    adapter = edge.directory.adapters.get(message.agency)
    if adapter is None or not any(each.security == "snap-bi" for each in adapter.interactions):
        raise Refused(f"agency {message.agency[:40]!r} has no SNAP access tokens", code="interaction-unknown")
    _require_client_credentials(message.body)
    party = edge.directory.party(message.agency)
    check_shown(edge.client_certificates, message.client_certificate, party, message.received_at)
    access = issue_token(message, party, message.received_at)
    return {
        "responseCode": "2007300",
        "responseMessage": "Successful",
        "accessToken": access,
        "tokenType": "Bearer",
        "expiresIn": str(int(TOKEN_LIFE.total_seconds())),
    }


def _require_client_credentials(body: bytes) -> None:
    try:
        asked = parse_json(body, max_bytes=MAX_TOKEN_REQUEST_BYTES)
    except Malformed:
        asked = None
    if not isinstance(asked, dict) or asked.get("grantType") != "client_credentials":
        raise Unauthenticated('the body must be {"grantType": "client_credentials"}', code="credentials-wrong")
