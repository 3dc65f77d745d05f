"""One message: words with ``{name}`` in them, filled with an account's attributes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from html import escape
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from connectors.errors import RejectedError

_PART = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def _words(text: str) -> str:
    if re.search(r"[{}]", _PART.sub("", text)):
        raise ValueError("holds a brace that is no placeholder {name}")
    return text


Words = Annotated[str, AfterValidator(_words)]


class Message(BaseModel):
    """What is sent; ``{name}`` is an attribute of the account, ``{key}`` our key."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )

    subject: Words
    """The subject."""
    text: Words
    """The text."""
    html: Words = ""
    """The same in HTML; what is filled in is escaped."""


def compose(
    message: Message,
    values: Mapping[str, Any],
    *,
    sender: str,
    to: str,
    now: datetime,
    unsubscribe: str,
) -> EmailMessage:
    """Return the message for one account.

    Raises RejectedError where an attribute is missing, or the address is none.
    """
    made = EmailMessage()
    made["From"] = sender
    made["To"] = _address(to)
    made["Subject"] = _filled(message.subject, values).replace("\r", " ").replace("\n", " ")
    made["Date"] = format_datetime(now)
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> "))
    made["Auto-Submitted"] = "auto-generated"
    if unsubscribe:
        hashed = {**values, "hash": hashlib.sha256(to.lower().encode()).hexdigest()}
        made["List-Unsubscribe"] = f"<{_filled(unsubscribe, hashed)}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(_filled(message.text, values))
    if message.html:
        safe = {name: escape(str(value)) for name, value in values.items() if value is not None}
        made.add_alternative(_filled(message.html, safe), subtype="html")
    return made


def _filled(words: str, values: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        held = values.get(found[1])
        if held is None:
            raise RejectedError(f"the message needs {found[1]!r}, which the account has not")
        return str(held)

    return _PART.sub(value, words)


def _address(text: str) -> Address:
    try:
        return Address(addr_spec=text)
    except (ValueError, IndexError):
        raise RejectedError("the address is none") from None
