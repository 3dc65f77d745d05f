"""Who ordered writes, and the lines that the audit log gets of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa

from connectors.contract import Action
from connectors.elements import list_of
from idp_core.audit import log as audit
from idp_core.audit.operations import Line
from idp_core.db.types import utc_text
from idp_core.provisioning.model import PlanRecord
from pipelines.provision.plan import Cause, PlanItem, item_digest

Ended = tuple[PlanItem, str, datetime, str | None]
"""An item, what became of it, when, and what the target calls its account since then."""
_WORDS = {word: word.value for word in (*Action, *Cause)}


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered the writes of a run; `key` is the one that the audit log is chained with.

    `actor` is who and how: ``manual:ann``, ``schedule:isthmus``.
    """

    run: str
    actor: str
    key: bytes = field(repr=False)

    def write(
        self,
        conn: sa.Connection,
        kind: str,
        record: PlanRecord,
        ended: Sequence[Ended],
        digest: Callable[[int], bytes | None] = lambda _: None,
    ) -> None:
        """Append what ended as one batch; the last thing in the transaction it belongs to.

        `digest` gives the digest of an item by its number, where it is known already.
        """
        if not ended:
            return
        data = {
            "run": self.run,
            "target": record.target,
            "object": record.object,
            "plan": record.id,
            "plan_hash": record.hash,
            "mapping": record.push_digest,
        }
        failed = any(outcome != "done" for _, outcome, _, _ in ended)
        entry = audit.Entry(
            kind, "partly" if failed else "done", datetime.now(UTC), actor=self.actor, data=data
        )
        audit.record_operations(conn, self.key, entry, self._lines(ended, digest))

    def _lines(
        self, ended: Iterable[Ended], digest: Callable[[int], bytes | None]
    ) -> Sequence[Line]:
        """Return a line about each item, made in one go: a call for each is felt."""
        key, lines = self.key, list[Line]()
        for item, outcome, time, remote_id in ended:
            account = item.account
            called = remote_id or account.remote_id
            line = (
                utc_text(time),
                account.gid,
                None if called == account.key else called,
                _WORDS[item.action] if item.action else "adopt",
                _WORDS[item.cause],
                _names(tuple([each.path for each in item.differences])),
                _sealed(key, digest(item.number) or item_digest(item)),
                outcome,
            )
            lines.append(line)
        return lines


def note(conn: sa.Connection, order: Order | None, kind: str, record: PlanRecord, who: str) -> None:
    """Append what a person said about a plan, if anybody keeps an audit log."""
    if order is not None:
        data = {"target": record.target, "plan": record.id, "plan_hash": record.hash}
        audit.note(conn, order.key, kind, audit.operator(who), data)


def _sealed(key: bytes, digest: bytes) -> str:
    """Return the keyed BLAKE2b-256 of an item's digest, which its plan's hash is made of.

    Who has the master secret and the values can show what was sent; nobody else can guess them.
    It costs half of an HMAC, which is felt: there is one for each write.
    """
    return hashlib.blake2b(digest, key=key, digest_size=32).hexdigest()


@lru_cache(maxsize=1_000)
def _names(paths: Iterable[str]) -> str:
    """Return the names of attributes; single elements by the list they are in, each once."""
    return " ".join(dict.fromkeys(list_of(path) or path for path in paths))
