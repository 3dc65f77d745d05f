"""The page that asks for a few more things before the browser goes on to the client."""

from __future__ import annotations

from collections.abc import Mapping

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login.pages import form_to
from idp_core.login.registration import fields
from idp_core.oidc.asking import store
from idp_core.oidc.authorize.request import Request
from idp_core.oidc.authorize.routes import MORE, PATH
from idp_core.oidc.consent.routes import request_of
from idp_core.site.part import Need
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit, to_login, visit


def show(ask: Ask, site: Site) -> Answer:
    """Ask."""
    found, request = visit(ask, site), request_of(site, ask.query_text)
    if found is None:
        return to_login(ask)
    if request is None:
        return site.pages.page(ask, "bad_request.html", 400)
    asked = _due(site, request, found)
    if not asked:
        return redirect(f"{PATH}?{ask.query_text}")
    return _form(ask, site, ask.query_text, request, asked, {})


def answer(ask: Ask, site: Site) -> Answer:
    """Keep what was said; what was left out and may be is asked for again later."""
    text = ask.form.get("request") or ""
    found, request = visit(ask, site), request_of(site, text)
    if found is None or request is None:
        return site.pages.page(ask, "bad_request.html", 400)
    asked = _due(site, request, found)
    values, wrong = fields.read(ask.form, asked, site.clock().date())
    if ask.form.get("choice") == "later":
        values, wrong = {}, {n: "missing" for n, need in asked.items() if need == "required"}
    if wrong:
        return _form(ask, site, text, request, asked, wrong)
    _keep(site, request.client.id, found, asked, values)
    return redirect(f"{PATH}?{text}")


def _keep(
    site: Site, client: str, found: Visit, asked: Mapping[str, Need], values: Mapping[str, str]
) -> None:
    with writing(site.engine) as conn:
        account = accounts.by_id(conn, found.account.id)
        if account is None:
            return
        store.put_off(conn, site, client, account.id, [n for n in asked if n not in values])
        if values:
            attributes = {**account.attributes, **values}
            accounts.change(conn, account, site.clock(), attributes=attributes)
            names = sorted(values)
            site.note(conn, "profile.changed", "done", account.id, attributes=names, client=client)


def _due(site: Site, request: Request, found: Visit) -> Mapping[str, Need]:
    with reading(site.engine) as conn:
        return store.due(conn, site, request.client.id, found)


def _form(
    ask: Ask,
    site: Site,
    text: str,
    request: Request,
    asked: Mapping[str, Need],
    wrong: Mapping[str, str],
) -> Answer:
    return site.pages.page(
        ask,
        "more.html",
        400 if wrong else 200,
        asked=asked,
        given={name: ask.form.get(name) or "" for name in asked},
        wrong=wrong,
        later="required" not in asked.values(),
        request=text,
        form_to=form_to(f"{PATH}?{text}"),
        theme=site.theme(request.client.theme),
    )


ROUTES = (Route(MORE, {"GET": show, "POST": answer}, Kind.PAGE),)
