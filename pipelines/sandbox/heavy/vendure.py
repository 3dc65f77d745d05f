"""Vendure, a shop of npm with a GraphQL API, over a database of its own in our PostgreSQL."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pipelines.sandbox import processes
from pipelines.sandbox.heavy.packages import npm_packages
from pipelines.sandbox.postgres import Postgres

USER = PASSWORD = "superadmin"  # noqa: S105 (Vendure's own first administrator, on loopback)
_NAME = "vendure"
_SERVER = """
const { bootstrap, DefaultLogger, LogLevel } = require('@vendure/core');
process.chdir(__dirname);  // it keeps notes where it is started
const told = JSON.parse(process.env.TOLD);
bootstrap({
  apiOptions: { port: told.port, hostname: '127.0.0.1', adminApiPath: 'admin-api' },
  authOptions: {
    tokenMethod: ['bearer'], requireVerification: false,
    superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
  },
  dbConnectionOptions: {
    type: 'postgres', host: '127.0.0.1', port: told.databasePort, username: 'postgres',
    password: told.password, database: told.database, synchronize: true,
  },
  paymentOptions: { paymentMethodHandlers: [] },
  customFields: { Customer: [{ name: 'globalId', type: 'string', nullable: true }] },
  logger: new DefaultLogger({ level: LogLevel.Warn }), plugins: [],
}).then(() => console.log(`READY ${told.port}`)).catch(error => {
  console.error(error); process.exit(1);
});
"""


def require() -> Path:
    """See to it that Vendure is there; return the folder of its packages.

    Raises UnavailableError.
    """
    # The newest tree of packages asks for one that is not published everywhere.
    options = ["--ignore-scripts", "--omit=dev", "--before=2026-08-20"]
    return npm_packages(_NAME, *options, "@vendure/core@3.7", "pg")


def start(folder: Path, database: str, server: Postgres) -> str:
    """Serve the shop over this database, which exists; return the address of its admin API.

    Customers have a custom field `globalId`. Raises UnavailableError, NotStartedError.
    """
    modules, port = require(), processes.free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.js").write_text(_SERVER, encoding="utf-8")
    told = {
        "port": port,
        "database": database,
        "databasePort": server.port,
        "password": server.password,
    }
    shop = processes.Server(
        _NAME,
        [shutil.which("node") or "node", str(folder / "server.js")],
        folder,
        {"TOLD": json.dumps(told), "NODE_PATH": str(modules / "node_modules")},
    )
    ready = f"READY {port}"
    processes.start(shop, lambda: ready in shop.log.read_text("utf-8", "replace"), patience=180)
    return f"http://127.0.0.1:{port}/admin-api"


def stop(folder: Path) -> None:
    """End the server of this folder if it runs."""
    processes.stop(folder, _NAME)
