import json
import random
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from idp_core.audit import log
from idp_core.db.engine import make_engine, reading
from idp_core.db.schema import upgrade
from idp_core.provisioning import accounts, journal
from idp_core.provisioning.model import AccountState
from tests.pipelines.provision.child import KEY, crowd, provision
from tests.pipelines.provision.targets import FileTarget


def kill_at_random(database, path, luck, count, night, longest):
    command = [sys.executable, "-m", "tests.pipelines.provision.child"]
    command += [database, str(path), str(luck.randrange(10**6)), str(count), str(night)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.readline()  # it has begun: what it imports is not what is tried here
    try:
        child.wait(luck.uniform(0.0, longest))
    except subprocess.TimeoutExpired:
        finished = False
        child.kill()
        child.wait()
    else:
        finished = True
        assert child.returncode == 0, child.stderr.read().decode()
    child.stdout.close()
    child.stderr.close()
    return finished


def check(database, path, people, told, since):
    """Nothing lost, nothing twice, and what we know is what the target holds.

    `told` are the operations that were done before `since`; those after are added.
    """
    target = FileTarget(path)
    rows = target.db.execute("select key, body from users").fetchall()
    target.db.close()
    held = {key: json.loads(body) for key, body in rows}
    assert len(held) == len(rows), "an account stands twice"
    wanted = {p.gid: p.attributes["given_name"] for p in people}
    active = {key: body for key, body in held.items() if body.get("active") is not False}
    assert {key: body["name.givenName"] for key, body in active.items()} == wanted
    engine = make_engine(database)
    with reading(engine) as conn:
        known = accounts.read_accounts(conn, "crm", "User")
        assert journal.unsettled(conn, "crm", "User") == []
        operations = log.find_operations(conn, log.Wanted(since=since))
        done = [(e.data["plan"], o.gid) for e, o in operations if o.outcome == "done"]
        lines = conn.execute(sa.text("select plan_id, gid from journal where state = 'done'"))
        assert len(set(done)) == len(done), "an operation is told twice"
        assert not told.intersection(done), "an operation is told again in another night"
        told.update(done)
        assert {gid for _, gid in told} == set(known)
        assert {(row.plan_id, row.gid) for row in lines} <= told
    engine.dispose()
    assert {g for g, a in known.items() if a.state is AccountState.ACTIVE} == set(wanted)
    for gid, account in known.items():
        assert account.pushed == {path: held[gid][path] for path in account.pushed}


def suffer(database, path, *, kills, count, longest):
    """Live through nights, each killed until it ends by itself, until there were enough kills."""
    engine = make_engine(database)
    upgrade(engine)
    engine.dispose()
    luck = random.Random(20260101)
    night, told = 0, set()
    while kills > 0:
        night, since = night + 1, datetime.now(UTC)
        patience = longest
        while not kill_at_random(database, path, luck, count, night, patience):
            kills -= 1
            patience *= 1.2  # on a busy machine a night takes longer
        provision(database, path, night, count, night)
        check(database, path, crowd(count, night), told, since)
        assert provision(database, path, night, count, night).done == {}
    engine = make_engine(database)
    with reading(engine) as conn:
        assert log.verify(conn, KEY).broken_at is None
    engine.dispose()


def test_a_run_that_is_killed_again_and_again_does_each_change_once(database_url, tmp_path):
    suffer(database_url, tmp_path / "target.db", kills=6, count=400, longest=0.2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_kills_over_ten_thousand_accounts_lose_and_double_nothing(database_url, tmp_path):
    suffer(database_url, tmp_path / "target.db", kills=100, count=10_000, longest=0.6)
