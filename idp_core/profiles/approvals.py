"""Approvals of rules: which policy and model may say who is one person, at whose word and why.

The caller owns the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from idp_core.profiles.tables import rules_approval


@dataclass(frozen=True, slots=True)
class Approval:
    """Who let rules, named by a hash of all they say, be used, when and why."""

    hash: str
    who: str
    why: str
    at: datetime


def put_approval(conn: sa.Connection, given: Approval) -> Approval:
    """Keep an approval; return it, or the one of before: approving twice is approving once."""
    known = read_approval(conn, given.hash)
    if known is not None:
        return known
    values = {"hash": given.hash, "who": given.who, "why": given.why, "at": given.at}
    conn.execute(sa.insert(rules_approval).values(values))
    return given


def read_approval(conn: sa.Connection, hash_: str) -> Approval | None:
    """Return the approval of the rules of a hash, if there is one."""
    query = sa.select(rules_approval).where(rules_approval.c.hash == hash_)
    row = conn.execute(query).mappings().one_or_none()
    return Approval(**row) if row else None
