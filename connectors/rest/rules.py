"""What an answer means: the description's own rules first, then the status, then GraphQL errors.

Messages name the call, the status and codes (``EMAIL_TAKEN``), never what a body says: it may
repeat a customer's values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from connectors.errors import (
    ConflictError,
    ConnectorError,
    ExpiredCursorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.http import Answer, error_of
from connectors.rest.cost import Cost
from connectors.rest.pointers import get
from connectors.rest.telltales import Telltale

Meaning = Literal[
    "success",
    "transient",
    "throttled",
    "rejected",
    "not_found",
    "conflict",
    "unauthorized",
    "misconfigured",
]
_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_KINDS: Mapping[str, type[ConnectorError]] = {
    "transient": TransientError,
    "throttled": ThrottledError,
    "rejected": RejectedError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "unauthorized": UnauthorizedError,
    "misconfigured": MisconfiguredError,
}
_GRAPHQL: Mapping[str, type[ConnectorError]] = {
    "UNAUTHENTICATED": UnauthorizedError,
    "UNAUTHORIZED": UnauthorizedError,
    "FORBIDDEN": UnauthorizedError,
    "ACCESS_DENIED": UnauthorizedError,
    "THROTTLED": ThrottledError,
    "RATE_LIMITED": ThrottledError,
    "TOO_MANY_REQUESTS": ThrottledError,
    "GRAPHQL_PARSE_FAILED": MisconfiguredError,
    "GRAPHQL_VALIDATION_FAILED": MisconfiguredError,
    "NOT_FOUND": NotFoundError,
    "CONFLICT": ConflictError,
}


class ErrorRule(Telltale):
    """What an answer means that the status alone does not tell. All that is set must hold."""

    means: Meaning
    """`success`, or what kind of error it is."""
    says: str = ""
    """Words that are added to the message, such as the mend."""

    def error(self, text: str, wait: float | None) -> ConnectorError | None:
        """The error it stands for, None for a success."""
        if self.means == "success":
            return None
        message = f"{text}; {self.says}" if self.says else text
        if self.means == "throttled":
            return ThrottledError(message, wait)
        return _KINDS[self.means](message)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says what the answers to one call mean, by the rules of the system's description.

    GraphQL errors that stand inside single rows below `rows_at` are the rows' own, see
    `row_errors`; with `partial` the others do not count either where there are rows. `cost` tells
    how long to wait where the answer's headers do not. A refusal names those of the names `sent`
    that the answer speaks of. `expired` tells that the position we asked for was forgotten.
    """

    rules: Sequence[ErrorRule] = ()
    cost: Cost | None = None
    graphql: bool = False
    rows_at: str | None = None
    partial: bool = False
    sent: tuple[str, ...] = ()
    expired: Sequence[Telltale] = ()

    def __call__(
        self, answer: Answer, wait: float | None, *, idempotent: bool
    ) -> ConnectorError | None:
        """Return the error an answer means, None for a success."""
        plain = not (self.rules or self.graphql or self.cost or self.expired)
        if plain and answer.status < 300:
            return error_of(answer, wait, idempotent=idempotent)
        body = json_or_none(answer)
        if wait is None and self.cost:
            wait = self.cost.pause(body)
        text = f"{answer.call}: {answer.status}"
        if any(each.holds(answer.status, body) for each in self.expired):
            return ExpiredCursorError(f"{text}: the position was forgotten")
        for rule in self.rules:
            if rule.holds(answer.status, body):
                return rule.error(text + rule.code(body), wait)
        error = error_of(answer, wait, idempotent=idempotent)
        if type(error) is RejectedError and (names := self._named(body)):
            error = RejectedError(f"{error}; it speaks of {names}")
        if not self.graphql or not isinstance(body, dict):
            return error
        errors = [each for each in graphql_errors(body) if row_of(each, self.rows_at) is None]
        rows = get(body.get("data"), self.rows_at or "")
        if not errors or (self.partial and rows is not None):
            return error
        return _graphql_error(answer, errors, wait, idempotent=idempotent)

    def _named(self, body: Any) -> str:
        """Those names we sent that a refusal speaks of; all of them would say nothing."""
        names = sorted(set(named(body, self.sent)))
        return ", ".join(names) if len(names) < len(set(self.sent)) or len(names) == 1 else ""


def graphql_errors(body: Any) -> list[Mapping[str, Any]]:
    """Return the errors of a GraphQL answer."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []


def row_errors(body: Any, rows_at: str | None) -> Mapping[int, str]:
    """Return what is wrong with single rows of a GraphQL answer, by their number on the page."""
    found: dict[int, str] = {}
    for each in graphql_errors(body):
        number = row_of(each, rows_at)
        if number is not None:
            found.setdefault(number, f"the API reports an error in this row{_codes([code(each)])}")
    return found


def row_of(error: Mapping[str, Any], rows_at: str | None) -> int | None:
    """Return the number of the row an error stands in, None when it is in no single one."""
    path = error.get("path")
    if rows_at is None or not isinstance(path, list):
        return None
    above = rows_at.split(".") if rows_at else []
    for middle in ([], ["edges"], ["nodes"]):
        start = [*above, *middle]
        if path[: len(start)] == start and path[len(start) :]:
            number = path[len(start)]
            if isinstance(number, int):
                return number
    return None


def code(error: Mapping[str, Any]) -> str:
    """Return the code of a GraphQL error, "" when it has none."""
    return str(get(error, "extensions.code", "") or "")


def json_or_none(answer: Answer) -> Any:
    """Return the body as JSON, None when it is something else."""
    try:
        return answer.json()
    except ConnectorError:
        return None


def _graphql_error(
    answer: Answer, errors: Sequence[Mapping[str, Any]], wait: float | None, *, idempotent: bool
) -> ConnectorError:
    codes = [code(each) for each in errors]
    text = f"{answer.call}: GraphQL errors{_codes(codes)}"
    for each in codes:
        kind = _GRAPHQL.get(each.upper())
        if kind is ThrottledError:
            return ThrottledError(text, wait)
        if kind:
            return kind(text)
    if any(each.upper().startswith("INTERNAL") for each in codes):
        return (TransientError if idempotent else UncertainError)(text)
    if answer.status >= 500:
        return (TransientError if idempotent else UncertainError)(text)
    # A server that does not even begin to carry out an operation gives no data.
    if not any("path" in each for each in errors) and all("locations" in each for each in errors):
        return MisconfiguredError(f"{text}; does it know the fields of the query?")
    return RejectedError(text)


def _codes(values: Iterable[str]) -> str:
    """`` (BAD_USER_INPUT)`` for those that are written as codes are; others may be anything."""
    codes = dict.fromkeys(value for value in values if _CODE.fullmatch(value))
    return f" ({', '.join(codes)})" if codes else ""


def named(errors: Any, sent: Iterable[str]) -> Iterator[str]:
    """Yield those of the names we sent that an answer speaks of: ``{"email": ["taken"]}``."""
    known = set(sent)
    stack = [errors]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            yield from sorted(known & value.keys())
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
