"""Processes that are started, known again by their pid file, and stopped.

Each server lives in its own session, so that Ctrl-C reaches us and not it, and leaves
``NAME.pid`` (who it is) and ``NAME.log`` in the sandbox folder. A pid file names the process by
number *and* start time: a number that another process has taken since is left alone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipelines.sandbox.errors import NotStartedError

_PATIENCE = 10.0
"""Seconds a process gets to end after being asked, before it is killed."""


@dataclass(frozen=True, slots=True)
class Server:
    """One server to run: its command, and the signal that asks it to end in good order."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    stop_signal: int = signal.SIGTERM

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"


def free_port() -> int:
    """Return a TCP port of loopback that nobody holds at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start(server: Server, ready: Callable[[], bool], *, patience: float = 60.0) -> int:
    """Start a server and wait until `ready` says that it is the one answering. Return its pid.

    A left-over of the same name is stopped first. Raises NotStartedError naming the log; then
    nothing of it is left running.
    """
    stop(server.folder, server.name)
    server.folder.mkdir(parents=True, exist_ok=True)
    process = psutil.Process(_spawn(server))
    _remember(server, process)
    try:
        _await(server, process, ready, patience)
    except BaseException:
        stop(server.folder, server.name)
        raise
    return process.pid


def stop(folder: Path, name: str, how: int | None = None) -> bool:
    """Stop the server of this name if it runs, by its own signal or by another.

    Return whether there was one to stop.
    """
    file = folder / f"{name}.pid"
    process, stop_signal = _recall(file)
    if process is not None:
        end(process, how or stop_signal)
    file.unlink(missing_ok=True)
    return process is not None


def running(folder: Path) -> tuple[str, ...]:
    """Return the names of the servers that pid files tell of and that are alive."""
    files = sorted(folder.glob("*.pid"))
    return tuple(file.stem for file in files if _recall(file)[0] is not None)


def stop_all(folder: Path) -> tuple[str, ...]:
    """Stop whatever an earlier run left in this folder; return the names of what ran."""
    names = [file.stem for file in sorted(folder.glob("*.pid"))]
    return tuple(name for name in names if stop(folder, name))


def _spawn(server: Server) -> int:
    """Begin the process. It outlives every object of ours, hence no Popen, which would mind."""
    with server.log.open("ab") as log, Path(os.devnull).open("rb") as nothing:
        return os.posix_spawn(
            server.command[0],
            list(server.command),
            {**os.environ, **server.environment},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
            ],
            setsid=True,
        )


def _await(
    server: Server, process: psutil.Process, ready: Callable[[], bool], patience: float
) -> None:
    deadline = time.monotonic() + patience
    while not ready():
        with suppress(psutil.TimeoutExpired):
            code = process.wait(timeout=0.05)
            raise NotStartedError(
                f"{server.name} ended at once (exit code {code}); "
                f"its last words are in {server.log}"
            )
        if time.monotonic() > deadline:
            raise NotStartedError(
                f"{server.name} did not answer within {patience:.0f} s; see {server.log}"
            )


def _remember(server: Server, process: psutil.Process) -> None:
    note = {
        "pid": process.pid,
        "started": process.create_time(),
        "stop_signal": int(server.stop_signal),
    }
    (server.folder / f"{server.name}.pid").write_text(json.dumps(note), encoding="utf-8")


def _recall(file: Path) -> tuple[psutil.Process | None, int]:
    """Return the process a pid file tells of, None when it is gone or another one by now."""
    try:
        note = json.loads(file.read_text(encoding="utf-8"))
        process = psutil.Process(note["pid"])
        same = abs(process.create_time() - note["started"]) < 1.0
        alive = process.status() != psutil.STATUS_ZOMBIE
        if same and not alive:
            process.wait(0)  # a child of ours that was killed: its number is free after this
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None, signal.SIGTERM
    return (process if alive and same else None), note["stop_signal"]


def end(process: psutil.Process, stop_signal: int = signal.SIGTERM) -> None:
    """Ask a process to end; what of its family is still there when it has ended is killed."""
    children = process.children(recursive=True)
    with suppress(psutil.Error):
        process.send_signal(stop_signal)
        process.wait(_PATIENCE)
    family = [process, *children]
    for one in family:
        with suppress(psutil.Error):
            one.kill()
    psutil.wait_procs(family, timeout=_PATIENCE)
