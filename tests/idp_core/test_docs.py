import importlib
import pkgutil
import re
from pathlib import Path

import idp_core
from idp_core.db.metadata import metadata

PAGE = Path(__file__).parents[2] / "docs/reference/database.md"


def test_every_table_is_explained_once_and_no_other():
    for module in pkgutil.walk_packages(idp_core.__path__, "idp_core."):
        if module.name.rpartition(".")[2] in {"tables", "counters"}:
            importlib.import_module(module.name)
    explained = re.findall(r"^\| `(\w+)`", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(explained) == sorted(metadata.tables)
