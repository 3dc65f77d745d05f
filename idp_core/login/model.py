"""The contract of a factor: it says who proved to be whom. What follows is the dispatcher's.

A factor never looks at whether the account is blocked, how often was tried, what else is needed;
it sets no cookie and starts no session. So none can forget to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import sqlalchemy as sa

from idp_core.accounts.store import Account
from idp_core.http.ask import Ask
from idp_core.site.site import Site


class Nature(StrEnum):
    """What a factor proves; two of one nature are no more than one."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"
    BOTH = "both"
    """A device that was unlocked by its owner, such as a passkey with user verification."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a factor is given: the request, and the account earlier steps led to, if any."""

    ask: Ask
    site: Site
    account: Account | None


class Factor(Protocol):
    """A way to prove who one is. `amr` are its words of RFC 8176."""

    name: str
    amr: tuple[str, ...]
    nature: Nature
    strong: bool
    """Whether it withstands phishing."""
    guards: bool
    """Whether an account that can use it as a further step always needs one."""

    def enrolled(self, conn: sa.Connection, account: str) -> bool:
        """Whether an account can use it."""

    def shown(self, trial: Trial) -> Mapping[str, Any]:
        """Return what its part of the page needs. It may prepare a step, such as a challenge."""

    def check(self, trial: Trial) -> Account | None:
        """Return the account that was proven, None when none was; each proof works once."""


class FirstFactor(Factor, Protocol):
    """A factor that a login can begin with."""

    def claimed(self, ask: Ask) -> str:
        """Return what a try is counted under: whom or what it claims to be."""
