import asyncio

from connectors.scim.underway import UnderWay


async def give(value, *, after=0):
    for _ in range(after):
        await asyncio.sleep(0)
    return value


async def fail(*, after=0):
    for _ in range(after):
        await asyncio.sleep(0)
    raise ValueError("refused")


def taken(works, lanes, **more):
    """What is given, time after time, and the error at the end if there is one."""

    async def work():
        times = []
        async with UnderWay(iter(works), lanes, **more) as under_way:
            try:
                while some := await under_way.ended():
                    times.append(list(some))
            except ValueError as error:
                times.append(str(error))
        return times

    return asyncio.run(work())


def test_what_ended_well_is_given_before_the_error_of_another():
    works = [give(1), give(2), fail(after=1), give(3)]
    assert taken(works, 4, together=4) == [[1, 2, 3], "refused"]


def test_after_an_error_nothing_more_is_drawn():
    drawn = []

    def works():
        for number in range(9):
            drawn.append(number)
            yield fail() if number == 1 else give(number)

    assert taken(works(), 1) == [[0], "refused"]
    assert drawn == [0, 1]


def test_an_error_of_the_drawing_is_given_as_one_of_the_work():
    def works():
        yield give(1)
        raise ValueError("the journal is full")

    assert taken(works(), 2, together=9) == [[1], "the journal is full"]


def test_results_come_several_at_a_time_and_the_last_ones_too():
    assert taken([give(n, after=3) for n in range(5)], 1, together=2) == [[0, 1], [2, 3], [4]]


def test_an_urgent_result_and_one_that_waited_are_given_at_once():
    def bad(value):
        return value == "bad"

    assert taken([give("good"), give("bad")], 1, together=9, urgent=bad)[0] == ["good", "bad"]
    slow = asyncio.sleep(0.2, "slow")
    assert taken([give("fast"), slow], 2, together=9) == [["fast"], ["slow"]]


def test_who_waits_is_woken_by_the_first_that_ends_and_the_others_stay_under_way():
    assert taken([give("slow", after=9), give("fast")], 2) == [["fast"], ["slow"]]


def test_no_more_is_under_way_than_there_are_lanes():
    running, most = 0, 0

    async def work(number):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    times = taken((work(n) for n in range(20)), 3, together=3)
    assert sorted(n for some in times for n in some) == list(range(20))
    assert most == 3


def test_what_is_left_is_cancelled():
    ended = []

    async def long():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    async def work():
        async with UnderWay((long() for _ in range(2)), 1):
            await asyncio.sleep(0)

    asyncio.run(work())
    assert ended == ["cancelled"]
