"""SQL scalar text becomes the canonical tree, or a problem at the faulty word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from mappings.dialect import SyntaxProblem
from mappings.expressions import columns, parse
from mappings.functions import FUNCTIONS
from mappings.schema import CUSTOMER
from mappings.scopes import ProfileScope, RowScope

ROW = RowScope("c", "e")
PROFILE = ProfileScope("p", CUSTOMER, frozenset({"gid"}))


def sql(text, scope=ROW):
    return parse(text, scope).sql(dialect="duckdb")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("c.Email", '"c"."Email"'),
        ('c."Some Col"', '"c"."Some Col"'),
        ("c.a.b.d.e.f", '"c"."a"."b"."d"."e"."f"'),
        ("c.items[1].sku", '"c"."items"[1]."sku"'),
        ("e", '"e"'),
        ("e.kind", '"e"."kind"'),
        ("LOWER(c.a)", 'LOWER("c"."a")'),
        ("c.a::int", 'CAST("c"."a" AS BIGINT)'),
        ("cast(c.a as varchar)", 'CAST("c"."a" AS TEXT)'),
        ("try_cast(c.a as timestamp)", 'TRY_CAST("c"."a" AS TIMESTAMPTZ)'),
        ("c.a::decimal", 'CAST("c"."a" AS DECIMAL(18, 4))'),
        ("date '2020-01-31'", "CAST('2020-01-31' AS DATE)"),
        ("c.a not like 'x%'", 'NOT "c"."a" LIKE \'x%\''),
        ("c.a is not null", 'NOT "c"."a" IS NULL'),
        ("c.a not in (1, 2)", 'NOT "c"."a" IN (1, 2)'),
        ("c.a between 1 and 2", '"c"."a" BETWEEN 1 AND 2'),
        ("c.a || 'x' /* why */", '"c"."a" || \'x\''),
        ("case c.a when 1 then 'x' else 'y' end", "CASE \"c\".\"a\" WHEN 1 THEN 'x' ELSE 'y' END"),
        ("-1", "-1"),
        ("c.a is distinct from c.b", '"c"."a" IS DISTINCT FROM "c"."b"'),
        ("(c.a + 1) * 2 / 3 % 4", '("c"."a" + 1) * 2 / 3 % 4'),
    ],
)
def test_an_expression_has_one_canonical_form(text, canonical):
    assert sql(text) == canonical


def test_a_path_is_never_database_or_catalog():
    node = parse("c.a.b.d", ROW)
    assert isinstance(node, exp.Dot)
    assert {column.args.get("db") for column in node.find_all(exp.Column)} == {None}
    assert list(columns(node)) == [("c", "a")]


def test_every_call_stays_a_call_by_its_written_name():
    for name, function in FUNCTIONS.items():
        node = parse(f"{name.upper()}({', '.join(['c.a'] * function.min_args)})", ROW)
        assert isinstance(node, exp.Anonymous)
        assert node.name == name


@pytest.mark.parametrize(
    ("text", "word", "mend"),
    [
        ("c.a || lowr(c.a)", "lowr", "unknown function 'lowr'; did you mean 'lower'?"),
        ("lower(c.a, c.b)", "lower", "lower takes 1 argument, not 2"),
        ("concat_ws(' ')", "concat_ws", "concat_ws takes"),
        ("1 + d.x", "d", "unknown alias 'd'; known: c, e"),
        ("Email", "Email", "write c.Email, or 'Email' in quotes for the text"),
        ("c", "c", "is the whole row; write c.Column"),
        ("c.a + (select 1)", "1", "a query is no expression"),
        ("select 1", "1", "a query is no expression"),
        ("c.a in (select 1)", "c", "IN takes a list of values"),
        ("count(*)", "count", "unknown function 'count'"),
        ("row_number() over ()", "row_number", "windows look at other rows"),
        ("lower(distinct c.a)", "c", "DISTINCT looks at other rows"),
        ("c.*", "c", "name one column instead of *"),
        ("1 + ?", "1", "parameters do not exist here"),
        ("c.a as b", "c", "AS names nothing here"),
        ("c.x.lower()", "c", "write a call around its value: lower(c.Name)"),
        ("c.a::hugeint", "c", "nothing can be cast to"),
        ("c.a::decimal(10, 2)", "c", "write DECIMAL, and round(value, 2)"),
        ("c.a is 5", "c", "IS takes NULL, TRUE or FALSE"),
        ("c.a between symmetric 1 and 2", "c", "put the lower value first"),
        ("c.a -> 'x'", "c", "write the path with dots"),
        ("c.a[0]", "c", "an index is a number counted from 1"),
        ("c.a[-1]", "c", "an index is a number counted from 1"),
        ("c.a[x]", "c", "an index is a number counted from 1"),
        ("c[1]", "c", "is the row and no list"),
        ("c.a ~ 'x'", "c", "write regexp_matches(text, pattern)"),
        ("c.a like 'a' escape '!'", "c", "LIKE takes no ESCAPE"),
        ("{'a': 1}", "", "use parts:"),
        ("(1, 2)", "1", "write a list as ['a', 'b']"),
        ("c.a + interval 1 day", "c", "write a date function"),
        ("c.a // 2", "c", "write floor(a / b)"),
        ("c.a, c.b", ",", "',' was not expected here"),
        ("c.a ||", "||", "something is missing beside '||'"),
        ("coalesce(c.a", "a", ") is missing after 'a'"),
        ("c.a; c.b", "c", "write exactly one expression"),
        ("", "", "is empty"),
        ("'abc", "", "is a quote left open?"),
        ("drop table x", "drop", "was not expected here"),
    ],
)
def test_what_is_no_expression_is_told_at_its_word_with_its_mend(text, word, mend):
    with pytest.raises(SyntaxProblem) as error:
        parse(text, ROW)
    assert mend in str(error.value)
    assert text[error.value.offset :].startswith(word)


@pytest.mark.parametrize("text", ["(" * 3000 + "1" + ")" * 3000, "not " * 5000 + "c.a"])
def test_a_very_deep_text_is_a_problem_and_no_crash(text):
    with pytest.raises(SyntaxProblem, match="nested too deeply"):
        parse(text, ROW)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("p.email", '"p"."email"'),
        ("p.gid", '"p"."gid"'),
        ("p.address.locality", '"p"."address.locality"'),
        ("p.consent.marketing_email", '"p"."consent.marketing_email"'),
        ("p.emails[work]", '"p"."emails[work]"'),
        ("p.addresses[home].locality", '"p"."addresses[home].locality"'),
        ("p.emails[1].value", '"p"."emails"[1]."value"'),
        ("len(p.emails)", 'LEN("p"."emails")'),
    ],
)
def test_over_a_profile_a_column_is_a_whole_canonical_name(text, canonical):
    assert sql(text, PROFILE) == canonical


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("p.emial", "did you mean 'email'?"),
        ("p.gidd", "did you mean 'gid'?"),
        ("p.address", "write address.formatted"),
        ("p.emails[1].kind", "unknown part 'kind' of emails"),
        ("p.given_name[1]", "'given_name' is no list and takes no index"),
        ("email", "'email' is no value; write p.email"),
        ("q.email", "unknown alias 'q'; known: p"),
        ("p", "is the whole profile"),
    ],
)
def test_a_name_no_profile_has_is_told_with_its_mend(text, mend):
    with pytest.raises(SyntaxProblem) as error:
        parse(text, PROFILE)
    assert mend in str(error.value)


_PIECES = st.sampled_from(
    ["c.a", "e", "'x'", "1", "lower(", ")", "(", " and ", " + ", " || ", "::", "int", ".", "[1]",
     "case when ", " then ", " end", " in ", "not ", ",", "*", "?", ";", "--", "/*", "select ",
     " is null", "\n", "{", "->", ":=", "@", "$$", "'", '"', "\\", "é", "\x00", " over ", " like "]
)  # fmt: skip


@given(st.one_of(st.lists(_PIECES, max_size=12).map("".join), st.text(max_size=30)))
def test_any_text_is_an_expression_or_a_problem_and_what_is_read_reads_back_the_same(text):
    try:
        node = parse(text, ROW)
    except SyntaxProblem as problem:
        assert 0 <= problem.offset <= len(text)  # noqa: PT017
        return
    assert parse(node.sql(dialect="duckdb"), ROW) == node
