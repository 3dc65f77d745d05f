"""An SFTP server in this process, and short words for the files source."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh
import pyarrow as pa
import pytest

from connectors.contract import Page
from connectors.files import Files
from connectors.registry import build

PASSWORD = "right"


def files(folder: Path, path: str, **settings: Any) -> Files:
    built = build("files", {"path": path} | settings, folder)
    assert isinstance(built, Files)
    return built


def rows(pages: Any) -> list[dict[str, Any]]:
    return [
        dict(row)
        for page in pages
        for row in (page.rows.to_pylist() if isinstance(page.rows, pa.RecordBatch) else page.rows)
    ]


def rejected(pages: list[Page]) -> list[tuple[str, str]]:
    return [(each.place, each.reason) for page in pages for each in page.rejected]


@dataclass(frozen=True, slots=True)
class SftpServer:
    """Where it listens, the folder it shows, its own key and the keys that may log in."""

    port: int
    folder: Path
    host_key: str
    fingerprint: str
    authorized: Path

    def address(self, path: str) -> str:
        return f"sftp://ann@127.0.0.1:{self.port}/{path}"


class _Server(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ann", PASSWORD)


@pytest.fixture(scope="session")
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def sftp(tmp_path: Path, _loop: asyncio.AbstractEventLoop) -> Iterator[SftpServer]:
    """A server of another make than our client, with `tmp_path/drop` as its whole world."""
    folder, authorized = tmp_path / "drop", tmp_path / "authorized"
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    authorized.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_public_key())

    async def start() -> Any:
        return await asyncssh.create_server(
            _Server,
            "127.0.0.1",
            0,
            server_host_keys=[key, asyncssh.generate_private_key("ecdsa-sha2-nistp256")],
            authorized_client_keys=str(authorized),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(folder)),
        )

    async def stop(server: Any) -> None:
        server.close()
        await server.wait_closed()

    server = asyncio.run_coroutine_threadsafe(start(), _loop).result(20)
    public = key.export_public_key().decode().strip()
    yield SftpServer(server.get_port(), folder, public, key.get_fingerprint(), authorized)
    asyncio.run_coroutine_threadsafe(stop(server), _loop).result(20)
