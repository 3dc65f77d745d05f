"""The systems of the sandbox, really started."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import requests

from pipelines.sandbox import crm, exports, processes
from pipelines.sandbox.errors import NotStartedError, SandboxError
from pipelines.sandbox.evolution import evolve
from pipelines.sandbox.measure import read_truth
from pipelines.sandbox.systems import Layout, clean, next_day, running
from pipelines.sandbox.world import make_world

SIZE, SEED = 300, 5


def _shop_rows(systems) -> dict[int, tuple]:
    with psycopg.connect(systems.shop.dsn("shop")) as connection:
        rows = connection.execute("SELECT * FROM customers").fetchall()
    return {row[0]: row for row in rows}


def _contacts(systems) -> dict[str, dict]:
    form = {"grant_type": "client_credentials", "client_id": crm.CLIENT}
    form["client_secret"] = (systems.layout.secrets / "crm").read_text()
    url = systems.crm.url
    token = requests.post(f"{url}/services/oauth2/token", data=form, timeout=10).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    query = {"q": "SELECT Number__c, LastName, Account.Name, IsDeleted FROM Contact"}
    page = requests.get(
        f"{url}/services/data/v62.0/queryAll", params=query, headers=headers, timeout=10
    ).json()
    assert page["done"]
    return {row["Number__c"]: row for row in page["records"]}


def test_the_systems_hold_the_world_and_the_night_s_edits_and_forget_nothing(tmp_path):
    with running(tmp_path, SIZE, SEED) as (systems, world):
        assert len(_shop_rows(systems)) == len(world.records["shop"])
        user = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ann",
            "externalId": "g1",
        }
        headers = {"Authorization": f"Bearer {systems.scim_token}"}
        made = requests.post(f"{systems.scim_url}/Users", json=user, headers=headers, timeout=10)
        assert made.status_code == 201
        following = next_day(systems, world)
    assert processes.running(systems.layout.systems) == ()
    with running(tmp_path) as (systems, again):
        assert list(again.rows()) == list(following.rows())
        shop = {int(r.key): r.row[1] for r in following.records["shop"].values()}
        assert {key: row[1] for key, row in _shop_rows(systems).items()} == shop
        assert _contacts(systems).keys() == following.records["crm"].keys()
        query = {"filter": 'externalId eq "g1"'}
        headers = {"Authorization": f"Bearer {systems.scim_token}"}
        found = requests.get(
            f"{systems.scim_url}/Users", params=query, headers=headers, timeout=10
        ).json()
        assert [one["userName"] for one in found["Resources"]] == ["ann"]
        assert read_truth(systems.layout.truth) == following.truth()


def test_another_world_is_refused_with_the_mend(tmp_path):
    layout = Layout(tmp_path)
    layout.world.write_text('{"size": 10, "seed": 1, "step": 0}', encoding="utf-8")
    with pytest.raises(SandboxError, match="make demo-clean"), running(tmp_path, 20, 1):
        pass


def test_two_demos_do_not_stop_each_other_s_systems(tmp_path):
    with running(tmp_path, 20, 1) as (systems, _):
        with pytest.raises(SandboxError, match="another demo"), running(tmp_path, 20, 1):
            pass
        with pytest.raises(SandboxError, match="another demo"):
            clean(tmp_path)
        assert _shop_rows(systems)
    clean(tmp_path)
    assert not tmp_path.exists()


def test_cleaning_leaves_folders_alone_that_are_no_sandbox(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(SandboxError, match="left alone"):
        clean(tmp_path)
    assert (tmp_path / "letter.txt").exists()
    clean(tmp_path / "nothing")


def _sleeper(folder: Path, name: str = "sleeper") -> processes.Server:
    code = "import time; time.sleep(600)"
    return processes.Server(name, [sys.executable, "-c", code], folder)


def test_a_server_is_stopped_with_all_its_children(tmp_path):
    code = (
        "import subprocess, sys, time; p = subprocess.Popen(['sleep', '600']);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    server = processes.Server("parent", [sys.executable, "-c", code], tmp_path)
    processes.start(server, lambda: bool(server.log.read_text()))
    child = int(server.log.read_text())
    assert processes.stop(tmp_path, "parent")
    assert not processes.psutil.pid_exists(child)


def test_what_a_killed_run_left_is_found_and_stopped(tmp_path):
    script = (
        "import sys, os; from pathlib import Path; from pipelines.sandbox import processes as p;"
        "s = p.Server('orphan', [sys.executable, '-c', 'import time; time.sleep(600)'],"
        "Path(sys.argv[1])); p.start(s, lambda: True); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert processes.running(tmp_path) == ("orphan",)
    assert processes.stop_all(tmp_path) == ("orphan",)
    assert processes.running(tmp_path) == ()


def test_a_server_that_ends_at_once_names_its_log(tmp_path):
    server = processes.Server("broken", [sys.executable, "-c", "raise SystemExit(3)"], tmp_path)
    with pytest.raises(NotStartedError, match=r"broken ended at once .*broken\.log"):
        processes.start(server, lambda: False)
    assert not (tmp_path / "broken.pid").exists()


def test_a_server_that_never_answers_is_stopped_again(tmp_path):
    with pytest.raises(NotStartedError, match="did not answer"):
        processes.start(_sleeper(tmp_path), lambda: False, patience=0.1)
    assert processes.running(tmp_path) == ()


def test_a_server_that_does_not_want_to_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_PATIENCE", 0.3)
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('up', flush=True); time.sleep(600)"
    )
    server = processes.Server("deaf", [sys.executable, "-c", code], tmp_path)
    processes.start(server, lambda: bool(server.log.read_text()))
    assert processes.stop(tmp_path, "deaf")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_running_when_the_run_is_interrupted(tmp_path, how):
    script = (
        "import signal, sys, time; from pathlib import Path;"
        "from pipelines.sandbox.systems import interruptible, running\n"
        # A shell's background jobs, and all they start, ignore it otherwise.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with interruptible(), running(Path(sys.argv[1]), 50, 1):\n"
        "    print('up', flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        started = processes.running(tmp_path / "systems")
        run.send_signal(how)
        run.wait(30)
    assert started == ("scim",)
    assert processes.running(tmp_path / "systems") == ()
    assert processes.running(tmp_path / "systems" / "postgres") == ()


def test_the_exports_are_what_such_systems_write(tmp_path):
    world = make_world(2000, 1)
    rows = [record.row for record in world.records["newsletter"].values()]
    exports.write_newsletter(tmp_path / "n.csv", rows)
    with (tmp_path / "n.csv").open(encoding=exports.ENCODING, newline="") as file:
        lines = list(csv.reader(file, delimiter=";"))
    assert len(lines) == len(rows) + 1
    assert {len(line) for line in lines} == {7, 8}
    exports.write_loyalty(tmp_path / "l.txt", [r.row for r in world.records["loyalty"].values()])
    widths = {len(line) for line in (tmp_path / "l.txt").read_text("ascii").splitlines()}
    assert widths == {58, 124}


def test_an_export_that_says_the_same_is_not_touched(tmp_path):
    file = tmp_path / "n.csv"
    exports.write_newsletter(file, [("1", "a@b.example")])
    os.utime(file, (1, 1))
    exports.write_newsletter(file, [("1", "a@b.example")])
    assert file.stat().st_mtime == 1


def test_a_night_reaches_only_the_rows_it_names(tmp_path):
    world = make_world(SIZE, SEED)
    following = evolve(world)
    crm.fill(tmp_path / "crm.db", (r.row for r in world.records["crm"].values()))
    changed = [
        r.row for k, r in following.records["crm"].items() if world.records["crm"].get(k) != r
    ]
    with crm.running(tmp_path / "crm.db", tmp_path / "secret") as simulator:
        before = {row["Number__c"]: row for row in simulator.org.records("Contact")}
        crm.edit(simulator.org, changed, [next(iter(before))])
        after = {row["Number__c"]: row for row in simulator.org.records("Contact")}
    crm.fill(tmp_path / "new.db", (r.row for r in following.records["crm"].values()))
    with crm.running(tmp_path / "new.db", tmp_path / "secret") as simulator:
        anew = {row["Number__c"]: row for row in simulator.org.records("Contact")}
    gone = after.pop(next(iter(before)))
    assert gone["IsDeleted"]
    assert {row[0] for row in changed} >= {k for k, row in after.items() if before.get(k) != row}
    own = {"LastName", "Mail__c", "Born__c", "SystemModstamp", "IsDeleted", "MailingStreet"}
    for key, row in after.items():
        assert {n: row.get(n) for n in own} == {n: anew[key].get(n) for n in own}
