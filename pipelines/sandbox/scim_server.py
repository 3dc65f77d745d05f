"""``python -m pipelines.sandbox.scim_server PORT FILE TOKEN_FILE``: the demo's SCIM 2.0 server.

The server is ``scim2-server`` from PyPI, the protocol engine nobody of us wrote: schemas,
validation, PATCH, filters, paging, versions, uniqueness. Its own command keeps resources in memory
only; this module adds what its storage interface is made for: each write also goes to a SQLite
file, which is read back at the start, so that a second demo finds its users.
"""

from __future__ import annotations

import hmac
import itertools
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any, cast

import uvicorn
from scim2_models import Resource, ResourceType, ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage, InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

_TABLE = """
CREATE TABLE IF NOT EXISTS resource
  (id TEXT PRIMARY KEY, type TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL)
"""


class KeptStorage(InMemoryStorage):
    """The server's own storage, with a SQLite file behind it."""

    def __init__(self, file: Path, provider: ScimProvider) -> None:
        super().__init__()
        self._file = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute(_TABLE)
        rows = self._file.execute("SELECT type, document FROM resource ORDER BY version, id")
        kinds = {kind.name: kind for kind in provider.resource_types}
        models = {name: provider.model_for(kind) for name, kind in kinds.items()}
        self.resources = [
            cast("type[Resource[Any]]", models[kind]).model_validate(json.loads(text))
            for kind, text in rows
        ]
        (last,) = self._file.execute("SELECT coalesce(max(version), 0) FROM resource").fetchone()
        self.versions = itertools.count(last + 1)

    def close(self) -> None:
        """Close the file; the storage is not used after this."""
        self._file.close()

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Create, then keep."""
        return self._kept(resource_type, super().create(resource_type, resource))

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """Update, then keep."""
        updated = super().update(resource_type, resource, expected_version=expected_version)
        return self._kept(resource_type, updated)

    def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Delete, then forget."""
        super().delete(resource_type, resource_id, expected_version=expected_version)
        self._file.execute("DELETE FROM resource WHERE id = ?", [resource_id])

    def _kept(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        assert resource.meta is not None and resource.meta.version is not None  # noqa: S101, PT018
        number = int(resource.meta.version.strip('W/"'))
        row = (resource.id, resource_type.name, number, resource.model_dump_json())
        self._file.execute("INSERT OR REPLACE INTO resource VALUES (?, ?, ?, ?)", row)
        return resource


class TokenApplication(ASGIApplication):
    """The server's ASGI application, open only to the holder of one bearer token."""

    token: str = ""

    def check_auth(self, request: ScimRequest) -> None:
        """Refuse a request without the token."""
        scheme, _, token = (request.header("Authorization") or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token, self.token):
            raise UnauthorizedException


def make_application(file: Path, token: str) -> TokenApplication:
    """Return the application over the resources kept in `file`."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    storage = AsyncInMemoryStorage(KeptStorage(file, provider))
    application = TokenApplication(storage, provider, ScimService(provider, secret=token))
    application.token = token
    return application


def main(port: int, file: Path, token_file: Path) -> None:
    """Serve until told to stop."""
    application = make_application(file, token_file.read_text(encoding="utf-8").strip())
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
