"""Changes that the target refused for good are not sent again until something moves.

A refusal is known by the digest of its change and by the state of what it depended on: the push
mapping, the target's schema and its pinned quirks. The plan has such a change with the reason, and
without an action.

What else was mended at the target nobody sees from here. So a few changes that were refused a day
ago or earlier are tried again in each run, the oldest first; when one passes, all that were refused
for its reason are sent by the next run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import BaseModel

from connectors.contract import Discoverable, Target
from connectors.errors import ConnectorError
from idp_core.provisioning.refusals import Refusal
from pipelines.provision.plan import Cause, Plan, PlanItem, item_digest
from pipelines.provision.rules import Push

PAUSE, TRIED = timedelta(days=1), 3
"""For so long a refused change rests; so many are tried again in one run, at most."""


def due(refusals: Mapping[str, Refusal], now: datetime) -> Mapping[str, str]:
    """Return the refusals to be tried again, by global id, with their reasons."""
    rested = [each for each in refusals.values() if each.at + PAUSE <= now]
    rested.sort(key=lambda each: (each.at, each.gid))
    return {each.gid: each.reason for each in rested[:TRIED]}


def state_of(target: Target, push: Push) -> str:
    """Return a digest of what a refusal depends on besides the change itself.

    A target that cannot be asked for its schema counts as one whose schema stays as it is.
    """
    quirks = getattr(target, "quirks", None)
    said = quirks.model_dump_json() if isinstance(quirks, BaseModel) else ""
    text = "\0".join((push.digest, said, _schema(target, push.object)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _schema(target: Target, object_: str) -> str:
    if not isinstance(target, Discoverable):
        return ""
    try:
        return repr([each.columns for each in target.discover() if each.name == object_])
    except ConnectorError:
        return ""


def withhold(
    plan: Plan, refusals: Mapping[str, Refusal], state: str, again: Collection[str] = ()
) -> Plan:
    """Return the plan without the writes that were refused as they are; `again` are tried anew."""
    items = tuple(
        _withheld(item, refusals[item.gid])
        if item.gid in refusals
        and item.gid not in again
        and may_be_withheld(item)
        and _same(item, refusals[item.gid], state)
        else item
        for item in plan.items
    )
    return plan if items == plan.items else replace(plan, items=items)


def may_be_withheld(item: PlanItem) -> bool:
    """Whether a refusal of this ends it: an erasure is tried until it is done."""
    return item.action is not None and item.cause is not Cause.ERASED


def _same(item: PlanItem, refusal: Refusal, state: str) -> bool:
    return refusal.state == state and refusal.digest == item_digest(item).hex()


def _withheld(item: PlanItem, refusal: Refusal) -> PlanItem:
    action = item.action.value if item.action else ""
    reason = (
        f"{action} refused on {refusal.at:%Y-%m-%d}: {refusal.reason}. It is sent again when the "
        "profile, the push mapping or the target's schema changes, now and then to see whether "
        "the target was mended, or at once by isthmus deadletters replay"
    )
    return replace(item, cause=Cause.WITHHELD, action=None, reason=reason)
