"""Fills Vendure with customers through its admin API, many in one call."""

from __future__ import annotations

from itertools import islice
from typing import Any

import requests

from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.heavy import rows, vendure
from pipelines.sandbox.world import World

MOST = 400
"""Customers at most: each costs Vendure some 20 ms."""
_AT_ONCE = 25
_LOGIN = "mutation($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }"
_MADE = "{ ... on Customer { id } ... on ErrorResult { errorCode } }"


def fill(url: str, world: World) -> dict[str, int]:
    """Create the customers; return whose each is, by the id that Vendure gave it."""
    token = _logged_in(url)
    truth: dict[str, int] = {}
    wanted = islice(rows.chosen("webshop", world.people, world.seed), MOST)
    while part := list(islice(wanted, _AT_ONCE)):
        names = [f"c{number}" for number, _, _ in part]
        given = ", ".join(f"${name}: CreateCustomerInput!" for name in names)
        calls = " ".join(f"{name}: createCustomer(input: ${name}) {_MADE}" for name in names)
        variables = {
            name: dict(rows.customer(person, rng))
            for name, (_, person, rng) in zip(names, part, strict=True)
        }
        made = _asked(url, f"mutation({given}) {{ {calls} }}", variables, token)
        truth |= {
            str(made[name]["id"]): person.number
            for name, (_, person, _) in zip(names, part, strict=True)
        }
    return truth


def _logged_in(url: str) -> str:
    told = {"query": _LOGIN, "variables": {"u": vendure.USER, "p": vendure.PASSWORD}}
    answer = requests.post(url, json=told, timeout=30)
    answer.raise_for_status()
    return answer.headers["vendure-auth-token"]


def _asked(url: str, query: str, variables: dict[str, Any], token: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    told = {"query": query, "variables": variables}
    answer = requests.post(url, json=told, headers=headers, timeout=120)
    body = answer.json()
    refused = [name for name, made in (body.get("data") or {}).items() if "id" not in (made or {})]
    if "errors" in body or refused:
        raise SandboxError(f"Vendure did not take customers {', '.join(refused) or 'at all'}")
    data: dict[str, Any] = body["data"]
    return data
