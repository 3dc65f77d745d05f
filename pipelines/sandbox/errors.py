"""What can go wrong with the sandbox.

SandboxError             a JobError: a person must act; the message names the mend
├── NotStartedError      a system did not come up; the message names its log
└── UnavailableError     a system cannot be had here; the message says why and how to get it
"""

from __future__ import annotations

from pipelines.errors import JobError


class SandboxError(JobError):
    """Anything the sandbox reports."""


class NotStartedError(SandboxError):
    """A system did not come up in time, or ended at once."""


class UnavailableError(SandboxError):
    """A third-party system cannot be had here."""
