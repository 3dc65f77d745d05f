"""Search filters (RFC 4515): made from parts, never from text that a value could break out of."""

from __future__ import annotations

from connectors.ldap.protocol import parse_filter

EVERYTHING = "(objectClass=*)"


def escaped(value: bytes) -> str:
    """A value as it stands in a filter; whatever is no plain letter or digit is written in hex."""
    return "".join(chr(b) if b < 128 and chr(b).isalnum() else f"\\{b:02x}" for b in value)


def equal(attribute: str, value: bytes) -> str:
    """The attribute holds this value."""
    return f"({attribute}={escaped(value)})"


def at_least(attribute: str, value: bytes) -> str:
    """The attribute is this or more."""
    return f"({attribute}>={escaped(value)})"


def at_most(attribute: str, value: bytes) -> str:
    """The attribute is this or less."""
    return f"({attribute}<={escaped(value)})"


def all_of(*conditions: str) -> str:
    """Every condition holds."""
    given = [one for one in dict.fromkeys(conditions) if one != EVERYTHING] or [EVERYTHING]
    return given[0] if len(given) == 1 else f"(&{''.join(given)})"


def any_of(*conditions: str) -> str:
    """One of the conditions holds."""
    return conditions[0] if len(conditions) == 1 else f"(|{''.join(conditions)})"


def check_filter(text: str) -> str:
    """The same filter; ValueError when it is none."""
    parse_filter(text)
    return text.strip()


def classes_of(text: str) -> list[str]:
    """The object classes that every entry which fits the filter has."""
    found: list[str] = []
    waiting = [parse_filter(text)]
    while waiting:
        node = waiting.pop(0)
        if node.kind == "and":
            waiting += node.parts
        elif node.kind == "equal" and node.attribute.lower() == "objectclass":
            found.append(node.value)
    return found
