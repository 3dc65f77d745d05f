"""What push files call by one name at every target, in the words of this org."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.contract import Row
from connectors.errors import MisconfiguredError

KEY = "externalId"
"""The name that stands for the external id field, as push files have it by default."""
ACTIVE = "active"
"""The name that stands for whether an account is active."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How accounts are written: the field that holds our key, the values of the two states."""

    external_id: str | None = None
    deactivate: Mapping[str, Any] = field(default_factory=dict)
    activate: Mapping[str, Any] = field(default_factory=dict)

    def state(self, *, active: bool) -> Mapping[str, Any]:
        """The values that make an account active or not; MisconfiguredError when it is not said.

        A field of yes and no is the opposite of what deactivates, unless it is said otherwise.
        """
        if not self.deactivate:
            raise MisconfiguredError(
                "salesforce: to make accounts active or not needs the option deactivate, such as "
                "{Active__c: false}"
            )
        if not active:
            return self.deactivate
        unsaid = [n for n, v in self.deactivate.items() if not isinstance(v, bool)]
        if missing := [name for name in unsaid if name not in self.activate]:
            raise MisconfiguredError(
                f"salesforce: what {missing[0]} is of an active account is not said; set activate"
            )
        opposite = {n: not v for n, v in self.deactivate.items() if isinstance(v, bool)}
        return {**opposite, **self.activate}

    def is_active(self, row: Row) -> bool | None:
        """Whether a record is active; None when what deactivates is not said."""
        if not self.deactivate:
            return None
        return any(row.get(name) != value for name, value in self.deactivate.items())
