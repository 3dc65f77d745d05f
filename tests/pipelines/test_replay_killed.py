"""A replay that is killed anywhere loses no row and doubles none."""

import signal
import subprocess
import sys
from collections import Counter

import pytest

from idp_core.db.engine import reading
from idp_core.profiles import store
from idp_core.profiles.model import EventKind
from pipelines.deadletters import open_letters, replay
from tests.pipelines.small import GOOD, MENDED, Small

SLOW = ("postgresql",)

POINTS = [("stored", 2), ("amended", 2), ("resolved", 1), ("golden", 1)]
MENDABLE = [{"id": str(n), "mail": f"n{n}(at)example.com", "name": f"N{n}"} for n in range(10, 20)]
HOPELESS = [{"id": str(n), "mail": f"n{n}", "name": f"N{n}"} for n in range(20, 23)]
WHOLE = {row["id"]: row["mail"].replace("(at)", "@") for row in [GOOD, *MENDABLE]}
"""What is held in the end."""


@pytest.fixture
def small(tmp_path, database_url):
    """Ten rows that pass now that the mapping is mended, and three that never do."""
    small = Small(tmp_path / "small", database_url)
    small.sync(GOOD, *MENDABLE, *HOPELESS)
    small.map(mail=MENDED)
    return small


def events(small):
    """How often each kind of event was told."""
    with small.bus() as bus, reading(bus.engine) as conn:
        gids = set(store.read_links(conn).values())
        return Counter(entry.kind for gid in gids for entry in store.history(conn, gid))


@pytest.mark.parametrize(("point", "calls"), POINTS)
def test_what_a_killed_replay_left_a_second_one_does(small, point, calls):
    command = [sys.executable, "-m", "tests.pipelines.replay_child", small.folder, point, calls]
    died = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr.decode()

    left = {letter.key for letter in small.letters()}
    held = small.held()
    assert left | set(held) == {row["id"] for row in [GOOD, *MENDABLE, *HOPELESS]}
    assert left & set(held) == set()

    with small.bus() as bus:
        replay(bus, open_letters(bus))
    assert small.held() == WHOLE
    assert {letter.key for letter in small.letters()} == {row["id"] for row in HOPELESS}
    assert len(small.letters("replayed")) == len(MENDABLE)
    small.sync(targets=["portal"])
    assert len(small.store.accounts["User"]) == len(WHOLE)
    assert events(small) == {EventKind.CREATED: len(WHOLE)}
