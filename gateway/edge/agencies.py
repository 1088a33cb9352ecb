"""Where agencies speak to the hub: `/soap/<agency>/<interaction>`, `/rest/<agency>/<path>`, and what describes them."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from gateway.contract.message import Message, Transport
from gateway.dialect.profiles import SNAP_BI
from gateway.dialect.snap_bi import TOKEN_LIFE, issue_token
from gateway.domain.errors import Malformed, Refused, Unauthenticated
from gateway.edge.http import (
    read_body,
)
from gateway.edge.receiving import AgencyEdge, Receiving, message_of
from gateway.exchange.client_certificates import check_shown
from gateway.exchange.published import REQUIRED
from gateway.validation.json_parse import parse_json
from gateway.validation.wsdl import Port

TOKEN_PATH = "v1.0/access-token/b2b"  # noqa: S105 - a path, not a secret
MAX_TOKEN_REQUEST_BYTES = 4096


def agency_router(edge: AgencyEdge, receiving: Receiving) -> APIRouter:
    """The routes: what describes interactions, and what takes messages, for those who come past `gateway.edge.door`."""
    router = APIRouter(include_in_schema=False)
    _add_soap(router, edge, receiving)
    _add_versions(router, edge)
    _add_rest(router, edge, receiving)
    return router


def _add_soap(router: APIRouter, edge: AgencyEdge, receiving: Receiving) -> None:
    @router.post("/soap/{agency}/{interaction}")
    async def soap(request: Request, agency: str, interaction: str) -> Response:
        return await receiving(request, agency, interaction, Transport.SOAP_12)

    port = _ports(edge)

    @router.get("/soap/{agency}/{interaction}")
    def wsdl(agency: str, interaction: str) -> Response:
        return _wsdl(port(agency, interaction))

    @router.get("/soap/{agency}/{interaction}/xsd/{name}")
    def xsd(agency: str, interaction: str, name: str) -> Response:
        return _xsd(port(agency, interaction), name)

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}")
    def required_wsdl(agency: str, interaction: str) -> Response:
        return _wsdl(port(agency, interaction, required=True))

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}/xsd/{{name}}")
    def required_xsd(agency: str, interaction: str, name: str) -> Response:
        return _xsd(port(agency, interaction, required=True), name)


def _add_versions(router: APIRouter, edge: AgencyEdge) -> None:
    """The same of one version of the agreement; after `_add_soap`, whose paths are none of a version."""
    port = _ports(edge)

    @router.get("/soap/{agency}/{interaction}/{version}")
    def version_wsdl(agency: str, interaction: str, version: str) -> Response:
        return _wsdl(port(agency, interaction, version))

    @router.get("/soap/{agency}/{interaction}/{version}/xsd/{name}")
    def version_xsd(agency: str, interaction: str, version: str, name: str) -> Response:
        return _xsd(port(agency, interaction, version), name)

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}/{{version}}")
    def required_version_wsdl(agency: str, interaction: str, version: str) -> Response:
        return _wsdl(port(agency, interaction, version, required=True))

    @router.get(f"/soap/{{agency}}/{{interaction}}/{REQUIRED}/{{version}}/xsd/{{name}}")
    def required_version_xsd(agency: str, interaction: str, version: str, name: str) -> Response:
        return _xsd(port(agency, interaction, version, required=True), name)


def _add_rest(router: APIRouter, edge: AgencyEdge, receiving: Receiving) -> None:
    @router.get("/rest/{agency}/openapi.json")
    def openapi(agency: str) -> Response:
        return Response(edge.published.openapi(agency, edge.clock()), media_type="application/json")

    @router.get("/rest/{agency}/{version}/openapi.json")
    def version_openapi(agency: str, version: str) -> Response:
        return Response(edge.published.openapi(agency, edge.clock(), version), media_type="application/json")

    @router.post("/rest/{agency}/" + TOKEN_PATH)
    async def token(request: Request, agency: str) -> Response:
        body = await read_body(request, edge.max_body_bytes, within_s=edge.body_timeout_s)
        message = message_of(request.scope, agency, TOKEN_PATH, Transport.REST, body, edge.clock())
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


def _ports(edge: AgencyEdge) -> Callable[..., Port]:
    def port(agency: str, interaction: str, version: str = "", *, required: bool = False) -> Port:
        return edge.published.port(agency, interaction, edge.clock(), version, required=required)

    return port


def _wsdl(port: Port) -> Response:
    return Response(port.wsdl(), media_type="text/xml")


def _xsd(port: Port, name: str) -> Response:
    files = port.files()
    if name not in files:
        raise Refused(f"no XSD {name[:80]!r} belongs to this interaction", code="document-unknown")
    return Response(files[name], media_type="text/xml")


def _token(edge: AgencyEdge, message: Message) -> dict[str, str]:
    adapter = edge.directory.adapters.get(message.agency)
    if adapter is None or not any(each.security in SNAP_BI for each in adapter.interactions):
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
