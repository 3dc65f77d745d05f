"""Replays every open letter and is killed on the way: ``replay_child.py FOLDER POINT CALLS``.

POINT names the function after whose CALLS-th call the process dies.
"""

import os
import signal
import sys
from pathlib import Path

from idp_core.ledger import store as ledger
from idp_core.profiles import store
from pipelines import jobs, replay
from pipelines.bus import open_bus
from pipelines.deadletters import open_letters
from pipelines.deadletters import replay as run_replay
from pipelines.project import load_project

POINTS = {
    "stored": (store, "put_source_profiles"),
    "amended": (ledger, "amend_letters"),
    "resolved": (jobs, "resolve_step"),
    "golden": (jobs, "golden_step"),
}


def dying(module, name, calls):
    """Replace a function of a module by one after which the process dies."""
    real, count = getattr(module, name), [0]

    def call(*given, **named):
        answer = real(*given, **named)
        count[0] += 1
        if count[0] == calls:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(module, name, call)


if __name__ == "__main__":
    folder, point, calls = sys.argv[1:]
    replay._BATCH = 4
    dying(*POINTS[point], int(calls))
    with open_bus(load_project(Path(folder))) as bus:
        run_replay(bus, open_letters(bus))
