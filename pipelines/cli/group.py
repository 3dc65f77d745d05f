"""How the command line ends: an error of ours is one line and its exit code.

Only a bug shows a traceback.
"""

from __future__ import annotations

import errno
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from connectors.errors import ConnectorError
from idp_core.errors import CoreError
from pipelines.cli.options import Wishes
from pipelines.cli.output import complain, give, told
from pipelines.errors import JobError, RemoteError

INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended."""
_OF_THE_MACHINE = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EFBIG,
    errno.EIO,
    errno.EISDIR,
    errno.EMFILE,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


class Commands(TyperGroup):
    """The commands of `isthmus`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("interrupted; what was done is kept, and the next run goes on from there")
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            problem = as_problem(error)
            if problem is None:
                raise
            complain(problem)
            code = exit_code(problem)
            if ctx.ensure_object(Wishes).json:
                give(told(problem, code), as_json=True)
            raise typer.Exit(code) from None


def as_problem(error: Exception) -> Exception | None:
    """Return what is told to a person; None for a bug, which shows its traceback."""
    if isinstance(error, JobError | CoreError | ConnectorError):
        return error
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return JobError(f"{error.filename or 'a file'}: {error.strerror}; mend that and run again")
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import OperationalError

        if isinstance(error, OperationalError):
            reason = next(iter(str(error.orig).splitlines()), "no reason was given")
            return RemoteError(f"the project's database gave up: {reason}; run again")
    return None


class Implied(TyperGroup):
    """A group one of whose commands may be left unsaid: the first that was added to it.

    ``isthmus plan crm`` is ``isthmus plan make crm``, as long as no command is called ``crm``.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Say the command that was left unsaid."""
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)


def exit_code(error: Exception) -> int:
    """Return the number a command ends with, as `pipelines.errors` lists them."""
    if isinstance(error, ConnectorError):
        return RemoteError.exit_code
    return error.exit_code if isinstance(error, JobError) else JobError.exit_code
