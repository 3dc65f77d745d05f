"""Operations as calls: an operation's name is a call's path, its arguments are the body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import ConnectorError
from connectors.http import Answer
from connectors.rest.calls import Call
from connectors.rest.lists import Detail, Listing
from connectors.rest.pointers import MISSING, get, put
from connectors.rest.rules import ErrorRule
from connectors.rest.sending import Extra, Reply
from connectors.rest.template import Values, fill
from connectors.rest.writes import WriteCall


class SoapApi:
    """An open service, spoken to as the readers and writers of other systems do."""

    def __init__(self, service: Any, rules: Sequence[ErrorRule]) -> None:
        self._service, self._rules = service, rules

    def read_rows(self, wanted: Listing, values: Values, extra: Extra) -> Reply:
        """Call an operation for rows."""
        reply = self._called(wanted, values, extra.given, reads=True)
        return Reply(reply.answer, reply.body, _whole(reply.root, wanted.items))

    def send(
        self,
        call: Call,
        values: Values,
        *,
        reads: bool = False,
        idempotent: bool | None = None,  # noqa: ARG002 (WSDLs have no word for it)
        sent: Sequence[str] = (),  # noqa: ARG002 (a fault's words are never repeated)
    ) -> Reply:
        """Call an operation that writes or reads one row.

        What is wrong with a value that is written is RejectedError, with one that is asked by
        MisconfiguredError.
        """
        reply = self._called(call, values, {}, reads=reads or isinstance(call, Detail))
        item = call.item if isinstance(call, Detail | WriteCall) else ""
        if isinstance(call, WriteCall):
            item = item or call.id or ""
        return Reply(reply.answer, reply.body, _whole(reply.root, item))

    def _called(
        self, call: Call, values: Values, given: Mapping[str, Any], *, reads: bool
    ) -> Reply:
        arguments: dict[str, Any] = fill(call.body or {}, values)
        for name, value in given.items():
            put(arguments, name, value)
        try:
            found = self._service.call(call.path, arguments, writes=not reads)
            self._judged(call, found)
        except ConnectorError as error:
            if not reads:
                error.after(self._service.said(call.path))
            raise
        answer = Answer("SOAP", call.path, 200, {}, b"")
        return Reply(answer, found, found)

    def _judged(self, call: Call, found: Any) -> None:
        """Raise what the first rule that holds makes of an answer."""
        rule = next((each for each in self._rules if each.holds(200, found)), None)
        if rule is None:
            return
        error = rule.error(f"{call.path}{rule.code(found)}", None)
        if error is not None:
            raise error


def _whole(root: Any, place: str) -> Any:
    """Put back the one part of an answer that has no other: it was left out on the way here."""
    first, _, _ = place.partition(".")
    if not place or get(root, place, MISSING) is not MISSING:
        return root
    lone = not isinstance(root, Mapping) or first not in root
    return {first: root} if lone and root is not None else root
