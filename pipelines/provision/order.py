"""Who ordered writes, and the lines that the audit log gets of them."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa

from connectors.elements import list_of
from idp_core.audit import log as audit
from idp_core.audit.operations import Operation
from idp_core.provisioning.model import ManagedAccount, PlanRecord
from pipelines.provision.plan import PlanItem

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered the writes of a run; `key` is the one that the audit log is chained with.

    `actor` is who and how: ``manual:ann``, ``schedule:isthmus``.
    """

    run: str
    actor: str
    key: bytes = field(repr=False)

    def operation(
        self,
        item: PlanItem,
        outcome: str,
        time: datetime | None = None,
        account: ManagedAccount | None = None,
    ) -> Operation:
        """Return the line about an item: `account` is what is known of it afterwards."""
        known = account or item.account
        return Operation(
            time=time or datetime.now(UTC),
            gid=item.gid,
            account=None if known.remote_id == known.key else known.remote_id,
            action=item.action.value if item.action else "adopt",
            cause=item.cause.value,
            attributes=_names(tuple([each.path for each in item.differences])),
            digest=digest(self.key, item),
            outcome=outcome,
        )

    def write(
        self, conn: sa.Connection, kind: str, record: PlanRecord, lines: Sequence[Operation]
    ) -> None:
        """Append the lines as one batch; the last thing in the transaction they belong to."""
        if not lines:
            return
        failed = any(each.outcome != "done" for each in lines)
        data = {
            "run": self.run,
            "target": record.target,
            "object": record.object,
            "plan": record.id,
            "plan_hash": record.hash,
            "mapping": record.push_digest,
        }
        entry = audit.Entry(
            kind, "partly" if failed else "done", datetime.now(UTC), actor=self.actor, data=data
        )
        audit.record_operations(conn, self.key, entry, lines)


def note(conn: sa.Connection, order: Order | None, kind: str, record: PlanRecord, who: str) -> None:
    """Append what a person said about a plan, if anybody keeps an audit log."""
    if order is not None:
        data = {"target": record.target, "plan": record.id, "plan_hash": record.hash}
        entry = audit.Entry(kind, "done", datetime.now(UTC), actor=f"operator:{who}", data=data)
        audit.record(conn, order.key, entry)


def digest(key: bytes, item: PlanItem) -> str:
    """Return the keyed digest of what an item sends: HMAC-SHA-256 of ``[key, {path: value}]``.

    Who has the master secret and the values can show what was sent; nobody else can guess them.
    """
    body = [item.account.key, {each.path: each.after for each in item.differences}]
    return hmac.digest(key, _encoded(body).encode("utf-8", "surrogatepass"), "sha256").hex()


@lru_cache(maxsize=1_000)
def _names(paths: Iterable[str]) -> str:
    """Return the names of attributes; single elements by the list they are in, each once."""
    return " ".join(dict.fromkeys(list_of(path) or path for path in paths))
