"""What ``dagster dev -m pipelines.orchestration.definitions`` loads: ISTHMUS_PROJECT's project."""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.orchestration.dagster import definitions

defs = definitions(Path(os.environ.get("ISTHMUS_PROJECT", ".")))
