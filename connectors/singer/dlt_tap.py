"""Speaks Singer for a dlt source: run by a Python that has dlt; needs nothing of Isthmus.

    python dlt_tap.py --config CONFIG [--discover | --stream NAME [--state STATE | --fresh]]

CONFIG is a JSON file: `source` (``module:function``) and `arguments` of the function. STATE is one
that it said before: what dlt's ``incremental`` and ``current.resource_state`` remember. With a
state, or with --fresh, it says a new one behind the last record; without, nothing is remembered.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    """Write messages to standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--discover", action="store_true")
    parser.add_argument("--stream")
    parser.add_argument("--folder", default=".")
    parser.add_argument("--state")
    parser.add_argument("--fresh", action="store_true")
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
    if chosen.fresh or chosen.state:
        known = Path(chosen.state).read_text("utf-8") if chosen.state else "{}"
        say({"type": "STATE", "value": remembering(resources, chosen.stream, known)})
    else:
        tell(resources, chosen.stream)
    return 0


def tell(resources: Any, stream: str) -> None:
    """Write the records of a resource."""
    for item in resources[stream]:
        for record in item if isinstance(item, list) else [item]:
            say({"type": "RECORD", "stream": stream, "record": record})


def remembering(resources: Any, stream: str, known: str) -> Any:
    """Write the records that are new since a state, a text of JSON; return the state after them."""
    common = importlib.import_module("dlt.common")
    container = importlib.import_module("dlt.common.configuration.container").Container()
    context = importlib.import_module("dlt.common.pipeline").StateInjectableContext
    typed = common.json  # keeps moments and decimals what they are
    state = typed.typed_loads(known)
    with container.injectable_context(context(state=state)):
        tell(resources, stream)
    return json.loads(typed.typed_dumps(state))


def say(message: object) -> None:
    """Write one line."""
    sys.stdout.write(json.dumps(message, default=str) + "\n")


if __name__ == "__main__":
    sys.exit(main())
