"""Mails of the login: rendered from templates, queued, sent by `deliver`."""

from __future__ import annotations

import smtplib
from typing import Any

import sqlalchemy as sa

from idp_core.db.engine import reading, writing
from idp_core.logs import logger
from idp_core.mail import queue
from idp_core.mail.queue import Letter
from idp_core.site.site import Site

_TEXT = "tel:"
"""How the receiver of a text message begins in the queue; no mail address does."""


def write(
    conn: sa.Connection, site: Site, to: str, template: str, language: str, /, **values: Any
) -> None:
    """Queue a mail. The first line of its template is the subject; `to` may be "" for nobody.

    `theme` among the values is another look than the installation's.
    """
    sender = values.get("theme", site.theme()).sender
    text = site.pages.render(f"mail/{template}.txt", language, **values)
    subject, _, body = text.partition("\n")
    letter = Letter(to, subject.strip(), body.strip() + "\n", sender)
    queue.put(conn, site.sealer, letter, site.clock())


def text(conn: sa.Connection, site: Site, number: str, language: str, /, **values: Any) -> None:
    """Queue a text message, in the mails' queue: sealed, and gone once it is sent."""
    said = site.pages.render("text/code.txt", language, **values).strip()
    queue.put(conn, site.sealer, Letter(f"{_TEXT}{number}", "", said), site.clock())


def _send(site: Site, letter: Letter) -> None:
    if letter.to.startswith(_TEXT):
        site.texts.send_text(letter.to.removeprefix(_TEXT), letter.text)
    else:
        site.post.send(letter)


def deliver(site: Site) -> int:
    """Send what is due; return how many mails went out."""
    now, sent = site.clock(), 0
    with reading(site.engine) as conn:
        if not queue.count(conn):
            return 0
    with writing(site.engine) as conn:
        waiting = queue.claim(conn, site.sealer, now)
    for each in waiting:
        try:
            if each.letter.to:
                _send(site, each.letter)
                sent += 1
        except (OSError, smtplib.SMTPException, ValueError) as error:
            logger().warning("mail.not_sent", error=type(error).__name__, attempt=each.attempts)
            with writing(site.engine) as conn:
                if not queue.again(conn, each, now):
                    logger().error("mail.given_up", attempts=each.attempts)
        else:
            with writing(site.engine) as conn:
                queue.done(conn, [each.id])
    return sent
