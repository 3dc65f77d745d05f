from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mappings.errors import MappingError, Place
from mappings.expressions import parse
from mappings.schema import CUSTOMER
from mappings.scopes import ProfileScope
from mappings.tree import Step
from pipelines.provision.compile import compile_push
from pipelines.provision.desired import Unwanted, Wanted, desired, plain
from pipelines.provision.plan import Cause
from pipelines.provision.rules import Person

PLACE = Place("portal.push.yaml", 7, 3)
SCOPE = ProfileScope("p", CUSTOMER, frozenset({"gid"}))


def sql(text):
    return parse(text, SCOPE)


@dataclass(frozen=True)
class Written:
    path: str
    expression: Any
    steps: tuple = ()
    lookup: Any = None
    default: Any = None
    own: str = "enforce"
    on_null: str = "clear"
    place: Place = PLACE
    refers_to: Any = None


@dataclass(frozen=True)
class Rule:
    attribute: str
    value: Any
    adopt: str = "auto"
    place: Place = PLACE


@dataclass(frozen=True)
class Leaving:
    action: str = "deactivate"
    grace_days: int | None = 30


@dataclass(frozen=True)
class Document:
    fields: tuple
    scope: Any = None
    key: Any = field(default_factory=lambda: sql("p.gid"))
    key_path: str = "externalId"
    match: tuple = ()
    on_leave: Leaving = Leaving()
    consent: tuple = ()
    purpose: str = ""
    groups: tuple = ()
    name: str = "portal"
    object: str = "User"
    digest: str = "d" * 64
    schema: Any = CUSTOMER
    place: Place = PLACE


def ann(**more):
    attributes = {
        "given_name": "Ann",
        "emails": [
            {"value": "old@b.c", "type": "work", "primary": False},
            {"value": "ann@b.c", "type": "home", "primary": True},
        ],
        "addresses": [{"locality": "Bern", "primary": True}],
        "birth_date": "1980-02-03",
        "consent.marketing_email": True,
    } | more
    return Person("g1", "digest", attributes)


def values(*fields, person=None, **more):
    wanted = desired(compile_push(Document(fields, **more)), person or ann())
    assert isinstance(wanted, Wanted)
    return wanted


def test_expressions_see_short_names_labels_and_the_global_id():
    wanted = values(
        Written("userName", sql("p.email")),
        Written("work", sql("p.emails[work]")),
        Written("city", sql("p.address.locality")),
        Written("born", sql("p.birth_date")),
        Written("on", sql("p.active")),
        Written("mail", sql("p.consent.marketing_email")),
        Written("id", sql("p.gid")),
    )
    assert wanted.key == "g1"
    assert wanted.values == {
        "userName": "ann@b.c",
        "work": "old@b.c",
        "city": "Bern",
        "born": "1980-02-03",
        "on": True,
        "mail": True,
        "id": "g1",
    }


def test_steps_lookups_and_defaults_apply():
    wanted = values(
        Written("a", sql("p.given_name"), steps=(Step("upper"),)),
        Written("b", sql("p.given_name"), lookup={"Ann": "found"}),
        Written("c", sql("p.nickname"), default=sql("'none'")),
    )
    assert wanted.values == {"a": "ANN", "b": "found", "c": "none"}


def test_a_step_that_refuses_names_its_line_and_no_value():
    wanted = values(Written("userName", sql("p.given_name"), steps=(Step("email"),)))
    (reason,) = wanted.refused
    assert reason.startswith("portal.push.yaml:7 userName: ")
    assert "Ann" not in reason


@pytest.mark.parametrize(
    ("scope", "cause"), [("p.given_name = 'Bob'", True), ("p.nickname = 'x'", True), (None, False)]
)
def test_a_scope_that_is_not_true_leaves_out(scope, cause):
    push = compile_push(Document((), scope=sql(scope) if scope else None))
    found = desired(push, ann())
    assert isinstance(found, Unwanted) is cause
    if cause:
        assert found.cause is Cause.LEFT_SCOPE


def test_every_consent_must_be_given():
    push = compile_push(Document((), consent=("consent.marketing_email", "consent.profiling")))
    assert desired(push, ann()) == Unwanted(Cause.NO_CONSENT)
    assert isinstance(desired(push, ann(**{"consent.profiling": True})), Wanted)


def test_who_does_not_say_active_is_active():
    assert values(Written("on", sql("p.active")), person=ann(active=None)).values["on"] is True
    assert values(Written("on", sql("p.active")), person=ann(active=False)).values["on"] is False


def test_a_line_knows_which_golden_attributes_it_reads():
    line = Written("name", sql("concat_ws(' ', p.given_name, p.email, p.gid)"))
    (compiled,) = compile_push(Document((line,))).lines
    assert compiled.reads == ("given_name", "emails")
    assert compiled.place == "portal.push.yaml:7"


def test_leaving_and_matching_are_taken_over():
    document = Document((), match=(Rule("userName", sql("p.email"), "review"),))
    push = compile_push(document)
    assert push.leave.grace.days == 30
    assert push.match[0].adopt == "review"
    forever = compile_push(Document((), on_leave=Leaving("keep", None)))
    assert (forever.leave.action, forever.leave.grace) == ("keep", None)


def test_a_mapping_that_depends_on_the_day_is_another_one_each_day():
    line = Written("adult", sql("date_diff('year', p.birth_date, today()) >= 18"))
    digests = {
        compile_push(Document((line,)), today=lambda day=day: date(2030, 1, day)).digest
        for day in (1, 2)
    }
    assert len(digests) == 2
    assert all(len(digest) <= 64 for digest in digests)
    plain_line = Document((Written("id", sql("p.gid")),))
    assert compile_push(plain_line, today=lambda: date(2030, 1, 1)).digest == "d" * 64


def test_today_without_a_clock_is_an_error_with_its_place():
    line = Written("day", sql("today()"))
    with pytest.raises(MappingError, match=r"portal.push.yaml:7:3 fields.day: "):
        compile_push(Document((line,)))


def test_values_become_json():
    moment = datetime(2020, 1, 31, 12, tzinfo=UTC)
    given = [None, True, 3, "x", date(2020, 1, 31), moment, Decimal("1.50"), {"a": None, "b": 1}]
    assert plain(given) == [
        None,
        True,
        3,
        "x",
        "2020-01-31",
        "2020-01-31T12:00:00.000000Z",
        "1.50",
        {"b": 1},
    ]
    with pytest.raises(TypeError, match="bytes"):
        plain({"a": b"x"})
