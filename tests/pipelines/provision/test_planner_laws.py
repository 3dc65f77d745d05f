"""What holds of every plan: applied it leaves nothing, order never matters, strangers are safe."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.provision.plan import Cause
from tests.often import often
from tests.pipelines.provision.world import World, account, person

names = st.sampled_from(["ann@b.c", "ANN@b.c", "bob@b.c", "eve@b.c"])
texts = st.one_of(st.none(), st.sampled_from(["a", "b"]))


@st.composite
def crowds(draw):
    gids = draw(st.lists(st.sampled_from([f"g{n}" for n in range(6)]), unique=True))
    return [
        person(
            gid,
            email=draw(names),
            given_name=draw(texts),
            nickname=draw(texts),
            locale=draw(texts),
            job_title=draw(texts),
            loyalty_tier=draw(st.sampled_from(["gold", "none"])),
        )
        for gid in gids
    ]


@st.composite
def strangers(draw):
    keys = st.one_of(st.none(), st.sampled_from([f"g{n}" for n in range(6)]))
    return [
        account(f"t{n}", draw(keys), userName=draw(names), nickName=draw(texts))
        for n in range(draw(st.integers(0, 4)))
    ]


redirections = st.dictionaries(
    st.sampled_from(["g4", "g5"]), st.sampled_from(["g0", "g1", "g2"]), max_size=2
)


@st.composite
def histories(draw):
    """Steps of (people, redirects, erased, look, correct) against one target."""
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        redirects = draw(redirections)
        people = [p for p in draw(crowds()) if p.gid not in redirects]
        erased = draw(st.sets(st.sampled_from(["g0", "g3"]), max_size=1))
        steps.append((people, redirects, erased, draw(st.booleans()), draw(st.booleans())))
    return steps


@settings(max_examples=often(300), deadline=None)
@given(histories(), strangers())
def test_after_a_plan_is_applied_there_is_nothing_left_to_plan(steps, target):
    world = World(*target)
    for people, redirects, erased, look, correct in steps:
        more = {"redirects": redirects, "erased": erased, "look": look, "correct": correct}
        first = world.plan(people, **more)
        world.settle(first)
        again = world.plan(people, **more)
        waited = {item.gid for item in first.items if item.cause is Cause.CONFLICT}
        left = {item.gid for item in again.items if item.effective}
        assert left <= waited, "only a value that this plan freed lets somebody in later"
        while not again.empty:
            world.settle(again)
            again = world.plan(people, **more)
        assert again.settled == ()


@settings(max_examples=often(150), deadline=None)
@given(histories(), strangers(), st.randoms(use_true_random=False))
def test_the_order_of_people_accounts_and_merges_never_matters(steps, target, random):
    world = World(*target)
    for people, redirects, erased, look, correct in steps:
        plan = world.plan(people, redirects=redirects, erased=erased, look=look, correct=correct)
        shuffled = World()
        for name in ("target", "managed"):
            entries = list(getattr(world, name).items())
            random.shuffle(entries)
            setattr(shuffled, name, dict(entries))
        turned = random.sample(people, len(people))
        merges = dict(random.sample(list(redirects.items()), len(redirects)))
        other = shuffled.plan(turned, redirects=merges, erased=erased, look=look, correct=correct)
        assert other.hash == plan.hash
        assert other.items == plan.items
        world.settle(plan)


@settings(max_examples=often(100), deadline=None)
@given(crowds(), strangers())
def test_no_account_of_a_stranger_is_ever_written(people, target):
    world = World(*target)
    plan = world.plan(people)
    taken = {item.account.remote_id for item in plan.items if item.cause is Cause.ADOPTED}
    written = {item.account.remote_id for item in plan.writes} - {None}
    assert written <= taken
