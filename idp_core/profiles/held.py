"""The identifier values that one record holds, each kind read as the policy says.

`holder` compiles a kind once; records are many, so the closures below avoid what they need not do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from idp_core.profiles.model import SourceRef
from idp_core.profiles.names import fold
from idp_core.profiles.policy import Kind, Read

Held = Mapping[str, bool]
"""Values of one kind, each with whether it is verified."""

_Said = Mapping[str, Any]
Holder = Callable[[_Said, SourceRef], Held]
"""Gives what a record holds of one kind, by its attributes and what it is called."""

_LENGTH_OF_A_LOCAL_PART = 5  # shorter ones (ann@, jsmi@) are many people's
_NO_DIGIT = re.compile(r"\D")
_NOTHING: Mapping[str, bool] = {}


def holder(kind: Kind) -> Holder:
    """Return what gives the values of this kind, junk left out."""
    roots = dict.fromkeys(path.partition(".")[0] for path in kind.from_)
    read = _whole(kind) if len(roots) == 1 else _mixed(kind)
    if not kind.own_key:
        return read
    write = WRITERS[kind.read]

    def with_own_key(said: _Said, ref: SourceRef) -> Held:
        return {**read(said, ref), "|".join(map(write, ref)): True}

    return with_own_key


def _whole(kind: Kind) -> Holder:
    """Read one attribute: the elements of its list, or the single value it is."""
    root = kind.from_[0].partition(".")[0]
    parts = [path.partition(".")[2] for path in kind.from_]
    value_of, identifies = _joined(kind, parts), _test(kind)

    def read(said: _Said, _ref: SourceRef) -> Held:
        elements = said.get(root)
        if elements is None and said.keys().isdisjoint(kind.from_):
            return _NOTHING
        if not isinstance(elements, (list, tuple)):
            elements = ({part: said.get(p) for part, p in zip(parts, kind.from_, strict=True)},)
        found: dict[str, bool] = {}
        for element in elements:
            value = value_of(element)
            if value and (identifies is None or identifies(value)):
                found[value] = found.get(value, False) or element.get("verified") is True
        return found

    return read


def _mixed(kind: Kind) -> Holder:
    """Read several attributes taken together: the parts of one's elements, single ones beside."""
    split = [(path, *path.partition(".")[::2]) for path in kind.from_]
    value_of, identifies = _joined(kind, kind.from_), _test(kind)

    def read(said: _Said, _ref: SourceRef) -> Held:
        many = [root for _, root, _ in split if isinstance(said.get(root), (list, tuple))]
        found: dict[str, bool] = {}
        for element in said[many[0]] if many else (_NOTHING,):
            value = value_of(
                {
                    path: element.get(part) if root in many else said.get(path)
                    for path, root, part in split
                }
            )
            if value and (identifies is None or identifies(value)):
                found[value] = found.get(value, False) or element.get("verified") is True
        return found

    return read


def _joined(kind: Kind, names: Sequence[str]) -> Callable[[_Said], str]:
    """Return what writes the named parts of an element as one value; "" when one is missing."""
    write = WRITERS[kind.read]

    def one(element: _Said) -> str:
        given = element.get(name)
        return "" if given is None else write(str(given).strip())

    def several(element: _Said) -> str:
        texts = []
        for part in names:
            given = element.get(part)
            text = "" if given is None else write(str(given).strip())
            if not text:
                return ""
            texts.append(text)
        return "|".join(texts)

    if len(names) > 1:
        return several
    (name,) = names
    return one


def _test(kind: Kind) -> Callable[[str], bool] | None:
    """Return what says whether a value may point at one person; None when any may."""
    unjudged = not (kind.blocked or kind.patterns or kind.impersonal)
    return None if unjudged else kind.identifies


def written(text: str, how: Read) -> str:
    """Return `text` as values of this kind are compared."""
    return WRITERS[how](text)


def _local_part(text: str) -> str:
    local = text.strip().casefold().partition("@")[0].partition("+")[0]
    return local if len(local) >= _LENGTH_OF_A_LOCAL_PART else ""


WRITERS: Mapping[Read, Callable[[str], str]] = {
    Read.EXACT: str,
    Read.TEXT: lambda text: text.strip().casefold(),
    Read.WORDS: fold,
    Read.COMPACT: lambda text: fold(text).replace(" ", ""),
    Read.DIGITS: lambda text: _NO_DIGIT.sub("", text),
    Read.LOCAL_PART: _local_part,
}
"""How values are written before they are compared, by the word of the policy."""
