"""One open API: calls of its description are filled, sent and judged by its rules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from connectors.http import Answer, HttpSession, Request
from connectors.http.request import FORM, Params
from connectors.rest.calls import Call
from connectors.rest.cost import Cost
from connectors.rest.lists import Listing
from connectors.rest.pointers import get, put
from connectors.rest.rules import ErrorRule, Judge, json_or_none
from connectors.rest.template import (
    Values,
    brackets,
    fill,
    fill_params,
    fill_path,
    fill_texts,
    plain,
)


@dataclass(frozen=True, slots=True)
class Extra:
    """What a page or a filter adds to a call: `given` goes to `place`, dotted names inside JSON.

    `address` stands in for path and parameters, where the API itself said what to call next.
    """

    place: str = "query"
    given: Mapping[str, Any] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: `root` is where places in it begin, `body` all of it."""

    answer: Answer
    body: Any = field(repr=False)
    root: Any = field(repr=False)


class Caller(Protocol):
    """What reading and writing need: calls that answer with rows, and calls for one row."""

    def read_rows(self, wanted: Listing, values: Values, extra: Extra) -> Reply:
        """Make a call for rows; may be sent twice."""

    def send(
        self,
        call: Call,
        values: Values,
        *,
        reads: bool = False,
        idempotent: bool | None = None,
        sent: Sequence[str] = (),
    ) -> Reply:
        """Make a call that writes or reads one row; see `Api.send`."""


class Api:
    """An open session with the rules and headers of one description."""

    def __init__(
        self,
        http: HttpSession,
        rules: Sequence[ErrorRule],
        headers: Mapping[str, str],
        cost: Cost | None = None,
    ) -> None:
        self._http, self._rules, self._headers, self._cost = http, rules, headers, cost

    def send(
        self,
        call: Call,
        values: Values,
        extra: Extra | None = None,
        *,
        reads: bool = False,
        idempotent: bool | None = None,
        sent: Sequence[str] = (),
    ) -> Reply:
        """Fill a call, send it and return its answer.

        A call that `reads` may be sent twice whatever its method; `idempotent` says so of others.
        `sent` are names that a refusal may speak of. Raises the errors of the session, and
        RejectedError when the call needs a value that is not there.
        """
        judged = Judge(self._rules, self._cost, bool(call.graphql), sent=tuple(sent))
        safe = True if reads else idempotent
        return self._send(call, values, extra or Extra(), judged, idempotent=safe)

    def read_rows(self, wanted: Listing, values: Values, extra: Extra) -> Reply:
        """`send` a call for rows: GraphQL errors inside single rows fail no other row."""
        accepts = wanted.partial == "accept"
        graphql = bool(wanted.graphql)
        judged = Judge(
            self._rules,
            self._cost,
            graphql,
            rows_at=wanted.items,
            partial=accepts,
            expired=wanted.expired,
        )
        return self._send(wanted, values, extra, judged, idempotent=True)

    def keepable(self, address: str) -> str:
        """Return an address of the API as it may be kept: without a key of ours in its query."""
        return self._http.bare(address)

    def _send(
        self, call: Call, values: Values, extra: Extra, judged: Judge, *, idempotent: bool | None
    ) -> Reply:
        body, kind = _body(call, values, extra)
        headers = {**self._headers, **fill_texts(call.headers, values), **extra.headers}
        answer = self._http.send(
            Request(
                call.verb,
                extra.address or fill_path(call.path, values),
                None if extra.address else _params(call, values, extra),
                body,
                {**({"Content-Type": kind} if kind else {}), **headers},
                idempotent,
                judged,
                call.about_one(values),
            )
        )
        # What a write answers with may be anything: it was carried out, whatever it says.
        reads = idempotent and answer.body.strip()
        found = answer.json() if reads else json_or_none(answer)
        if self._cost and (wait := self._cost.pause(found)):
            self._http.pause(wait)
        return Reply(answer, found, get(found, "data") if call.graphql else found)


def _params(call: Call, values: Values, extra: Extra) -> Params:
    params = fill_params(call.params, values)
    if extra.place == "query":
        params |= {name: plain(value) for name, value in extra.given.items() if value is not None}
    return params


def _body(call: Call, values: Values, extra: Extra) -> tuple[bytes | None, str | None]:
    if call.graphql:
        variables = fill(call.graphql.variables, values)
        tree = {"query": call.graphql.query, "variables": _added(variables, extra, "variables")}
        return as_json(tree), "application/json"
    if call.form is not None:
        filled = _added(fill(call.form, values), extra, "body")
        return urlencode(list(brackets(filled))).encode(), FORM
    if "body" not in call.model_fields_set and not (extra.place == "body" and extra.given):
        return None, None
    tree = fill(call.body, values)
    return as_json(_added(tree or {}, extra, "body") if extra.given else tree), "application/json"


def _added(tree: Any, extra: Extra, place: str) -> Any:
    if extra.place != place or not isinstance(tree, dict):
        return tree
    tree = json.loads(json.dumps(tree))  # the template's own parts are not to be changed
    for name, value in extra.given.items():
        put(tree, name, value)
    return tree


def as_json(tree: Any) -> bytes:
    """Return what is sent as the bytes of its JSON."""
    return json.dumps(tree, ensure_ascii=False, default=_plain).encode()


def _plain(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
