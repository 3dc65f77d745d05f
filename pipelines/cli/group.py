"""How the command line ends: an error of ours is one line and its exit code.

Only a bug shows a traceback.
"""

from __future__ import annotations

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


class Commands(TyperGroup):
    """The commands of `isthmus`."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except (JobError, CoreError, ConnectorError) as error:
            code = exit_code(error)
            complain(error)
            if ctx.ensure_object(Wishes).json:
                give(told(error, code), as_json=True)
            raise typer.Exit(code) from None
        except KeyboardInterrupt:
            complain("interrupted; what was done is kept, and the next run goes on from there")
            raise typer.Exit(INTERRUPTED) from None


def exit_code(error: Exception) -> int:
    """Return the number a command ends with, as `pipelines.errors` lists them."""
    if isinstance(error, ConnectorError):
        return RemoteError.exit_code
    return error.exit_code if isinstance(error, JobError) else JobError.exit_code
