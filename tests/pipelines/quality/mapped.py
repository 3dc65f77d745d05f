"""Small mapped relations for tests."""

from __future__ import annotations

from pipelines.quality.literals import quoted
from pipelines.quality.model import Expectation, Severity, Suite

PROBLEM = "STRUCT(field VARCHAR, step VARCHAR, reason VARCHAR, severity VARCHAR)"
EMAIL = 'STRUCT("value" VARCHAR, "type" VARCHAR, "primary" BOOLEAN, verified BOOLEAN)'
COLUMNS = {
    "_row": "BIGINT",
    "_key": "VARCHAR",
    "_cursor": "VARCHAR",
    "_deleted": "BOOLEAN",
    "_erased": "BOOLEAN",
    "_problems": f"{PROBLEM}[]",
    "given_name": "VARCHAR",
    "birth_date": "DATE",
    "emails": f"{EMAIL}[]",
    "consent.marketing_email": "BOOLEAN",
}


def email(value, *, primary=True, type_=None):
    return {"value": value, "type": type_, "primary": primary, "verified": None}


def problem(field="email", *, severity="quarantine", step="email"):
    return {"field": field, "step": step, "reason": "is no e-mail address", "severity": severity}


def mapped(con, *rows, name="mapped"):
    """Make a mapped relation; each row is a dict of what is not empty in it."""
    columns = ", ".join(f"{quoted(column)} {type_}" for column, type_ in COLUMNS.items())
    con.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({columns})")
    for number, row in enumerate(rows):
        full = {"_row": number, "_key": f"k{number}", "_deleted": False, "_problems": []}
        full |= {"emails": []} | row
        marks = ", ".join("?" for _ in COLUMNS)
        con.execute(
            f"INSERT INTO {quoted(name)} VALUES ({marks})",
            [full.get(column) for column in COLUMNS],
        )
    return name


def expect(type_, severity="critical", place="quality/crm.json:3 expectations[0]", **kwargs):
    return Expectation(f"expect_{type_}", kwargs, Severity(severity), place)


def suite(*expectations):
    return Suite("crm", expectations)
