from __future__ import annotations

import email
import email.policy
import ssl
from pathlib import Path

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from connectors.contract import Action, Change, Query
from connectors.errors import (
    MisconfiguredError,
    RejectedError,
    TransientError,
    UnauthorizedError,
    UncertainError,
)
from connectors.kit import CANARY
from connectors.registry import build
from pipelines.sandbox.processes import free_port

WELCOME = {
    "subject": "Welcome, {name.givenName}",
    "text": "Dear {name.givenName},\nyour number is {key}.\n",
    "html": "<p>Dear {name.givenName}</p>",
}


class Post:
    """A server that takes mail; `says` is what it answers to a message."""

    def __init__(self) -> None:
        self.mail: list[tuple[list[str], bytes]] = []
        self.says = "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody"):
            return f"550 no {CANARY} here"
        if address.startswith("full"):
            return "452 full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mail.append((envelope.rcpt_tos, envelope.content))
        if self.says == "cut":
            server.transport.abort()
        return self.says

    def messages(self):
        return [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in self.mail]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    ca = trustme.CA()
    folder = tmp_path_factory.mktemp("tls")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("localhost").configure_cert(context)
    return folder / "ca.pem", context


def knows(server, session, envelope, mechanism, data):
    right = (data.login, data.password) == (b"ann", b"right")
    return AuthResult(success=right, handled=False)


@pytest.fixture
def post(authority):
    handler = Post()
    controller = Controller(
        handler,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=authority[1],
        require_starttls=True,
        authenticator=knows,
        auth_required=True,
        auth_require_tls=True,
    )
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()


@pytest.fixture
def smtp(post, authority, monkeypatch, tmp_path):
    monkeypatch.setenv("PASSWORD", "right")

    def make(**more):
        given = {
            "host": "localhost",
            "port": post.port,
            "ca_file": str(authority[0]),
            "user": "ann",
            "password": "env:PASSWORD",
            "sender": "Shop <news@shop.example>",
            "messages": {"welcome": WELCOME},
            "timeout": 5,
        }
        return build("smtp", given | more, tmp_path)

    return make


def create(number=1, address="ann@example.test", **more):
    after = {"email": address, "name.givenName": "Zoë <b>", **more}
    return Change(number, "welcome", Action.CREATE, f"k{number}", after=after)


def test_who_comes_gets_one_message(smtp, post):
    target = smtp(unsubscribe="https://shop.example/out?{hash}")
    first, second = target.apply([create(1), create(2, "b@example.test")])
    assert (first.error, second.error, first.id) == (None, None, "k1")
    message = post.messages()[0]
    assert message["To"] == "ann@example.test"
    assert message["Subject"] == "Welcome, Zoë <b>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "ann" not in message["List-Unsubscribe"]
    assert message.get_body(("plain",)).get_content().splitlines() == [
        "Dear Zoë <b>,",
        "your number is k1.",
    ]
    assert "Dear Zoë &lt;b&gt;" in message.get_body(("html",)).get_content()


def test_other_changes_send_nothing(smtp, post):
    changes = [
        Change(n, "welcome", action, "k1", id="k1", after={"email": "x@example.test"})
        for n, action in enumerate((Action.UPDATE, Action.DEACTIVATE, Action.DELETE))
    ]
    assert [each.error for each in smtp().apply(changes)] == [None] * 3
    assert post.mail == []


def test_a_value_adds_no_header_and_no_recipient(smtp, post):
    evil = create(1, **{"name.givenName": "x\r\nBcc: evil@example.test"})
    bad = create(2, "a@example.test, evil@example.test")
    first, second = smtp().apply([evil, bad])
    assert first.error is None
    assert isinstance(second.error, RejectedError)
    ((recipients, _),) = post.mail
    assert recipients == ["ann@example.test"]
    assert post.messages()[0]["Bcc"] is None


def test_nothing_is_sent_to_the_suppressed_and_nothing_without_the_list(smtp, post, tmp_path):
    (tmp_path / "out.txt").write_text("Ann@Example.test\n")
    target = smtp(suppressed="out.txt")
    first, second = target.apply([create(1), create(2, "b@example.test")])
    assert isinstance(first.error, RejectedError)
    assert "suppressed" in str(first.error)
    assert second.error is None
    (tmp_path / "out.txt").unlink()
    with pytest.raises(MisconfiguredError, match="nothing is sent without it"):
        list(target.apply([create(1)]))


def test_refusals_are_told_apart_and_cost_no_other_message(smtp, post):
    missing = Change(3, "welcome", Action.CREATE, "k3", after={"email": "c@example.test"})
    changes = [create(1, "nobody@example.test"), create(2, "full@example.test"), missing, create(4)]
    outcomes = list(smtp().apply(changes))
    kinds = [type(each.error) for each in outcomes]
    assert kinds == [RejectedError, TransientError, RejectedError, type(None)]
    assert CANARY not in str(outcomes[0].error)
    assert "needs 'name.givenName'" in str(outcomes[2].error)


def test_a_message_whose_acceptance_was_not_heard_is_uncertain(smtp, post):
    post.says = "cut"
    (outcome,) = smtp().apply([create()])
    assert isinstance(outcome.error, UncertainError)
    assert len(post.mail) == 1


def test_a_wrong_password_a_dead_server_and_an_unknown_authority_are_told_apart(smtp, monkeypatch):
    assert smtp().check().identity.startswith("SMTP at localhost:")
    with pytest.raises(MisconfiguredError, match="the TLS connection failed; check ca_file"):
        smtp(ca_file=None).check()
    with pytest.raises(MisconfiguredError, match="ca_file cannot be used as PEM: FileNotFound"):
        smtp(ca_file="/missing.pem").check()
    with pytest.raises(TransientError, match="the connection broke"):
        smtp(port=1).check()
    monkeypatch.setenv("PASSWORD", CANARY)
    with pytest.raises(UnauthorizedError, match="the login was refused") as told:
        smtp().check()
    assert CANARY not in str(told.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"host": "mail.example", "security": "none"}, "security: none is for this machine only"),
        ({"password": None}, "user and password go together"),
        ({"unsubscribe": "mailto:x@y.test"}, "unsubscribe is an https address"),
        ({"messages": {"a": {"subject": "{", "text": ""}}}, "holds a brace"),
        ({"messages": {}}, "at least 1 item"),
    ],
)
def test_wrong_settings_are_answered_with_the_mend(smtp, more, message):
    with pytest.raises(MisconfiguredError, match=message):
        smtp(**more)


REPORT = """\
From: postmaster@mx.example
Date: Wed, 25 Nov 2026 10:00:00 +0100
Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
MIME-Version: 1.0

--b
Content-Type: text/plain

It did not arrive.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}

--b--
"""


def maildir(folder: Path) -> Path:
    for name in ("new", "cur", "tmp"):
        (folder / "bounces" / name).mkdir(parents=True)
    return folder / "bounces"


def test_what_bounced_comes_back_as_rows_once(smtp, tmp_path):
    box = maildir(tmp_path)
    gone = REPORT.format(address="ann@example.test", action="failed", status="5.1.1 (unknown)")
    full = REPORT.format(address="bob@example.test", action="delayed", status="4.2.2")
    (box / "cur/100.a:2,S").write_text(gone)
    (box / "new/200.b").write_text(full)
    (box / "new/150.c").write_text("Subject: hello\n\nno report")
    source = smtp(bounces="bounces")
    pages = list(source.read(Query("bounces")))
    assert [dict(row) for page in pages for row in page.rows] == [
        {
            "id": "100.a/1",
            "address": "ann@example.test",
            "action": "failed",
            "status": "5.1.1",
            "permanent": True,
            "reported_at": "2026-11-25T09:00:00+00:00",
        },
        {
            "id": "200.b/1",
            "address": "bob@example.test",
            "action": "delayed",
            "status": "4.2.2",
            "permanent": False,
            "reported_at": "2026-11-25T09:00:00+00:00",
        },
    ]
    (box / "new/200.b").rename(box / "cur/200.b:2,S")
    assert list(source.read(Query("bounces", after=pages[-1].cursor))) == []
    (box / "new/300.d").write_text(gone)
    news = list(source.read(Query("bounces", fields=("address",), after=pages[-1].cursor)))
    assert [dict(row) for page in news for row in page.rows] == [{"address": "ann@example.test"}]


def test_a_folder_that_is_no_mailbox_and_an_unknown_object_are_told(smtp, tmp_path):
    with pytest.raises(MisconfiguredError, match="is no Maildir"):
        list(smtp(bounces="nowhere").read(Query("bounces")))
    with pytest.raises(MisconfiguredError, match="set bounces"):
        list(smtp().read(Query("bounces")))
    with pytest.raises(MisconfiguredError, match="no message 'welcom'; did you mean 'welcome'"):
        list(smtp().apply([Change(1, "welcom", Action.CREATE, "k")]))
