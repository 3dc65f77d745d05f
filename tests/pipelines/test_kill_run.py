"""A run killed anywhere and started again ends as if nobody had killed it.

Everything is real but small: SQL, an HTTP API, a CSV and a JSON lines file are read, a SCIM server
from PyPI is written to, the database is SQLite or PostgreSQL. `killed.child` counts what happens
in a run and kills it at a given event.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines.killed import state
from tests.pipelines.killed.house import TOKEN, Api, Runner, Scim
from tests.pipelines.killed.world import World

SLOW = ("postgresql-at_first", "sqlite-at_change")

FOREIGN = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "id": "0",
    "userName": "taken@mail.test",
    "meta": {"resourceType": "User", "version": 'W/"0"'},
}
"""A user whom somebody else made under the name that one of ours wants."""
SIGKILLED = -9
SHARES = 4
"""The points of the full sweep are done in so many parts, each a test of some minutes."""
LASTING = ("after commit", "after file", "after P", "after DELETE")
"""Beginnings of the names of events after which something is there to stay."""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


@pytest.fixture(scope="module")
def scim() -> Iterator[Scim]:
    scim = Scim()
    yield scim
    scim.close()


class Sqlite:
    """The database is a file of the data folder, which is kept and put back with it."""

    places = (0.1, 0.5, 0.85)

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'data' / 'small.db'}"

    def keep(self) -> None:
        pass

    def put_back(self) -> None:
        pass


class Postgres:
    """The database is kept as a template that new ones are made from."""

    places = (0.25, 0.65, 0.95)

    def __init__(self, server: Any, name: str) -> None:
        self._server, self._name = server, name
        self.url = server.create(name)
        server.create(f"{name}_kept")

    def keep(self) -> None:
        self._server.drop(f"{self._name}_kept")
        self._server.create(f"{self._name}_kept", template=self._name)

    def put_back(self) -> None:
        self._server.drop(self._name)
        self._server.create(self._name, template=f"{self._name}_kept")

    def drop(self) -> None:
        self._server.drop(self._name)
        self._server.drop(f"{self._name}_kept")


class Stage:
    """A world that can be kept and put back, to run from the same beginning again and again."""

    def __init__(self, folder: Path, database: Any, runner: Runner, scim: Scim, crm: str) -> None:
        self.world = World(folder / "project", crm=crm, scim=scim.url)
        self.database, self.runner, self.scim = database, runner, scim
        self._data, self._kept = folder / "project" / "data", folder / "kept"
        self._log = folder / "log"
        self._users: list[dict[str, Any]] = []
        self.published: dict[str, str] = {}
        self.scim.put_back([])
        self._data.mkdir()

    def keep(self) -> None:
        """Have every later `put_back` return to this moment."""
        shutil.copytree(self._data, self._kept, dirs_exist_ok=True)
        self.database.keep()
        self._users = self.scim.users()

    def put_back(self) -> None:
        shutil.rmtree(self._data)
        shutil.copytree(self._kept, self._data)
        self.database.put_back()
        self.scim.put_back(self._users)

    def run(self) -> Sequence[str]:
        """Run to the end; returns the events."""
        killed, events = self._run(0)
        assert not killed
        return events

    def is_killed(self, kill_at: int) -> bool:
        """Run to the event to be killed at, or to the end if it comes first."""
        return self._run(kill_at)[0]

    def _run(self, kill_at: int) -> tuple[bool, Sequence[str]]:
        answer = self.runner(
            project=str(self.world.folder),
            database=self.database.url,
            token=TOKEN,
            kill_at=kill_at,
            log=str(self._log),
        )
        assert answer["code"] in ({0, SIGKILLED} if kill_at else {0}), self._log.read_text()
        return answer["code"] == SIGKILLED, answer["events"]

    def now(self) -> dict[str, Any]:
        return state.read(self.database.url, self.scim.users(), self.published)

    def check(self, wanted: dict[str, Any], why: str) -> None:
        """See that all is as wanted, and that nothing of killed runs lies about."""
        found = self.now()
        for part, value in wanted.items():
            missing = [row for row in value if row not in found[part]]
            extra = [row for row in found[part] if row not in value]
            assert (missing, extra) == ([], []), f"{part} after {why}"
            assert found[part] == value, f"{part} after {why}"
        left = state.leftovers(self.database.url, self.world.folder)
        assert not any(left.values()), f"{left} after {why}"

    def survive(self, number: int, name: str, wanted: dict[str, Any]) -> bool:
        """Run to an event to be killed at, run again, and compare; tells whether it was killed.

        How many events a run has differs a little from run to run, so one may end before.
        """
        self.put_back()
        killed = self.is_killed(number)
        why = f"SIGKILL at event {number}, {name}" if killed else f"ending before event {number}"
        known = set(self.published.values())
        new = {r: gid for r, gid in state.gids(self.database.url).items() if gid not in known}
        self.run()
        assert new.items() <= state.gids(self.database.url).items(), f"ids changed after {why}"
        self.check(wanted, why)
        return killed

    def sweep(self, share: int, shares: int) -> None:
        """Kill a run at one share of all points: what lasts, and the last event of each name."""
        events = self.run()
        wanted = self.now()
        last = {name: number for number, name in enumerate(events, 1)}
        points = sorted({*lasting(events), *last.values()})[share::shares]
        kills, faults = 0, []  # all faults are told: the points that one strikes say where it is
        for number in points:
            try:
                kills += self.survive(number, events[number - 1], wanted)
            except AssertionError as fault:
                faults.append(str(fault))
        print(f"{kills} kills at {len(points)} points of a run of {len(events)} events")
        assert not faults, "\n\n".join([f"{len(faults)} of {len(points)} points", *faults])
        assert kills > 0.9 * len(points)


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(
    request: pytest.FixtureRequest, tmp_path: Path, runner: Runner, scim: Scim
) -> Iterator[Stage]:
    """A stage before the first run."""
    api = Api()
    if request.param == "sqlite":
        database: Any = Sqlite(tmp_path / "project")
    else:
        database = Postgres(request.getfixturevalue("postgres_server"), "killed")
    stage = Stage(tmp_path, database, runner, scim, api.url)
    api.answering = stage.world.contacts
    stage.world.first()
    scim.put_back([FOREIGN])
    yield stage
    api.close()
    if request.param == "postgresql":
        database.drop()


def at_first(stage: Stage) -> None:
    """The first run of all, from an empty database."""
    stage.keep()


def at_change(stage: Stage) -> None:
    """A run that carries changes, deletions, a merge, mended and broken rows."""
    stage.run()
    stage.published = state.gids(stage.database.url)
    stage.world.second()
    stage.keep()


def lasting(events: Sequence[str]) -> list[int]:
    """The numbers of the events after which something was there to stay."""
    return [n for n, name in enumerate(events, 1) if name.startswith(LASTING)]


def sample(numbers: Sequence[int], places: Sequence[float]) -> list[int]:
    """A few of the numbers, from the places given as parts of the whole way."""
    return [numbers[int(place * len(numbers))] for place in places]


@pytest.mark.parametrize("begin", [at_first, at_change])
def test_a_run_killed_at_a_boundary_is_made_good_by_the_next_one(stage, begin):
    begin(stage)
    events = stage.run()
    wanted = stage.now()
    stage.check(wanted, "an undisturbed run")
    places = sample(lasting(events), stage.database.places)
    killed = [stage.survive(number, events[number - 1], wanted) for number in places]
    assert killed.count(True) >= 2


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("begin", [at_first, at_change])
def test_a_run_killed_at_any_boundary_and_inside_any_step_is_made_good(stage, begin, share):
    begin(stage)
    stage.sweep(share, SHARES)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_run_killed_many_times_on_its_way_is_made_good(stage):
    at_change(stage)
    stage.run()
    wanted = stage.now()
    for stride in (7, 23, 61):
        stage.put_back()
        kills = 0
        while stage.is_killed(stride * (kills + 1)):
            kills += 1
        print(f"{kills} kills, each {stride} events later")
        assert kills > 2
        stage.check(wanted, f"{kills} kills, each {stride} events later")
