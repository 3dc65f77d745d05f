"""Runs tests in a copy of the project, each in a child of one process that has imported the rest.

Started by itself, it reads a test from each line and answers with pytest's exit code: 1 when a test
failed, 2 and more when none could be run.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

HEAVY = (
    "pytest", "hypothesis", "sqlalchemy", "sqlglot", "starlette.applications", "jinja2", "babel",
    "joserfc.jws", "webauthn", "argon2", "psycopg", "pyotp", "segno", "zxcvbn_rs_py",
)  # fmt: skip
"""What takes longer to import than most tests to run; nothing of ours."""
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""Some of the above are plug-ins of pytest, too."""
WORDS = ("-q", "-x", "-p", "no:cacheprovider", "-m", "slow or not slow", "--no-header", *QUIET)
ONLY = ("-k", "not postgres and not 1000")
"""SQLite and a few rounds are enough."""


class Runner:
    """A process that runs tests in a folder."""

    def __init__(self, folder: Path) -> None:
        given = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))}
        self._log = folder / "log"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.idp_core.broken.runner"],
            cwd=folder, env=given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, test: str) -> tuple[int, str]:
        """Run a test; return pytest's exit code and what it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(test, file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        return code, self._log.read_text("utf-8", "replace")

    def stop(self) -> None:
        self._process.communicate()


def _child(test: str) -> int:
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import pytest

    words = [*WORDS, *ONLY, f"--basetemp={Path('tmp').absolute()}", f"tests/idp_core/{test}"]
    return int(pytest.main(words))


def main() -> None:
    """Answer until there is no line any more."""
    for name in HEAVY:
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            code = 3
            try:
                code = _child(line.strip())
                sys.stdout.flush()
            finally:
                os._exit(code)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
