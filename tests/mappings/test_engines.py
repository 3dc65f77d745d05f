"""The key law: both engines make the same record of the same row, problems included."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.batch import compile_batch
from mappings.schema import CUSTOMER, Attribute, Type
from mappings.tree import Document, OnError
from tests.mappings.build import (
    columns_of,
    document,
    each,
    field,
    record_of,
    run_batch,
    run_records,
)
from tests.mappings.rows import (
    ADDRESSES,
    DATES,
    LOCALES,
    MOMENTS,
    NAMES,
    NUMBERS,
    PHONES,
    TEXTS,
    table,
)
from tests.often import often

SCHEMA = CUSTOMER.extended(
    [
        Attribute("points", Type.INTEGER),
        Attribute("balance", Type.DECIMAL),
        Attribute("tags", parts={"value": Type.TEXT, "since": Type.DATE, "score": Type.INTEGER}),
    ]
)
ITEM = pa.struct([("k", pa.string()), ("v", pa.string()), ("p", pa.bool_()), ("n", pa.float64())])
TYPED = pa.schema(
    [
        ("id", pa.string()), ("name", pa.string()), ("mail", pa.string()), ("mail2", pa.string()),
        ("phone", pa.string()), ("land", pa.string()), ("day", pa.string()),
        ("moment", pa.string()),
        ("number", pa.string()), ("odd", pa.string()), ("i", pa.int64()), ("small", pa.int32()),
        ("f", pa.float64()), ("d", pa.decimal128(10, 2)), ("b", pa.bool_()), ("date", pa.date32()),
        ("ts", pa.timestamp("us")), ("tz", pa.timestamp("us", "UTC")),
        ("s", pa.struct([("a", pa.string()), ("in", pa.struct([("n", pa.int64())]))])),
        ("texts", pa.list_(pa.string())), ("items", pa.list_(ITEM)),
    ]
)  # fmt: skip
_FLOATS = st.one_of(
    st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), st.floats(allow_nan=True), st.just(12345.0)
)
_ITEM = st.fixed_dictionaries(
    {
        "k": st.sampled_from(["crm", "shop", "", None]),
        "v": st.one_of(st.sampled_from(["1", " 1", "2", None]), ADDRESSES),
        "p": st.sampled_from([True, False, None]),
        "n": _FLOATS,
    }
)
_MOMENT = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001
ROW: dict[str, st.SearchStrategy[Any]] = {
    "id": st.one_of(st.sampled_from(["1", "2", " ", ""]), TEXTS),
    "name": st.one_of(NAMES, TEXTS),
    "mail": ADDRESSES,
    "mail2": ADDRESSES,
    "phone": PHONES,
    "land": LOCALES,
    "day": DATES,
    "moment": MOMENTS,
    "number": NUMBERS,
    "odd": TEXTS,
    "i": st.one_of(st.integers(-5, 5), st.integers(-(2**63), 2**63 - 1)),
    "small": st.integers(-100, 100),
    "f": _FLOATS,
    "d": st.decimals(-1000, 1000, places=2),
    "b": st.booleans(),
    "date": st.dates(date(1900, 1, 1), date(2100, 1, 1)),
    "ts": _MOMENT,
    "tz": _MOMENT.map(lambda v: v.replace(tzinfo=UTC)),
    "s": st.fixed_dictionaries(
        {"a": NAMES, "in": st.one_of(st.none(), st.fixed_dictionaries({"n": st.integers(0, 9)}))}
    ),
    "texts": st.lists(st.one_of(st.none(), NAMES), max_size=3),
    "items": st.lists(st.one_of(st.none(), _ITEM), max_size=4),
}
TYPED_ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.one_of(value, value, st.none()) for name, value in ROW.items()}
    ),
    min_size=1,
    max_size=8,
)
TEXT_NAMES = ["id", "name", "mail", "mail2", "phone", "land", "day", "moment", "number", "odd"]
TEXT_ROWS = st.lists(
    st.fixed_dictionaries(
        {name: st.one_of(ROW[name], ROW[name], st.none()) for name in TEXT_NAMES}
    ),
    min_size=1,
    max_size=8,
)

_COLUMNS = [f"c.{name}" for name in TYPED.names if name != "items"]
_TEXT_COLUMNS = [f"c.{name}" for name in TEXT_NAMES]
_LITERALS = [
    "'a'",
    "''",
    "' '",
    "5",
    "-1.5",
    "null",
    "true",
    "'1'",
    "date '2020-01-01'",
    "c.absent",
]


def expressions(columns: list[str]) -> st.SearchStrategy[str]:
    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        one = st.sampled_from(
            ["lower({0})", "upper({0})", "trim({0})", "length({0})", "strip_accents({0})",
             "cast({0} as text)", "cast({0} as bigint)", "cast({0} as decimal)",
             "cast({0} as date)", "cast({0} as timestamp)", "cast({0} as boolean)", "not ({0})",
             "({0}) is null", "abs({0})", "round({0}, 1)", "floor({0})", "year({0})",
             "regexp_replace({0}, '[0-9]+', '#', 'g')", "left({0}, 3)", "-({0})",
             "({0}) in ('a', 5, null)", "split_part({0}, ' ', 1)"]
        )  # fmt: skip
        two = st.sampled_from(
            ["coalesce({0}, {1})", "concat_ws(' ', {0}, {1})", "({0}) || ({1})", "({0}) = ({1})",
             "({0}) < ({1})", "({0}) + ({1})", "({0}) * ({1})", "({0}) / ({1})", "nullif({0}, {1})",
             "case when {0} then {1} end", "case {0} when {1} then 'x' else {0} end",
             "({0}) and ({1})", "({0}) or ({1})", "({0}) is distinct from ({1})",
             "greatest({0}, {1})", "({0}) like ({1})", "date_diff('day', {0}, {1})",
             "replace({0}, {1}, '-')", "starts_with({0}, {1})"]
        )  # fmt: skip
        return st.one_of(
            st.tuples(one, inner).map(lambda t: t[0].format(t[1])),
            st.tuples(two, inner, inner).map(lambda t: t[0].format(t[1], t[2])),
        )

    leaf = st.sampled_from([*columns, *columns, *_LITERALS])
    return st.one_of(leaf, leaf, st.recursive(leaf, grow, max_leaves=4))


_TEXT_STEPS: list[Any] = [
    "trim", "lower", "upper", "nfc", "squeeze", "blank_to_null", "strip_accents", "digits",
    "name_case", ("blank_to_null", {"words": ["n/a", "-"]}),
    ("part", {"separator": " ", "number": 1}),
    ("name_part", {"part": "family"}), "email", "country", "language", "locale",
    ("phone_e164", {"region": "c.land"}), ("phone_e164", {"region": "FR"}), "phone_e164",
    ("postal_code", {"country": "c.land"}), ("date", {"formats": ["%Y-%m-%d", "%d.%m.%Y"]}),
    "timestamp", "boolean", "integer", ("decimal", {"point": ","}),
]  # fmt: skip
_SINGLE = [
    "given_name", "nickname", "birth_date", "updated_at", "created_at", "active",
    "consent.marketing_email", "points", "balance", "display_name",
]  # fmt: skip
_LISTED = [
    "email", "emails[work]", "emails[home]", "phone", "phones[mobile]", "address.locality",
    "address.country", "addresses[home].locality", "addresses[home].postal_code",
    "external_ids[crm]", "external_ids[shop]", "emails[work].verified", "email.verified",
    "tags[vip].since", "tags[vip].score",
]  # fmt: skip
_LOOKUPS: list[Any] = [
    None, None, None, {"a": "x", "ANN LEE": "y"}, {"1": True, "0": False}, {"5": 5, "a": None}, {},
    {"": "blank", "true": "yes"},
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, *, typed: bool) -> Document:
    texts = expressions(_COLUMNS if typed else _TEXT_COLUMNS)
    names = draw(st.lists(st.sampled_from(_SINGLE + _LISTED), min_size=1, max_size=6, unique=True))
    fields: list[Any] = [
        field(
            name,
            draw(texts),
            draw(st.lists(st.sampled_from(_TEXT_STEPS), max_size=3)),
            lookup=draw(st.sampled_from(_LOOKUPS)),
            default=draw(
                st.sampled_from([None, None, "none", "1", 5, "2020-01-01", True, "c.odd"])
            ),
            on_error=draw(st.sampled_from(OnError)),
            schema=SCHEMA,
        )
        for name in names
    ]
    if typed:
        fields += draw(st.lists(st.sampled_from(_EACH), max_size=2))
    edges = st.one_of(st.none(), texts)
    return document(
        *draw(st.permutations(fields)),
        key=draw(st.one_of(st.just("c.id"), texts)),
        schema=SCHEMA,
        where=draw(edges),
        cursor=draw(edges),
        delete=draw(edges),
    )


_EACH = [
    each("emails", "c.items", {"value": ("e.v", ["trim", "email"]), "type": ("e.k",)}),
    each("emails", "c.items", {"value": ("e.v",), "primary": ("e.p",), "verified": ("e.p",)}),
    each("emails", "c.texts", {"value": ("e", ["lower"])}),
    each(
        "external_ids", "c.items",
        {"system": ("coalesce(e.k, c.land)",), "value": ("e.v", ["trim"])},
    ),
    each("phones", "c.texts", {"value": ("e", [("phone_e164", {"region": "c.land"})])}),
    each("emails", "c.absent", {"value": ("e.v",)}),
    each("emails", "c.name", {"value": ("e.v",)}),
    each("addresses", "c.items", {"locality": ("e.v",), "country": ("e.k", ["country"])}),
    each("external_ids", "c.items", {"value": ("e.n",), "system": ("'x'",)}),
]  # fmt: skip


@pytest.fixture(scope="module")
def con() -> Any:
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        yield con


@settings(max_examples=often(150), deadline=None)
@given(made=documents(typed=True), rows=TYPED_ROWS)
def test_both_engines_make_the_same_record_of_typed_rows(
    con: duckdb.DuckDBPyConnection, made: Document, rows: list[dict[str, Any]]
) -> None:
    given_table = pa.Table.from_pylist(rows, schema=TYPED)
    columns = columns_of(given_table, con)
    ours = run_batch(made, given_table, con)
    theirs = run_records(made, given_table.to_pylist(), columns)
    assert ours == theirs


@settings(max_examples=often(100), deadline=None)
@given(made=documents(typed=False), rows=TEXT_ROWS)
def test_both_engines_make_the_same_record_of_rows_of_text_without_being_told_their_types(
    con: duckdb.DuckDBPyConnection, made: Document, rows: list[dict[str, Any]]
) -> None:
    assert run_batch(made, table(rows), con) == run_records(
        made, rows, dict.fromkeys(TEXT_NAMES, "VARCHAR")
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", " ", "a", "Ann "]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=3,
)


@settings(deadline=None, max_examples=often(60))
@given(values=st.lists(_JSON, min_size=1, max_size=5))
def test_both_engines_refuse_a_json_list_or_object_where_a_text_is_wanted(
    values: list[Any], con: duckdb.DuckDBPyConnection
) -> None:
    made = document(
        field("nickname", "c.j", on_error=OnError.BLANK),
        field("display_name", "c.j", ["trim", "upper"], on_error=OnError.BLANK),
        field("department", "c.j.a", on_error=OnError.BLANK),
        field("email", "c.j", ["email"], on_error=OnError.BLANK),
    )
    rows = [{"id": str(number), "j": value} for number, value in enumerate(values)]
    given = con.from_arrow(pa.table({"row": [json.dumps(row) for row in rows]}))
    landed = given.select("row::JSON ->> 'id' AS id, nullif(row::JSON -> 'j', 'null') AS j")
    plan = compile_batch(made)
    plan.prepare(con)
    landed.create_view("landed", replace=True)
    found = con.sql(f"SELECT * FROM ({plan.select('landed', {'id': 'VARCHAR', 'j': 'JSON'})})")
    ours = [record_of(dict(zip(found.columns, row, strict=True))) for row in found.fetchall()]
    assert sorted(ours, key=lambda record: str(record.key)) == run_records(made, rows, None)
    for value, record in zip(values, ours, strict=True):
        refused = "nickname" in {problem.field for problem in record.problems}
        assert refused is isinstance(value, list | dict)
