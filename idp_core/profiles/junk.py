"""Values that are nobody's: placeholders typed to get past a form, and what too many people share.

They stay in the source profiles; a golden profile does not show them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from idp_core.profiles.held import written
from idp_core.profiles.model import SourceProfile
from idp_core.profiles.policy import IdentifierPolicy, Kind
from idp_core.profiles.scoring import Values

_SEARCHED: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "emails": ("email", str.casefold),
    "phones": ("phone", str),
}
"""The attributes whose values people are counted by: the kind they are looked up as, and how they
are written there (see `idp_core.profiles.records.searchable`)."""


@dataclass(frozen=True, slots=True)
class Junk:
    """What is nobody's: `kinds` of each attribute with the part they read, and `shared` values."""

    kinds: Mapping[str, Sequence[tuple[str, Kind]]]
    shared: Values = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, policy: IdentifierPolicy, shared: Values = frozenset()) -> Junk:
        """Return what a policy, and the number of people that share a value, hold for junk."""
        kinds: dict[str, list[tuple[str, Kind]]] = {}
        for attribute, part, kind in _single(policy):
            kinds.setdefault(attribute, []).append((part, kind))
        return cls(kinds, shared)

    def cleaned(self, profile: SourceProfile) -> SourceProfile:
        """Return the profile without what is nobody's; itself when it holds none of it."""
        said = profile.attributes
        less = {
            name: left
            for name in self.kinds.keys() & said.keys()
            if (left := self._left(name, said[name])) != said[name]
        }
        return replace(profile, attributes={**said, **less}) if less else profile

    def _left(self, attribute: str, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [each for each in value if not self._nobodys(attribute, each)]
        return None if self._nobodys(attribute, {"": value}) else value

    def _nobodys(self, attribute: str, element: Mapping[str, Any]) -> bool:
        for part, kind in self.kinds[attribute]:
            text = str(element.get(part) or "")
            if text and (
                kind.is_junk(written(text, kind.read)) or self._is_shared(attribute, text)
            ):
                return True
        return False

    def _is_shared(self, attribute: str, text: str) -> bool:
        if attribute not in _SEARCHED:
            return False
        kind, write = _SEARCHED[attribute]
        return (kind, write(text)) in self.shared


def most_people(policy: IdentifierPolicy) -> Mapping[str, int]:
    """Return how many people may have one value, by the kind it is looked up as."""
    return {
        _SEARCHED[attribute][0]: kind.max_people
        for attribute, _, kind in _single(policy)
        if attribute in _SEARCHED and kind.max_people is not None
    }


def _single(policy: IdentifierPolicy) -> Iterator[tuple[str, str, Kind]]:
    """Yield attribute, part and kind of those that read one value whole."""
    for kind in policy.identifiers.values():
        if len(kind.from_) == 1 and kind.part_of is None:
            attribute, _, part = kind.from_[0].partition(".")
            yield attribute, part, kind
