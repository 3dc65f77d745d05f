"""Is there room for what is kept, and is the database whole: the data folder and the store."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from idp_core.db import schema
from idp_core.db.engine import reading
from pipelines.bus import Workspace
from pipelines.database import reached
from pipelines.doctor.findings import Finding, fail, ok, warn

_GIB = 2**30
LITTLE, TOO_LITTLE = 2 * _GIB, _GIB // 8
"""Free bytes below which a run may, and below which it will hardly, come to its end."""
_SKEW = timedelta(seconds=60)


def look_at_folder(workspace: Workspace) -> Iterator[Finding]:
    """Look at the data folder, or where it will be made."""
    folder = workspace.project.data_folder
    place = _existing(folder)
    yield _writable(folder, place)
    free = shutil.disk_usage(place).free
    said = f"{free / _GIB:,.1f} GiB free"
    mend = "free some space, or put data: on another disk"
    if free < TOO_LITTLE:
        yield fail("disk", said, mend)
    elif free < LITTLE:
        yield warn("disk", said, mend)
    else:
        yield ok("disk", said)


def _existing(folder: Path) -> Path:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    return place


def _writable(folder: Path, place: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        mend = "give its rights to the user who runs isthmus"
        return fail("data folder", f"{folder}: cannot be written ({error.strerror})", mend)
    if not folder.exists():
        return ok("data folder", f"{folder}: the first run makes it")
    if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o007:
        said = f"{folder}: everybody on this machine may look into it, and it holds people's data"
        return warn("data folder", said, f"chmod o-rwx {folder}")
    return ok("data folder", f"{folder}: can be written")


def look_at_database(engine: sa.Engine) -> Iterator[Finding]:
    """Look at the database: reached, at which version, whole, of the same time as we are."""
    name = engine.url.render_as_string(hide_password=True)
    with reached(engine):
        now, needed = schema.current(engine), schema.head()
        if now is None:
            yield ok("database", f"{name}: empty; the first run makes its tables")
            return
        said = f"{name}: {_product(engine)}, at version {now} of {needed}"
        if now != needed and schema.is_known(now):
            yield warn("database", said, "the next run brings it to that; or isthmus db upgrade")
        else:
            schema.require_head(engine)
            yield ok("database", said)
        yield _whole(engine)
        yield from _clock(engine)


def _product(engine: sa.Engine) -> str:
    with reading(engine) as conn:
        told = ".".join(str(part) for part in conn.dialect.server_version_info or ())
    return f"{engine.dialect.name} {told}"


def _whole(engine: sa.Engine) -> Finding:
    if engine.dialect.name != "sqlite":
        return ok("integrity", "is the database server's own business")
    with reading(engine) as conn:
        try:
            wrong = conn.exec_driver_sql("PRAGMA quick_check(3)").scalars().all()
            loose = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
        except sa.exc.DatabaseError as error:
            wrong, loose = [str(error.orig)], []
    if loose:
        wrong = [*wrong, f"the table {loose[0][0]} has rows that refer to nothing"]
    if [*wrong] == ["ok"]:
        return ok("integrity", "the database file is whole")
    mend = "stop all runs, keep a copy, and restore the last backup"
    said = "; ".join(each for each in wrong if each != "ok")
    return fail("integrity", f"the database file is damaged: {said}", mend)


def _clock(engine: sa.Engine) -> Iterator[Finding]:
    if engine.dialect.name != "postgresql":
        return
    with reading(engine) as conn:
        theirs = conn.scalar(sa.text("SELECT clock_timestamp()"))
    apart = abs(datetime.now(UTC) - theirs) if theirs else timedelta()
    said = f"the database's clock and ours are {apart.total_seconds():.1f} s apart"
    if apart > _SKEW:
        yield warn("clock", said, "set both by NTP: locks and cursors go by time")
    else:
        yield ok("clock", said)
