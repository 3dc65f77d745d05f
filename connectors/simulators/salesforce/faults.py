"""What may go wrong on the way, told in advance: for the tests of clients."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from connectors.simulators.salesforce.wire import Request, Response

How = Literal["answer", "drop", "lose", "cut", "expire"]


@dataclass(slots=True)
class Fault:
    """Happens to the next `times` requests whose ``METHOD /path`` the pattern finds.

    ``answer``: `response` is given and nothing done. ``drop``: the connection closes before the
    request is read. ``lose``: it is done, and the connection closes without an answer. ``cut``:
    it is done, and half of the answer comes. ``expire``: all sessions end before it.
    """

    pattern: str
    how: How
    times: int = 1
    after: int = 0
    """How many fitting requests pass first."""
    response: Response = field(default_factory=lambda: Response(503))

    def fits(self, request: Request) -> bool:
        """Whether it is this request's turn; counts it."""
        if self.times <= 0 or not re.search(self.pattern, f"{request.method} {request.path}"):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True
