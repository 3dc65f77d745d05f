"""The room of security questions: chosen or written, answered, taken away."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, HttpError, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import remembered
from idp_core.login.factors.questions import store
from idp_core.login.factors.questions.answers import LONGEST, normal, problem
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site import letters
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit

PATH = "/account/security/questions"


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Ask for questions and answers."""
    _require(site)
    return _form(ask, site, found, "")


def save(ask: Ask, site: Site, found: Visit) -> Answer:
    """Keep the questions with their answers, hashed as passwords are."""
    _require(site)
    said, account = _read(ask, site), found.account
    known = [account.email, account.email.partition("@")[0]]
    known += map(str, account.attributes.values())
    why = problem([q for q, _ in said], [a for _, a in said], known, site.config.questions.least)
    if why:
        return _form(ask, site, found, why)
    hashed = {text: site.hasher.hash(normal(answer)) for text, answer in said}
    with changing(site, found) as conn:
        store.put(conn, site.sealer, account.id, hashed, site.clock())
        _tell(conn, ask, site, found, "set_up")
    return redirect("/account/security")


def remove(ask: Ask, site: Site, found: Visit) -> Answer:
    """Take them away, also where they are not offered any more."""
    with changing(site, found) as conn:
        if store.remove(conn, found.account.id):
            _tell(conn, ask, site, found, "removed")
    return redirect("/account/security")


def _require(site: Site) -> None:
    if not site.config.questions.enabled:
        raise HttpError(404, "not_found", "there is no such page")


def _read(ask: Ask, site: Site) -> list[tuple[str, str]]:
    """Return the questions that were filled in; one that is not offered here is none."""
    said = site.config.questions
    filled = []
    for place in range(said.least):
        chosen = ask.form.get(f"question-{place}") or ""
        written = " ".join((ask.form.get(f"own-{place}") or "").split())[:LONGEST]
        text = written if written and said.own else chosen if chosen in said.offered else ""
        answer = ask.form.get(f"answer-{place}") or ""
        if text:
            filled.append((text, answer))
    return filled


def _tell(conn: sa.Connection, ask: Ask, site: Site, found: Visit, what: str) -> None:
    account = found.account
    remembered.forget(conn, site, account.id)
    site.note(conn, f"questions.{what}", "done", account.id)
    changed: Mapping[str, object] = {"attributes": ["questions"]}
    event = OutboxEvent("account.changed", account.id, changed, time=site.clock())
    outbox.publish(conn, [event])
    language = account.language or site.pages.language(ask)
    letters.write(conn, site, account.email, "questions_changed", language)


def _form(ask: Ask, site: Site, found: Visit, why: str) -> Answer:
    with reading(site.engine) as conn:
        has = store.count(conn, found.account.id) > 0
    said = site.config.questions
    rows = [
        (ask.form.get(f"question-{n}") or "", ask.form.get(f"own-{n}") or "")
        for n in range(said.least)
    ]
    return shown(
        ask, site, found, "account/questions.html", 400 if why else 200,
        rows=rows, offered=said.offered, own=said.own, has=has, why=why,
    )  # fmt: skip


ROUTES = (
    Route(
        PATH,
        {"GET": guarded(show, fresh=True), "POST": guarded(save, fresh=True)},
        Kind.PAGE,
        slow=True,
    ),
    Route(f"{PATH}/remove", {"POST": guarded(remove, fresh=True)}, Kind.PAGE),
)
