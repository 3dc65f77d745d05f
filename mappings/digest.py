"""The hash of what a document means: comments, tests and order of unrelated keys left out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from mappings.tree import Step


def digest(meaning: Mapping[str, Any]) -> str:
    """Return the SHA-256, as 64 hex digits, of plain data, expressions and steps."""
    text = json.dumps(plain(meaning), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: Any) -> Any:
    """Return JSON data that is equal for equal meaning."""
    if isinstance(value, exp.Expr):
        return {"sql": value.sql(dialect="duckdb", comments=False)}
    if isinstance(value, Step):
        return {"step": value.name, "arguments": plain(value.arguments)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, bool | int) else str(value)
