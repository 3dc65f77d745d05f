"""``isthmus version``."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed

from pipelines.cli.options import Json
from pipelines.cli.output import give


def version(as_json: Json = False) -> None:
    """Tell which Isthmus this is."""
    document = {"isthmus": installed("isthmus"), "python": platform.python_version()}
    give(document, f"isthmus {document['isthmus']} (Python {document['python']})", as_json=as_json)
