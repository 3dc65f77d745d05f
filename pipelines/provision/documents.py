"""Plan items as JSON documents and back; this is how they are stored and shown to machines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.contract import Action
from idp_core.provisioning.model import AccountState, ManagedAccount
from pipelines.provision.plan import Cause, Difference, PlanItem


def item_document(item: PlanItem) -> dict[str, Any]:
    """Return an item as JSON values."""
    return {
        "number": item.number,
        "action": item.action.value if item.action else "none",
        "cause": item.cause.value,
        "reason": item.reason,
        "account": _account_document(item.account),
        "differences": [
            {
                "path": d.path,
                "before": d.before,
                "after": d.after,
                "line": d.line,
                "sources": list(d.sources),
            }
            for d in item.differences
        ],
        "moved_from": item.moved_from,
    }


def read_item(document: Mapping[str, Any]) -> PlanItem:
    """Return the item that `item_document` wrote."""
    action = document["action"]
    return PlanItem(
        number=document["number"],
        cause=Cause(document["cause"]),
        reason=document["reason"],
        action=None if action == "none" else Action(action),
        account=_read_account(document["account"]),
        differences=tuple(
            Difference(d["path"], d["before"], d["after"], d["line"], tuple(d["sources"]))
            for d in document["differences"]
        ),
        moved_from=document["moved_from"],
    )


def _account_document(account: ManagedAccount) -> dict[str, Any]:
    return {
        "target": account.target,
        "object": account.object,
        "gid": account.gid,
        "key": account.key,
        "remote_id": account.remote_id,
        "state": account.state.value,
        "pushed": dict(account.pushed),
        "profile_digest": account.profile_digest,
        "push_digest": account.push_digest,
        "left_at": account.left_at.isoformat() if account.left_at else None,
        "version": account.version,
        "rewritten": dict(account.rewritten),
    }


def _read_account(document: Mapping[str, Any]) -> ManagedAccount:
    left_at = document["left_at"]
    return ManagedAccount(
        **{
            **document,
            "state": AccountState(document["state"]),
            "left_at": datetime.fromisoformat(left_at) if left_at else None,
        }
    )
