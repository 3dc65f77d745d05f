"""The room of applications: which ones have access, by which consent, and taking it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.clients import store as clients
from idp_core.consents import store as consents
from idp_core.consents.store import Consent
from idp_core.db.engine import reading
from idp_core.http.answer import Answer, HttpError, json_answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.oidc.grants import store as grants
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit

PATH = "/account/applications"


@dataclass(frozen=True, slots=True)
class Access:
    """What one application may know and do, since when, and the receipt of the consent."""

    client: str
    name: str
    scope: Sequence[str]
    since: datetime
    receipt: str | None


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show which applications have access."""
    with reading(site.engine) as conn:
        listed = _accesses(conn, found.account.id, site.clock())
    done = ask.query.get("done") is not None
    return shown(ask, site, found, "account/applications.html", accesses=listed, done=done)


def end(ask: Ask, site: Site, found: Visit) -> Answer:
    """Take the access of one application away: its consent is over, its tokens are worth nothing.

    Access tokens that somebody checks without asking us go on until they expire.
    """
    client, account, now = ask.form.get("client") or "", found.account.id, site.clock()
    with changing(site, found) as conn:
        receipts = consents.end(conn, account, client, now)
        ended = grants.end_of_client(conn, account, client, now, "consent taken back")
        if not receipts and not ended:
            return redirect(PATH)
        counts = {"receipts": list(receipts), "grants": len(ended)}
        site.note(conn, "consent.ended", "done", account, "self", client=client, **counts)
    return redirect(f"{PATH}?done=1")


def receipt(ask: Ask, site: Site, found: Visit) -> Answer:
    """Give the receipt of a consent that holds, as a file to keep."""
    wanted = ask.query.get("receipt") or ""
    with reading(site.engine) as conn:
        listed = consents.of_account(conn, found.account.id)
        consent = next((each for each in listed if each.receipt == wanted), None)
        if consent is None:
            raise HttpError(404, "not_found", "no such receipt")
        name = _name(conn, consent.client)
    told = {
        "receipt": consent.receipt,
        "given_to": {"client_id": consent.client, "name": name},
        "given_by": found.account.id,
        "kept_by": site.config.issuer,
        "scope": sorted(consent.scope),
        "claims": {scope: sorted(names) for scope, names in (consent.claims or {}).items()},
        "digest": consent.digest(),
        "version": consent.version,
        "language": consent.language,
        "given_at": consent.given_at.isoformat(),
    }
    file = f'attachment; filename="consent-{consent.receipt}.json"'
    return json_answer(told, 200, ("content-disposition", file))


def _accesses(conn: sa.Connection, account: str, now: datetime) -> list[Access]:
    given: dict[str, Consent] = {each.client: each for each in consents.of_account(conn, account)}
    scopes = {client: set(consent.scope) for client, consent in given.items()}
    since = {client: consent.given_at for client, consent in given.items()}
    for grant in grants.lasting(conn, account, now):
        scopes.setdefault(grant.client, set()).update(grant.scope)
        since.setdefault(grant.client, grant.auth_time)
    listed = [
        Access(
            client,
            _name(conn, client),
            sorted(scope),
            since[client],
            given[client].receipt if client in given else None,
        )
        for client, scope in scopes.items()
    ]
    return sorted(listed, key=lambda each: each.name.casefold())


def _name(conn: sa.Connection, client: str) -> str:
    known = clients.get(conn, client)
    return known.client.name if known else client


ROUTES = (
    Route(PATH, {"GET": guarded(show)}, Kind.PAGE),
    Route(f"{PATH}/end", {"POST": guarded(end)}, Kind.PAGE),
    Route(f"{PATH}/receipt", {"GET": guarded(receipt)}, Kind.PAGE),
)
