import asyncio

import pytest

from connectors.scim.underway import UnderWay


async def give(value, *, after=0):
    for _ in range(after):
        await asyncio.sleep(0)
    return value


async def fail(*, after=0):
    for _ in range(after):
        await asyncio.sleep(0)
    raise ValueError("refused")


def test_what_ended_well_is_given_before_the_error_of_another():
    async def work():
        async with UnderWay() as under_way:
            under_way.begin(give(1))
            under_way.begin(give(2))
            under_way.begin(fail())
            under_way.begin(give(3))
            taken = list(await under_way.ended())
            with pytest.raises(ValueError, match="refused"):
                await under_way.ended()
            return taken, list(await under_way.ended()), len(under_way)

    assert asyncio.run(work()) == ([1, 2], [3], 0)


def test_who_waits_is_woken_by_the_first_that_ends_and_the_others_stay_under_way():
    async def work():
        async with UnderWay() as under_way:
            under_way.begin(give("slow", after=9))
            under_way.begin(give("fast"))
            return list(await under_way.ended()), len(under_way)

    assert asyncio.run(work()) == (["fast"], 1)


def test_what_is_left_is_cancelled():
    ended = []

    async def long():
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")

    async def work():
        async with UnderWay() as under_way:
            under_way.begin(long())
            await asyncio.sleep(0)

    asyncio.run(work())
    assert ended == ["cancelled"]
