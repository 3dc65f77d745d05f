"""What a call of a GraphQL API costs, and how long to wait until the next one is paid for."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from connectors.rest.calls import CONFIG
from connectors.rest.pointers import get


class Cost(BaseModel):
    """Where an answer tells what calls cost; places begin at the top of the answer."""

    model_config = CONFIG

    available: str = "extensions.cost.throttleStatus.currentlyAvailable"
    """How much is left to be spent."""
    restore: str = "extensions.cost.throttleStatus.restoreRate"
    """How much is added each second."""
    needed: str = "extensions.cost.requestedQueryCost"
    """What such a call costs."""

    def pause(self, body: Any) -> float | None:
        """Return the seconds until another such call is paid for; None when it is not told."""
        left, restored, price = (
            get(body, place) for place in (self.available, self.restore, self.needed)
        )
        if not all(isinstance(each, int | float) for each in (left, restored, price)):
            return None
        return max(0.0, price - left) / restored if restored > 0 else None
