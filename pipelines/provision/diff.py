"""The three-way difference: what we want, what we last pushed, what was last seen. No I/O.

A path is ours only through its line in the push mapping; what else the account holds is not looked
at. Absent and None mean the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connectors.elements import Held, element_path, list_of
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.desired import Wanted, sources
from pipelines.provision.plan import Difference
from pipelines.provision.rules import HELD_BY_ACCOUNT, Line, OnNull, Ownership, Push


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome for one account.

    `news` is to be written because our side moved, `drift` is what the target changed by itself,
    `pushed` what we will have pushed once the news (without the drift) is written.
    """

    news: Sequence[Difference]
    drift: Sequence[Difference]
    pushed: Mapping[str, Any] = field(repr=False)


def creation(push: Push, wanted: Wanted) -> Found:
    """Return what a new account gets: the key and every line that has a value."""
    news = [_difference(s.line, wanted, s.path, None, s.want) for s in spots(push, wanted, {})]
    given = [_key(push, wanted, None), *(d for d in news if d.after is not None)]
    return Found(given, (), {d.path: d.after for d in given})


def adoption(push: Push, wanted: Wanted, seen: Mapping[str, Any]) -> Found:
    """Return what an existing account needs to become ours; `initial` lines come too late."""
    news = [_key(push, wanted, seen.get(push.key_path))]
    there = Held(seen)
    for line, path, want in spots(push, wanted, {}):
        held = there.get(path)
        if line.own is Ownership.INITIAL or (line.own is Ownership.FILL and held is not None):
            continue
        if line.own is Ownership.ELEMENTS and held is not None:
            continue  # somebody else put it there
        if want is not None or line.on_null is OnNull.CLEAR:
            news.append(_difference(line, wanted, path, held, want))
    pushed = {d.path: d.after for d in news if d.after is not None}
    return Found([d for d in news if not same(d.before, d.after)], (), pushed)


def update(
    push: Push, wanted: Wanted, account: ManagedAccount, seen: Mapping[str, Any] | None
) -> Found:
    """Compare the three: wanted, pushed and, where the account was looked at, seen.

    A value that the target rewrote when it got it is no drift as long as it stays so.
    """
    pushed = account.pushed
    news: list[Difference] = []
    drift: list[Difference] = []
    kept: dict[str, Any] = {push.key_path: wanted.key}
    before = pushed.get(push.key_path)
    there = None if seen is None else Held(seen)
    held = before if seen is None else seen.get(push.key_path)
    if not same(held, wanted.key):
        (drift if same(before, wanted.key) else news).append(_key(push, wanted, held))
    for line, path, want in spots(push, wanted, pushed):
        before = pushed.get(path)
        held = before if there is None else there.get(path)
        if line.own is Ownership.ELEMENTS and before is None and held is not None:
            continue  # somebody else put it there, and may take it away
        after = _owned(line, before, want, held, looked=seen is not None)
        if after is not None:
            kept[path] = after
        if holds(path, held, after) or (same(before, after) and _rewritten(account, path, held)):
            continue
        if not same(before, after) or (line.own is Ownership.FILL and held is None):
            news.append(_difference(line, wanted, path, held, after))
        elif line.own in _ALWAYS and want is not None:
            drift.append(_difference(line, wanted, path, held, after))
    return Found(news, drift, kept)


class Spot(NamedTuple):
    """One path that a line writes, and what shall be there."""

    line: Line
    path: str
    want: Any

    def __repr__(self) -> str:
        """Show no value of a customer."""
        return f"Spot({self.path!r})"


def spots(push: Push, wanted: Wanted, pushed: Mapping[str, Any]) -> Iterator[Spot]:
    """Yield what each line writes: its path, or each element that it has or had put there."""
    for line in push.lines:
        want = wanted.values[line.path]
        if line.own is not Ownership.ELEMENTS:
            yield Spot(line, line.path, want)
            continue
        elements = {element_path(line.path, each): each for each in want}
        ours = (path for path in pushed if list_of(path) == line.path)
        for path in sorted({*elements, *ours}):
            yield Spot(line, path, elements.get(path))
    yield from _left(push, pushed)


def _left(push: Push, pushed: Mapping[str, Any]) -> Iterator[Spot]:
    """Yield the entries of groups in a list that the push mapping no longer writes: they go."""
    held = sorted(path for path in pushed if list_of(path) in HELD_BY_ACCOUNT)
    for path in held:
        name = str(list_of(path))
        if all(line.path != name for line in push.lines):
            line = Line(name, lambda _: None, push.place, Ownership.ELEMENTS)
            yield Spot(line, path, None)


_ALWAYS = frozenset({Ownership.ENFORCE, Ownership.ELEMENTS})


def holds(path: str, held: Any, after: Any) -> bool:
    """Whether what is held is what it shall be; an element of a list may have parts besides."""
    if same(held, after):
        return True
    if list_of(path) and isinstance(held, Mapping) and isinstance(after, Mapping):
        return all(same(held.get(part), value) for part, value in after.items())
    return False


def _rewritten(account: ManagedAccount, path: str, held: Any) -> bool:
    return path in account.rewritten and same(account.rewritten[path], held)


def rewriting(given: Any, held: Any) -> str:
    """Return in words what a target made of a value; neither of them is told."""
    if held is None:
        return "drops it"
    if isinstance(given, str) and isinstance(held, str):
        if given.casefold() == held.casefold():
            return "changes its case"
        if given.strip() == held.strip():
            return "changes the blanks around it"
    return "gives it another form"


def _owned(line: Line, before: Any, want: Any, held: Any, *, looked: bool) -> Any:
    """Return the value that is ours to hold there from now on, None for none."""
    if line.own is Ownership.INITIAL:
        return before
    if line.own is Ownership.FILL:
        return want if looked and held is None and want is not None else before
    if want is None and line.on_null is OnNull.KEEP:
        return before
    return want


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values mean the same; the order of a list's elements does not matter."""
    if one == other and isinstance(one, bool) == isinstance(other, bool):
        return True
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(_text, one)) == sorted(map(_text, other))
    return False


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _key(push: Push, wanted: Wanted, before: Any) -> Difference:
    return Difference(push.key_path, before, wanted.key, push.place)


def _difference(line: Line, wanted: Wanted, path: str, before: Any, after: Any) -> Difference:
    return Difference(path, before, after, line.place, sources(line, wanted.person))
