"""A person's word that a run shall pause, or end. The caller owns the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from idp_core.ledger.tables import run_halt


class HaltKind(StrEnum):
    """What a run is to do."""

    PAUSE = "pause"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Halt:
    """Who halts a run, and why where they said so."""

    run: str
    kind: HaltKind
    who: str
    why: str | None
    at: datetime


def put_halt(conn: sa.Connection, halt: Halt) -> None:
    """Halt a run, in the place of an earlier word."""
    lift_halt(conn, halt.run)
    values = {name: getattr(halt, name) for name in Halt.__slots__}
    conn.execute(sa.insert(run_halt).values(**values))


def lift_halt(conn: sa.Connection, run_id: str) -> None:
    """Let a run go on."""
    conn.execute(sa.delete(run_halt).where(run_halt.c.run == run_id))


def read_halt(conn: sa.Connection, run_id: str) -> Halt | None:
    """Return who halts a run; None when nobody does."""
    query = sa.select(run_halt).where(run_halt.c.run == run_id)
    row = conn.execute(query).mappings().one_or_none()
    return Halt(**dict(row) | {"kind": HaltKind(row["kind"])}) if row else None
