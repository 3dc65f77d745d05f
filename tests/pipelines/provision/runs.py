"""A crowd of people, a run, and what is known after it."""

from idp_core.db.engine import reading
from idp_core.provisioning import accounts, journal
from pipelines.provision.apply import Patience
from pipelines.provision.run import execute, prepare
from tests.pipelines.provision.world import person

QUICK = Patience(attempts=6, base=0.0)


def crowd(count, **more):
    return [person(f"g{n:04}", email=f"{n}@b.c", **more) for n in range(count)]


def run(job, **more):
    return execute(job, prepare(job), **more)


def entries(engine, plan_id):
    with reading(engine) as conn:
        return journal.read_entries(conn, plan_id)


def known(engine):
    with reading(engine) as conn:
        return accounts.read_accounts(conn, "crm", "User")
