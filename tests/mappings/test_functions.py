"""Every function and operator means the same in DuckDB and in Python."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.closures import ClosureBackend
from mappings.errors import MappingError
from mappings.functions import FUNCTIONS
from mappings.functions.spec import NUMBER, SAME, Function
from mappings.record import compile_record
from mappings.shapes import shape_of
from mappings.sqlterms import SqlBackend
from mappings.terms import Translator
from mappings.values import DUCKDB_TYPES, Kind, quote_name
from tests.mappings.build import document, expression, field

ODD = (
    "aAbB zZ09.,-+'%_\\\t\n\u00e9\u00df"
    "\u0130\u03a3\u01c6e\u0301\u00a0\u3000\u200b\ufeff\U0001f600\U00010400\x00"
)
TEXTS = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=12
)
NUMBERS_AS_TEXT = st.sampled_from(
    ["1", "-7", "+3", " 12 ", "1.5", ".5", "5.", "1e3", "99999999999999999999", "0.00005", "true",
     "YES", "off", "2020-02-29", "2021-02-29", "2020-01-01T10:00:00+02:00", "2020-01-01 23:59Z",
     "0000-01-01", "9999-12-31", "2020-01-01T24:00:00", "2020-01-01T10:00:60Z", "1.23456789",
     "0001-01-01T00:00:00+05:00", "2020-1-1", "12:30", "nan", "inf", "\u0663", ""]
)  # fmt: skip
VALUES: dict[Kind, Any] = {
    Kind.TEXT: st.one_of(TEXTS, NUMBERS_AS_TEXT),
    Kind.BOOLEAN: st.booleans(),
    Kind.INTEGER: st.one_of(st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1)),
    Kind.DECIMAL: st.one_of(
        st.decimals(-100, 100, places=4), st.decimals(-(10**13), 10**13, places=4)
    ),
    Kind.DATE: st.dates(date(1, 1, 1), date(9999, 12, 31)),
    Kind.TIMESTAMP: st.datetimes(
        datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)  # noqa: DTZ001
    ),
    Kind.LIST: st.lists(st.one_of(st.none(), TEXTS), max_size=4),
}  # fmt: skip
TYPES = {kind.value: type_ for kind, type_ in DUCKDB_TYPES.items()} | {"list": "VARCHAR[]"}
ARROW = {
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    "DECIMAL(18, 4)": pa.decimal128(18, 4),
    "DATE": pa.date32(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "VARCHAR[]": pa.list_(pa.string()),
}


@pytest.fixture(scope="module")
def con() -> Any:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'; SET threads = 1")
        yield con


def both(
    con: duckdb.DuckDBPyConnection, text: str, types: dict[str, str], rows: list[dict[str, Any]]
) -> tuple[list[Any], list[Any]]:
    """Evaluate an expression over rows by DuckDB and by Python."""
    shapes = {name: shape_of(type_) for name, type_ in types.items()}
    tree = expression(text)
    sql = Translator(SqlBackend(shapes, date(2020, 2, 29))).term(tree)
    closure = Translator(ClosureBackend(lambda: date(2020, 2, 29), shapes)).term(tree)
    assert sql.kind is closure.kind
    table = pa.table(
        {name: pa.array([row[name] for row in rows], ARROW[type_]) for name, type_ in types.items()}
        | {"_n": pa.array(range(len(rows)))}
    )
    con.register("given", table)
    found = con.execute(f"SELECT {sql.form} FROM given AS _in ORDER BY _n").fetchall()
    con.unregister("given")
    return [row[0] for row in found], [closure.form(row) for row in rows]


def rows_of(types: dict[str, str], data: st.DataObject, count: int = 12) -> list[dict[str, Any]]:
    kinds = {type_: Kind(kind) for kind, type_ in TYPES.items()}
    row = st.fixed_dictionaries(
        {name: st.one_of(VALUES[kinds[type_]], st.none()) for name, type_ in types.items()}
    )
    return data.draw(st.lists(row, min_size=count, max_size=count))


def samples(function: Function) -> list[tuple[str, dict[str, str]]]:
    """Calls of a function with columns of the kinds it takes, and of others where it may."""
    special = {
        "round": ["round(c.a)", "round(c.a, 0)", "round(c.a, 2)", "round(c.a, 4)"],
        "date_part": [f"date_part('{unit}', c.a)" for unit in ("year", "month", "DAY", "hour")],
        "date_diff": [f"date_diff('{unit}', c.a, c.b)" for unit in ("year", "month", "day")],
        "date_sub": [f"date_sub('{unit}', c.a, c.b)" for unit in ("year", "month", "day")],
        "regexp_matches": [f"regexp_matches(c.a, '{p}')" for p in PATTERNS],
        "regexp_extract": [f"regexp_extract(c.a, '{p}')" for p in PATTERNS]
        + ["regexp_extract(c.a, '([a-z])([0-9])?', 2)"],
        "regexp_replace": [
            f"regexp_replace(c.a, '{p}', '<\\0>'{flags})"
            for p in PATTERNS
            if p not in EMPTY
            for flags in ("", ", 'g'")
        ],
        "today": ["today()"],
        "list_join": ["list_join(c.a, ', ')"],
        "array_to_string": ["array_to_string(c.a, '')"],
        "case": [],
    }
    texts = special.get(function.name)
    if function.name == "today":
        return [("today()", {"a": "BIGINT"})]
    kinds = [function.parameter(i) for i in range(function.max_args or function.min_args + 2)]
    if texts is None:
        names = "abcdef"[: len(kinds)]
        texts = [
            f"{function.name}({', '.join(f'c.{n}' for n in names[:count])})"
            for count in range(function.min_args, len(kinds) + 1)
        ]
    if function.name.startswith("date_"):
        kinds = kinds[1:]
    found = []
    for choice in (0, 1, 2):
        typed = {SAME: ["VARCHAR", "BIGINT", "DATE"][choice]}
        typed[NUMBER] = ["BIGINT", "DECIMAL(18, 4)", "VARCHAR"][choice]
        types = {
            n: typed.get(str(k)) or TYPES[str(k)] for n, k in zip("abcdef", kinds, strict=False)
        }
        found += [(text, types) for text in texts]
        if not {SAME, NUMBER} & {*kinds}:
            break
    return found


PATTERNS = [
    "[a-z]+", "^a", "a$", "a|b", "(a)(b)?", ".", "\\s", "\\d+", "\\W", "[^0-9]", "x{2,3}", "a+?b",
    "(?:ab)*c", "\\.", "[\\s\\-a]", "\\bz", "é",
]  # fmt: skip
EMPTY = {"\\bz"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_a_function_gives_the_same_in_both_engines(
    con: duckdb.DuckDBPyConnection, name: str, data: st.DataObject
) -> None:
    rows: list[dict[str, Any]] = []
    drawn: dict[str, str] = {}
    for text, types in samples(FUNCTIONS[name]):
        if types != drawn:
            rows, drawn = rows_of(types, data), types
        ours, theirs = both(con, text, types, rows)
        differing = [(r, a, b) for r, a, b in zip(rows, ours, theirs, strict=True) if a != b]
        assert not differing, text


OPERATIONS = [
    "c.a = c.b", "c.a <> c.b", "c.a < c.b", "c.a <= c.b", "c.a > c.b", "c.a >= c.b",
    "c.a is distinct from c.b", "c.a is not distinct from c.b", "c.a is null", "c.a is not null",
    "c.a in (c.b, 'a', null)", "c.a not in ('a', 'b')", "c.a between c.b and c.b", "c.a || c.b",
    "c.a + c.b", "c.a - c.b", "c.a * c.b", "c.a / c.b", "c.a % c.b", "-c.a", "abs(c.a)",
    "cast(c.a as text)", "cast(c.a as boolean)", "cast(c.a as bigint)", "cast(c.a as decimal)",
    "cast(c.a as date)", "cast(c.a as timestamp)", "c.a is true", "c.a is not false",
    "not c.a", "c.a and c.b", "c.a or c.b", "c.a like c.b", "c.a ilike '%a_b%'",
    "case when c.a then c.b end", "case c.a when c.b then 'x' else c.a end", "c.missing = c.a",
    "coalesce(c.a, c.b)", "greatest(c.a, c.b, 'm')", "nullif(c.a, c.b)", "c.a = 5", "c.a > '5'",
    "c.a = date '2020-02-29'", "coalesce(c.missing, c.a, 0)",
]  # fmt: skip


@pytest.mark.parametrize("text", OPERATIONS)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_an_operator_gives_the_same_in_both_engines_for_every_pair_of_types(
    con: duckdb.DuckDBPyConnection, text: str, data: st.DataObject
) -> None:
    types = {
        "a": data.draw(st.sampled_from([t for t in ARROW if t != "VARCHAR[]"])),
        "b": data.draw(st.sampled_from([t for t in ARROW if t != "VARCHAR[]"])),
    }
    rows = rows_of(types, data)
    ours, theirs = both(con, text, types, rows)
    differing = [(r, a, b) for r, a, b in zip(rows, ours, theirs, strict=True) if a != b]
    assert not differing, types


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("regexp_matches(c.a, '(?=x)')", "only"),
        ("regexp_matches(c.a, c.b)", "plain value"),
        ("regexp_matches(c.a, '(a')", "regular expression"),
        ("regexp_matches(c.a, '\\1')", "not part of the language"),
        ("regexp_extract(c.a, '(a)', 2)", "1 groups"),
        ("regexp_replace(c.a, 'a', '\\3')", "0 groups"),
        ("regexp_replace(c.a, 'a', 'b', 'i')", "'g'"),
        ("date_diff('fortnight', c.a, c.b)", "year, month or day"),
        ("date_sub('fortnight', c.a, c.b)", "year, month or day"),
        ("round(c.a, 9)", "0 to 4"),
        ("today()", "date of the run"),
    ],
)
def test_what_the_engines_could_not_agree_on_is_refused_with_its_mend(text: str, mend: str) -> None:
    with pytest.raises(MappingError, match=mend):
        compile_record(document(field("nickname", text)))


def test_numbers_never_overflow_and_never_divide_by_zero(con: duckdb.DuckDBPyConnection) -> None:
    rows = [{"a": 2**63 - 1, "b": Decimal("99999999999999.9999")}, {"a": 0, "b": Decimal(0)}]
    types = {"a": "BIGINT", "b": "DECIMAL(18, 4)"}
    for text in ("c.a + c.a", "c.a * c.a", "c.b + c.b", "c.b * c.b", "c.a / c.a", "c.a % c.a"):
        ours, theirs = both(con, text, types, rows)
        assert ours == theirs
        assert None in ours


def test_a_name_with_quotes_is_only_a_name(con: duckdb.DuckDBPyConnection) -> None:
    assert quote_name('a"b') == '"a""b"'
