"""Is it alive, can it work, what has it counted: for those who run it."""

from __future__ import annotations

import ipaddress

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.site.routes import Route
from idp_core.site.site import Site


def live(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Tell that the process answers."""
    return json_answer({"status": "ok"})


def ready(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Tell that the database answers, too, and that there are keys to sign with."""
    try:
        with reading(site.engine) as conn:
            conn.execute(sa.select(1))
        site.keys.ring().signing("ES256", site.clock())
    except (sa.exc.SQLAlchemyError, StopIteration):
        return json_answer({"status": "down"}, 503, ("retry-after", "5"))
    return json_answer({"status": "ok"})


def metrics(ask: Ask, site: Site) -> Answer:
    """Give the counters to this machine and its private networks."""
    # What came through a proxy is the world's, even when the proxy itself stands next door.
    outside = "x-forwarded-for" in ask.headers or "forwarded" in ask.headers
    if not site.config.metrics or outside or not _private(ask.peer):
        raise HttpError(404, "not_found", "there is no such page")
    return Answer(200, site.metrics.text(), "text/plain; version=0.0.4; charset=utf-8")


def _private(peer: str) -> bool:
    try:
        return ipaddress.ip_address(peer).is_private
    except ValueError:
        return False


ROUTES = (
    Route("/health/live", {"GET": live}, Kind.API, keyed=False),
    Route("/health/ready", {"GET": ready}, Kind.API, keyed=False),
    Route("/metrics", {"GET": metrics}, Kind.API, keyed=False),
)
