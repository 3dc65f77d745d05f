"""Where other systems push to: `isthmus serve` takes ``POST /hooks/<source>`` for push sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connectors.push import Push, Receiver
from pipelines.bus import Bus, Workspace, open_workspace
from pipelines.project import Project

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/hooks/"


def receivers(project: Project, engine: sa.Engine) -> Mapping[str, Receiver]:
    """Return a receiver for each source of the project that is pushed to, by the source's name.

    `engine` is one of the project's database. Raises ProjectError for settings that are wrong.
    """
    workspace = Bus(project=project, schema=open_workspace(project).schema, engine=engine)
    return {name: found for name in project.pushed if (found := _receiver(workspace, name))}


def hooked(application: ASGIApp, found: Mapping[str, Receiver]) -> ASGIApp:
    """Return an application that gives pushes to their receivers and all else to another one."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "") if scope["type"] == "http" else ""
        receiver = found.get(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
        await (receiver or application)(scope, receive, send)

    return dispatch


def _receiver(workspace: Workspace, name: str) -> Receiver | None:
    source = workspace.source(name)
    return Receiver(name, source) if isinstance(source, Push) else None
