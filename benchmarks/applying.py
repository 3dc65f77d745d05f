"""The journalled apply to a SCIM server beside a bare loop over aiohttp, in CPU seconds of ours.

``python -m benchmarks applying [--writes N] [--repeat N]``. The server is a process of its own that
costs next to nothing; what is measured is the client's process alone. The bare loop sends the same
requests with as many under way, and reads the answers; it keeps nothing of them.

Rates are the best of all rounds. A share is the median of those of each round, in which one is
measured beside the other: a machine that is not ours alone is faster in one round than in the next,
and the best of each may come from different ones. Each measurement is a process of its own, as a
run is: what another one left in memory makes whoever comes next slower.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import sqlalchemy

from benchmarks._scim import served
from benchmarks.provisioning import people, push_rules
from connectors.scim import Scim
from connectors.scim.bulk import BULK
from connectors.scim.quirks import Quirks
from idp_core.db.engine import make_engine
from idp_core.db.schema import upgrade
from pipelines.provision.guards import Limits
from pipelines.provision.order import Order
from pipelines.provision.rules import Person
from pipelines.provision.run import Job, execute, prepare

UNDER_WAY, TOGETHER = 8, 100
_USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@dataclass(frozen=True)
class Way:
    """One way to write, and the name it has in the table."""

    name: str
    seconds: Callable[[str, int, Path], tuple[float, float]]


def ours(target: Callable[[str], Scim], url: str, writes: int, folder: Path) -> tuple[float, float]:
    """Return CPU seconds of applying so many creations, and then as many updates."""
    file = folder / "bench.db"
    for each in folder.glob("bench.db*"):
        each.unlink()
    engine = make_engine(f"sqlite:///{file}")
    upgrade(engine)
    everybody = people(writes)
    limits = Limits(updates_percent=None)
    order = Order("bench", "manual:bench", bytes(32))
    rules, goal = push_rules(), target(url)
    job = Job("bench", engine, goal, rules, lambda: everybody, limits=limits, order=order)
    created = _applied(job, {"create": writes})
    changed = [_changed(each) for each in everybody]
    updated = _applied(replace(job, people=lambda: changed), {"update": writes})
    engine.dispose()
    return created, updated


def _changed(person: Person) -> Person:
    return replace(
        person, digest="x" + person.digest[1:], attributes={**person.attributes, "given_name": "C"}
    )


def _applied(job: Job, done: dict[str, int]) -> float:
    prepared = prepare(job)
    begun = time.process_time()
    assert execute(job, prepared).done == done
    return time.process_time() - begun


def singly(url: str, writes: int, _folder: Path) -> tuple[float, float]:
    """Return CPU seconds of the bare loop: one request a change."""
    ids: list[str] = []

    async def create(http: aiohttp.ClientSession, n: int) -> None:
        text = json.dumps(_resource(n)).encode()
        async with http.post(f"{url}/Users", data=text, headers=_TYPE) as response:
            ids.append(json.loads(await response.read())["id"])

    async def update(http: aiohttp.ClientSession, n: int) -> None:
        text = json.dumps(_patch()).encode()
        async with http.patch(f"{url}/Users/r{n}", data=text, headers=_TYPE) as response:
            await response.read()

    return _loop(create, writes), _loop(update, writes)


def together(url: str, writes: int, _folder: Path) -> tuple[float, float]:
    """Return CPU seconds of the bare loop: a hundred changes in one ``/Bulk``."""
    ids: dict[str, str] = {}

    async def send(http: aiohttp.ClientSession, operations: list[Any]) -> None:
        text = json.dumps({"schemas": [BULK], "Operations": operations}).encode()
        async with http.post(f"{url}/Bulk", data=text, headers=_TYPE) as response:
            for each in json.loads(await response.read())["Operations"]:
                ids[each["bulkId"]] = each["location"].rpartition("/")[2]

    async def create(http: aiohttp.ClientSession, n: int) -> None:
        numbers = range(n * TOGETHER, min((n + 1) * TOGETHER, writes))
        await send(http, [_operation("POST", "/Users", i, _resource(i)) for i in numbers])

    async def update(http: aiohttp.ClientSession, n: int) -> None:
        numbers = range(n * TOGETHER, min((n + 1) * TOGETHER, writes))
        await send(http, [_operation("PATCH", f"/Users/r{i}", i, _patch()) for i in numbers])

    requests = -(-writes // TOGETHER)
    return _loop(create, requests, 2), _loop(update, requests, 2)


_TYPE = {"Content-Type": "application/scim+json", "Accept": "application/scim+json"}


def _resource(n: int) -> dict[str, Any]:
    name = {"givenName": "A", "familyName": "B"}
    return {"schemas": [_USER], "externalId": f"{n:036}", "userName": f"{n}@b.c", "name": name}


def _patch() -> dict[str, Any]:
    said = [{"op": "replace", "path": "name.givenName", "value": "C"}]
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": said}


def _operation(method: str, path: str, n: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"method": method, "path": path, "bulkId": str(n), "data": data}


def _loop(
    send: Callable[[aiohttp.ClientSession, int], Any], many: int, lanes: int = UNDER_WAY
) -> float:
    async def whole() -> None:
        numbers = iter(range(many))

        async def lane() -> None:
            for n in numbers:
                await send(http, n)

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=lanes)) as http:
            await asyncio.gather(*(lane() for _ in range(lanes)))

    begun = time.process_time()
    asyncio.run(whole())
    return time.process_time() - begun


def _one_by_one(url: str) -> Scim:
    return Scim(url=url, concurrency=UNDER_WAY)


def _in_bulk(url: str) -> Scim:
    return Scim(url=url, quirks=Quirks(bulk=TOGETHER))


WAYS = (
    Way("bare loop", singly),
    Way("journalled", partial(ours, _one_by_one)),
    Way("bare loop of /Bulk", together),
    Way("journalled, by /Bulk", partial(ours, _in_bulk)),
)


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="benchmarks applying", description=__doc__)
    parser.add_argument("--writes", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=9)
    options = parser.parse_args(argv)
    print(
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"SQLAlchemy {sqlalchemy.__version__}, aiohttp {aiohttp.__version__}"
    )
    rounds: dict[str, list[tuple[float, float]]] = {way.name: [] for way in WAYS}
    with served() as server, tempfile.TemporaryDirectory() as folder:
        for _ in range(options.repeat):  # in turns: the machine is not ours alone
            for way in WAYS:
                rounds[way.name].append(_alone(way, server.url, options.writes, Path(folder)))
    return _told(rounds, options.writes)


def _alone(way: Way, url: str, writes: int, folder: Path) -> tuple[float, float]:
    """Measure in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(way.seconds, url, writes, folder).result()


def _told(rounds: Mapping[str, Sequence[tuple[float, float]]], writes: int) -> int:
    titles = "".join(f"{title:>12}{'of bare':>9}" for title in ("creations", "updates"))
    print(f"{'operations a CPU-second':<24}{titles}")
    bare, missed = rounds["bare loop"], False
    for name, taken in rounds.items():
        bare = taken if name.startswith("bare") else bare
        rates = [writes / min(seconds) for seconds in zip(*taken, strict=True)]
        shares = [
            median(theirs[kind] / mine[kind] for mine, theirs in zip(taken, bare, strict=True))
            for kind in range(len(rates))
        ]
        told = (f"{rate:>12,.0f}{share:>9.1%}" for rate, share in zip(rates, shares, strict=True))
        print(f"{name:<24}{''.join(told)}")
        if name.startswith("journalled"):
            rate, share = (20_000, 0.0) if "Bulk" in name else (2_000, 0.75)
            missed |= min(rates) < rate or min(shares) < share
    print(f"goals: 2,000 and 75% of bare singly, 20,000 by /Bulk: {'MISSED' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
