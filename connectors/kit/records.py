"""Records that have broken connectors: ids that addresses cannot hold, ties, huge numbers."""

from __future__ import annotations

from typing import Any

CANARY = "canary-7f3a9c"
"""Use this as the password or token in tests: it must not show up anywhere."""

ODD_KEYS = (
    "0042",
    "a+b",
    "a/b",
    "a#b?c=d&e",
    "%41",
    "O'Brien",
    'say "hi"',
    "two words",
    "back\\slash",
    "ünï-日本-🎈",
    "semi;colon,comma",
    "k-10",
    "k-9",
)
"""Keys as customers' systems have them."""

_MOMENTS = ("2026-01-31T23:59:59.000001+00:00", "2026-02-01T00:00:00+00:00")

RECORDS: tuple[dict[str, Any], ...] = tuple(
    {
        "id": key,
        "name": f"Zoë {key}",
        "note": None if number % 3 == 0 else "0" * (number % 3),
        "big": 2**62 + number,
        "changed": _MOMENTS[number > 8],
    }
    for number, key in enumerate(ODD_KEYS)
)
"""What a source is filled with: unique `id`, `changed` with long ties, nulls, huge integers."""
