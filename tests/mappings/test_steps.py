"""Every step means the same in DuckDB and in Python, and does what it says."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata

from mappings.errors import MappingError
from mappings.record import compile_record
from mappings.steps import STEPS, Accepts
from mappings.steps.phone import REGIONS, ask, normalise
from mappings.tree import Slot
from mappings.values import SPACES
from tests.mappings.build import columns_of, document, field, run_batch, run_records
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

COUNTRIES = st.sampled_from(
    [
        "FR",
        "fr",
        " DE ",
        "GB",
        "US",
        "us",
        "France",
        "Deutschland",
        "USA",
        "NL",
        "CH",
        "XX",
        "",
        None,
    ]
)
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "blank_to_null": [{}, {"words": ["n/a", "NULL", "-"]}],
    "part": [{"separator": ",", "number": n} for n in (1, 2, -1)],
    "split": [{"separator": ","}],
    "phone_e164": [{}, {"region": "FR"}, {"region": "c.r"}, {"region": "Germany"}],
    "postal_code": [{}, {"country": "c.r"}, {"country": "GB"}],
    "name_part": [{"part": part} for part in ("given", "middle", "family")],
    "integer": [{}, {"point": ","}],
    "decimal": [{}, {"point": ","}],
    "boolean": [{}, {"true_words": ["Ja", "ÉÀ"], "false_words": ["nein"]}],
    "date": [
        {},
        {"formats": ["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%d-%b-%y"]},
        {"formats": ["%m/%d/%Y", "%Y%m%d"]},
    ],
    "timestamp": [
        {},
        {"formats": ["iso", "epoch", "%d.%m.%Y %H:%M"], "timezone": "Europe/Paris"},
        {"formats": ["odata", "epoch_ms"]},
        {"formats": ["%Y-%m-%d %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z", "%d/%m/%Y %H:%M:%S"]},
        {"formats": ["iso"], "timezone": "America/New_York"},
    ],
}
INPUTS = {
    "email": ADDRESSES,
    "phone_e164": PHONES,
    "date": DATES,
    "timestamp": MOMENTS,
    "integer": NUMBERS,
    "decimal": NUMBERS,
    "boolean": NUMBERS,
    "country": LOCALES,
    "language": LOCALES,
    "locale": LOCALES,
    "postal_code": NUMBERS,
    "name_case": NAMES,
    "name_part": NAMES,
}


_BLANKS = st.text(SPACES, max_size=3)


@pytest.fixture(scope="module")
def con() -> Any:
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        yield con


SLOTS = {
    "boolean": Slot("active"),
    "date": Slot("birth_date"),
    "timestamp": Slot("created_at"),
}


@pytest.mark.parametrize("name", sorted(set(STEPS) - {"split", "join"}))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_a_step_gives_the_same_in_both_engines(
    con: duckdb.DuckDBPyConnection, name: str, data: st.DataObject
) -> None:
    values = st.one_of(INPUTS.get(name, NAMES), TEXTS, st.none())
    row = st.fixed_dictionaries({"id": st.just("1"), "v": values, "r": COUNTRIES})
    rows = data.draw(st.lists(row, min_size=1, max_size=30))
    for arguments in ARGUMENTS.get(name, [{}]):
        made = document(field("nickname", "c.v", [(name, arguments)], slot=SLOTS.get(name)))
        given = table(rows)
        ours = run_batch(made, given, con)
        assert ours == run_records(made, rows, columns_of(given, con)), arguments
        assert ours == run_records(made, rows, None), arguments


@settings(max_examples=often(20), deadline=None)
@given(rows=st.lists(st.fixed_dictionaries({"id": st.just("1"), "v": TEXTS}), min_size=1))
def test_split_and_join_give_the_same_in_both_engines(
    con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]
) -> None:
    steps = [("split", {"separator": " "}), ("join", {"separator": "-"})]
    made = document(field("nickname", "c.v", steps))
    assert run_batch(made, table(rows), con) == run_records(made, rows, None)


REPEATABLE = (
    "trim", "lower", "upper", "nfc", "squeeze", "blank_to_null", "email", "country", "name_case",
    "digits", "strip_accents",
)  # fmt: skip


@pytest.mark.parametrize("name", REPEATABLE)
@settings(max_examples=often(100), deadline=None)
@given(data=st.data())
def test_cleaning_twice_is_cleaning_once(name: str, data: st.DataObject) -> None:
    text = data.draw(st.one_of(INPUTS.get(name, NAMES), TEXTS))
    arguments = {n: a.default for n, a in STEPS[name].arguments.items()}
    clean = STEPS[name].python(arguments)
    once = clean(text)
    assert once is None or clean(once) == once


@pytest.mark.parametrize("name", sorted(name for name, spec in STEPS.items() if spec.trims))
@settings(max_examples=often(100), deadline=None)
@given(data=st.data())
def test_a_step_that_trims_needs_no_trim_before_it(name: str, data: st.DataObject) -> None:
    inner, before, after = (
        data.draw(values) for values in (INPUTS.get(name, NAMES), _BLANKS, _BLANKS)
    )
    call = STEPS[name].python({})
    assert call(f"{before}{inner or ''}{after}") == call((inner or "").strip(SPACES))


def _digits_like(region: str, chance: random.Random) -> str:
    """A number near the border between valid and not, written in some way."""
    kind = chance.choice(("fixed_line", "mobile", "toll_free"))
    example = getattr(PhoneMetadata.metadata_for_region(region), kind)
    digits = list((example and example.example_number) or "612345678")
    for _ in range(chance.choice((0, 0, 1, 2, 5))):
        digits[chance.randrange(len(digits))] = chance.choice("0123456789")
    if chance.random() < 0.1:
        digits.append(chance.choice("0123456789"))
    if chance.random() < 0.1:
        digits.pop()
    national = "".join(digits)
    code = str(phonenumbers.country_code_for_region(region))
    national = (
        chance.choice(("", "0", "1", "00", f"+{code}", f"+{code}", f"00{code}", code, "+"))
        + national
    )
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = chance.randrange(len(national) + 1)
        national = national[:at] + chance.choice(" ()-./ext#+") + national[at:]
    return national


@pytest.mark.parametrize("region", [*REGIONS, "IT", "BR", "LU", "AU"])
def test_phone_numbers_are_what_phonenumbers_says(region: str) -> None:
    chance = random.Random(region)
    for _ in range(4_000):
        text = _digits_like(region, chance)
        home = chance.choice((region, region, region, chance.choice(REGIONS), None))
        assert normalise(text, home) == ask(text, home)


@pytest.mark.parametrize("region", REGIONS)
def test_the_sql_of_phone_numbers_is_what_phonenumbers_says(
    con: duckdb.DuckDBPyConnection, region: str
) -> None:
    chance = random.Random(f"{region} in SQL")
    rows = [
        {"id": "1", "v": _digits_like(region, chance), "r": chance.choice((region, None, "DE"))}
        for _ in range(2_000)
    ]
    made = document(field("nickname", "c.v", [("phone_e164", {"region": "c.r"})]))
    found = [record.attributes["nickname"] for record in run_batch(made, table(rows), con)]
    assert found == [ask(row["v"], row["r"]) for row in rows]


def test_most_ordinary_numbers_never_reach_phonenumbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str, region: str | None) -> str | None:
        raise AssertionError(f"{text} {region}")

    monkeypatch.setattr("mappings.steps.phone.ask", refuse)
    assert normalise("06 12 34 56 78", "FR") == "+33612345678"
    assert normalise("+49 (30) 90 18-20", None) == "+4930901820"
    assert normalise("(202) 456-1414", "US") == "+12024561414"
    assert normalise("07400 123456", "gb") == "+447400123456"


@pytest.mark.parametrize(
    ("name", "arguments", "text", "wanted"),
    [
        ("email", {}, " Ann.Lee@Example.COM ", "Ann.Lee@example.com"),
        ("email", {}, "ann@bücher.de", "ann@bücher.de"),
        ("email", {}, "ann..lee@example.com", None),
        ("email", {}, "ann@example", None),
        ("email", {}, "ann@-example.com", None),
        ("email", {}, "a@b@example.com", None),
        ("squeeze", {}, " a \t b\u00a0\u00a0c ", "a b c"),
        ("blank_to_null", {"words": ["N/A"]}, " n/a ", None),
        ("name_case", {}, "JEAN DE LA FONTAINE", "Jean de la Fontaine"),
        ("name_case", {}, "o'neil", "O'Neil"),
        ("name_case", {}, "MCKAY", "McKay"),
        ("name_case", {}, "ANNE-MARIE", "Anne-Marie"),
        ("name_case", {}, "DeLuca", "DeLuca"),
        ("name_part", {"part": "family"}, "Ursula von der Leyen", "von der Leyen"),
        ("name_part", {"part": "given"}, "Leyen, Ursula Gertrud", "Ursula"),
        ("name_part", {"part": "middle"}, "Dr. John F. Kennedy Jr.", "F."),
        ("country", {}, "Deutschland", "DE"),
        ("country", {}, "gbr", "GB"),
        ("country", {}, "Cote d'Ivoire", "CI"),
        ("language", {}, "Deutsch", "de"),
        ("locale", {}, "de_CH.UTF-8", "de-CH"),
        ("postal_code", {"country": "GB"}, "sw1a1aa", "SW1A 1AA"),
        ("postal_code", {"country": "France"}, "1234", "01234"),
        ("digits", {}, "a1-2", "12"),
        ("part", {"separator": "@", "number": -1}, "a@b", "b"),
    ],
)
def test_a_step_does_what_it_says(
    name: str, arguments: dict[str, Any], text: str, wanted: str | None
) -> None:
    made = compile_record(document(field("nickname", "c.v", [(name, arguments)])))
    record = made({"id": "1", "v": text})
    assert record is not None
    assert record.attributes["nickname"] == wanted


def test_a_refusal_has_a_fixed_reason_and_never_the_value() -> None:
    made = compile_record(document(field("email", "c.v", ["email"])))
    record = made({"id": "1", "v": "secret(at)example"})
    assert record is not None
    assert [(p.field, p.step, p.reason) for p in record.problems] == [
        ("email", "email", "not an e-mail address")
    ]
    assert "secret" not in repr(record)


@pytest.mark.parametrize(
    ("name", "arguments", "mend"),
    [
        ("date", {"formats": ["%d.%m"]}, "year, month and day"),
        ("date", {"formats": ["%Q"]}, "%Q is not a code"),
        ("timestamp", {"timezone": "Mars/Base"}, "IANA"),
        ("name_part", {"part": "first"}, "given, middle, family"),
        ("name_part", {}, "needs the argument part"),
        ("part", {"separator": ",", "number": "x"}, "whole number"),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_with_its_mend(
    name: str, arguments: dict[str, Any], mend: str
) -> None:
    with pytest.raises(MappingError, match=mend):
        compile_record(document(field("nickname", "c.v", [(name, arguments)])))


def test_every_step_and_argument_has_a_sentence_of_documentation() -> None:
    for spec in STEPS.values():
        assert spec.doc.endswith(".") or ":" in spec.doc
        assert all(argument.doc for argument in spec.arguments.values())
        assert all(
            argument.accepts is not Accepts.EXPRESSION or not argument.required
            for argument in spec.arguments.values()
        )
