"""The room of what is known of the person: what they may change, and what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading
from idp_core.errors import UnknownProfileError
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login.registration import fields
from idp_core.profiles import store as profiles
from idp_core.profiles.model import Profile
from idp_core.selfcare.heard import changeable, heard
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
    """Keep what was changed; what may not be changed stays as it is."""
    asked = changeable(site.config)
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
    asked, language = changeable(site.config), _language(ask, site, found)
    words = {name: said.get(language) for name, said in site.config.profile.words.items()}
    return shown(
        ask,
        site,
        found,
        "account/profile.html",
        400 if wrong else 200,
        asked=asked,
        given={name: given.get(name, "") for name in asked},
        wrong=wrong,
        heard=heard(site.config, found.account, _profile(site, found)),
        words=words,
        saved=ask.query.get("done") is not None,
    )


def _profile(site: Site, found: Visit) -> Profile | None:
    """Return the unified profile, where some of it is shown and a run has found it."""
    if not site.config.profile.show:
        return None
    with reading(site.engine) as conn, suppress(UnknownProfileError):
        gid = accounts.profile_gid(conn, found.account.id)
        return profiles.get(conn, gid) if gid is not None else None
    return None


def _language(ask: Ask, site: Site, found: Visit) -> str:
    return site.pages.language(ask, [found.account.language])


ROUTES = (Route(PATH, {"GET": guarded(show), "POST": guarded(save)}, Kind.PAGE),)
