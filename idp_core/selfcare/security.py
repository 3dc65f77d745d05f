"""The room of second factors: set an app up, see the recovery codes once, take both away."""

from __future__ import annotations

from datetime import timedelta

import segno
import sqlalchemy as sa

from idp_core.db.engine import reading
from idp_core.events import outbox
from idp_core.events.outbox import OutboxEvent
from idp_core.http.answer import Answer, redirect
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.login import remembered
from idp_core.login.factors.passkey import store as passkeys
from idp_core.login.factors.questions import store as questions
from idp_core.login.factors.recoverycode import store as codes
from idp_core.login.factors.sms import store as sms
from idp_core.login.factors.totp import store as totp
from idp_core.selfcare.rooms import changing, guarded, shown
from idp_core.selfcare.steps import forget_needless_codes, has_step
from idp_core.site.routes import Route
from idp_core.site.site import Site
from idp_core.site.visits import Visit
from idp_core.tickets import store as tickets

_PURPOSE = "totp"
_LIFE = timedelta(minutes=15)


def show(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show what guards the account."""
    with reading(site.engine) as conn:
        has = totp.has(conn, found.account.id)
        left = codes.left(conn, found.account.id)
        number = sms.number_of(conn, site.sealer, found.account.id)
        answered = questions.count(conn, found.account.id)
        keys = passkeys.of_account(conn, found.account.id)
    return shown(
        ask, site, found, "account/security.html", has=has, left=left, passkeys=keys,
        number=sms.masked(number) if number else None, texts=site.config.sms.enabled,
        answered=answered, asks=site.config.questions.enabled,
    )  # fmt: skip


def set_up(ask: Ask, site: Site, found: Visit) -> Answer:
    """Show a new secret; it is kept only when a code proves that the app has it."""
    secret = totp.new_secret()
    with changing(site, found) as conn:
        until = site.clock() + _LIFE
        token = tickets.issue(
            conn, site.sealer, _PURPOSE, {"secret": secret}, until, account=found.account.id
        )
    return _form(ask, site, found, token, secret)


def confirm(ask: Ask, site: Site, found: Visit) -> Answer:
    """Keep the secret whose code is right, and give recovery codes."""
    token, now, account = ask.form.get("ticket") or "", site.clock(), found.account.id
    code = "".join((ask.form.get("code") or "").split())[:10]
    with changing(site, found) as conn:
        ticket = tickets.look(conn, site.sealer, _PURPOSE, token, now)
        if ticket is None or ticket.account != account:
            return redirect("/account/security")
        secret = ticket.data["secret"]
        step = totp.step_of(secret, code, now)
        good = step is not None and tickets.use(conn, site.sealer, _PURPOSE, token, now) is not None
        if good and step is not None:
            totp.put(conn, site.sealer, account, secret, step, now)
            remembered.forget(conn, site, account)
            given = codes.renew(conn, site.secrets.codes, account)
            _tell(conn, site, account, "totp.set_up")
    if not good:
        return _form(ask, site, found, token, secret, wrong=True)
    return shown(ask, site, found, "account/codes.html", codes=given)


def renew(ask: Ask, site: Site, found: Visit) -> Answer:
    """Give new recovery codes in the place of the old ones."""
    with changing(site, found) as conn:
        account = found.account.id
        if not has_step(conn, account):
            return redirect("/account/security")
        given = codes.renew(conn, site.secrets.codes, found.account.id)
        _tell(conn, site, found.account.id, "codes.renewed")
    return shown(ask, site, found, "account/codes.html", codes=given)


def remove(ask: Ask, site: Site, found: Visit) -> Answer:  # noqa: ARG001 (a Room)
    """Take the app and the codes away."""
    with changing(site, found) as conn:
        if totp.remove(conn, found.account.id):
            forget_needless_codes(conn, found.account.id)
            remembered.forget(conn, site, found.account.id)
            _tell(conn, site, found.account.id, "totp.removed")
    return redirect("/account/security")


def _tell(conn: sa.Connection, site: Site, account: str, kind: str) -> None:
    site.note(conn, kind, "done", account)
    changed = {"attributes": [kind.partition(".")[0]]}
    outbox.publish(conn, [OutboxEvent("account.changed", account, changed, time=site.clock())])


def _form(
    ask: Ask, site: Site, found: Visit, token: str, secret: str, *, wrong: bool = False
) -> Answer:
    picture = segno.make(totp.uri(secret, found.account.email, site.config.name))
    return shown(
        ask,
        site,
        found,
        "account/totp.html",
        400 if wrong else 200,
        picture=picture.svg_data_uri(scale=4),
        secret=" ".join(secret[n : n + 4] for n in range(0, len(secret), 4)),
        ticket=token,
        wrong=wrong,
    )


ROUTES = (
    Route("/account/security", {"GET": guarded(show)}, Kind.PAGE),
    Route(
        "/account/security/app",
        {"GET": guarded(set_up, fresh=True), "POST": guarded(confirm, fresh=True)},
        Kind.PAGE,
    ),
    Route("/account/security/codes", {"POST": guarded(renew, fresh=True)}, Kind.PAGE),
    Route("/account/security/remove", {"POST": guarded(remove, fresh=True)}, Kind.PAGE),
)
