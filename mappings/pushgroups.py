"""``groups:`` of a push file: segments of profiles as groups, roles or entitlements at a target."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from mappings.checker import check_truth
from mappings.pushtree import Holds, PushField, PushGroup
from mappings.reading import Reader
from mappings.scopes import ProfileScope

GROUP_KEYS = ("when", "holds")


def read_groups(
    reader: Reader, node: yaml.Node | None, scope: ProfileScope
) -> tuple[PushGroup, ...]:
    """Read ``Gold customers: p.loyalty_tier = 'gold'``, or its keys ``when`` and ``holds``."""
    groups = []
    for key, value in reader.pairs(node, "groups") if node is not None else ():
        where = f"groups.{key.value}"
        holds, told = Holds.MEMBERS, value
        if isinstance(value, yaml.MappingNode):
            inner = reader.entries(value, where, GROUP_KEYS)
            holds = reader.choice(inner.get("holds"), f"{where}.holds", Holds, holds)
            found = reader.required(inner, "when", value, where)
            if found is None:
                continue
            told = found
        when = reader.expression(told, f"{where}.when", scope)
        check_truth(reader, {f"{where}.when": when}, {f"{where}.when": told})
        if when is not None:
            groups.append(PushGroup(key.value, reader.place(key), when, holds))
    return tuple(groups)


def check_groups(
    reader: Reader, node: yaml.Node, groups: Iterable[PushGroup], fields: Iterable[PushField]
) -> None:
    """Note lists that are written by ``fields:``, too: each element has one line."""
    written = {field.path.partition("[")[0].partition(".")[0] for field in fields}
    for group in groups:
        if group.holds.value in written:
            message = f"{group.holds} is written by fields: already; write it in one place"
            reader.problem(node, f"groups.{group.name}", message)
