"""The one way into the API: token, scope, what was sent, the operation, its audit entry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from idp_core.admin import accounts, clients, records
from idp_core.admin.caller import caller_of
from idp_core.admin.clients import problem_of
from idp_core.admin.model import Call, Caller, Operation
from idp_core.admin.openapi import document
from idp_core.audit import log as audit
from idp_core.audit.log import Entry
from idp_core.db.engine import reading, writing
from idp_core.http.answer import Answer, HttpError, json_answer
from idp_core.http.ask import Ask
from idp_core.http.kind import Kind
from idp_core.site.routes import Handler, Route
from idp_core.site.site import Site

KIND, STRANGER = "admin", "stranger"
"""The kind of the entries, and the actor of those who did not say who they are."""
OPERATIONS: tuple[Operation, ...] = (
    *clients.OPERATIONS,
    *accounts.OPERATIONS,
    *records.OPERATIONS,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation as a handler."""

    operation: Operation

    def __call__(self, ask: Ask, site: Site) -> Answer:
        """Check who calls, what they may and what they sent; do it; note it, done or refused."""
        operation = self.operation
        if not site.config.admin.api:
            raise HttpError(404, "not_found", "there is no such page")
        try:
            with reading(site.engine) as conn:
                caller = caller_of(conn, ask, site)
        except HttpError as error:
            self._turn_away(site, error.code)
            raise
        try:
            if operation.scope not in caller.scopes:
                raise _lacking(operation.scope)
            query, body = _query(operation, ask), _body(operation, ask)
            with writing(site.engine) as conn:
                made = operation.run(Call(conn, site, caller, ask.part, query, body))
                self._note(conn, site, ask, caller, "done")
        except HttpError as error:
            with writing(site.engine) as conn:
                self._note(conn, site, ask, caller, "refused", code=error.code)
            raise
        if made is None:
            return Answer(204)
        return json_answer(made.model_dump(mode="json"))

    def _turn_away(self, site: Site, code: str) -> None:
        """Note that somebody without a good token called: anybody can, as often as they like."""
        name = self.operation.name
        if not site.refusals.is_told(name, code, site.clock()):
            site.metrics.happened(KIND, "refused")
            return
        with writing(site.engine) as conn:
            site.note(conn, KIND, "refused", None, STRANGER, operation=name, code=code)

    def _note(
        self, conn: Any, site: Site, ask: Ask, caller: Caller, outcome: str, **more: str
    ) -> None:
        told = {"operation": self.operation.name, **more}
        if ask.part and ask.part.isascii() and ask.part.isprintable():
            told["about"] = ask.part[:100]
        site.note(conn, KIND, outcome, None, caller.actor, **told)


def tell_refusals(site: Site) -> None:
    """Write how many more were turned away than have entries of their own: one entry a kind."""
    sums = site.refusals.due()
    try:
        with writing(site.engine) as conn:
            for each in sums:
                told = {"operation": each.what, "code": each.code, "more": each.count}
                entry = Entry(KIND, "refused", site.clock(), None, STRANGER, told)
                audit.record(conn, site.secrets.audit, entry)
    except sa.exc.SQLAlchemyError:
        site.refusals.give_back(sums)
        raise


def _lacking(scope: str) -> HttpError:
    challenge = ("www-authenticate", f'Bearer error="insufficient_scope", scope="{scope}"')
    return HttpError(403, "insufficient_scope", f"this needs the scope {scope}", (challenge,))


def _query(operation: Operation, ask: Ask) -> BaseModel:
    return _checked(operation.query, dict(ask.query.single()))


def _body(operation: Operation, ask: Ask) -> BaseModel | None:
    if operation.body is None:
        if ask.body:
            raise HttpError(400, "invalid_request", "this takes no body")
        return None
    try:
        said = json.loads(ask.body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise HttpError(
            400, "invalid_request", "the body is no JSON, or says a key twice"
        ) from None
    return _checked(operation.body, said)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that is there twice: two readers could each take another one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _checked(shape: type[BaseModel], said: Any) -> BaseModel:
    try:
        return shape.model_validate(said)
    except ValidationError as error:
        raise HttpError(422, "invalid", problem_of(error)) from None


def openapi(ask: Ask, site: Site) -> Answer:  # noqa: ARG001 (a handler)
    """Give the OpenAPI document."""
    if not site.config.admin.api:
        raise HttpError(404, "not_found", "there is no such page")
    return json_answer(document(OPERATIONS, site.config.issuer))


def _routes() -> tuple[Route, ...]:
    methods: dict[str, dict[str, Handler]] = {}
    for operation in OPERATIONS:
        methods.setdefault(operation.path, {})[operation.method] = Endpoint(operation)
    made = [Route(path, handlers, Kind.JSON) for path, handlers in methods.items()]
    return (Route("/admin/openapi.json", {"GET": openapi}, Kind.PUBLIC), *made)


ROUTES = _routes()
