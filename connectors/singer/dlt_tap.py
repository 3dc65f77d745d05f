"""Speaks Singer for a dlt source: run by a Python that has dlt; needs nothing of Isthmus.

    python dlt_tap.py --config CONFIG [--discover | --stream NAME]

CONFIG is a JSON file: `source` (``module:function``) and `arguments` of the function.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path


def main() -> int:
    """Write messages to standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--discover", action="store_true")
    parser.add_argument("--stream")
    parser.add_argument("--folder", default=".")
    chosen = parser.parse_args()
    config = json.loads(Path(chosen.config).read_text("utf-8"))
    sys.path.insert(0, chosen.folder)
    module, _, function = config["source"].partition(":")
    made = getattr(importlib.import_module(module), function)(**config.get("arguments", {}))
    resources = getattr(made, "resources", None) or {made.name: made}
    if chosen.discover:
        streams = [
            {"stream": name, "tap_stream_id": name, "schema": {"properties": {}}}
            for name in resources
        ]
        say({"streams": streams})
        return 0
    for item in resources[chosen.stream]:
        for record in item if isinstance(item, list) else [item]:
            say({"type": "RECORD", "stream": chosen.stream, "record": record})
    return 0


def say(message: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(message, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
