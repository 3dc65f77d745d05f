"""Erasing a person on request: here, in every target, and the receipt of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.audit import log as audit
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.login import leaving
from idp_core.profiles import store
from idp_core.profiles.records import by_source
from idp_core.provisioning.receipts import GONE, Receipt, read_receipts
from pipelines.bus import Bus
from pipelines.errors import JobError
from pipelines.planning import Word
from pipelines.provision import run as provisioning
from pipelines.provision.removal import prepare_removal, prove
from pipelines.resolve import graph as graphs
from pipelines.running import Steps, Watch, end, noting, quiet, running
from pipelines.targets import provisioning_job


@dataclass(frozen=True, slots=True)
class Erased:
    """The receipt: who was erased at whose word, what each system said, and what is not done."""

    erasure: store.Erasure
    receipts: Sequence[Receipt]
    problems: Sequence[JobError]

    @property
    def complete(self) -> bool:
        """Whether every system that had an account says that it is gone."""
        return not self.problems and all(each.proof == GONE for each in self.receipts)


def erase_person(
    bus: Bus, gid: str, word: Word, *, trigger: str = "manual", watch: Watch = quiet
) -> Erased:
    """Remove what is held of a person, delete their accounts everywhere, and ask whether they are
    gone. What a source says of them again is not taken in.

    May be repeated: it goes on where it ended, and asks again. Raises UnknownProfileError for an
    id that no profile ever had, BusyError when another run is on.
    """
    with running(bus, "erase", trigger) as begun:
        steps = Steps(bus, begun.id, watch)
        problems: list[JobError] = []
        with steps.step("erase") as (_, counts), writing(bus.engine) as conn:
            now = store.resolve_gid(conn, gid)
            if store.read_erasure(conn, now) is None:
                store.get_stored(conn, now, schema=bus.schema)  # raises for an unknown one
            erasure, refs = store.erase(conn, now, word.who, word.why, datetime.now(UTC))
            gids = store.ids_of(conn, now)
            for source, keys in by_source(refs).items():
                ledger.forget_letters(conn, source, keys)
                if source == accounts.SOURCE:
                    _close(conn, keys)
            counts["records"] = len(refs)
            _note(conn, bus, steps.run, now, word)
        graphs.forget(bus.graph, refs)
        for target in bus.project.targets:
            with noting(problems):
                problems += _remove(bus, steps, target, gids)
        end(bus, begun.id, {"erased": 1, "records": erasure.records}, problems)
    with reading(bus.engine) as conn:
        return Erased(erasure, read_receipts(conn, gids), tuple(problems))


def _note(conn: sa.Connection, bus: Bus, run: str, gid: str, word: Word) -> None:
    data = {"gid": gid, "run": run}
    entry = audit.Entry("profile.erased", "done", datetime.now(UTC), None, f"operator:{word.who}")
    audit.record(conn, bus.audit_key, replace(entry, data=data))


def _close(conn: sa.Connection, keys: Sequence[str]) -> None:
    """Delete the login accounts of these ids: who was erased can log in no more."""
    for key in keys:
        account = accounts.by_id(conn, key)
        if account is not None:
            leaving.remove(conn, account, datetime.now(UTC))


def _remove(bus: Bus, steps: Steps, target: str, gids: Sequence[str]) -> Sequence[JobError]:
    with steps.step("erase", target) as (progress, counts):
        job = provisioning_job(bus, target, steps.run, progress=progress)
        prepared = prepare_removal(job, gids)
        report = provisioning.execute(job, prepared) if prepared.plan.writes else None
        with writing(bus.engine) as conn:
            ledger.forget_letters(conn, target, (), gids)
        counts["receipts"] = prove(job, gids)
    return report.problems if report else ()
