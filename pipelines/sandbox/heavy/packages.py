"""Getting third-party systems: installed when that is asked for, else told how to get them.

``make demo-full``, ``make test-real`` and ``make test-all`` set ISTHMUS_TEST_INSTALL=1: Debian
packages are installed when we are root, PyPI and npm packages go to environments of their own
below the user's cache. Without it, what is there is used. All raise UnavailableError with the
reason and the command that gets what is not there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from pipelines.sandbox.errors import UnavailableError

INSTALL = "ISTHMUS_TEST_INSTALL"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "isthmus-test"
_PATIENCE = 900


def debian(*packages: str, commands: Sequence[str]) -> None:
    """See to it that these commands, or files by their paths, are there from Debian packages."""
    missing = [name for name in commands if not _command(name)]
    if not missing:
        return
    mend = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not _wanted():
        raise UnavailableError(
            f"{', '.join(missing)} is not installed: {mend} (or set {INSTALL}=1)"
        )
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UnavailableError(f"{', '.join(missing)} needs root on Debian to be installed: {mend}")
    with _alone("apt"):
        failed = _apt(tuple(packages))
    still = [name for name in commands if not _command(name)]
    if failed or still:
        raise UnavailableError(f"{mend} did not bring {', '.join(still) or 'all'}: {failed}")


def python_environment(name: str, *requirements: str, python: str | None = None) -> Path:
    """Return the ``bin`` folder of an environment that holds these PyPI packages.

    `python` is a version such as ``3.12``, when the system does not run on ours: one that is on
    this machine, pyenv's too, or one that uv gets.
    """
    folder = _CACHE / f"{name}-{_digest(requirements, python or sys.version)}"
    with _alone(folder.name):
        return _environment(name, folder, requirements, python)


def _environment(name: str, folder: Path, requirements: Sequence[str], python: str | None) -> Path:
    if (folder / "complete").exists():
        return folder / "bin"
    if not _wanted():
        raise UnavailableError(f"{name} is not there: set {INSTALL}=1 to get it from PyPI")
    uv = shutil.which("uv") or str(Path(__file__).parents[3] / ".tools" / "bin" / "uv")
    shutil.rmtree(folder, ignore_errors=True)
    _run(name, [uv, "venv", "-q", "--python", _interpreter(python), str(folder)])
    into = ["--python", str(folder / "bin" / "python")]
    _run(name, [uv, "pip", "install", "-q", *into, *requirements])
    (folder / "complete").touch()
    return folder / "bin"


def npm_packages(name: str, *packages: str) -> Path:
    """Return a folder whose ``node_modules`` holds these npm packages."""
    debian("nodejs", "npm", commands=["node", "npm"])
    folder = _CACHE / f"{name}-{_digest(packages)}"
    with _alone(folder.name):
        return _modules(name, folder, packages)


def _modules(name: str, folder: Path, packages: Sequence[str]) -> Path:
    if (folder / "complete").exists():
        return folder
    if not _wanted():
        raise UnavailableError(f"{name} is not there: set {INSTALL}=1 to get it from npm")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"private": true}', encoding="utf-8")
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    _run(name, ["npm", "install", "--prefix", str(folder), *quiet, *packages])
    (folder / "complete").touch()
    return folder


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Hold a lock of that name: two processes do not get the same thing at once."""
    import fcntl  # there is none on Windows, and no Debian package either

    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _interpreter(version: str | None) -> str:
    if version is None:
        return sys.executable
    name = f"python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    there = [shutil.which(name), *map(str, sorted(pyenv.glob(f"versions/{version}*/bin/{name}")))]
    for each in there:
        # A shim of pyenv is there for versions that it does not run.
        if each and _done([each, "-c", ""]).returncode == 0:
            return each
    return version


def _wanted() -> bool:
    return os.environ.get(INSTALL) == "1"


def _command(name: str) -> bool:
    if name.startswith("/"):
        return Path(name).exists()
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


@cache
def _apt(packages: tuple[str, ...]) -> str:
    """Install Debian packages once; return the last words of a failure, "" when there is none."""
    options = ["-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", *options, *packages]):
        done = _done(command)
        if done.returncode != 0:
            return _last_words(done)
    return ""


def _run(name: str, command: Sequence[str]) -> None:
    done = _done(command)
    if done.returncode != 0:
        raise UnavailableError(f"{name} cannot be had here: {_last_words(done)}")


def _done(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(  # noqa: S603 (our own command lines)
        list(command), capture_output=True, text=True, check=False, timeout=_PATIENCE,
        env=environment,
    )  # fmt: skip


def _last_words(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.returncode}"
