r"""Regular expressions that DuckDB (RE2) and Python read the same way.

Allowed: letters and other plain characters, ``.``, ``^``, ``$``, ``|``, groups ``(…)`` and
``(?:…)``, classes ``[…]``, the escapes ``\d \D \w \W \s \S \b`` and any escaped punctuation,
``\n \r \t``, and the counts ``* + ? {n} {n,} {n,m}``, lazy with ``?``. Not allowed, because the
two differ or one has none: look-around, back-references, named groups, flags, POSIX classes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from mappings.functions.spec import Function
from mappings.values import Kind

_ESCAPES = {
    **{letter: f"\\{letter}" for letter in "dDwWbnrt"},
    "s": r"[\t\n\f\r ]",
    "S": r"[^\t\n\f\r ]",
}
_IN_CLASS = {**{letter: f"\\{letter}" for letter in "dwnrt"}, "s": r"\t\n\f\r "}
_TOKEN = re.compile(
    r"""(?P<escape>\\.) | (?P<set>\[\^?(?:\\.|[^\\\]\[])+\]) | (?P<group>\(\?:|\(\?) |
    (?P<count>(?:\{\d{1,3}(?:,\d{0,3})?\}|[*+?])\??(?P<more>[*+?{])?) |
    (?P<odd>[\[{}]) | (?P<end>\$) | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


@lru_cache(maxsize=1_000)
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile the pattern with RE2's meaning.

    Raises ValueError with the mend when it uses more than the common subset.
    """
    text = "".join(_python(match) for match in _TOKEN.finditer(pattern))
    try:
        return re.compile(text, re.ASCII)
    except re.error as error:
        raise ValueError(f"the pattern is no regular expression: {error.msg}") from None


def _python(match: re.Match[str]) -> str:
    text = match.group()
    match match.lastgroup:
        case "escape":
            return _escape(text[1], _ESCAPES)
        case "set":
            inner = re.sub(
                r"\\(.)", lambda m: _escape(m[1], _IN_CLASS), text[1:-1], flags=re.DOTALL
            )
            return f"[{inner}]"
        case "group" if text == "(?":
            raise ValueError("the pattern has '(?'; only (…) and (?:…) are allowed")
        case "count" | "more" if match["more"]:
            raise ValueError("the pattern has two counts in a row; put the first into (…)")
        case "odd":
            raise ValueError(f"the pattern has a bare {text!r}; write \\{text}")
        case "end":
            return r"\Z"
        case _:
            return text


def _escape(letter: str, known: dict[str, str]) -> str:
    if letter in known:
        return known[letter]
    if letter.isalnum() or not letter.isascii() or letter.isspace():
        raise ValueError(f"the pattern has \\{letter}, which is not part of the language")
    return f"\\{letter}"


def check_replacement(text: str, pattern: str) -> str:
    r"""Return the replacement for Python: ``\0`` to ``\9`` are groups, all else is itself.

    Raises ValueError when a group does not exist.
    """
    groups = compiled(pattern).groups
    parts = re.split(r"\\(.?)", text, flags=re.DOTALL)
    for letter in parts[1::2]:
        if letter == "\\":
            continue
        if not (letter.isascii() and letter.isdigit()) or int(letter) > groups:
            raise ValueError(f"the replacement has \\{letter}, but the pattern has {groups} groups")
    return "".join(
        part if i % 2 == 0 else ("\\\\" if part == "\\" else f"\\g<{part}>")
        for i, part in enumerate(parts)
    )


def _matches(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def _extract(text: str, pattern: str, group: int = 0) -> str:
    found = compiled(pattern).search(text)
    return (found.group(group) or "") if found else ""


def _replace(text: str, pattern: str, new: str, flags: str = "") -> str:
    replacement = check_replacement(new, pattern)
    if flags != "g":
        return compiled(pattern).sub(replacement, text, count=1)
    return compiled(pattern).sub(replacement, text)


_T = Kind.TEXT

FUNCTIONS = (
    Function(
        "regexp_matches",
        (_T, _T),
        Kind.BOOLEAN,
        lambda text, pattern: f"regexp_matches({text}, {pattern})",
        _matches,
        "Whether the pattern occurs in the text.",
        literals=(1,),
    ),
    Function(
        "regexp_extract",
        (_T, _T, Kind.INTEGER),
        _T,
        lambda text, pattern, group="0": (
            f"regexp_extract({text}, {pattern}, CAST({group} AS INTEGER))"
        ),
        _extract,
        "What the pattern, or one group of it, matches first; '' when nothing.",
        optional=1,
        literals=(1, 2),
    ),
    Function(
        "regexp_replace",
        (_T, _T, _T, _T),
        _T,
        lambda text, pattern, new, flags="''": f"regexp_replace({text}, {pattern}, {new}, {flags})",
        _replace,
        "Replace the first match of the pattern, or with 'g' all of them; \\1 is its first group.",
        optional=1,
        literals=(1, 2, 3),
    ),
)
