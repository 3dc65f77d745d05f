"""What stops provisioning, named by what to do next (exit codes as in `pipelines.errors`).

JobError
├── StoppedError
│   ├── UnsafePlanError     guards were exceeded          -> approve the hash, or mend the source
│   └── StalePlanError      the inputs moved since        -> look at the new plan
└── RemoteError
    └── QuarantinedError    the target refuses too much   -> mend what the line says, run again
"""

from __future__ import annotations

from pipelines.errors import RemoteError, StoppedError


class UnsafePlanError(StoppedError):
    """A guard was exceeded and nobody approved the plan; nothing was written."""


class StalePlanError(StoppedError):
    """What would be done now is not what the plan says; nothing was written."""


class QuarantinedError(RemoteError):
    """The target failed so often that going on would do harm; the rest waits.

    `reason` is what it said most often.
    """

    def __init__(self, message: str, *, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
