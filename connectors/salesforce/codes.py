"""What Salesforce's error codes mean to us. Its messages hold values and are never repeated."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    ThrottledError,
    TransientError,
    UnauthorizedError,
)
from connectors.http.answers import Answer, error_of


class LimitReachedError(ConnectorError):
    """The org's calls of the day are used up: waiting seconds does not help."""


class LocatorGoneError(RejectedError):
    """The pages of a query were dropped; the query must be asked anew."""


_CODES: dict[str, tuple[type[ConnectorError], str]] = {
    "UNABLE_TO_LOCK_ROW": (TransientError, "another transaction holds the record"),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (TransientError, ""),
    "API_CURRENTLY_DISABLED": (TransientError, ""),
    "CONCURRENT_REQUEST_LIMIT_EXCEEDED": (ThrottledError, "too many calls at once"),
    "PROCESSING_HALTED": (TransientError, ""),
    "QUERY_TIMEOUT": (TransientError, "the query took too long; set bulk_reads: 1"),
    "REQUEST_RUNNING_TOO_LONG": (TransientError, ""),
    "SERVER_UNAVAILABLE": (TransientError, ""),
    "EXCEEDED_CONCURRENT_API_LIMIT": (ThrottledError, "too many calls at once"),
    "DUPLICATES_DETECTED": (ConflictError, "a duplicate rule of the org refuses it"),
    "DUPLICATE_EXTERNAL_ID": (ConflictError, "several records have this external id"),
    "DUPLICATE_USERNAME": (ConflictError, ""),
    "DUPLICATE_VALUE": (ConflictError, "another record has this unique value"),
    "MULTIPLE_CHOICES": (ConflictError, "several records have this external id"),
    "ENTITY_IS_DELETED": (NotFoundError, ""),
    "NOT_FOUND": (NotFoundError, ""),
    "INVALID_QUERY_LOCATOR": (LocatorGoneError, ""),
    "API_DISABLED_FOR_ORG": (UnauthorizedError, "the user needs the permission 'API Enabled'"),
    "INVALID_LOGIN": (UnauthorizedError, "user name, password or security token is wrong"),
    "INVALID_SESSION_ID": (UnauthorizedError, "the session is refused also after a new login"),
    "LOGIN_MUST_USE_SECURITY_TOKEN": (UnauthorizedError, "set auth.security_token"),
    "INSUFFICIENT_ACCESS": (UnauthorizedError, "the user lacks a right for this"),
    "EXTERNAL_OBJECT_AUTHENTICATION_EXCEPTION": (UnauthorizedError, ""),
    "INVALID_FIELD": (MisconfiguredError, "a field is not there, or the user may not see it"),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (MisconfiguredError, "the user may not write the field"),
    "INVALID_TYPE": (MisconfiguredError, "the object is not there, or the user may not see it"),
    "INVALIDENTITY": (MisconfiguredError, "the object cannot be written in bulk"),
    "MALFORMED_QUERY": (MisconfiguredError, "the query is not understood"),
    "QUERY_TOO_COMPLICATED": (MisconfiguredError, "read fewer fields"),
    "STORAGE_LIMIT_EXCEEDED": (MisconfiguredError, "the org's storage is full"),
    "UNSUPPORTED_API_VERSION": (MisconfiguredError, "set version to one that the org offers"),
}
"""All others reject the record: the value is wrong, or a rule of the org refuses it."""

CODE = re.compile(r"[A-Z_]{1,80}")
"""What may be repeated of a code: one that is no such word could be anything."""
_NAME = re.compile(r"[A-Za-z]\w*(?:\.\w+)*", re.ASCII)


def of_code(code: str, fields: Iterable[object], what: str, message: str = "") -> ConnectorError:
    """The error that a code means; `what` says what was done.

    Names of fields are shown, nothing else of what Salesforce says: `message` only tells apart
    the limit of calls at once and that of the day.
    """
    known = code if CODE.fullmatch(code) else "an unknown code"
    names = ", ".join(n for n in map(str, fields) if _NAME.fullmatch(n))
    text = f"{what}: {known}{f' ({names})' if names else ''}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        if "concurrent" in message.lower():
            return ThrottledError(f"{text}; too many calls at once")
        return LimitReachedError(f"{text}; the org's calls of 24 hours are used up")
    if code == "INVALID_CROSS_REFERENCE_KEY" and not names:
        return NotFoundError(text)
    kind, mend = _CODES.get(code, (RejectedError, ""))
    return kind(f"{text}; {mend}" if mend else text)


def meaning(answer: Answer, wait: float | None, *, idempotent: bool) -> ConnectorError | None:
    """The error that an answer of the API means, None for a success."""
    if 200 <= answer.status < 300:
        return None
    said = _said(answer.body)
    plain = error_of(answer, wait, idempotent=idempotent)
    if said is None or isinstance(plain, ThrottledError):
        return plain
    code, fields, message = said
    found = of_code(code, fields, answer.call, message)
    if answer.status >= 500 and not isinstance(found, MisconfiguredError):
        return plain  # it may have happened before it failed
    return found


def _said(body: bytes) -> tuple[str, list[Any], str] | None:
    """Code, fields and message of an error body, in JSON or as a SOAP fault."""
    fault = re.search(rb"<(?:\w+:)?exceptionCode>(\w+)</", body)
    if fault:
        return fault[1].decode(), [], ""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    first = found[0] if isinstance(found, list) and found else found
    code = first.get("errorCode") if isinstance(first, dict) else None
    if not isinstance(code, str):
        return None
    fields = first.get("fields")
    return code, fields if isinstance(fields, list) else [], str(first.get("message") or "")
