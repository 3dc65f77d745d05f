"""Trying what a target really does, and pinning it in a file of the project.

``quirks/<target>.yaml`` belongs under version control: every run keeps to it, and the next probe
says what has changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from connectors.contract import Probeable
from connectors.errors import ConnectorError
from pipelines.bus import Workspace
from pipelines.errors import ProjectError, RemoteError

_HEAD = """\
# What {name} does otherwise than its standard says, found by: isthmus doctor --probe {name}
# Keep it under version control: runs keep to it, and the next probe tells what has changed.
"""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe found: `quirks` in sentences, and what of it is `new` or `gone` since the pin.

    `pinned` says that the file was written now; without it and without news it was right already.
    """

    file: Path
    quirks: Sequence[str]
    new: Sequence[str]
    gone: Sequence[str]
    pinned: bool

    @property
    def changed(self) -> bool:
        """Whether the target does not behave as it was pinned."""
        return bool(self.new or self.gone)


def probe_target(workspace: Workspace, name: str, *, pin: bool = False) -> Probed:
    """Try a target with invented accounts, which are taken away again.

    What is found is pinned the first time, and with `pin`. Raises ProjectError for a target that
    cannot be tried, RemoteError when it cannot be used.
    """
    settings = workspace.target_settings(name)
    connector = workspace.connector(f"targets.{name}", settings.connector)
    if not isinstance(connector, Probeable):
        raise ProjectError(f"targets.{name}: type {connector.type!r} has no quirks to be probed")
    push = workspace.push(name)
    try:
        found = connector.probe(push.object, [line.path for line in push.fields])
    except ConnectorError as error:
        raise RemoteError(f"{name}: {error}") from error
    file = workspace.quirks_file(name)
    before = workspace.quirks(name)
    said = connector.deviations(found)
    known = said if before is None else _deviations(connector, before, file)
    writes = pin or before is None
    if writes:
        _write(file, name, found)
    return Probed(
        file,
        said,
        [each for each in said if each not in known],
        [each for each in known if each not in said],
        writes,
    )


def _deviations(connector: Probeable, quirks: Mapping[str, Any], file: Path) -> Sequence[str]:
    try:
        return connector.deviations(quirks)
    except ConnectorError as error:
        raise ProjectError(f"{file}: {error}; or remove the file and probe anew") from None


def _write(file: Path, name: str, quirks: Mapping[str, Any]) -> None:
    text = _HEAD.format(name=name) + yaml.safe_dump(dict(quirks), sort_keys=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ProjectError(f"{file}: cannot be written ({error.strerror})") from None
