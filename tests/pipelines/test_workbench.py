"""Databases of a step: bounded, their own, and gone with what they spilled."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.errors import JobError
from pipelines.workbench import scratch

MANY = "SELECT count(*) FROM (SELECT random() AS x FROM range(700_000) ORDER BY x LIMIT 699_999)"


def test_what_it_spills_is_nobody_elses_and_goes_with_it() -> None:
    with scratch() as con:
        ((name, limit),) = con.sql(
            "SELECT current_setting('temp_directory'), current_setting('memory_limit')"
        ).fetchall()
        folder = Path(name).parent
        assert folder.stat().st_mode & 0o077 == 0
        assert limit.endswith("iB")
        con.execute("SET memory_limit = '10MB'; SET threads = 1")
        assert con.sql(MANY).fetchall() == [(699_999,)]
    assert not folder.exists()


def test_too_little_room_is_told_with_what_to_do() -> None:
    told = pytest.raises(JobError, match=r"do not fit .* nothing is lost: free some space")
    with told, scratch() as con:
        con.execute("SET memory_limit = '10MB'; SET max_temp_directory_size = '1MB'")
        con.sql(MANY).fetchall()
