"""The shop: a legacy customer table in PostgreSQL, filled by COPY, edited row by row."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

import psycopg
from psycopg import sql

from pipelines.sandbox.postgres import Postgres
from pipelines.sandbox.shapes import COLUMNS, Row

DATABASE = "shop"
READER = "isthmus_reader"

_TABLE = """
CREATE TABLE customers (
    customer_id   integer PRIMARY KEY,
    email         text,
    first_name    text,
    last_name     text,
    phone         text,
    street        text,
    zip           varchar(12),
    city          text,
    country       char(3),
    birth_date    date,
    newsletter    char(1),
    sms_ok        char(1),
    card_no       text,
    created_at    timestamptz NOT NULL,
    modified_at   timestamptz NOT NULL,
    deleted       boolean NOT NULL
);
CREATE INDEX ON customers (modified_at, customer_id);
"""


def fill(server: Postgres, rows: Iterable[Row], password_file: Path) -> None:
    """Make the shop's database anew with these rows and a role that may only read them.

    The role's password is new each time and stands in `password_file`.
    """
    server.drop(DATABASE)
    server.create(DATABASE)
    password = secrets.token_urlsafe(18)
    with psycopg.connect(server.dsn(DATABASE)) as connection:
        connection.execute(_TABLE)
        with connection.cursor().copy(_statement("COPY customers ({}) FROM STDIN")) as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("ANALYZE customers")
        role = sql.Identifier(READER)
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [READER])
        verb = sql.SQL("ALTER" if known.fetchone() else "CREATE")
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, role, sql.Literal(password))
        )
        connection.execute(sql.SQL("GRANT SELECT ON customers TO {}").format(role))
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="utf-8")


def edit(server: Postgres, changed: Iterable[Row], gone: Iterable[str]) -> None:
    """Insert or overwrite rows and remove others, in one transaction."""
    values = sql.SQL(", ").join(sql.Placeholder() for _ in COLUMNS["shop"])
    updates = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in COLUMNS["shop"]
    )
    upsert = _statement("INSERT INTO customers ({}) VALUES ") + sql.SQL(
        "({}) ON CONFLICT (customer_id) DO UPDATE SET {}"
    ).format(values, updates)
    with psycopg.connect(server.dsn(DATABASE)) as connection, connection.cursor() as cursor:
        cursor.executemany(upsert, list(changed))
        cursor.executemany(
            "DELETE FROM customers WHERE customer_id = %s", [(int(key),) for key in gone]
        )


def _statement(text: str) -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in COLUMNS["shop"])
    return sql.SQL(text).format(columns)
