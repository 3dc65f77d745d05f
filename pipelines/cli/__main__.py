"""``python -m pipelines.cli`` is ``isthmus``."""

from pipelines.cli.main import run

run()
