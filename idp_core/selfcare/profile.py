"""The room of what the account says of the person: the fields that registration asks for."""

from __future__ import annotations

from collections.abc import Mapping

from idp_core.accounts import store as accounts
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login.registration import fields
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit

PATH = "/account/profile"


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show what is there, to be changed."""
    given = {name: str(value) for name, value in found.account.attributes.items()}
    return _form(ask, site, found, given, {})


def save(ask: Ask, site: Site, found: Visit) -> Answer:
    """Keep what was changed; what registration does not ask for stays as it is."""
    asked = site.config.registration.fields
    values, wrong = fields.read(ask.form, asked, site.clock().date())
    if wrong:
        return _form(ask, site, found, {name: ask.form.get(name) or "" for name in asked}, wrong)
    with changing(site, found) as conn:
        account = accounts.by_id(conn, found.account.id)
        if account is None:
            return redirect("/login")
        before = account.attributes
        changed = {name: value for name, value in before.items() if name not in asked} | values
        names = accounts.differing(before, changed)
        if names:
            accounts.change(conn, account, site.clock(), attributes=changed)
            site.note(conn, "profile.changed", "done", account.id, attributes=names)
    return redirect(f"{PATH}?done=1")


def _form(
    ask: Ask, site: Site, found: Visit, given: Mapping[str, str], wrong: Mapping[str, str]
) -> Answer:
    asked = site.config.registration.fields
    return shown(
        ask,
        site,
        found,
        "account/profile.html",
        400 if wrong else 200,
        asked=asked,
        given={name: given.get(name, "") for name in asked},
        wrong=wrong,
        saved=ask.query.get("done") is not None,
    )


ROUTES = (Route(PATH, {"GET": guarded(show), "POST": guarded(save)}, Kind.PAGE),)
