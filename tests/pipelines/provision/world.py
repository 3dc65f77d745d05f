"""A small world for planner tests: a push mapping, people, a target, and applying in memory."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from connectors.contract import Account, Action
from idp_core.profiles.model import Lineage, SourceRef
from idp_core.provisioning.model import ManagedAccount
from pipelines.provision.matching import Seen
from pipelines.provision.planner import Inputs, make_plan
from pipelines.provision.rules import (
    Leave,
    LeaveAction,
    Line,
    Match,
    OnNull,
    Ownership,
    Person,
    Push,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def read(name):
    return lambda record: record.get(name)


def line(path, name, place="crm.yaml:9", **more):
    return Line(path, read(name), place, reads=(name,), **more)


LINES = (
    line("userName", "email", "crm.yaml:4"),
    line("name.givenName", "given_name", "crm.yaml:5"),
    line("title", "job_title", "crm.yaml:6", own=Ownership.INITIAL),
    line("nickName", "nickname", "crm.yaml:7", own=Ownership.FILL),
    line("locale", "locale", "crm.yaml:8", on_null=OnNull.KEEP),
)


def push(lines=LINES, digest="p1", leave=None, **more):
    return Push(
        name="crm",
        object="User",
        digest=digest,
        key=read("gid"),
        lines=lines,
        scope=lambda record: record.get("loyalty_tier") != "none",
        match=(Match("userName", read("email"), "crm.yaml:3"),),
        leave=leave or Leave(LeaveAction.DEACTIVATE, 30 * DAY),
        place="crm.yaml:2",
        **more,
    )


def person(gid, **attributes):
    lineage = [
        Lineage(name, SourceRef("shop", f"row-{gid}"), "shop@1", "only", "the only one")
        for name in attributes
    ]
    digest = hashlib.sha256(repr(sorted(attributes.items())).encode()).hexdigest()
    return Person(gid, digest, attributes, lineage)


def account(id_, key=None, **attributes):
    attributes = {name.replace("__", "."): value for name, value in attributes.items()}
    return Account(id_, key, {"externalId": key, **attributes} if key else attributes)


class World:
    """What a target holds and what we know of it; `settle` applies a plan as told."""

    def __init__(self, *accounts):
        self.target = {each.id: each for each in accounts}
        self.managed: dict[str, ManagedAccount] = {}
        self.made = 0

    def seen(self, rules=None, *, complete=True):
        paths = [rule.path for rule in (rules or push()).match]
        return Seen(self.target.values(), paths, complete=complete)

    def plan(self, people, rules=None, *, now=NOW, look=True, correct=False, **more):
        rules = rules or push()
        seen = self.seen(rules) if look else None
        inputs = Inputs(people, self.managed, seen, **more)
        return make_plan("crm", rules, inputs, now=now, correct_drift=correct)

    def settle(self, plan):
        for item in plan.items:
            if item.effective:
                self._settle(item)
        for each in plan.settled:
            self.managed[each.gid] = each

    def _settle(self, item):
        known = item.account
        if item.action is Action.CREATE:
            self.made += 1
            known = replace(known, remote_id=f"r{self.made}")
            self.target[known.remote_id] = Account(known.remote_id, None, {})
        if item.action is Action.DELETE:
            del self.target[known.remote_id]
        elif item.action:
            self.write(known.remote_id, item.change().after)
        if item.moved_from:
            self.managed.pop(item.moved_from, None)
        self.managed[known.gid] = known

    def write(self, id_, after: Mapping[str, object]):
        held = self.target[id_]
        attributes = {k: v for k, v in {**held.attributes, **after}.items() if v is not None}
        self.target[id_] = Account(id_, attributes.get("externalId"), attributes)
