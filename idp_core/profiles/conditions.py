"""Conditions on a source record in a policy: the SQL expressions of the mapping language.

The record is ``r``: its attributes by their canonical names (``r.active``, ``r.email``,
``r.emails[work]``), and ``r.source``, the name of the system it is from.
"""

from __future__ import annotations

from collections.abc import Callable

from idp_core.profiles.model import SourceProfile
from mappings.expressions import parse
from mappings.record import compile_expression
from mappings.schema import Schema
from mappings.scopes import ProfileScope

_ALSO = frozenset({"source"})

Condition = Callable[[SourceProfile], bool]


def condition(text: str, schema: Schema) -> Condition:
    """Return what tells whether a condition is true of a record; unknown is not true.

    Raises ValueError with the mend; ``today()`` is refused, for a profile depends on records alone.
    """
    evaluate = compile_expression(parse(text, ProfileScope("r", schema, _ALSO)), schema)

    def holds(record: SourceProfile) -> bool:
        return evaluate({**record.attributes, "source": record.ref.source}) is True

    return holds
