"""What stops a job, named by what to do next; the number is the command line's exit code.

JobError                 1  anything a job reports
├── ProjectError         2  a file of the project is wrong     -> mend the named line
├── StoppedError         3  a safety limit or a critical expectation stopped the run
│   │                       before anything was written        -> look, then approve or mend
│   └── CancelledError      a person ended the run             -> run again when it shall go on
├── RemoteError          4  a remote system cannot be used     -> the line says what to do
└── BusyError            5  another run of this project is on  -> wait for it
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def named(source: str) -> Iterator[None]:
    """Begin the line of an error with the source it is about, unless it names a file's line."""
    try:
        yield
    except ProjectError:
        raise
    except JobError as error:
        raise type(error)(f"{source}: {error}") from None


class JobError(Exception):
    """Anything a job reports; the message is one line for a person and holds no values."""

    exit_code = 1


class ProjectError(JobError):
    """A file of the project is wrong."""

    exit_code = 2


class StoppedError(JobError):
    """A safety limit stopped the run before the step wrote anything."""

    exit_code = 3


class CancelledError(StoppedError):
    """A person ended the run; what was done until then is kept."""


class RemoteError(JobError):
    """A source or target cannot be used."""

    exit_code = 4


class BusyError(JobError):
    """Another run of the same project is going on."""

    exit_code = 5
