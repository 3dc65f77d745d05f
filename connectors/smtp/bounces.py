"""What came back: delivery reports (RFC 3464) in a mailbox of files, as rows."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from datetime import UTC
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from connectors.contract import Column, Cursor, Page, Query, RejectedRow
from connectors.errors import MisconfiguredError, TransientError

COLUMNS = ("id", "address", "action", "status", "permanent", "reported_at")
_LARGEST = 4 << 20


def columns() -> tuple[Column, ...]:
    """The columns of a bounce."""
    return tuple(Column(name, "boolean" if name == "permanent" else "string") for name in COLUMNS)


def read(folder: Path, query: Query) -> Iterator[Page]:
    """Yield the addresses of reports that have come since the position, by their files' names.

    The position is the last file's name: a mailbox (Maildir) names files by the moment they came.
    """
    known = query.after.value if query.after else ""
    found = {path.name.partition(":")[0]: path for path in _files(folder)}
    names = sorted(name for name in found if name > known)
    for start in range(0, len(names), query.page_size):
        part = names[start : start + query.page_size]
        rows: list[dict[str, Any]] = []
        rejected: list[RejectedRow] = []
        for name in part:
            told, reason = _report(found[name], name)
            rows += told
            if reason:
                rejected.append(RejectedRow(name, reason, ""))
        yield from _pages(rows, rejected, Cursor(part[-1]), query)


def _pages(
    rows: list[dict[str, Any]], rejected: list[RejectedRow], end: Cursor, query: Query
) -> Iterator[Page]:
    wanted = query.fields
    kept = [{n: row[n] for n in wanted if n in row} if wanted else row for row in rows]
    parts = [kept[i : i + query.page_size] for i in range(0, len(kept), query.page_size)] or [[]]
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        yield Page(part, end if last else None, rejected if last else ())


def _files(folder: Path) -> Iterator[Path]:
    below = [folder / name for name in ("new", "cur") if (folder / name).is_dir()]
    if not below:
        raise MisconfiguredError(f"{folder}: is no Maildir (no new or cur in it); check bounces")
    for each in below:
        yield from (path for path in each.iterdir() if path.is_file())


def _report(path: Path, name: str) -> tuple[list[dict[str, Any]], str]:
    """The rows of one report, or why it is none; other mail gives neither."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:  # a mail reader moved it: it is there under another name next time
        raise TransientError(f"{name}: was moved while it was read; run again") from None
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if len(raw) > _LARGEST or message.get_content_type() != "multipart/report":
        return [], ""
    try:
        return [row for part in message.walk() for row in _told(part, message, name)], ""
    except (ValueError, TypeError, LookupError):
        return [], "is a report that cannot be read"


def _told(part: Any, message: EmailMessage, name: str) -> Iterator[dict[str, Any]]:
    if part.get_content_type() != "message/delivery-status":
        return
    for number, each in enumerate(part.get_payload()):
        recipient = each.get("Final-Recipient") or each.get("Original-Recipient")
        if not recipient:
            continue
        status = str(each.get("Status", "")).partition(" ")[0]
        yield {
            "id": f"{name}/{number}",
            "address": str(recipient).partition(";")[2].strip() or str(recipient).strip(),
            "action": str(each.get("Action", "")).strip().lower(),
            "status": status,
            "permanent": status.startswith("5"),
            "reported_at": _moment(message),
        }


def _moment(message: EmailMessage) -> str | None:
    said = message.get("Date")
    if not said:
        return None
    moment = parsedate_to_datetime(str(said))
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"
