"""E-mail addresses as names to log in with."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 254  # RFC 5321
_LOCAL = r"[^\s@\"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.)+{_LABEL}")


def cleaned(text: str) -> str | None:
    """Return an address without blanks around it, NFC; None when it is none that mail goes to."""
    said = unicodedata.normalize("NFC", text.strip())
    local = said.rpartition("@")[0]
    dotted = local.startswith(".") or local.endswith(".") or ".." in local
    if len(said) > LONGEST or dotted or not _ADDRESS.fullmatch(said):
        return None
    return said


def key(address: str) -> str:
    """Return what two spellings of one address share: NFKC, folded.

    Folding twice around the normal form keeps addresses apart that only look alike after it.
    """
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    return unicodedata.normalize("NFKC", folded)[:320]
