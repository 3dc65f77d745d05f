"""Where somebody goes after logging in: a path of ours, whatever the request says. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

HOME = "/account"
_OURS = re.compile(r"/(?:account|authorize|device|logout)(?:[/?][!-~]*)?")
_LONGEST = 12_000


def safe(said: str | None) -> str:
    """Return `said` when it is a path of ours that people go to, and otherwise their account.

    ``//host``, backslashes, other schemes and control signs are none: browsers take them elsewhere.
    """
    if said is None or len(said) > _LONGEST or not _OURS.fullmatch(said) or "\\" in said:
        return HOME
    path = said.partition("?")[0]
    return HOME if "//" in path or "/." in path else said


def carrying(path: str, to: str) -> str:
    """Return the address of a page of ours that knows where to go afterwards."""
    return path if to == HOME else f"{path}?continue={quote(to, safe='')}"
