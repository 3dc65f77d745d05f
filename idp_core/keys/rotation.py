"""When keys come and go: decided on what there is, then done.

Of each algorithm one key signs. Its successor is made, and published, `OVERLAP` before its turn;
a predecessor is retired when all it has signed has run out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa

from idp_core.keys import store
from idp_core.keys.store import ALGORITHMS, SigningKey
from idp_core.vault.sealing import Sealer

OVERLAP = timedelta(days=1)
"""How long a key is published before it signs, and still is after it stopped."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one algorithm needs: a new key that signs from `make`, and keys that go."""

    algorithm: str
    make: datetime | None = None
    retire: tuple[str, ...] = ()


def decide(keys: Sequence[SigningKey], algorithm: str, now: datetime, every: timedelta) -> Step:
    """Return what is due for an algorithm whose keys live for `every`."""
    mine = sorted((k for k in keys if k.algorithm == algorithm), key=lambda k: k.signs_from)
    signing = [k for k in mine if k.signs_from <= now]
    if not mine:
        return Step(algorithm, make=now)
    ends = mine[-1].signs_from + every
    make = max(ends, now + OVERLAP) if ends - OVERLAP <= now else None
    over = [
        earlier.kid for earlier, later in pairwise(signing) if later.signs_from + OVERLAP <= now
    ]
    return Step(algorithm, make, tuple(over))


def rotate(
    conn: sa.Connection, sealer: Sealer, now: datetime, every: timedelta, *, force: bool = False
) -> Sequence[Step]:
    """Do what is due, or with `force` make successors now; return what was done.

    A forced successor, too, is published for `OVERLAP` before it signs. The caller owns the
    transaction; two processes at once make one key between them.
    """
    store.lock(conn)
    keys = store.read(conn, sealer)
    steps = []
    for algorithm in ALGORITHMS:
        step = decide(keys, algorithm, now, every)
        waits = any(k.algorithm == algorithm and k.signs_from > now for k in keys)
        if force and step.make is None and not waits:
            step = Step(algorithm, now + OVERLAP, step.retire)
        if step.make is not None:
            store.insert(conn, store.make(algorithm, now, step.make), sealer)
        for kid in step.retire:
            store.retire(conn, kid, now)
        if step.make is not None or step.retire:
            steps.append(step)
    return steps
