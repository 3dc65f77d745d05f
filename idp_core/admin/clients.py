"""Clients by the API: registered, changed, given another secret, disabled."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError, create_model

from idp_core.admin.model import Call, Operation, Paged, Shape, not_found
from idp_core.admin.roles import PREFIX, privileged
from idp_core.clients import store
from idp_core.clients.model import Client
from idp_core.http.answer import HttpError

_FIELDS: dict[str, Any] = {
    name: (field.annotation, field) for name, field in Client.model_fields.items() if name != "id"
}
ClientBody = create_model("ClientBody", __base__=Shape, **_FIELDS)
"""A client without its id, which stands in the path."""


class Clients(Shape):
    """A part of the list of clients, by id."""

    items: tuple[Client, ...]
    next: str | None


class Put(Shape):
    """A client as it is now; `secret` is told this one time, when it was made."""

    client: Client
    secret: str | None


class Secret(Shape):
    """A new secret, told this one time."""

    secret: str


def list_clients(call: Call) -> Clients:
    """Return clients by id."""
    after, limit = call.query.after, call.query.limit
    found = [each for each in store.listed(call.conn) if each.id > after]
    more = found[limit - 1].id if len(found) > limit else None
    return Clients(items=tuple(map(_checked, found[:limit])), next=more)


def get_client(call: Call) -> Client:
    """Return a client."""
    return _checked(_found(call))


def put_client(call: Call) -> Put:
    """Register a client or change it. What it may do, the caller has to be allowed, too."""
    try:
        wanted = Client(id=call.id, **dict(call.body))
    except ValidationError as error:
        raise HttpError(422, "invalid", problem_of(error)) from None
    if wanted.policy is not None and wanted.policy not in call.site.config.login.policies:
        raise HttpError(422, "invalid", "policy: there is no policy of this name")
    if wanted.theme is not None and wanted.theme not in call.site.config.themes:
        raise HttpError(422, "invalid", "theme: there is no theme of this name")
    before = store.get(call.conn, call.id)
    if before is None and store.is_disabled(call.conn, call.id):
        raise HttpError(409, "conflict", "this client was disabled; choose another id")
    touched = (*wanted.scopes, *(before.client.scopes if before else ()))
    call.caller.require(privileged(touched), "this client")
    secret = store.put(call.conn, wanted, call.site.clock())
    return Put(client=wanted, secret=secret)


def new_secret(call: Call) -> Secret:
    """Give a client another secret; the old one is worth nothing at once."""
    found = _found(call)
    call.caller.require(privileged(found.scopes), "this client")
    if not found.auth.startswith("client_secret"):
        raise HttpError(409, "conflict", "this client has no secret")
    return Secret(secret=store.new_secret(call.conn, found.id))


def disable_client(call: Call) -> None:
    """Let a client do nothing more."""
    call.caller.require(privileged(_found(call).scopes), "this client")
    store.disable(call.conn, call.id, call.site.clock())


def problem_of(error: ValidationError) -> str:
    """Return what is wrong with something sent: where and why, without the value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(map(str, first["loc"]))
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _found(call: Call) -> Client:
    found = store.get(call.conn, call.id)
    if found is None:
        raise not_found("client")
    return found.client


def _checked(client: Client) -> Client:
    """Return a stored client as a whole one: what was left out when it was stored has defaults."""
    return TypeAdapter(Client).validate_python(client.model_dump())


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", "/admin/clients", "listClients", "List the clients in use, by id.",
        f"{PREFIX}clients.read", list_clients, Clients, query=Paged, writes=False,
    ),
    Operation(
        "GET", "/admin/clients/{part}", "getClient", "Show a client.",
        f"{PREFIX}clients.read", get_client, Client, finds=True, writes=False,
    ),
    Operation(
        "PUT", "/admin/clients/{part}", "putClient", "Register a client, or change it.",
        f"{PREFIX}clients.write", put_client, Put, body=ClientBody,
    ),
    Operation(
        "DELETE", "/admin/clients/{part}", "disableClient", "Let a client do nothing more.",
        f"{PREFIX}clients.write", disable_client, finds=True,
    ),
    Operation(
        "POST", "/admin/clients/{part}/secret", "newSecret", "Give a client another secret.",
        f"{PREFIX}clients.write", new_secret, Secret, finds=True,
    ),
)  # fmt: skip
