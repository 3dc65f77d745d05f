import asyncio

import pytest

from connectors.scim.overdue import Overdue


async def held(overdue, *, tidy=None):
    with overdue:
        try:
            await asyncio.Event().wait()
        finally:
            if tidy is not None:
                tidy.append("tidied")
    return "ended"


def test_what_takes_too_long_is_ended_with_a_time_out_and_tidies_up():
    async def work():
        overdue, tidy = Overdue(0.001), []
        with pytest.raises(TimeoutError):
            await held(overdue, tidy=tidy)
        return tidy, asyncio.current_task().cancelling()

    assert asyncio.run(work()) == (["tidied"], 0)


def test_a_task_may_go_on_after_a_time_out_and_be_ended_again():
    async def work():
        overdue, ended = Overdue(0.001), 0
        for _ in range(3):
            try:
                await held(overdue)
            except TimeoutError:
                ended += 1
        return ended

    assert asyncio.run(work()) == 3


def test_what_is_quick_is_left_alone_and_its_error_passes():
    async def work():
        overdue = Overdue(60.0)
        with overdue:
            await asyncio.sleep(0)
        with pytest.raises(ValueError, match="its own"), overdue:
            raise ValueError("its own")
        overdue.close()
        return "done"

    assert asyncio.run(work()) == "done"


def test_a_cancellation_from_elsewhere_is_no_time_out():
    async def work():
        task = asyncio.create_task(held(Overdue(60.0)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(work())
