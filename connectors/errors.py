"""What can go wrong with a remote system, named by what to do next.

    ConnectorError
    ├── TransientError        nothing was lost, try again       -> retry with back-off
    │   ├── ThrottledError    it asks for patience              -> wait `retry_after` seconds
    │   └── UncertainError    it may or may not have happened   -> ask before trying again
    ├── ExpiredCursorError    a feed forgot the position    -> read all of it anew
    ├── RejectedError         this row or change never passes   -> dead letter, go on
    │   ├── NotFoundError     it names something that is gone   -> fine for a delete
    │   └── ConflictError     another one holds this key        -> match it or ask a person
    └── MisconfiguredError    a person must act                 -> stop the run
        └── UnauthorizedError the credentials are refused       -> stop, alert

Messages name the mend. They carry no customer values: keys and field names only. What a system was
sent and what it answered is beside the message, for a dead letter to keep: `exchange`.
"""

from __future__ import annotations

from typing import Self

from connectors.exchange import Exchange


class ConnectorError(Exception):
    """Anything a connector reports."""

    exchange: Exchange | None = None
    """What was said, where it was about one account alone; no message shows it."""

    def after(self, exchange: Exchange | None) -> Self:
        """Return this error with what was said before it."""
        self.exchange = exchange
        return self


class TransientError(ConnectorError):
    """Nothing was lost; the same call may pass later."""


class ThrottledError(TransientError):
    """The remote system asks for patience: `retry_after` seconds, or None when it does not say."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UncertainError(TransientError):
    """The request was sent and its answer lost: look it up before sending it again."""


class ExpiredCursorError(ConnectorError):
    """The feed no longer knows the position it is to go on from: read everything anew."""


class RejectedError(ConnectorError):
    """This row or change will never pass as it is."""


class NotFoundError(RejectedError):
    """The remote system does not know what was named."""


class ConflictError(RejectedError):
    """Another record of the remote system holds this unique value."""


class MisconfiguredError(ConnectorError):
    """A person must act: an address, a right or a setting is wrong."""


class UnauthorizedError(MisconfiguredError):
    """The credentials were refused."""
