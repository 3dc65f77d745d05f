from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.quality import gate as module
from pipelines.quality.errors import SuiteError
from pipelines.quality.gate import Reason, check
from tests.often import often
from tests.pipelines.quality.mapped import email, expect, mapped, problem, suite


def run(con, relation, *expectations):
    return check(con, relation, suite(*expectations), good="good", bad="bad")


def keys(con, relation="good"):
    return [k for (k,) in con.execute(f'SELECT _key FROM "{relation}" ORDER BY _row').fetchall()]


def names(mostly=0.0, severity="critical"):
    return expect("column_values_to_not_be_null", severity, column="given_name", mostly=mostly)


def test_a_row_that_fails_a_critical_expectation_is_quarantined_with_its_reason(con):
    relation = mapped(con, {"given_name": "Ann"}, {})
    result = run(con, relation, names())
    assert (result.rows, result.good, result.bad) == (2, 1, 1)
    assert keys(con) == ["k0"]
    (rejected,) = result.rejected(con)
    assert (rejected.row, rejected.key) == (1, "k1")
    assert rejected.reasons == (
        Reason(
            "expectation",
            "expect_column_values_to_not_be_null",
            "given_name",
            "missing",
        ),
    )


def test_rows_that_fail_within_mostly_are_quarantined_and_the_run_goes_on(con):
    relation = mapped(con, {"given_name": "Ann"}, {"given_name": "Bo"}, {})
    result = run(con, relation, names(mostly=0.6))
    assert result.bad == 1
    assert result.stopped is None


def test_a_critical_expectation_below_its_mostly_stops_the_run_with_a_line_that_says_why(con):
    relation = mapped(con, {"given_name": "Ann"}, {})
    result = run(con, relation, names(mostly=0.9))
    assert result.stopped == (
        "expect_column_values_to_not_be_null(given_name) fails for 1 of 2 rows (50%); "
        "mostly 0.9 allows 10%; see quality/crm.json:3 expectations[0]"
    )
    assert result.good + result.bad == 2


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_rows_that_fail_what_is_not_critical_pass_and_are_counted(con, severity):
    relation = mapped(con, {"given_name": "Ann"}, {})
    result = run(con, relation, names(mostly=0.9, severity=severity))
    assert result.bad == 0
    assert result.stopped is None
    assert result.verdicts[0].failing == 1
    assert len(result.warnings) == (severity == "warning")


def test_a_field_that_the_mapping_refused_is_quarantined_with_its_step(con):
    relation = mapped(con, {"_problems": [problem()]}, {})
    result = run(con, relation)
    (rejected,) = result.rejected(con)
    assert rejected.reasons == (Reason("mapping", "email", "email", "is no e-mail address"),)
    assert [(p.field, p.step, p.severity, p.rows) for p in result.problems] == [
        ("email", "email", "quarantine", 1)
    ]


def test_a_blanked_field_passes_and_is_counted(con):
    result = run(con, mapped(con, {"_problems": [problem(severity="blank")]}))
    assert (result.good, result.bad) == (1, 0)
    assert [p.severity for p in result.problems] == ["blank"]


def test_a_field_that_says_fail_stops_the_run(con):
    result = run(con, mapped(con, {"_problems": [problem(severity="fail")]}, {}))
    assert result.stopped == "email: step 'email' refused 1 rows and its on_error is fail"


def test_a_row_has_all_its_reasons_at_once(con):
    relation = mapped(con, {"_problems": [problem(), problem("phone", step="phone_e164")]})
    (rejected,) = run(con, relation, names()).rejected(con)
    assert [reason.rule for reason in rejected.reasons] == [
        "email",
        "phone_e164",
        "expect_column_values_to_not_be_null",
    ]


def test_a_deletion_needs_nothing_but_its_key(con):
    relation = mapped(
        con,
        {"_deleted": True, "_problems": [problem(severity="fail")]},
        {"_deleted": True, "_key": None},
    )
    key = expect("column_values_to_not_be_null", column="_key", mostly=0.1)
    result = run(con, relation, names(mostly=1), key)
    assert result.stopped is None
    assert keys(con) == ["k0"]
    assert [verdict.result["element_count"] for verdict in result.verdicts] == [0, 2]


def test_a_short_name_means_the_primary_element(con):
    relation = mapped(
        con,
        {"emails": [email("b", primary=False), email("a")]},
        {"emails": [email("b", primary=None), email("a", primary=False)]},
        {"emails": []},
    )
    result = run(
        con,
        relation,
        expect("column_values_to_be_in_set", column="email", value_set=["a"], mostly=0),
    )
    assert result.verdicts[0].result["missing_count"] == 1
    assert result.examples == ((1,),)


def test_a_part_of_the_primary_element_has_a_name(con):
    relation = mapped(
        con, {"emails": [email("a", type_="work")]}, {"emails": [email("a", type_="x")]}
    )
    result = run(
        con,
        relation,
        expect("column_values_to_be_in_set", column="email.type", value_set=["work"], mostly=0),
    )
    assert result.examples == ((1,),)


def test_an_empty_list_is_a_missing_value(con):
    relation = mapped(con, {"emails": [email("a")]}, {"emails": []})
    result = run(con, relation, expect("column_values_to_not_be_null", column="emails", mostly=0))
    assert result.examples == ((1,),)


def test_a_run_without_rows_fails_nothing_but_a_count_of_rows(con):
    relation = mapped(con)
    mean = expect("column_mean_to_be_between", column="_key_length", min_value=1)
    most = expect("column_most_common_value_to_be_in_set", column="given_name", value_set=["Ann"])
    result = run(con, relation, names(mostly=1), most)
    assert result.stopped is None
    assert run(con, relation, expect("table_row_count_to_be_between", min_value=1)).stopped
    with pytest.raises(SuiteError, match="the mapping gives no '_key_length'; known: _key"):
        run(con, relation, mean)


def test_all_rows_of_a_repeated_key_are_quarantined(con):
    relation = mapped(con, {"_key": "a"}, {"_key": "b"}, {"_key": "a"})
    run(con, relation, expect("column_values_to_be_unique", column="_key", mostly=0.1))
    assert keys(con) == ["b"]


def test_an_expectation_beyond_our_sql_is_judged_by_the_real_engine(con, gx):
    relation = mapped(con, {"given_name": "2020"}, {"given_name": "x"}, {}, {"_deleted": True})
    expectation = expect(
        "column_values_to_match_strftime_format",
        column="given_name",
        strftime_format="%Y",
        mostly=0.5,
    )
    result = run(con, relation, expectation)
    assert not result.verdicts[0].compiled
    assert result.verdicts[0].result["element_count"] == 3
    assert keys(con) == ["k0", "k2", "k3"]
    assert result.stopped is None


def test_a_pattern_beyond_re2_is_judged_by_the_real_engine(con, gx):
    relation = mapped(con, {"given_name": "aa"}, {"given_name": "ab"})
    result = run(
        con,
        relation,
        expect("column_values_to_match_regex", column="given_name", regex=r"(.)\1", mostly=0.1),
    )
    assert not result.verdicts[0].compiled
    assert keys(con) == ["k0"]


def test_what_the_real_engine_cannot_judge_stops_the_run_without_showing_values(con, gx):
    relation = mapped(con, {"birth_date": "2020-01-31", "given_name": "Secret"})
    expectation = expect(
        "column_values_to_match_strftime_format",
        column="consent.marketing_email",
        strftime_format="%Y",
    )
    con.execute('UPDATE mapped SET "consent.marketing_email" = true')
    result = run(con, relation, expectation)
    assert result.stopped is not None
    assert "could not be judged (" in result.stopped
    assert "Secret" not in result.stopped


def test_wrong_arguments_for_the_real_engine_are_told(con, gx):
    relation = mapped(con, {"given_name": "x"})
    expectation = expect("column_value_z_scores_to_be_less_than", column="given_name")
    with pytest.raises(SuiteError, match="threshold: field required"):
        run(con, relation, expectation)


def test_a_relation_that_no_mapping_made_is_refused(con):
    con.execute("CREATE TABLE other (_row BIGINT)")
    with pytest.raises(SuiteError, match="'other' is not a mapped one: it has no '_cursor'"):
        run(con, "other")


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (expect("column_values_to_be_in_set", column="given_name", value_set=[1]),
         "a int cannot be compared with this column of text; write a text"),
        (expect("column_values_to_be_between", column="birth_date", min_value="1.1.2000"),
         "of date; write it as 2020-01-31"),
        (expect("column_values_to_be_between", column="birth_date"),
         "needs min_value or max_value"),
        (expect("column_values_to_be_between", column="given_name", min_value="a"),
         "needs numbers or dates"),
        (expect("column_values_to_match_regex", column="given_name", regex="("),
         "is no regular expression"),
        (expect("column_values_to_be_unique", column="emails"),
         "holds several values; address one element by its short name: email,"),
        (expect("column_values_to_be_unique", column="givenname"), "did you mean 'given_name'"),
        (expect("column_pair_values_to_be_equal", column_A="given_name", column_B="birth_date"),
         "columns of date and text cannot be compared"),
        (expect("compound_columns_to_be_unique", column_list=["_key", "given_name"],
                ignore_row_if="neither"), "unknown ignore_row_if 'neither'; did you mean 'never'"),
        (expect("column_values_to_be_unique", column="given_name", row_condition="x =",
                condition_parser="great_expectations"),
         "row_condition cannot be read"),
        (expect("column_values_to_be_unique", column="given_name", row_condition={"type": "x"}),
         "row_condition has no known type"),
    ],
)  # fmt: skip
def test_an_expectation_that_cannot_be_meant_is_refused_with_its_mend(con, expectation, message):
    relation = mapped(con, {"given_name": "x"})
    with pytest.raises(SuiteError) as caught:
        run(con, relation, expectation)
    assert message in str(caught.value)
    assert str(caught.value).startswith("quality/crm.json:3 expectations[0]: ")


def test_bad_rows_are_read_in_pages(con, monkeypatch):
    monkeypatch.setattr(module, "_PAGE", 2)
    result = run(con, mapped(con, *({} for _ in range(5))), names())
    assert [rejected.row for rejected in result.rejected(con)] == [0, 1, 2, 3, 4]


ROW = st.fixed_dictionaries(
    {
        "_deleted": st.booleans(),
        "given_name": st.none() | st.sampled_from(["Ann", "Bo"]),
        "_problems": st.lists(
            st.sampled_from(["quarantine", "blank"]).map(lambda s: problem(severity=s)), max_size=2
        ),
    }
)


@settings(max_examples=often(40), deadline=None)
@given(rows=st.lists(ROW, max_size=6), severity=st.sampled_from(["critical", "warning"]))
def test_every_row_is_good_or_bad_and_never_both(rows, severity):
    con = duckdb.connect()
    result = run(con, mapped(con, *rows), names(severity=severity))
    good, bad = keys(con), keys(con, "bad")
    assert sorted(good + bad) == sorted(f"k{number}" for number in range(len(rows)))
    assert (result.good, result.bad) == (len(good), len(bad))
    refused = {
        f"k{number}"
        for number, row in enumerate(rows)
        if not row["_deleted"]
        and (
            any(p["severity"] == "quarantine" for p in row["_problems"])
            or (severity == "critical" and row["given_name"] is None)
        )
    }
    assert set(bad) == refused
    con.close()
