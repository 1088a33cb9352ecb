"""The web application: agencies, staff, pages, and what else it is given. Errors become problems here."""

from __future__ import annotations

import traceback
from functools import partial

import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

import gateway
from gateway.domain.errors import (
    GatewayError,
    HubBusy,
    Malformed,
    RateLimited,
    Refused,
    SchemaViolation,
    Violation,
)
from gateway.edge.admin.routes import admin_router
from gateway.edge.agencies import TOKEN_PATH, agency_router
from gateway.edge.console.erasures import erasure_pages_router
from gateway.edge.console.origin import OwnOrigin
from gateway.edge.console.reconciliations import reconciliation_pages_router
from gateway.edge.console.refusals import refusal_page, wants_page
from gateway.edge.console.routes import console_router
from gateway.edge.door import DOOR, AgencyDoor, door_of
from gateway.edge.front import FrontDoor
from gateway.edge.http import language_of, problem
from gateway.edge.office_api.counter import counter_router
from gateway.edge.office_api.paper import paper_checks_router, paper_router
from gateway.edge.office_api.routes import office_router
from gateway.edge.parts import StaffEdge
from gateway.edge.portal.routes import portal_router
from gateway.edge.receipt_page.routes import receipt_page_router
from gateway.edge.receiving import AgencyEdge, Receiving, refuse_early
from gateway.edge.rest.batches import batch_router

_log = structlog.get_logger("simojo.api")


class Api(FastAPI):
    """The application, with the doors of agencies before it; they share its front door's limits."""

    doors: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        target = None if self.doors is None else door_of(scope, frozenset({TOKEN_PATH}))
        if self.doors is None or target is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        scope[DOOR] = target
        await self.doors(scope, receive, send)


def make_api(agencies: AgencyEdge, staff: StaffEdge, *more: APIRouter) -> FastAPI:
    """Put the routers together; `more` stand beside those of agencies and staff."""
    api = Api(
        title="SIMOJO Gateway",
        version=gateway.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/admin/v1/openapi.json",
    )
    api.state.staff = staff
    api.state.agencies = agencies
    api.add_exception_handler(GatewayError, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _not_routed)
    api.add_exception_handler(Exception, _unforeseen)
    receiving = Receiving(agencies)
    routers = (
        agency_router(agencies, receiving),
        batch_router(agencies),
        admin_router(staff),
        counter_router(staff),
        office_router(staff),
        paper_router(staff),
        paper_checks_router(staff),
        console_router(staff),
        reconciliation_pages_router(staff),
        erasure_pages_router(staff),
        portal_router(staff),
        receipt_page_router(),
        *more,
    )
    for router in routers:  # their routes as they are: include_router would make each anew, at the first request
        api.router.routes.extend(router.routes)

    api.add_middleware(OwnOrigin, public_url=staff.public_url)
    front = partial(
        FrontDoor,
        limits=agencies.limits,
        proxies=agencies.proxies,
        refuse=lambda request, error: refuse_early(agencies, request, error),
    )
    api.add_middleware(front)
    door = AgencyDoor(receiving, refused=_refused, unforeseen=_unforeseen)
    api.doors = front(door, whole=door.whole)
    return api


def _refused(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, GatewayError) else Malformed(str(error))
    is_soap = request.method == "POST" and request.url.path.startswith("/soap/")
    if is_soap or isinstance(known, HubBusy | RateLimited):
        return refuse_early(request.app.state.agencies, request, known)
    if wants_page(request):
        return refusal_page(request, known)
    return problem(known, instance=request.url.path, language=language_of(request.headers))


def _unforeseen(request: Request, error: Exception) -> Response:
    """A fault of the hub that no part of it foresaw: the caller learns that it is ours, the log where it came from.

    The log has the frames and not the error's own text, which may quote a message and so personal data.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unforeseen", method=request.method, error=type(error).__name__, traceback=frames)
    text = "The hub failed on this request by a fault of its own; its staff can see where. Send it again later."
    return _refused(request, GatewayError(text, code="internal"))


def _invalid(request: Request, error: Exception) -> Response:
    """A request that a route's own model refuses: every violation, and none of the values."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    violations = tuple(
        Violation(path="/" + "/".join(str(part) for part in each["loc"]), rule=each["type"], text=each["msg"])
        for each in found
    )
    refusal = SchemaViolation("the request is not of the form that this address takes", violations=violations)
    return problem(refusal, instance=request.url.path, language=language_of(request.headers))


def _not_routed(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: an address, a method, a body that is no HTTP."""
    if isinstance(error.__cause__, GatewayError):  # FastAPI's own reading of a body met a bound of ours
        return _refused(request, error.__cause__)
    status = error.status_code if isinstance(error, HTTPException) else 404
    refusal: Refused = Malformed("this request cannot be read: send it as HTTP and JSON have it")
    if status == 404:
        refusal = Refused("nothing is at this address", code="not-found")
    elif status == 405:
        refusal = Refused("this address takes another method", code="method-not-allowed")
    if wants_page(request):
        response = refusal_page(request, refusal)
    else:
        response = problem(refusal, language=language_of(request.headers))
    response.headers.update((isinstance(error, HTTPException) and error.headers) or {})  # 405 says what is allowed
    return response
