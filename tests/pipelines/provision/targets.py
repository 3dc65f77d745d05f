"""A target that lives in a SQLite file, so that it outlasts the process, and misbehaves on wish."""

import json
import random
import sqlite3
import uuid

from connectors.contract import Account, Action, Outcome
from connectors.errors import (
    ConflictError,
    NotFoundError,
    ThrottledError,
    TransientError,
    UncertainError,
)


class FileTarget:
    """Users by id; ``userName`` is unique. `lose`, `throttle` and `fail` are probabilities."""

    def __init__(self, path, *, lose=0.0, throttle=0.0, fail=0.0, seed=0):
        self.lose, self.throttle, self.fail = lose, throttle, fail
        self.random = random.Random(seed)
        self.sent = []
        self.refuse = {}
        self.db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = off")
        self.db.execute(
            "create table if not exists users"
            " (id text primary key, key text, name text unique, body text, writes integer)"
        )
        self.db.execute("create index if not exists by_key on users (key)")

    def apply(self, changes):
        for change in changes:
            self.sent.append(change)
            luck = self.random.random()
            if luck < self.throttle:
                yield Outcome(change, ThrottledError("slow down", 0.0))
            elif luck < self.throttle + self.fail:
                yield Outcome(change, TransientError("out of order"))
            else:
                yield self.answer(change)

    def answer(self, change):
        if change.number in self.refuse:
            return Outcome(change, self.refuse[change.number])
        try:
            id_ = self.write(change)
        except sqlite3.IntegrityError:
            return Outcome(change, ConflictError("uniqueness"))
        except KeyError:
            return Outcome(change, NotFoundError("no such user"))
        if self.random.random() < self.lose:
            return Outcome(change, UncertainError("the answer was lost"))
        return Outcome(change, id=id_)

    def write(self, change):
        if change.action is Action.CREATE:
            body, id_ = dict(change.after), uuid.uuid4().hex
        elif change.action is Action.DELETE:
            if not self.db.execute("delete from users where id = ?", (change.id,)).rowcount:
                raise KeyError
            return change.id
        else:
            row = self.db.execute("select body from users where id = ?", (change.id,)).fetchone()
            if row is None:
                raise KeyError
            body, id_ = json.loads(row[0]) | dict(change.after), change.id
        body = {path: value for path, value in body.items() if value is not None}
        row = (id_, body.get("externalId"), body.get("userName"), json.dumps(body))
        self.db.execute(
            "insert into users values (?, ?, ?, ?, 1) on conflict (id) do update set"
            " key = excluded.key, name = excluded.name, body = excluded.body, writes = writes + 1",
            row,
        )
        return id_

    def accounts(self, object):  # noqa: A002
        for id_, key, body in self.db.execute("select id, key, body from users").fetchall():
            yield Account(id_, key, json.loads(body))

    def find(self, object, attribute, value):  # noqa: A002
        if attribute == "externalId":
            rows = self.db.execute("select id, key, body from users where key = ?", (value,))
            return [Account(i, k, json.loads(b)) for i, k, b in rows.fetchall()]
        return [a for a in self.accounts(object) if a.attributes.get(attribute) == value]

    def held(self):
        return {account.key: account for account in self.accounts("User")}


class Blind:
    """The same target, for those who cannot search."""

    def __init__(self, target):
        self.target = target

    def apply(self, changes):
        return self.target.apply(changes)
