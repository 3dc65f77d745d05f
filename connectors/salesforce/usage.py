"""How many of the org's calls of 24 hours are used, as each answer tells."""

from __future__ import annotations

import re

from connectors.errors import ThrottledError
from connectors.http import Answer

_USED = re.compile(r"(?:^|[^-\w])api-usage=(\d+)/(\d+)")


class Usage:
    """Watches the header ``Sforce-Limit-Info`` and stops us at a share of the org's calls."""

    def __init__(self, share: float) -> None:
        self._share = share
        self.used: int | None = None
        self.limit: int | None = None

    def see(self, answer: Answer) -> None:
        """Take the figures of an answer, if it has any."""
        found = _USED.search(answer.headers.get("Sforce-Limit-Info", ""))
        if found:
            self.used, self.limit = int(found[1]), int(found[2])

    def require(self) -> None:
        """ThrottledError once others and we have used up the share: the rest is for people."""
        if self.used is None or not self.limit or self.used < self._share * self.limit:
            return
        raise ThrottledError(
            f"salesforce: {self.used} of the org's {self.limit} calls of 24 hours are used, and "
            f"max_api_share is {self._share:g}; it goes on in a later run"
        )
