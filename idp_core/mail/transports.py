"""The two ways a mail goes out: a file in a folder, or SMTP."""

from __future__ import annotations

import smtplib
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

from idp_core.mail.queue import Letter

_SECONDS = 20


def message(letter: Letter, sender: str, *, raw: bool = False) -> EmailMessage:
    """Return the mail as RFC 5322 has it; `raw` keeps lines whole for who reads the file itself.

    Raises ValueError for an address with a line end.
    """
    sender = letter.sender or sender
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = sender, letter.to, letter.subject
    made["Date"] = format_datetime(datetime.now(UTC))
    made["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].strip("> ") or "localhost")
    made["Auto-Submitted"] = "auto-generated"
    plain = "7bit" if letter.text.isascii() else None
    made.set_content(letter.text, cte="8bit" if raw else plain)
    return made


@dataclass(frozen=True, slots=True)
class Folder:
    """Writes each mail into a folder, for its owner's eyes: it holds links that log people in."""

    path: Path
    sender: str

    def send(self, letter: Letter) -> None:
        """Write ``<time>-<id>.eml``."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}.eml"
        draft = self.path / f".{name}"
        draft.touch(mode=0o600)
        draft.write_bytes(message(letter, self.sender, raw=True).as_bytes())
        draft.rename(self.path / name)


@dataclass(frozen=True, slots=True)
class Smtp:
    """Sends by SMTP: with STARTTLS, or in TLS from the start on port 465."""

    host: str
    port: int
    sender: str
    tls: bool = True
    user: str | None = None
    password: Callable[[], str | None] = field(default=lambda: None, repr=False)

    def send(self, letter: Letter) -> None:
        """Send one mail. Raises OSError (of which smtplib's errors are) when it cannot be."""
        context = ssl.create_default_context()
        made = message(letter, self.sender)
        with self._connect(context) as smtp:
            if self.tls and self.port != smtplib.SMTP_SSL_PORT:
                smtp.starttls(context=context)
            secret = self.password()
            if self.user and secret:
                smtp.login(self.user, secret)
            smtp.send_message(made)

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.tls and self.port == smtplib.SMTP_SSL_PORT:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_SECONDS, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=_SECONDS)
