"""The ASGI application of a site."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp

from idp_core.http.answer import Answer, HttpError
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.logs import logger
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.web.asgi import Endpoint, Machine, plain_failure
from idp_core.web.slices import all_routes

_FAST, _SLOW = 8, 4
"""Threads for requests on PostgreSQL, and for slow work: more would only take turns."""
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]


def make_app(site: Site, *, threads: bool = True) -> ASGIApp:
    """Return the application. Without `threads` everything runs where it is called: for tests."""
    on_server = site.engine.dialect.name != "sqlite"
    fast = ThreadPoolExecutor(_FAST, "fast") if threads and on_server else None
    slow = ThreadPoolExecutor(_SLOW, "slow") if threads else None
    machine = Machine(
        site.gate, fast, slow, _failed, site.metrics.request, frozenset(site.config.proxies)
    )
    routes = [
        StarletteRoute(route.path, Endpoint(route, site, machine), methods=_METHODS)
        for route in (*all_routes(), Route("/{part:path}", {"GET": _nowhere}, Kind.PAGE))
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


def _nowhere(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    raise HttpError(404, "not_found", "there is no such page")


def _failed(ask: Ask, error: Exception, kind: Kind) -> Answer:
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
    return plain_failure(ask, error, kind)
