"""Accounts, their sessions and their roles by the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from idp_core.accounts import email as emails
from idp_core.accounts import store
from idp_core.admin import acts, roles
from idp_core.admin.model import Call, Operation, Paged, Shape, Words, not_found
from idp_core.admin.roles import INVITE, PREFIX
from idp_core.http.answer import HttpError
from idp_core.login.registration import invitation
from idp_core.sessions import store as sessions
from idp_core.site.part import ASKED

Language = Literal["en", "de", "fr", "es"]
Role = Literal["owner", "reader", "auditor", "inviter", "clients", "support"]


class Account(Shape):
    """An account: its address, since when, and whether it may log in."""

    id: str
    email: str = Field(repr=False)
    language: str | None
    created_at: datetime
    blocked_at: datetime | None


class Accounts(Shape):
    """A part of the list of accounts, the newest first."""

    items: tuple[Account, ...]
    next: str | None


class Search(Paged):
    """Which accounts."""

    email: Annotated[str, Field(max_length=320)] = ""
    """The account of this address alone, however it is spelled."""


class Invitation(Shape):
    """Whom to invite. The link goes to the address alone: who invites cannot use it."""

    email: Annotated[str, Field(max_length=320, repr=False)]
    attributes: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        default_factory=dict, repr=False
    )
    """What stands in the form, to be changed: `given_name`, `family_name` and the like."""
    language: Language | None = None


class Done(Shape):
    """What was done."""

    done: bool


class Ended(Shape):
    """How many sessions ended."""

    sessions_ended: int


class Why(Shape):
    """Why; it is kept in the audit log."""

    why: Words


class Session(Shape):
    """A session that goes on."""

    sid: str
    created_at: datetime
    auth_time: datetime
    seen_at: datetime
    acr: str
    amr: tuple[str, ...]
    agent: str
    network: str


class Sessions(Shape):
    """The sessions of an account, the last used first."""

    items: tuple[Session, ...]


class Which(Shape):
    """Which session; all of the account's without one."""

    sid: Annotated[str, Field(max_length=64)] = ""


class Roles(Shape):
    """The roles of an account."""

    roles: tuple[Role, ...]


def list_accounts(call: Call) -> Accounts:
    """Return accounts, or the one of an address."""
    if call.query.email:
        one = store.by_email(call.conn, call.query.email)
        return Accounts(items=() if one is None else (_shown(one),), next=None)
    limit = call.query.limit
    found = store.listed(call.conn, limit + 1, call.query.after)
    more = found[limit - 1].id if len(found) > limit else None
    return Accounts(items=tuple(map(_shown, found[:limit])), next=more)


def get_account(call: Call) -> Account:
    """Return an account."""
    return _shown(_found(call))


def invite(call: Call) -> Done:
    """Mail somebody a link by which they make their account."""
    said: Invitation = call.body
    address = emails.cleaned(said.email)
    unknown = sorted(set(said.attributes) - set(ASKED))
    if address is None or unknown:
        told = "email: no address that mail goes to" if address is None else "attributes: unknown"
        raise HttpError(422, "invalid", told)
    words = said.language or call.site.config.languages[0]
    try:
        invitation.invite(call.conn, call.site, address, said.attributes, words, call.caller.actor)
    except store.TakenError:
        raise HttpError(409, "conflict", "this address has an account") from None
    return Done(done=True)


def block(call: Call) -> Ended:
    """Let an account log in no more, and end its sessions."""
    why: Why = call.body
    ended = acts.block(call.conn, call.site, _weaker(call), why.why, call.caller.actor)
    return Ended(sessions_ended=ended)


def unblock(call: Call) -> Done:
    """Let an account log in again."""
    return Done(done=acts.unblock(call.conn, call.site, _weaker(call), call.caller.actor))


def delete(call: Call) -> Ended:
    """Delete an account."""
    why: Why = call.query
    ended = acts.delete(call.conn, call.site, _weaker(call), why.why, call.caller.actor)
    return Ended(sessions_ended=ended)


def list_sessions(call: Call) -> Sessions:
    """Return the sessions of an account."""
    site = call.site
    found = sessions.of_account(call.conn, _found(call).id, site.clock(), site.limits)
    shown = [
        Session(
            sid=each.sid, created_at=each.created_at, auth_time=each.auth_time, acr=each.acr,
            seen_at=each.seen_at, amr=each.amr, agent=each.agent, network=each.network,
        )
        for each in found
    ]  # fmt: skip
    return Sessions(items=tuple(shown))


def end_sessions(call: Call) -> Ended:
    """End one session of an account, or all of them."""
    which: Which = call.query
    account, actor = _weaker(call), call.caller.actor
    ended = acts.end_sessions(call.conn, call.site, account, which.sid or None, actor)
    return Ended(sessions_ended=ended)


def get_roles(call: Call) -> Roles:
    """Return the roles of an account."""
    return _roles(call, _found(call).id)


def put_roles(call: Call) -> Roles:
    """Give an account roles. Nobody gives, or takes, what they may not do themselves."""
    account, wanted = _weaker(call), call.body.roles
    call.caller.require(roles.scopes_of(wanted), "this role")
    acts.give_roles(call.conn, call.site, account, wanted, call.caller.actor)
    return _roles(call, account.id)


def _roles(call: Call, account: str) -> Roles:
    known = [role for role in roles.of(call.conn, account) if role in roles.ROLES]
    return Roles.model_validate({"roles": known})


def _found(call: Call) -> store.Account:
    found = store.by_id(call.conn, call.id)
    if found is None:
        raise not_found("account")
    return found


def _weaker(call: Call) -> store.Account:
    """Return the account when it may do no more than the caller. Raises HttpError."""
    found = _found(call)
    may = roles.scopes_of(roles.of(call.conn, found.id))
    call.caller.require(may, "this account")
    return found


def _shown(account: store.Account) -> Account:
    return Account(
        id=account.id, email=account.email, language=account.language,
        created_at=account.created_at, blocked_at=account.blocked_at,
    )  # fmt: skip


_ALL, _ONE = "/admin/accounts", "/admin/accounts/{part}"
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", _ALL, "listAccounts", "List accounts, the newest first; or find one.",
        f"{PREFIX}accounts.read", list_accounts, Accounts, query=Search, writes=False,
    ),
    Operation(
        "POST", _ALL, "invite", "Mail somebody a link by which they make their account.",
        INVITE, invite, Done, body=Invitation,
    ),
    Operation(
        "GET", _ONE, "getAccount", "Show an account.",
        f"{PREFIX}accounts.read", get_account, Account, finds=True, writes=False,
    ),
    Operation(
        "DELETE", _ONE, "deleteAccount", "Delete an account.",
        f"{PREFIX}accounts.write", delete, Ended, query=Why, finds=True,
    ),
    Operation(
        "POST", f"{_ONE}/block", "block", "Let an account log in no more.",
        f"{PREFIX}accounts.write", block, Ended, body=Why, finds=True,
    ),
    Operation(
        "POST", f"{_ONE}/unblock", "unblock", "Let an account log in again.",
        f"{PREFIX}accounts.write", unblock, Done, finds=True,
    ),
    Operation(
        "GET", f"{_ONE}/sessions", "listSessions", "List the sessions of an account.",
        f"{PREFIX}sessions.read", list_sessions, Sessions, finds=True, writes=False,
    ),
    Operation(
        "DELETE", f"{_ONE}/sessions", "endSessions", "End one session of an account, or all.",
        f"{PREFIX}sessions.write", end_sessions, Ended, query=Which, finds=True,
    ),
    Operation(
        "GET", f"{_ONE}/roles", "getRoles", "Show the roles of an account.",
        f"{PREFIX}accounts.read", get_roles, Roles, finds=True, writes=False,
    ),
    Operation(
        "PUT", f"{_ONE}/roles", "putRoles", "Give an account roles, in the place of those it had.",
        f"{PREFIX}roles.write", put_roles, Roles, body=Roles, finds=True,
    ),
)  # fmt: skip
