"""The project over the sandbox's systems: made from the files that stand in ``project/`` here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

import yaml

from pipelines.project import FILE
from pipelines.sandbox.heavy.further import Further
from pipelines.sandbox.systems import Systems


def write_project(systems: Systems) -> Path:
    """Write the project and return its folder.

    ``isthmus.yaml`` is written each time, because the ports change. Mappings and suites are
    copied once: whoever edits them to try something keeps what they wrote.
    """
    folder, ours = systems.layout.project, files("pipelines.sandbox")
    _copy(ours / "project", folder)
    template = Template((ours / "project" / FILE).read_text("utf-8"))
    text = template.substitute(
        shop_port=systems.shop.port, crm_port=systems.crm.port, scim_port=systems.scim_port
    )
    if systems.further:
        _copy(ours / "heavy" / "mappings", folder / "mappings")
        text = _with(text, systems.further)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def _with(text: str, further: Iterable[Further]) -> str:
    """Return the project's file with the sections of further systems."""
    project = yaml.safe_load(text)
    for each in further:
        project["targets" if each.target else "sources"][each.name] = dict(each.settings)
    written: str = yaml.safe_dump(project, sort_keys=False)
    return f"# Written anew at each start (the ports change); the mappings are not.\n{written}"


def _copy(origin: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in origin.iterdir():
        place = target / entry.name
        if entry.is_dir():
            _copy(entry, place)
        elif not place.exists():
            place.write_bytes(entry.read_bytes())
