"""Queries as text. Names come from describe, values are quoted: nothing else gets into them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from connectors.contract import Cursor
from connectors.errors import MisconfiguredError
from connectors.salesforce.fields import SalesforceField

_ESCAPES = str.maketrans(
    {
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
    }
)


def quoted(text: str) -> str:
    """Text as a string literal."""
    return f"'{text.translate(_ESCAPES)}'"


def literal(field: SalesforceField, text: str) -> str:
    """A value of this field's type, written as text; MisconfiguredError when it is none."""
    try:
        match field.type:
            case "datetime":
                return _moment(text)
            case "date":
                return datetime.fromisoformat(text).date().isoformat()
            case "boolean":
                return {"true": "true", "false": "false"}[text.lower()]
            case _ if field.is_text:
                return quoted(text)
        return format(Decimal(text), "f")
    except (ValueError, KeyError, InvalidOperation):
        raise MisconfiguredError(
            f"salesforce: {field.name} is of type {field.type}, and a value to compare it with is "
            "not; was the cursor another field before? Read once in full"
        ) from None


def beyond(cursor: SalesforceField, after: Cursor) -> str:
    """The condition of rows after a position; without a key in it, its ties count as after."""
    value = literal(cursor, after.value)
    if not after.key:
        return f"{cursor.name} >= {value}"
    key = quoted(after.key)
    return f"({cursor.name} > {value} OR ({cursor.name} = {value} AND Id > {key}))"


def select(
    paths: Sequence[str], name: str, conditions: Sequence[str] = (), order: Sequence[str] = ()
) -> str:
    """A whole query; no path at all counts rows."""
    text = f"SELECT {', '.join(paths) or 'COUNT()'} FROM {name}"
    if conditions:
        text += f" WHERE {' AND '.join(conditions)}"
    return f"{text} ORDER BY {', '.join(order)}" if order else text


def _moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )
