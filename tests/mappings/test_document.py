"""A mapping file is read whole, or every problem is told at its place with its mend."""

from __future__ import annotations

import pytest
from sqlglot import exp

from mappings.document import load_mapping
from mappings.extension import load_schema
from mappings.tree import Each, Field, OnError, Slot
from tests.mappings.files import CONTACT, EVERYTHING, HEAD, said, small


def load(text):
    return load_mapping(text, "m.yaml")


def test_the_example_of_the_design_is_read_as_it_stands():
    document = load(CONTACT)
    assert (document.name, document.connector, document.object) == (
        "salesforce-contact", "salesforce", "Contact",
    )  # fmt: skip
    assert document.ignore == {"AccountId", "Salutation", "Fax"}
    assert [test.name for test in document.tests][1] == "a bad e-mail is quarantined, not dropped"
    email = document.fields[0]
    assert isinstance(email, Field)
    assert email.slot == Slot("emails", "value", primary=True)
    assert [step.name for step in email.steps] == ["trim", "lower", "email"]
    assert str(email.place) == "m.yaml:8:3"
    assert document.id == f"salesforce-contact@{document.digest[:12]}"


def test_every_word_of_the_language_is_read():
    document = load(EVERYTHING)
    fields = {line.name: line for line in document.fields}
    ids = fields["external_ids"]
    assert isinstance(ids, Each)
    assert ids.alias == "e"
    assert [part.slot for part in ids.parts] == [
        Slot("external_ids", "system"), Slot("external_ids", "value"),
    ]  # fmt: skip
    assert fields["address.country"].slot == Slot("addresses", "country", primary=True)
    assert fields["phone"].on_error is OnError.BLANK
    assert isinstance(fields["gender"].default, exp.Null)
    assert isinstance(fields["active"].expression, exp.Boolean)
    assert fields["gender"].lookup == {"1": "male", "2": "female"}
    dates = fields["created_at"].steps[0].arguments["formats"]
    assert [item.name for item in dates.expressions] == ["%Y-%m-%d", "%d.%m.%Y"]


def test_first_of_takes_the_first_that_is_not_blank():
    field = load(small("phone: {first_of: [c.a, c.b]}")).fields[0]
    assert isinstance(field, Field)
    written = field.expression.sql(dialect="duckdb")
    assert written == (
        """COALESCE(CASE WHEN TRIM(CAST("c"."a" AS TEXT)) <> '' THEN "c"."a" END, "c"."b")"""
    )


def test_arguments_are_literals_unless_they_begin_with_an_alias_or_say_expr():
    text = small(
        """
phone: {from: c.p, steps: [{phone_e164: {region: FR}}]}
phones[a]: {from: c.p, steps: [phone_e164], args: {region: c.country}}
phones[b]: {from: c.p, steps: [{phone_e164: {region: {expr: "upper(c.country)"}}}]}
phones: {each: c.ps, as: q, parts: {value: {from: q, steps: [{phone_e164: {region: c.country}}]}}}
"""
    )
    literal, shared, written, inside = load(text).fields
    assert isinstance(literal.steps[0].arguments["region"], exp.Literal)
    assert isinstance(shared.steps[0].arguments["region"], exp.Column)
    assert isinstance(written.steps[0].arguments["region"], exp.Anonymous)
    assert inside.parts[0].steps[0].arguments["region"].table == "c"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("emial: c.E", "m.yaml:5:3 fields.emial: unknown attribute 'emial'; did you mean 'email'?"),
        ("emails: c.E", "m.yaml:5:3 fields.emails: emails is a list; write email or emails[label]"),
        ("email: {fron: c.E}", "m.yaml:5:11 fields.email: unknown key 'fron'; did you mean 'from'"),
        ("email: {steps: [trim]}", "write one of from, expr, first_of, const; nothing is written"),
        ("email: {from: c.E, expr: c.F}", "from and expr is written here"),
        ("email: {from: [c.E]}", "write first_of: for a list of alternatives"),
        ("email: {first_of: [c.E]}", "name two or more alternatives"),
        ("email: {from: c.E, steps: trim}", "m.yaml:5:29 fields.email.steps: write a list"),
        (
            "email: {from: c.E, steps: [trimm]}",
            "m.yaml:5:30 fields.email.steps: unknown step 'trimm'; did you mean 'trim'?",
        ),
        ("email: {from: c.E, steps: [{trim: {x: 1}}]}", "trim takes no 'x'; it takes no arguments"),
        (
            "birth_date: {from: c.E, steps: [{date: {format: [a]}}]}",
            "m.yaml:5:43 fields.birth_date.steps: date takes no 'format'; did you mean 'formats'?",
        ),
        ("email: {from: c.E, steps: [trim], args: {x: 1}}", "no step takes 'x'; no step here"),
        ("email: {from: c.E, steps: [{part: {number: 1}}]}", "part needs the argument separator"),
        (
            "phone: {from: c.E, steps: [phone_e164], args: {regoin: FR}}",
            "fields.phone.args: no step takes 'regoin'; did you mean 'region'?",
        ),
        ("email: {from: c.E, on_error: skip}", "unknown word 'skip'; known: blank, fail"),
        ("email: {from: c.E, pii: contct}", "unknown kind 'contct'; did you mean 'contact'?"),
        ("email: {from: c.E, lookup: {a: [1]}}", "write a text, a whole number, true or false"),
        ("email: {from: c.E, lookup: [a]}", "fields.email.lookup: write this as key: value pairs"),
        ("email: {from: c.E, lookup: {no: x}}", "YAML reads the key 'no' as a truth value"),
        ("gender: {from: c.E, default: no}", "'no' can be read in two ways; put it in quotes"),
        ("email: [c.E]", "m.yaml:5:10 fields.email: write one expression, such as c.Email"),
        ("email: lowr(c.E)", "m.yaml:5:10 fields.email: unknown function 'lowr'"),
        ("email: c.E || lowr(c.E)", "m.yaml:5:17 fields.email: unknown function 'lowr'"),
        ('email: "c.E || lowr(c.E)"', "m.yaml:5:18 fields.email: unknown function 'lowr'"),
        ("email: 'c.E || ''x'' || lowr(c.E)'", "m.yaml:5:27 fields.email: unknown function"),
        ("email: >-\n    c.E ||\n    lowr(c.E)", "m.yaml:7:7 fields.email: unknown function"),
        ("email: |\n    lowr(c.E)", "m.yaml:6:7 fields.email: unknown function 'lowr'"),
        ("emails[work].type: c.E", "the part 'type' is the label itself; remove this line"),
        ("email.primary: c.E", "the part 'primary' is set by the short name; remove this line"),
        ("email: c.E\nemail.value: c.F", "m.yaml:6:3 fields.email.value: is already set in line 5"),
        ("birth_date: c.a = 1", "gives a boolean, which is never a date for birth_date; use"),
        ("active: c.a::date", "gives a date, which is never a boolean for active; compare it"),
        ("nickname: string_split(c.a, ' ')", "gives a list, which is never a text for nickname"),
        ("email: {each: c.es, as: e, parts: {value: e}}", "each: fills a list; 'email' is none"),
        ("emails: {each: c.es, as: e}", "the key 'parts' is missing"),
        ("emails: {each: c.es, parts: {value: c.x}}", "the key 'as' is missing"),
        ("emails: {each: c.es, as: c, parts: {value: c}}", "'c' is the row; choose another"),
        ("emails: {each: c.es, as: e, parts: {vale: e}}", "unknown key 'vale'; did you mean"),
        ("emails: {each: c.es, as: not, parts: {value: e}}", "'not' cannot be an alias"),
        ("address: {parts: {town: c.T}}", "unknown part 'town' of addresses"),
        ("nickname: regexp_extract(c.a, '(')", "the pattern is no regular expression"),
        ("nickname: {from: c.a, steps: [{date: {formats: ['%Q']}}]}", "%Q is not a code of date"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_at_its_place_with_its_mend(lines, problem):
    problems = said(small(lines))
    assert len(problems) == 1, problems
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "m.yaml:1:1 yaml: the file is empty"),
        ("a: [", "m.yaml:1:5 yaml:"),
        ("a:\n\tb: c", "that cannot start any token; indent with spaces"),
        ("{emails[work]: c.E}", 'between { and } put names with [ ] in quotes: "emails[work]"'),
        ("- a", "mapping: write this as key: value pairs"),
        ("a: b\n---\nc: d", "yaml: but found another document"),
        ("\x00", "a character here is not allowed in YAML; write the file as UTF-8 text"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
        (HEAD + "fields: {}", "no field is set"),
        (HEAD + "fields: {email: c.E}\nfeilds: {}", "unknown key 'feilds'; did you mean 'fields'?"),
        (HEAD + "on: x\nfields: {email: c.E}", "YAML reads the key 'on' as a truth value"),
        (HEAD + "null: x\nfields: {email: c.E}", "YAML reads the key 'null' as nothing"),
        (HEAD + "fields: {email: c.E}\nkey: c.B", "the key 'key' is here twice; it is on line 3"),
        (HEAD + "fields: {email: !x c.E}", "tags such as !x are not read; remove it"),
        (HEAD + "fields: {<<: {email: c.E}}", "merge keys (<<) are not read; write the keys out"),
        (HEAD + "fields: {email: c.E}\n? [a]\n: b", "a key must be a word"),
        (HEAD + "fields: &a {email: *a}", "anchors blow this file up"),
        (HEAD.replace("as: c", "as: select") + "fields: {email: true}", "'select' cannot be"),
        (HEAD.replace("small", "a b") + "fields: {email: c.E}", "a name has letters, digits"),
        (HEAD + "where: \"'x'\"\nfields: {email: c.E}", "where: is no condition; compare it"),
        (HEAD + "delete: c.a ||\nfields: {email: c.E}", "something is missing beside '||'"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_told_with_its_mend(text, problem):
    assert any(problem in line for line in said(text)), said(text)


def test_all_that_is_missing_is_told_at_once():
    assert said("tests: []") == [
        "m.yaml:1:1 fields: the key 'fields' is missing",
        "m.yaml:1:1 from: the key 'from' is missing",
        "m.yaml:1:1 key: the key 'key' is missing",
        "m.yaml:1:1 mapping: the key 'mapping' is missing",
    ]


def test_problems_of_all_kinds_are_told_at_once_in_the_order_of_the_file():
    text = small("email: lowr(c.a)\nemial: c.b\nnickname: regexp_extract(c.x, '(')", "ignor: [a]")
    assert [line.split(" ")[0] for line in said(text)] == [
        "m.yaml:5:10", "m.yaml:6:3", "m.yaml:7:3", "m.yaml:8:1",
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["012", "1:30", "0x1F", "1_000", "yes", "NO", ".inf"])
def test_a_value_that_can_be_read_in_two_ways_is_refused_with_the_mend(value):
    text = small("email: c.E", f"tests:\n  - {{name: t, given: {{E: {value}}}, expect: {{}}}}")
    (problem,) = said(text)
    assert f"'{value}' can be read in two ways; put it in quotes" in problem


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ("{name: t, given: {}}", "m.yaml:7:5 tests.t: the key 'expect' is missing"),
        ("{name: t, given: {}, expect: {emial: x}}", "did you mean 'email'?"),
        ("{name: t, given: {}, expect: {phone: x}}", "expects 'phone', which no field sets"),
        ("{name: t, given: {}, expect: {$quarantine: [mail]}}", "names 'mail', which is no field"),
        ("{name: t, given: {}, expect: {$quarantine: [[]]}}", "names [], which is no field"),
        ("{name: t, given: {$tody: 1}, expect: {}}", "unknown word '$tody'; did you mean"),
        ("{name: t, given: {$today: soon}, expect: {}}", "$today is a day: write $today:"),
    ],
)  # fmt: skip
def test_a_wrong_example_is_told(test, problem):
    problems = said(small("email: c.E", f"tests:\n  - {test}"))
    assert len(problems) == 1, problems
    assert problem in problems[0]


def test_two_examples_of_one_name_are_told():
    test = "{name: t, given: {}, expect: {}}"
    assert "another test has this name" in said(small("email: c.E", f"tests: [{test}, {test}]"))[0]


def test_no_problem_shows_the_values_of_an_example():
    text = small(
        "email: c.E", "tests:\n  - {name: t, given: {E: secret@x.y}, expect: {emial: zzz@x}}"
    )
    assert "secret" not in str(said(text))
    assert "zzz" not in str(said(text))
    document = load(CONTACT)
    assert "Ann" not in repr(document.tests)


def test_the_digest_is_of_the_meaning_alone():
    text = small("email: c.E\nnickname: c.N")
    same = [
        "# a comment\n" + text,
        small("nickname:    c.N\nemail: {from: c.E}"),
        small('email: "c.E"  # why\nnickname: c.N', "ignore: [x]"),
        small("email: c.E\nnickname: c.N", "tests: [{name: t, given: {}, expect: {}}]"),
        "fields: {nickname: c.N, email: c.E}\n" + HEAD,
    ]
    assert {load(other).digest for other in same} == {load(text).digest}


@pytest.mark.parametrize(
    "other",
    [
        small("email: c.F\nnickname: c.N"),
        small("email: {from: c.E, steps: [trim]}\nnickname: c.N"),
        small("email: {from: c.E, on_error: blank}\nnickname: c.N"),
        small("email: {from: c.E, default: x}\nnickname: c.N"),
        small("email: {from: c.E, lookup: {a: b}}\nnickname: c.N"),
        small("emails[work]: c.E\nnickname: c.N"),
        small("email: c.E"),
        small("email: c.E\nnickname: c.N", "where: c.a"),
        small("email: c.E\nnickname: c.N").replace("key: c.Id", "key: c.No"),
    ],
)
def test_the_digest_changes_with_the_meaning(other):
    assert load(other).digest != load(small("email: c.E\nnickname: c.N")).digest


def test_the_order_of_the_elements_of_a_list_is_meaning():
    one, other = "emails[a]: c.A\nemails[b]: c.B", "emails[b]: c.B\nemails[a]: c.A"
    assert load(small(one)).digest != load(small(other)).digest


def test_a_users_own_attributes_can_be_set():
    schema = load_schema("attributes: {shoe_size: integer, pets: {parts: {name: text}}}", "s.yaml")
    text = small(
        "shoe_size: c.Shoes\npets[dog]: c.x\npets: {each: c.pets, as: e, parts: {name: e}}"
    )
    assert "unknown attribute 'shoe_size'" in str(said(text))
    text = text.replace("  pets[dog]: c.x\n", "")
    assert len(load_mapping(text, "m.yaml", schema).fields) == 2
