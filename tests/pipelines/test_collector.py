import gc

import pytest

from pipelines.collector import paused


def test_the_collector_rests_while_the_block_runs_whatever_ends_it():
    seen = []

    @paused()
    def fail():
        seen.append(gc.isenabled())
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (seen, gc.isenabled()) == ([False], True)


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with paused(), paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
