"""Runs a project's whole job in forked children and kills them on order: ``-m …killed.child``.

The parent process imports everything once. For each line on standard input, a JSON object with
`project`, `database`, `token`, `kill_at` (0: never) and `log`, it forks a child that syncs the
project. Every place where something could become durable, or be seen from outside, is an event of
the child: before and after each commit, each writing statement, each file that is moved, synced or
removed, each request, each step. At event `kill_at` the child gets SIGKILL. The answer is a JSON
line with the child's `code` (-9: killed) and the `events` it had (none when it was killed).

Nothing of this is in the production code: the child replaces functions around it.
"""

from __future__ import annotations

import importlib
import json
import os
import pathlib
import signal
import sys
import threading
import traceback
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path

import sqlalchemy as sa

import connectors.files
import connectors.http.session
import connectors.rest
import connectors.scim
import connectors.sql
import idp_core.db.bulk
from connectors.contract import Query
from connectors.scim.transport import Transport
from idp_core.db.engine import make_engine
from pipelines.bus import open_bus
from pipelines.jobs import sync
from pipelines.project import load_project
from pipelines.provision.apply import Patience

STEPS = {
    "pipelines.jobs": ["extract", "intake", "resolve_step", "golden_step", "forget_mapped_files"],
    "pipelines.intake": ["transform"],
    "pipelines.unify": ["resolve"],
    "pipelines.provision.run": ["prepare", "execute", "recover", "look", "make_plan"],
    "idp_core.db.bulk": ["insert", "upsert"],
}
SMALL = {
    "pipelines.unify": {"_BATCH": 4},
    "idp_core.profiles.records": {"BATCH": 3},
    "idp_core.profiles.goldens": {"BATCH": 3},
    "pipelines.provision.writing": {"GROUP": 3},
    "pipelines.reading": {"Query": partial(Query, page_size=3)},
}
"""Batches so small that a few rows make several of them."""


class Events:
    """Counts what happens, and ends the process at the event it was told."""

    def __init__(self, kill_at: int) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._lock = threading.Lock()

    def __call__(self, name: str) -> None:
        with self._lock:
            self.names.append(name)
            if len(self.names) == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()

    def around(self, owner, name, label=None):
        """Make a function an event before it and one after it."""
        real, label = getattr(owner, name), label or name

        @wraps(real)
        def watched(*args, **more):
            self(f"before {label}")
            try:
                return real(*args, **more)
            finally:
                self(f"after {label}")

        setattr(owner, name, watched)

    def around_send(self):
        """Make each SCIM request an event before it is sent and one before its answer is known."""
        real = Transport.send

        async def send(transport, method, *args, **more):
            self(f"before {method}")
            try:
                return await real(transport, method, *args, **more)
            finally:
                self(f"after {method}")

        Transport.send = send

    def statement(self, conn, cursor, statement, *_):
        """Make a writing statement an event before it."""
        word, _, rest = statement.strip().partition(" ")
        if word in {"INSERT", "UPDATE", "DELETE", "CREATE"}:
            self(f"before {word} {rest.split('(')[0].removeprefix('INTO ')[:30].strip()}")


def watch(events: Events) -> None:
    """Replace, in this process, what the events are about."""
    os.fsync = lambda _: None
    sa.event.listen(sa.Engine, "checkout", unhurried)
    events.around(sa.engine.default.DefaultDialect, "do_commit", "commit")
    sa.event.listen(sa.Engine, "before_cursor_execute", events.statement)
    for owner, name in [(os, "fsync"), (os, "unlink"), (pathlib.Path, "replace")]:
        events.around(owner, name, f"file {name}")
    events.around(connectors.http.session.HttpSession, "get", "GET of a source")
    events.around(idp_core.db.bulk, "_copy", "COPY")
    events.around_send()
    for module, names in STEPS.items():
        for name in names:
            events.around(importlib.import_module(module), name)
    for module, values in SMALL.items():
        for name, value in values.items():
            setattr(importlib.import_module(module), name, value)
    Patience.__init__.__defaults__ = (6, 0.0, 0.0)  # nobody waits here


def unhurried(connection, *_):
    """Have SQLite not wait for the disk: what a killed process wrote is safe with the system."""
    if type(connection).__module__.startswith("sqlite3"):
        connection.execute("PRAGMA synchronous = OFF").close()


def run(order: dict) -> list[str]:
    """Sync the project in this process; return the events."""
    os.environ |= {"SMALL_DATABASE": order["database"], "SMALL_TOKEN": order["token"]}
    events = Events(order["kill_at"])
    watch(events)
    with open_bus(load_project(Path(order["project"]))) as bus:
        report = sync(bus, trigger="test")
    if report.problems:
        raise SystemExit("\n".join(map(str, report.problems)))
    return events.names


def child(order: dict, told: int) -> None:
    """Be the child: what it says goes to the log, the events to the pipe."""
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        names = run(order)
        with os.fdopen(told, "w") as pipe:
            json.dump([names, list(sys.modules)], pipe)
        code = 0
    except BaseException:  # noqa: BLE001 (even SystemExit: the parent must not go on in here)
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def answer(order: dict) -> dict:
    """Fork a child for the order and wait for its end."""
    heard, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        child(order, told)
    os.close(told)
    with os.fdopen(heard) as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    names, modules = json.loads(text) if text else ([], [])
    load(modules)
    return {"code": code, "events": names}


def load(modules: list[str]) -> None:
    """Import here what a child had to import, so that the next one need not."""
    for name in modules:
        if name not in sys.modules:
            with suppress(ImportError):
                importlib.import_module(name)


if __name__ == "__main__":
    make_engine("sqlite://").dispose()
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
