"""Erasing people, at a person's word or a source's: here, in every target, with a receipt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from idp_core.accounts import store as accounts
from idp_core.db.engine import reading, writing
from idp_core.ledger import store as ledger
from idp_core.login import leaving
from idp_core.profiles import asked as requests
from idp_core.profiles import store
from idp_core.profiles.model import SourceRef
from idp_core.profiles.records import by_source
from idp_core.provisioning.belongings import forget_belongings
from idp_core.provisioning.receipts import GONE, Receipt, read_receipts
from idp_core.provisioning.unchanged import forget_unwanted
from pipelines import acts
from pipelines.bus import Bus
from pipelines.errors import JobError, StoppedError
from pipelines.provision import run as provisioning
from pipelines.provision.removal import prepare_removal, prove
from pipelines.resolve import graph as graphs
from pipelines.running import Steps, Watch, end, noting, quiet, running
from pipelines.targets import provisioning_job
from pipelines.word import Word

_FEW = 3
"""So many people never count as a percentage: a small source would stop at each one."""


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
        with steps.step("erase") as (_, counts), writing(bus.engine) as conn:
            now = store.resolve_gid(conn, gid)
            if store.read_erasure(conn, now) is None:
                store.get_stored(conn, now, schema=bus.schema)  # raises for an unknown one
            erasure, refs = _forget(bus, conn, steps.run, now, word)
            gids = store.ids_of(conn, now)
            counts["records"] = len(refs)
        graphs.forget(bus.graph, refs)
        problems = _remove_everywhere(bus, steps, gids)
        end(bus, begun.id, {"erased": 1, "records": erasure.records}, problems)
    with reading(bus.engine) as conn:
        return Erased(erasure, read_receipts(conn, gids), tuple(problems))


def erase_asked(bus: Bus, steps: Steps, source: str) -> Sequence[JobError]:
    """Erase whom a source wants erased; return what could not be done yet.

    What is not proven at every target stays asked for, and the next run goes on with it. Raises
    StoppedError, before anything is written, when a source asks for more than can be believed.
    """
    with reading(bus.engine) as conn:
        asked = requests.waiting_requests(conn, source)
        known = store.count_live(conn, source)
    if not asked:
        return ()
    _believable(bus, source, sum(not each.begun for each in asked), known)
    with steps.step("erase", source) as (_, counts), writing(bus.engine) as conn:
        gone = [ref for each in asked for ref in _forget_asked(bus, conn, steps.run, each, source)]
        asked = requests.waiting_requests(conn, source)
        gids = [gid for each in asked if each.gid for gid in store.ids_of(conn, each.gid)]
        counts.update(people=len(asked), records=len(gone))
    graphs.forget(bus.graph, gone)
    problems = _remove_everywhere(bus, steps, gids) if gids else ()
    if not problems:
        with writing(bus.engine) as conn:
            requests.finish(conn, asked)
    return problems


def _believable(bus: Bus, source: str, asked: int, known: int) -> None:
    """Stop when a source wants more people erased than people ask to be."""
    limit = bus.source_settings(source).max_erase
    if asked > _FEW and 100 * asked > limit * known:
        raise StoppedError(
            f"{source}: wants {asked:,} of {known:,} people erased "
            f"({100 * asked / max(known, 1):.3g}% > max_erase {limit:g}%). Nobody was erased; look "
            f"at the source and at erase: in its mapping; if this is right, set "
            f"sources.{source}.max_erase higher for one run"
        )


def _forget_asked(
    bus: Bus, conn: sa.Connection, run: str, request: requests.ErasureRequest, source: str
) -> Sequence[SourceRef]:
    """Remove what is held of the person of a record, or of the record alone when it is nobody's."""
    if request.begun:
        return ()
    if request.gid is None:
        store.erase_keys(conn, source, [request.key], datetime.now(UTC))
        ledger.forget_letters(conn, source, [request.key])
        requests.finish(conn, [request])
        return [SourceRef(source, request.key)]
    gid = store.resolve_gid(conn, request.gid)
    requests.begin(conn, request, gid)
    word = Word(f"source:{source}", f"mapping {bus.mapping(source).id}: erase")
    return _forget(bus, conn, run, gid, word, actor=word.who)[1]


def _forget(
    bus: Bus, conn: sa.Connection, run: str, gid: str, word: Word, *, actor: str | None = None
) -> tuple[store.Erasure, Sequence[SourceRef]]:
    """Remove what is held of a person here; return the erasure and their records."""
    now = datetime.now(UTC)
    erasure, refs = store.erase(conn, gid, word.who, word.why, now)
    for source, keys in by_source(refs).items():
        ledger.forget_letters(conn, source, keys)
        if source == accounts.SOURCE:
            _close(conn, keys)
    gids = store.ids_of(conn, gid)
    forget_belongings(conn, gids)
    forget_unwanted(conn, gids)
    acts.note(bus, conn, "profile.erased", actor or acts.operator(word.who), gid=gid, run=run)
    return erasure, refs


def _close(conn: sa.Connection, keys: Sequence[str]) -> None:
    """Delete the login accounts of these ids: who was erased can log in no more."""
    for key in keys:
        account = accounts.by_id(conn, key)
        if account is not None:
            leaving.remove(conn, account, datetime.now(UTC))


def _remove_everywhere(bus: Bus, steps: Steps, gids: Sequence[str]) -> Sequence[JobError]:
    """Delete the accounts of these ids at every target; one that fails does not stop the others."""
    problems: list[JobError] = []
    for target in bus.project.targets:
        with noting(problems):
            problems += _remove(bus, steps, target, gids)
    return problems


def _remove(bus: Bus, steps: Steps, target: str, gids: Sequence[str]) -> Sequence[JobError]:
    with steps.step("erase", target) as (progress, counts):
        job = provisioning_job(bus, target, steps.run, progress=progress)
        prepared = prepare_removal(job, gids)
        report = provisioning.execute(job, prepared) if prepared.plan.writes else None
        with writing(bus.engine) as conn:
            ledger.forget_letters(conn, target, (), gids)
        counts["receipts"] = prove(job, gids)
    return report.problems if report else ()
