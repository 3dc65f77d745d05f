"""Third-party servers as processes of a test: started, waited for, ended with their children."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests


@contextmanager
def running(
    command: Sequence[str | Path],
    ready: Callable[[], bool],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    seconds: float = 120,
) -> Iterator[None]:
    """Run a server in `folder` while the block runs; its output goes to ``log`` there.

    Fails the test with the last lines of the log when it ends by itself or is not ready in time.
    """
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(process, ready, log, seconds)
        yield
    finally:
        _end(process)


@contextmanager
def public_folder(name: str) -> Iterator[Path]:
    """Give a new folder that a server which runs as another user can read, too.

    pytest keeps its own to ourselves, and closes them again with each run that begins.
    """
    with tempfile.TemporaryDirectory(prefix=f"isthmus-test-{name}-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def answers(url: str, **options: object) -> bool:
    """Whether a server answers with a success."""
    try:
        return requests.get(url, timeout=10, **options).ok  # type: ignore[arg-type]
    except requests.RequestException:
        return False


def _wait(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path, seconds: float
) -> None:
    until = time.monotonic() + seconds
    while not ready():
        ended = process.poll() is not None
        if ended or time.monotonic() > until:
            words = log.read_text("utf-8", "replace").splitlines()[-15:]
            pytest.fail("\n".join([f"{process.args!r} {'ended' if ended else 'is late'}:", *words]))
        time.sleep(0.3)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it started; a stubborn one is killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(20)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()
