"""The step for e-mail addresses: what mail systems of today really deliver to (RFC 5321, 6531).

Not accepted: quoted local parts, address literals, comments, display names.
"""

from __future__ import annotations

import re

from mappings.functions.characters import lower
from mappings.steps.spec import StepSpec
from mappings.values import STRIP_SQL, quote, strip

# Letters beyond ASCII, without its white space, controls, private use and specials.
_LETTERS = (
    "\u00a1-\u00ac\u00ae-\u167f\u1681-\u180d\u180f-\u1fff\u2c00-\u2fff\u3001-\ud7ff"
    "\uf900-\ufefe\uff00-\uffef\U00010000-\U000e0fff"
)
_ATOM = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{_LETTERS}-]+"
_LABEL = rf"[A-Za-z0-9{_LETTERS}]([A-Za-z0-9{_LETTERS}-]*[A-Za-z0-9{_LETTERS}])?"
_TOP = rf"[A-Za-z{_LETTERS}]([A-Za-z0-9{_LETTERS}-]*[A-Za-z0-9{_LETTERS}])"
PATTERN = rf"{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_TOP}"

_matches = re.compile(PATTERN).fullmatch
_long_label = re.compile(r"[^.@]{64}[^@]*\Z").search


def normalise(text: str) -> str | None:
    """Return the address with its domain in small letters, or None when it is none."""
    text = strip(text)
    if not _matches(text) or len(text) > 254:
        return None
    local, _, domain = text.partition("@")
    if len(local) > 64 or _long_label(domain):
        return None
    return f"{local}@{lower(domain)}"


_T = STRIP_SQL
_DOMAIN = f"substr({_T}, strpos({_T}, '@') + 1)"
_SQL = (
    f"CASE WHEN length({_T}) <= 254 AND regexp_full_match({_T}, {{pattern}})"
    f" AND strpos({_T}, '@') <= 65 AND NOT regexp_matches({_DOMAIN}, '[^.]{{{{64}}}}')"
    f" THEN left({_T}, strpos({_T}, '@')) || lower({_DOMAIN}) END"
)

STEPS = (
    StepSpec(
        "email",
        "A valid e-mail address, its domain in small letters.",
        sql=lambda value, _: (
            _SQL.replace("{pattern}", "\0")
            .replace("{{64}}", "{64}")
            .replace("{0}", value)
            .replace("\0", quote(PATTERN))
        ),
        python=lambda _: normalise,
        reason="not an e-mail address",
    ),
)
