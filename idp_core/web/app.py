"""The ASGI application of a site."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from idp_core.http.answer import Answer, HttpError
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.logs import logger
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.upkeep import Upkeep
from idp_core.web.asgi import Endpoint, Machine, plain_failure
from idp_core.web.slices import LAST, OFTEN, RARELY, all_routes

if TYPE_CHECKING:  # only who takes traces has its packages
    from idp_core.web.tracing import Traces

_FAST, _SLOW = 8, 4
"""Threads for requests on PostgreSQL, and for slow work: more would only take turns."""
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def make_app(site: Site, *, threads: bool = True, traces: Traces | None = None) -> ASGIApp:
    """Return the application. Without `threads` everything runs where it is called: for tests."""
    if traces is not None:
        site = replace(site, span=traces.span)
        traces.watch(site.engine)
    on_server = site.engine.dialect.name != "sqlite"
    fast = ThreadPoolExecutor(_FAST, "fast") if threads and on_server else None
    slow = ThreadPoolExecutor(_SLOW, "slow") if threads else None
    machine = Machine(
        site.gate,
        fast,
        slow,
        partial(_failed, site),
        site.metrics.request,
        frozenset(site.config.proxies),
    )
    all_ = (*all_routes(), Route("/{part:path}", {"GET": _nowhere}, Kind.PAGE))
    endpoints: list[ASGIApp] = [Endpoint(route, site, machine) for route in all_]
    if traces is not None:
        endpoints = [
            traces.request(endpoint, route.path, machine.proxies)
            for route, endpoint in zip(all_, endpoints, strict=True)
        ]
    routes = [
        StarletteRoute(route.path, endpoint, methods=_METHODS)
        for route, endpoint in zip(all_, endpoints, strict=True)
    ]
    app = Starlette(routes=routes, lifespan=partial(_living, site, traces) if threads else None)
    app.router.redirect_slashes = False
    exact = {
        route.path: endpoint
        for route, endpoint in zip(all_, endpoints, strict=True)
        if "{" not in route.path
    }

    async def quick(scope: Scope, receive: Receive, send: Send) -> None:
        """Go straight to a path without parameters: the router would try each in turn."""
        there = exact.get(scope["path"], app) if scope["type"] == "http" else app
        await there(scope, receive, send)

    return quick


@asynccontextmanager
async def _living(
    site: Site,
    traces: Traces | None,
    app: Starlette,  # noqa: ARG001 (Starlette's)
) -> AsyncIterator[None]:
    upkeep = Upkeep(site, OFTEN, RARELY, LAST)
    upkeep.start()
    yield
    upkeep.stop()
    if traces is not None:
        traces.stop()


def _nowhere(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    raise HttpError(404, "not_found", "there is no such page")


def _failed(site: Site, ask: Ask, error: Exception, kind: Kind) -> Answer:
    if isinstance(error, sa.exc.OperationalError):
        logger().warning("database.busy")
        error = HttpError(503, "temporarily_unavailable", "try again", (("retry-after", "2"),))
    if not isinstance(error, HttpError):
        # The kind of a bug and where it is; its message could hold what a customer typed.
        trace, where = error.__traceback__, ""
        while trace is not None:
            where = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
            trace = trace.tb_next
        logger().error("request.failed", error=type(error).__name__, where=where)
    failure = plain_failure(ask, error, kind)
    if kind not in (Kind.PAGE, Kind.BROWSER):
        return failure
    code = error.code if isinstance(error, HttpError) else "server_error"
    page = site.pages.page(ask, "failed.html", failure.status, code=code)
    # No cookie: a page of another site that makes us fail must not change the forms open here.
    kept = tuple(each for each in page.headers if each[0] != "set-cookie")
    return replace(page, headers=(*kept, *failure.headers))
