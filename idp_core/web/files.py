"""Files that pages need: the style sheet, scripts, and those of themes."""

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


def theme(ask: Ask, site: Site) -> Answer:
    """Give a file of a theme."""
    path = ask.path.removeprefix("/")
    found = next((look.files[path] for look in site.looks.values() if path in look.files), None)
    if found is None:
        raise HttpError(404, "not_found", "there is no such page")
    return Answer(200, found[1], found[0], (_KEEP,))


def home(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Lead to the account."""
    return redirect("/account")


ROUTES = (
    Route("/static/{part}", {"GET": file}, Kind.PUBLIC),
    Route("/theme.css", {"GET": theme}, Kind.PUBLIC),
    Route("/theme.logo", {"GET": theme}, Kind.PUBLIC),
    Route("/theme/{part}", {"GET": theme}, Kind.PUBLIC),
    Route("/", {"GET": home}, Kind.PAGE),
)
