"""All systems of the sandbox: where they live, how they start, fill, change and stop.

::

    sandbox/
    ├── world.json   which world they hold: size, seed, how many nights
    ├── full         there when the further systems belong to it, too
    ├── truth.csv    who is who; read by the report only
    ├── systems/     postgres/, salesforce.db, scim.db, pid files, logs; club/, webshop/, …
    ├── drop/        newsletter.csv, loyalty.txt
    ├── secrets/     what isthmus.yaml refers to
    └── project/     isthmus.yaml, mappings, policies, and what Isthmus keeps
"""

from __future__ import annotations

import csv
import fcntl
import json
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from connectors.simulators.salesforce import Simulator
from pipelines.sandbox import crm, exports, postgres, processes, shop
from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.evolution import evolve
from pipelines.sandbox.heavy import further
from pipelines.sandbox.heavy.further import Further
from pipelines.sandbox.shapes import Row
from pipelines.sandbox.wish import SEED, SIZE
from pipelines.sandbox.world import World, make_world

"""The world of a new sandbox when none is asked for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one sandbox."""

    folder: Path

    @property
    def systems(self) -> Path:
        """What the servers keep, and their pid files and logs."""
        return self.folder / "systems"

    @property
    def postgres(self) -> Path:
        """The shop's PostgreSQL."""
        return self.systems / "postgres"

    @property
    def crm(self) -> Path:
        """The records of the CRM's org."""
        return self.systems / "salesforce.db"

    @property
    def scim(self) -> Path:
        """The users of the SCIM server."""
        return self.systems / "scim.db"

    @property
    def drop(self) -> Path:
        """Where systems drop files."""
        return self.folder / "drop"

    @property
    def secrets(self) -> Path:
        """One file per secret."""
        return self.folder / "secrets"

    @property
    def project(self) -> Path:
        """The Isthmus project over these systems."""
        return self.folder / "project"

    @property
    def world(self) -> Path:
        """Which world the systems hold; there once they are filled."""
        return self.folder / "world.json"

    @property
    def full(self) -> Path:
        """There when the further systems belong to this sandbox."""
        return self.folder / "full"

    @property
    def truth(self) -> Path:
        """Who is who: source, key, person."""
        return self.folder / "truth.csv"


@dataclass(frozen=True, slots=True)
class Systems:
    """What runs, and where it answers."""

    layout: Layout
    shop: postgres.Postgres
    crm: Simulator
    scim_port: int
    scim_token: str = field(repr=False)
    further: Sequence[Further] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def scim_url(self) -> str:
        """The base address of the SCIM server."""
        return f"http://127.0.0.1:{self.scim_port}/v2"


@contextmanager
def running(
    folder: Path, size: int | None = None, seed: int | None = None, *, full: bool = False
) -> Iterator[tuple[Systems, World]]:
    """Run all systems, filled with this world, for the length of a ``with`` block.

    Where size or seed are not given, it is the world that the folder holds, otherwise `SIZE` and
    `SEED`. With `full` the further systems run besides, as far as they can be had here; a sandbox
    that was full once stays so.
    What a killed run left is stopped first; whatever happens, everything is stopped at the end.
    Raises SandboxError when the folder holds another world or another demo is at work in it,
    NotStartedError naming a log.
    """
    layout = Layout(folder.resolve())
    for part in (layout.systems, layout.drop, layout.secrets):
        part.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_alone(layout))
        world = _world_of(layout, size, seed)
        _stop_all(layout)
        stack.callback(_stop_all, layout)
        with ThreadPoolExecutor(1) as pool:
            scim = pool.submit(_start_scim, layout)
            server = stack.enter_context(postgres.running(layout.postgres))
            if world is None:
                world = make_world(size or SIZE, SEED if seed is None else seed)
                _fill(layout, server, world)
            salesforce = stack.enter_context(crm.running(layout.crm, layout.secrets / "crm"))
            scim_port, token = scim.result()
        if full:
            layout.full.touch()
        up: Sequence[Further] = ()
        left_out: Mapping[str, str] = {}
        if layout.full.exists():
            where = further.Where(layout.systems, layout.secrets, server, world)
            up, left_out = stack.enter_context(further.running(where))
        yield Systems(layout, server, salesforce, scim_port, token, up, left_out), world


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGTERM into SystemExit for a ``with`` block, so that what was started is stopped."""

    def end(*_: object) -> None:
        raise SystemExit(128 + signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def next_day(systems: Systems, world: World) -> World:
    """Let a night pass: edit records at the sources and return the world as it is now.

    The files of the day are written last, so a killed run does the same night again.
    """
    following = evolve(world)
    layout = systems.layout
    shop.edit(systems.shop, *_difference(world, following, "shop"))
    crm.edit(systems.crm.org, *_difference(world, following, "crm"))
    _write_files(layout, following)
    return following


def clean(folder: Path) -> None:
    """Stop whatever runs and forget the whole sandbox.

    Raises SandboxError when the folder does not look like one.
    """
    layout = Layout(folder.resolve())
    if not layout.folder.exists():
        return
    if not layout.systems.is_dir():
        raise SandboxError(f"{folder} holds no sandbox, so it is left alone")
    with _alone(layout):
        _stop_all(layout)
        shutil.rmtree(layout.folder)


def _stop_all(layout: Layout) -> None:
    for folder in (layout.systems, *layout.systems.iterdir()):
        if folder.is_dir():
            processes.stop_all(folder)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Hold the sandbox for one process; the system lets go of it whatever way that ends."""
    with (layout.systems / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(f"another demo is at work in {layout.folder}; wait for it") from None
        yield


def _world_of(layout: Layout, size: int | None, seed: int | None) -> World | None:
    """Return the world that the systems hold, None when they are still empty."""
    try:
        held = json.loads(layout.world.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if size not in (None, held["size"]) or seed not in (None, held["seed"]):
        raise SandboxError(
            f"{layout.folder} holds a world of {held['size']} records with seed {held['seed']}; "
            "ask for the same, or forget it first: make demo-clean"
        )
    world = make_world(held["size"], held["seed"])
    for _ in range(held["step"]):
        world = evolve(world)
    return world


def _fill(layout: Layout, server: postgres.Postgres, world: World) -> None:
    shop.fill(server, _rows(world, "shop"), layout.secrets / "shop")
    crm.fill(layout.crm, _rows(world, "crm"))
    _write_files(layout, world)


def _write_files(layout: Layout, world: World) -> None:
    """Write the exports, the truth, and last of all which world it is."""
    exports.write_newsletter(layout.drop / "newsletter.csv", _rows(world, "newsletter"))
    exports.write_loyalty(layout.drop / "loyalty.txt", _rows(world, "loyalty"))
    with layout.truth.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("source", "key", "person"))
        writer.writerows((source, key, person) for (source, key), person in world.truth().items())
    state = {"size": world.size, "seed": world.seed, "step": world.step}
    layout.world.write_text(json.dumps(state), encoding="utf-8")


def _rows(world: World, source: str) -> Iterator[Row]:
    return (record.row for record in world.records[source].values())


def _difference(before: World, after: World, source: str) -> tuple[list[Row], list[str]]:
    """Return the rows to write and the keys to remove."""
    old, new = before.records[source], after.records[source]
    changed = [record.row for key, record in new.items() if old.get(key) != record]
    return changed, [key for key in old if key not in new]


def _start_scim(layout: Layout) -> tuple[int, str]:
    file = layout.secrets / "scim"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="utf-8")
    token, port = file.read_text(encoding="utf-8"), processes.free_port()
    module = "pipelines.sandbox.scim_server"
    command = [sys.executable, "-m", module, str(port), str(layout.scim), str(file)]
    server = processes.Server("scim", command, layout.systems)
    processes.start(server, lambda: _scim_answers(port, token))
    return port, token


def _scim_answers(port: int, token: str) -> bool:
    """Whether the SCIM server on this port is ours: nobody else takes our token."""
    address = f"http://127.0.0.1:{port}/v2/Users"
    try:
        headers = {"Authorization": f"Bearer {token}"}
        known = requests.get(address, params={"count": "0"}, headers=headers, timeout=5)
        stranger = requests.get(address, params={"count": "0"}, timeout=5)
    except requests.RequestException:
        return False
    return (known.status_code, stranger.status_code) == (200, 401)
