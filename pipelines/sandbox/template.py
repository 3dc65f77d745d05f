"""The project over the sandbox's systems: made from the files that stand in ``project/`` here."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from pipelines.project import FILE
from pipelines.sandbox.systems import Systems


def write_project(systems: Systems) -> Path:
    """Write the project and return its folder.

    ``isthmus.yaml`` is written each time, because the ports change. Mappings and suites are
    copied once: whoever edits them to try something keeps what they wrote.
    """
    folder = systems.layout.project
    _copy(files("pipelines.sandbox") / "project", folder)
    template = Template((files("pipelines.sandbox") / "project" / FILE).read_text("utf-8"))
    text = template.substitute(
        shop_port=systems.shop.port, crm_port=systems.crm.port, scim_port=systems.scim_port
    )
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


def _copy(origin: Traversable, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in origin.iterdir():
        place = target / entry.name
        if entry.is_dir():
            _copy(entry, place)
        elif not place.exists():
            place.write_bytes(entry.read_bytes())
