"""Files that pages need: the style sheet, scripts, and the theme of this installation."""

from __future__ import annotations

from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.pages.engine import static
from idp_core.site.routes import Route
from idp_core.site.site import Site

_KEEP = ("cache-control", "public, max-age=3600")


def file(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Give one file; only those that are listed."""
    found = static(ask.part)
    if found is None:
        raise HttpError(404, "not_found", "there is no such page")
    return Answer(200, found[0], found[1], (_KEEP,))


def theme(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Give the colours of this installation."""
    accent = site.config.theme.accent
    rule = f":root {{ --accent: {accent}; --on-accent: #fff; }}\n" if accent else ""
    return Answer(200, rule.encode(), "text/css; charset=utf-8", (_KEEP,))


def home(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Lead to the account."""
    return redirect("/account")


ROUTES = (
    Route("/static/{part}", {"GET": file}, Kind.PUBLIC),
    Route("/theme.css", {"GET": theme}, Kind.PUBLIC),
    Route("/", {"GET": home}, Kind.PAGE),
)
