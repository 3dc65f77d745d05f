"""A tap as a process: started with files that only we can read, read line by line, ended.

What it writes to its error output may hold anything, so it is thrown away: the message says how to
run it by hand.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from connectors.errors import MisconfiguredError, TransientError

LONGEST = 16 << 20
"""A longer line is no message."""
_END = 10


@contextmanager
def files(contents: Mapping[str, Any]) -> Iterator[Mapping[str, Path]]:
    """Give a file of JSON for each name; all are gone at the end."""
    with tempfile.TemporaryDirectory(prefix="isthmus-tap-") as folder:
        made = {}
        for name, content in contents.items():
            path = Path(folder) / f"{name}.json"
            with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
                json.dump(content, file)
            made[name] = path
        yield made


def lines(command: Sequence[str], silence: float) -> Iterator[bytes]:
    """Yield what a command writes, line by line.

    Raises MisconfiguredError when it cannot be started or ends with an error, TransientError when
    it says nothing for `silence` seconds. It never outlives the reading.
    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(  # noqa: S603 (the command is the operator's own)
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise MisconfiguredError(
            f"{name}: cannot be started ({error.strerror}); check command"
        ) from None
    watch = _Watch(process, silence)
    try:
        assert process.stdout is not None  # noqa: S101 (it is a pipe)
        yield from _read(process.stdout, watch, name)
        code = process.wait()
    finally:
        watch.stop()
        _kill(process)
        if process.stdout is not None:
            process.stdout.close()
    if watch.late:
        raise TransientError(f"{name}: said nothing for {silence:g} seconds")
    if code:
        raise MisconfiguredError(
            f"{name}: ended with code {code}; run it by hand to see why: {' '.join(command[:1])}"
        )


def _read(output: IO[bytes], watch: _Watch, name: str) -> Iterator[bytes]:
    while line := output.readline(LONGEST):
        watch.heard()
        if len(line) == LONGEST and not line.endswith(b"\n"):
            raise MisconfiguredError(f"{name}: a message has more than {LONGEST >> 20} MB")
        if line.strip():
            yield line


class _Watch:
    """Kills a process that says nothing for too long."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self._heard, self._over = time.monotonic(), threading.Event()
        self.late = False
        threading.Thread(target=self._watch, daemon=True).start()

    def heard(self) -> None:
        """Note that it spoke."""
        self._heard = time.monotonic()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._seconds / 4)):
            if time.monotonic() - self._heard > self._seconds:
                self.late = True
                _kill(self._process)
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started."""
    if process.poll() is None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END)
                return
