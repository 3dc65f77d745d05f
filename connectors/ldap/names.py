"""Distinguished names (RFC 4514): taken apart, compared, and made from templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

_SPECIAL = ',+"\\<>;='
_FIELD = re.compile(r"\{([^{}]*)\}")
_ESCAPE = re.compile(r"((?:\\[0-9a-fA-F]{2})+)|\\(.)", re.DOTALL)


def escaped(value: str) -> str:
    """A value as it stands in a name."""
    text = "".join(
        f"\\{ord(c):02x}" if ord(c) < 32 else f"\\{c}" if c in _SPECIAL else c for c in value
    )
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1] + "\\ "
    return text


def unescaped(value: str) -> str:
    """What `escaped` was made from; bytes may be written in hex too."""

    def plain(found: re.Match[str]) -> str:
        if found[2]:
            return found[2]
        return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace")

    return _ESCAPE.sub(plain, value)


def split(name: str, mark: str = ",") -> list[str]:
    """The parts between unescaped marks: the relative names of a name, from the entry upwards."""
    found, start, at = [], 0, 0
    while at < len(name):
        if name[at] == "\\":
            at += 1
        elif name[at] == mark:
            found.append(name[start:at])
            start = at + 1
        at += 1
    return [*found, name[start:]] if name else []


def pairs(rdn: str) -> Iterator[tuple[str, str]]:
    """The attributes and values of a relative name, such as ``cn=Ann+sn=Lee``."""
    for part in split(rdn, "+"):
        attribute, _, value = part.partition("=")
        yield attribute.strip(), unescaped(_trimmed(value))


def _trimmed(value: str) -> str:
    text = value.lstrip(" ")
    while text.endswith(" ") and not text.endswith("\\ "):
        text = text[:-1]
    return text


def normal(name: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """One form for all spellings of a name; letters' case does not matter."""
    return tuple(
        tuple(sorted((attribute.lower(), value.casefold()) for attribute, value in pairs(rdn)))
        for rdn in split(name)
    )


def is_below(name: str, base: str) -> bool:
    """Whether an entry is the base or stands below it."""
    whole, end = normal(name), normal(base)
    return not end or whole[-len(end) :] == end


def is_template(template: str) -> bool:
    """Whether it would make a name: every part has an attribute, and braces hold a name."""
    whole = _FIELD.sub("x", template)
    named = all(pair[0] and pair[1] for rdn in split(whole) for pair in pairs(rdn))
    return named and not set("{}") & set(whole) and all(fields_of(template) or ["x"])


def parent_of(name: str) -> str:
    """The name of the entry that an entry stands below."""
    return ",".join(split(name)[1:])


def fields_of(template: str) -> list[str]:
    """The attributes that a template names in braces."""
    return _FIELD.findall(template)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with a value, escaped, for each name in braces; KeyError for a missing one."""
    put: Callable[[re.Match[str]], str] = lambda found: escaped(values[found[1]])  # noqa: E731
    return _FIELD.sub(put, template)
