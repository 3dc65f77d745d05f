"""Rows of an invented system, and the description of one object of it."""

from __future__ import annotations

from typing import Any

ROWS = [{"id": f"k{i}", "at": f"2026-01-0{1 + i // 3}T00:00:00Z"} for i in range(7)]
BY_AT = {"cursor": "at", "key": "id"}


def rows(pages: Any) -> list[dict[str, Any]]:
    return [dict(row) for page in pages for row in page.rows]


def listing(url: str, more: str) -> str:
    """A description of one object, with more lines of it."""
    lines = "\n".join(f"    {line}" for line in more.strip().splitlines())
    return f"url: {url}\nobjects:\n  things:\n    key: id\n{lines}\n"


def part(found: Any, start: int, size: int = 3) -> Any:
    return list(found)[start : start + size]
