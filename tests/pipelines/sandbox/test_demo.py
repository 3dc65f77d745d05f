"""The demo over real systems, with a job that reads the shop and joins by the truth."""

from __future__ import annotations

import io
from collections.abc import Iterator

import psycopg
import pytest
import requests
from rich.console import Console

from idp_core.profiles.model import Lineage, Profile, SourceRef
from pipelines.project import load_project
from pipelines.sandbox import demo
from pipelines.sandbox.errors import SandboxError
from pipelines.sandbox.job import Outcome, Refusal
from pipelines.sandbox.measure import read_truth
from pipelines.sandbox.story import PlanStory
from pipelines.sandbox.systems import clean


class HonestJob:
    """Joins the shop's rows as the truth does, and makes one SCIM user of each new person."""

    def __init__(self, folder, console) -> None:
        project = load_project(folder)
        self.root = folder.parent
        settings = project.sources["shop"].connector
        password = (folder / settings["password"].removeprefix("file:")).read_text()
        host = settings["url"].split("@")[1]
        self.shop = f"postgresql://isthmus_reader:{password}@{host}"
        self.portal = project.targets["portal"].connector["url"]
        self.token = (self.root / "secrets" / "scim").read_text()
        self.rows: dict[str, tuple] = self._read()

    def _read(self) -> dict[str, tuple]:
        with psycopg.connect(self.shop) as connection:
            rows = connection.execute("SELECT * FROM customers WHERE NOT deleted").fetchall()
        return {str(row[0]): row for row in rows if "." in (row[1] or "").partition("@")[2]}

    def sync(self) -> Outcome:
        before, self.rows = self.rows, self._read()
        created = 0
        for gid in sorted({gid for _, gid in self.links()}):
            user = {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": gid,
                "externalId": gid,
                "active": True,
            }
            headers = {"Authorization": f"Bearer {self.token}"}
            answer = requests.post(f"{self.portal}/Users", json=user, headers=headers, timeout=10)
            created += answer.status_code == 201
        changed = sum(before.get(key) != row for key, row in self.rows.items())
        events = {"profile.created": created} if created else {}
        return Outcome(
            read={"shop": len(self.rows)},
            changed={"shop": changed},
            refused=[Refusal("newsletter", None, "read", "more cells than columns")],
            events=events,
            plan=PlanStory("portal", {"create": created}, applied=created),
            steps=(("everything", 0.1),),
        )

    def links(self) -> Iterator[tuple[SourceRef, str]]:
        truth = read_truth(self.root / "truth.csv")
        for key in self.rows:
            if ("shop", key) in truth:
                yield SourceRef("shop", key), f"person-{truth['shop', key]}"

    def profile(self, gid: str) -> Profile | None:
        members = [ref for ref, owner in self.links() if owner == gid]
        if not members:
            return None
        row = self.rows[members[0].key]
        why = Lineage("family_name", members[0], "shop@1", "only", "the only record that says so")
        attributes = {"family_name": row[3], "email": row[1]}
        return Profile(gid, attributes, [why], members)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=100)


def _text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_demo_a_second_one_and_a_night_tell_their_stories(tmp_path, console):
    wish = demo.Wish(tmp_path / "sandbox", 400, 3)
    first = demo.run_demo(wish, HonestJob, console)
    assert (first.score.precision, first.score.recall) == (1.0, 1.0)
    assert first.target.users == first.plan.applied > 100
    assert first.target.user["userName"] == first.profile.gid
    assert "the only record that says so" in _text(console)
    assert "Nothing changed" not in _text(console)

    second = demo.run_demo(wish, HonestJob, console)
    assert second.quiet
    assert second.target.users == first.target.users
    assert "Nothing changed" in _text(console)

    after = demo.run_change(wish, HonestJob, console)
    assert not after.quiet
    consequences = {one.what: one.consequence for one in after.night}
    assert consequences["changed e-mail"].endswith(": email")
    assert consequences["deleted"].startswith("left its profile")
    assert consequences["mended"].startswith(("new profile", "joined profile"))
    assert "What happened overnight" in _text(console)
    clean(wish.folder)


def test_a_night_before_the_first_day_is_refused(tmp_path, console):
    with pytest.raises(SandboxError, match="make demo"):
        demo.run_change(demo.Wish(tmp_path), HonestJob, console)


def test_a_command_runs_beside_the_systems_and_its_code_comes_back(tmp_path, console):
    wish = demo.Wish(tmp_path / "sandbox", 20, 1)
    code = demo.run_beside(
        wish, lambda folder: ["sh", "-c", f"test -f '{folder}/isthmus.yaml' && exit 7"], console
    )
    assert code == 7


def test_a_job_that_fails_leaves_nothing_running(tmp_path, console):
    from pipelines.sandbox import processes

    class Failing(HonestJob):
        def sync(self) -> Outcome:
            raise RuntimeError("no luck")

    wish = demo.Wish(tmp_path / "sandbox", 20, 1)
    with pytest.raises(RuntimeError, match="no luck"):
        demo.run_demo(wish, Failing, console)
    assert processes.running(wish.folder / "systems") == ()
    assert processes.running(wish.folder / "systems" / "postgres") == ()
