"""What is asked when somebody registers, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from idp_core.http.ask import Params

_LONGEST = 100


def read(
    form: Params, asked: Mapping[str, str], today: date
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a form gives, and why each wrong field is: ``missing`` or ``invalid``."""
    values: dict[str, str] = {}
    wrong: dict[str, str] = {}
    for name, need in asked.items():
        text = " ".join((form.get(name) or "").split())
        if not text:
            if need == "required":
                wrong[name] = "missing"
            continue
        value = _day(text, today) if name == "birth_date" else _line(text)
        if value is None:
            wrong[name] = "invalid"
        else:
            values[name] = value
    return values, wrong


def _line(text: str) -> str | None:
    good = len(text) <= _LONGEST and text.isprintable() and not set(text) & set("<>{}")
    # An address or a link where a name should be is how mails of ours would carry another's text.
    return text if good and "://" not in text and "www." not in text.casefold() else None


def _day(text: str, today: date) -> str | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found.isoformat() if date(1900, 1, 1) <= found <= today else None
