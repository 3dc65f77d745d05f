"""References: values that are ids of other accounts, such as a manager's. No I/O.

A line with ``refers_to`` names another profile; the id of that profile's account is written once
it is there. Until then the value waits: each plan looks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.rules import Line, Person, Push, Refusal, profile_record

_SEVERAL = ""


@dataclass(frozen=True, slots=True)
class References:
    """By the path of a line: what names a profile, and the id of its account."""

    by_path: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def resolve(self, line: Line, value: Any) -> str | None:
        """Return the id that is meant; None where there is no such account, or are several."""
        return self.by_path.get(line.path, {}).get(_named(value)) or None


NO_REFERENCES = References()


def find_references(
    push: Push, people: Iterable[Person], accounts: Mapping[str, ManagedAccount]
) -> References:
    """Look which accounts the lines of a push mapping may refer to."""
    lines = push.references
    if not lines:
        return NO_REFERENCES
    found: dict[str, dict[str, str]] = {line.path: {} for line in lines}
    for person in people:
        account = accounts.get(person.gid)
        if account is None or account.active_id is None:
            continue
        record = profile_record(person)
        for line in lines:
            value = line.refers(record) if line.refers else None
            if value is None or isinstance(value, Refusal):
                continue
            names = found[line.path]
            name = _named(value)
            names[name] = _SEVERAL if name in names else account.active_id
    return References(found)


def _named(value: Any) -> str:
    return str(value).casefold()
