"""The step for e-mail addresses: what mail systems of today really deliver to (RFC 5321, 6531).

Not accepted: quoted local parts, address literals, comments, display names.
"""

from __future__ import annotations

import re

from mappings.functions.characters import lower
from mappings.steps.spec import Arguments, StepSpec
from mappings.values import STRIP_SQL, quote, strip

# Letters beyond ASCII, without its white space, controls, private use and specials.
_LETTERS = (
    "\u00a1-\u00ac\u00ae-\u167f\u1681-\u180d\u180f-\u1fff\u2c00-\u2fff\u3001-\ud7ff"
    "\uf900-\ufefe\uff00-\uffef\U00010000-\U000e0fff"
)


def _pattern(letters: str) -> str:
    atom = rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~{letters}-]+"
    label = rf"[A-Za-z0-9{letters}]([A-Za-z0-9{letters}-]*[A-Za-z0-9{letters}])?"
    top = rf"[A-Za-z{letters}]([A-Za-z0-9{letters}-]*[A-Za-z0-9{letters}])"
    return rf"{atom}(\.{atom})*@({label}\.)+{top}"


PATTERN = _pattern(_LETTERS)
_ASCII = _pattern("")

_matches = re.compile(PATTERN).fullmatch
_long_label = re.compile(r"[^.@]{64}[^@]*\Z").search


def normalise(text: str) -> str | None:
    """Return the address with its domain in small letters, or None when it is none."""
    if not _matches(text):
        text = strip(text)
        if not _matches(text):
            return None
    if len(text) <= 64 and lower(text) == text:
        return text
    local, _, domain = text.partition("@")
    if len(text) > 254 or len(local) > 64 or _long_label(domain):
        return None
    return f"{local}@{lower(domain)}"


def _sql(value: str, _: Arguments) -> str:
    stripped = STRIP_SQL.format(value)
    return (
        f"CASE WHEN regexp_full_match({value}, {quote(_ASCII)}) THEN {_checked(value)}"
        f" WHEN regexp_full_match({stripped}, {quote(PATTERN)}) THEN {_checked(stripped)} END"
    )


def _checked(text: str) -> str:
    domain = f"substr({text}, strpos({text}, '@') + 1)"
    return (
        f"CASE WHEN lower({text}) = {text} AND length({text}) <= 64 THEN {text}"
        f" WHEN length({text}) <= 64 OR (length({text}) <= 254 AND strpos({text}, '@') <= 65"
        f" AND NOT regexp_matches({domain}, '[^.]{{64}}'))"
        f" THEN left({text}, strpos({text}, '@')) || lower({domain}) END"
    )


STEPS = (
    StepSpec(
        "email",
        "A valid e-mail address, its domain in small letters.",
        sql=_sql,
        python=lambda _: normalise,
        reason="not an e-mail address",
        trims=True,
    ),
)
