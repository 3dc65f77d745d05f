"""The one object that handlers are given: what they need, and nothing that is global."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from idp_core.http.gate import Gate
from idp_core.keys.ring import now_utc
from idp_core.site.config import ServeConfig
from idp_core.site.keyholder import KeyHolder
from idp_core.site.metrics import Metrics
from idp_core.vault.master import Master
from idp_core.vault.sealing import LocalSealer, Sealer


@dataclass(frozen=True, slots=True)
class Site:
    """An installation's login: its configuration, database, keys, clock and counters."""

    config: ServeConfig
    engine: sa.Engine
    master: Master = field(repr=False)
    sealer: Sealer
    keys: KeyHolder
    gate: Gate
    clock: Callable[[], datetime]
    metrics: Metrics = field(default_factory=Metrics)

    def url(self, path: str) -> str:
        """Return the absolute URL of a path of ours; never made of what a request says."""
        return self.config.issuer + path


def make_site(
    config: ServeConfig,
    engine: sa.Engine,
    master: Master,
    *,
    clock: Callable[[], datetime] = now_utc,
) -> Site:
    """Put a site together on a database that is at the newest schema."""
    sealer = LocalSealer(master)
    parts = urlsplit(config.issuer)
    return Site(
        config=config,
        engine=engine,
        master=master,
        sealer=sealer,
        keys=KeyHolder(engine, sealer, timedelta(days=config.keys.rotate_days), clock),
        gate=Gate(f"{parts.scheme}://{parts.netloc}", config.served_hosts, master.key("forms")),
        clock=clock,
    )
