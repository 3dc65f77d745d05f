"""The one object that handlers are given: what they need, and nothing that is global."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from idp_core.audit import log as audit
from idp_core.claims.book import Book
from idp_core.http.gate import Gate
from idp_core.keys.ring import now_utc
from idp_core.mail.queue import Transport
from idp_core.mail.texts import HttpTexter, Texter, TextFolder
from idp_core.mail.transports import Folder, Smtp
from idp_core.pages.engine import Pages
from idp_core.pages.theme import Theme
from idp_core.passwords.breached import BreachFile, BreachList, BreachService
from idp_core.passwords.hashing import Hasher
from idp_core.passwords.policy import PasswordPolicy
from idp_core.sessions.store import Limits
from idp_core.site import looks as themes
from idp_core.site import spans
from idp_core.site.config import PasswordSettings, ServeConfig
from idp_core.site.hook import Hook, hook_of
from idp_core.site.keyholder import KeyHolder
from idp_core.site.looks import Look
from idp_core.site.metrics import Metrics
from idp_core.site.refusals import Refusals
from idp_core.site.spans import Spans
from idp_core.vault.master import Master
from idp_core.vault.sealing import LocalSealer, Sealer


@dataclass(frozen=True, slots=True)
class Secrets:
    """The keys of each purpose, derived from the master secret."""

    audit: bytes = field(repr=False)
    tries: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    devices: bytes = field(repr=False)
    requests: bytes = field(repr=False)
    subjects: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Site:
    """An installation's login: its configuration, database, keys, clock and counters."""

    config: ServeConfig
    engine: sa.Engine
    secrets: Secrets
    sealer: Sealer
    keys: KeyHolder
    gate: Gate
    pages: Pages
    hasher: Hasher
    passwords: PasswordPolicy
    post: Transport
    texts: Texter
    limits: Limits
    clock: Callable[[], datetime]
    looks: Mapping[str, Look]
    """By name; the installation's own is ""."""
    hook: Hook | None = None
    """Where events go."""
    claims: Book = field(default_factory=Book)
    metrics: Metrics = field(default_factory=Metrics)
    refusals: Refusals = field(default_factory=Refusals)
    span: Spans = spans.off

    def url(self, path: str) -> str:
        """Return the absolute URL of a path of ours; never made of what a request says."""
        return self.config.issuer + path

    def theme(self, name: str | None = None) -> Theme:
        """Return a theme; the installation's own for a name that ``serve.yaml`` has no more."""
        return self.looks.get(name or "", self.looks[""]).theme

    def note(
        self,
        conn: sa.Connection,
        kind: str,
        outcome: str,
        account: str | None = None,
        actor: str = "self",
        **data: Any,
    ) -> None:
        """Write into the audit log, in the caller's transaction, and count. No values in `data`."""
        entry = audit.Entry(kind, outcome, self.clock(), account, actor, data)
        audit.record(conn, self.secrets.audit, entry)
        self.metrics.happened(kind, outcome)


@dataclass(frozen=True, slots=True)
class Around:
    """What a site needs beside its configuration; paths in that start at `folder`."""

    folder: Path = Path()
    mail_folder: Path = Path("mail")
    claims: Book = field(default_factory=Book)
    smtp_password: Callable[[], str | None] = field(default=lambda: None, repr=False)
    sms_folder: Path = Path("sms")
    sms_secret: Callable[[], str | None] = field(default=lambda: None, repr=False)
    events_secret: Callable[[], str | None] = field(default=lambda: None, repr=False)


def make_site(
    config: ServeConfig,
    engine: sa.Engine,
    master: Master,
    around: Around | None = None,
    *,
    clock: Callable[[], datetime] = now_utc,
) -> Site:
    """Put a site together on a database that is at the newest schema.

    Raises SettingsError for a list of stolen passwords that is none, a theme's file, events
    without a secret.
    """
    sealer, around = LocalSealer(master), around or Around()
    parts = urlsplit(config.issuer)
    gate = Gate(f"{parts.scheme}://{parts.netloc}", config.served_hosts, master.key("forms"))
    cost, looks = config.password, themes.read(config, around.folder)
    return Site(
        config=config,
        engine=engine,
        secrets=Secrets(**{name: master.key(name) for name in Secrets.__slots__}),
        sealer=sealer,
        keys=KeyHolder(engine, sealer, timedelta(days=config.keys.rotate_days), clock),
        gate=gate,
        pages=Pages(
            gate,
            looks[""].theme,
            config.languages,
            shared={"scope_word": around.claims.word},
        ),
        hasher=Hasher(cost.argon2_passes, cost.argon2_mebibytes, cost.argon2_lanes),
        passwords=PasswordPolicy(cost.least, cost.score, _breached(cost, around.folder)),
        post=_post(config, around.mail_folder, around.smtp_password),
        texts=_texts(config, around),
        limits=Limits(
            timedelta(hours=config.session.hours), timedelta(minutes=config.session.idle_minutes)
        ),
        clock=clock,
        looks=looks,
        hook=hook_of(config.events, around.events_secret),
        claims=around.claims,
    )


def _breached(said: PasswordSettings, folder: Path) -> BreachList | None:
    if said.breached_file is not None:
        found = BreachFile(folder / said.breached_file)
        found.check()
        return found
    return BreachService(said.breached_service) if said.breached_service else None


def _texts(config: ServeConfig, around: Around) -> Texter:
    said = config.sms
    if said.url is None:
        return TextFolder(around.sms_folder)
    as_json = said.format == "json"
    return HttpTexter(said.url, said.fields, said.headers, as_json, said.private, around.sms_secret)


def _post(config: ServeConfig, folder: Path, password: Callable[[], str | None]) -> Transport:
    said = config.mail
    if said.smtp is None:
        return Folder(folder, said.sender)
    host, _, port = said.smtp.rpartition(":")
    return Smtp(host, int(port), said.sender, said.tls, said.user, password)
