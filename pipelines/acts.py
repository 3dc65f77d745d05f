"""What people decide about the bus, in the audit log: their words, with no value and no reason.

The reason that a person gives may name a customer; it stays with what was decided.
"""

from __future__ import annotations

import sqlalchemy as sa

from idp_core.audit import log as audit
from idp_core.audit.log import operator
from pipelines.bus import Bus

__all__ = ["note", "operator"]


def note(bus: Bus, conn: sa.Connection, kind: str, by: str, **data: object) -> None:
    """Append an act, done, as the last thing in the transaction that does it.

    `by` is who did it: ``operator:ann``, ``source:crm``. Raises ProjectError when the audit log
    cannot be gone on with.
    """
    audit.note(conn, bus.audit_key, kind, by, data)
