"""A process that provisions and is killed from outside: ``child.py DATABASE TARGET SEED COUNT``."""

import sys

from connectors.contract import Outcome
from connectors.errors import ThrottledError
from idp_core.db.engine import make_engine
from pipelines.provision.apply import Patience
from pipelines.provision.guards import Limits
from pipelines.provision.order import Order
from pipelines.provision.run import Job, execute, prepare
from tests.pipelines.provision.targets import FileTarget
from tests.pipelines.provision.world import person, push

KEY = b"k" * 32


class Overlapping(FileTarget):
    """Eight under way at once, outcomes out of order, as a connector over a network has them."""

    def apply(self, changes):
        under_way = []
        for change in changes:
            self.sent.append(change)
            luck = self.random.random()
            under_way.append(self.answer(change) if luck > 0.01 else self.busy(change))
            if len(under_way) >= 8:
                yield under_way.pop(self.random.randrange(len(under_way)))
        while under_way:
            yield under_way.pop(self.random.randrange(len(under_way)))

    def busy(self, change):
        return Outcome(change, ThrottledError("429", 0.0))


def crowd(count, night):
    """People of one night: a third is renamed each night, a tenth is away every other night."""
    names = {True: f"N{night}", False: "Same"}
    stay = count if night % 2 else count - count // 10
    return [person(f"g{n:05}", email=f"{n}@b.c", given_name=names[n % 3 == 0]) for n in range(stay)]


def provision(database, path, seed, count, night=1):
    """Run once; returns the report."""
    engine = make_engine(database)
    target = Overlapping(path, lose=0.03, seed=seed)
    job = Job(
        "crm",
        engine,
        target,
        push(),
        people=lambda: crowd(count, night),
        limits=Limits(removals_percent=None, updates_percent=None, removals=None),
        patience=Patience(base=0.0),
        order=Order(str(seed), "manual:ann", KEY),
    )
    try:
        return execute(job, prepare(job))
    finally:
        engine.dispose()
        target.db.close()


if __name__ == "__main__":
    database, path, seed, count, night = sys.argv[1:]
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    provision(database, path, int(seed), int(count), int(night))
