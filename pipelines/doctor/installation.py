"""Is this installation whole: Python, packages, our four packages side by side, connectors."""

from __future__ import annotations

import importlib
import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from connectors.errors import MisconfiguredError
from connectors.registry import connector_class, names
from pipelines.doctor.findings import Finding, fail, ok, warn

PACKAGES = ("mappings", "connectors", "idp_core", "pipelines")
OLDEST, TOO_NEW = (3, 11), (3, 15)
_OF_INTEREST = ("duckdb", "pyarrow", "sqlalchemy", "great-expectations", "sqlglot", "pydantic")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def look() -> Iterator[Finding]:
    """Look at what is installed."""
    yield _python()
    yield from _packages()
    yield _siblings()
    yield from _connectors()


def _python() -> Finding:
    said = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if OLDEST <= sys.version_info < TOO_NEW:
        return ok("python", said)
    return fail("python", said, "Isthmus needs Python 3.11 to 3.14")


def _packages() -> Iterator[Finding]:
    found, missing = {}, []
    for name in _asked_for():
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        mend = f"install isthmus again: pip install --force-reinstall isthmus=={version('isthmus')}"
        yield fail("packages", f"not installed: {', '.join(missing)}", mend)
    shown = ", ".join(f"{name} {found[name]}" for name in _OF_INTEREST if name in found)
    yield ok("packages", f"isthmus {version('isthmus')} and {len(found)} it needs: {shown}, …")


def _asked_for() -> list[str]:
    """Return the packages that are needed without any extra."""
    named = (_NAME.match(each) for each in requires("isthmus") or () if "extra ==" not in each)
    return [name[0] for name in named if name]


def _siblings() -> Finding:
    """See that none of our plain names was taken by another distribution or a stray folder."""
    places = {name: _place(name) for name in PACKAGES}
    ours = places["pipelines"]
    strays = [f"{name} from {place}" for name, place in places.items() if place != ours]
    if not strays:
        return ok("our packages", f"all four from {ours}")
    return fail(
        "our packages",
        f"{', '.join(strays)}, but the others from {ours}",
        "rename or uninstall what hides ours; PYTHONSAFEPATH=1 keeps the working directory out",
    )


def _place(name: str) -> Path:
    file = importlib.import_module(name).__file__
    return Path(file or "?").resolve().parent.parent


def _connectors() -> Iterator[Finding]:
    broken = []
    for name in names():
        try:
            connector_class(name)
        except MisconfiguredError as error:
            broken.append(warn("connectors", str(error), "install what it needs, or uninstall it"))
    yield from broken
    yield ok("connectors", ", ".join(names()))
