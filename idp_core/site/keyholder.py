"""The keys in memory, read again every minute and rotated when it is time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.keys import rotation, store
from idp_core.keys.ring import KeyRing
from idp_core.keys.store import ALGORITHMS
from idp_core.vault.sealing import Sealer

_FRESH = timedelta(seconds=60)
_AHEAD = timedelta(seconds=20)
"""Longer than a request takes."""


class KeyHolder:
    """Gives the current `KeyRing`; safe to ask from several threads."""

    def __init__(
        self, engine: sa.Engine, sealer: Sealer, every: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._engine, self._sealer, self._clock = engine, sealer, clock
        self.every = every
        self._lock = threading.Lock()
        self._ring: KeyRing | None = None
        self._read_at = datetime.min.replace(tzinfo=clock().tzinfo)

    def ring(self) -> KeyRing:
        """Return the keys, none older than a minute; makes the first ones."""
        return self._younger(_FRESH)

    def renew(self) -> None:
        """Read the keys again when they will soon be too old; a request begins with this.

        Reading them may make new ones: within a transaction of the request that would wait for
        itself.
        """
        self._younger(_FRESH - _AHEAD)

    def _younger(self, age: timedelta) -> KeyRing:
        now = self._clock()
        ring = self._ring
        if ring is not None and now - self._read_at < age:
            return ring
        with self._lock:
            if self._ring is None or now - self._read_at >= age:
                self._ring, self._read_at = self._read(now), now
            return self._ring

    def _read(self, now: datetime) -> KeyRing:
        known = self._ring.keys if self._ring else ()
        with reading(self._engine) as conn:
            keys = store.read(conn, self._sealer, known)
        steps = (rotation.decide(keys, each, now, self.every) for each in ALGORITHMS)
        if any(step.make or step.retire for step in steps):
            with writing(self._engine) as conn:
                rotation.rotate(conn, self._sealer, now, self.every)
                keys = store.read(conn, self._sealer, keys)
        return KeyRing(keys)
