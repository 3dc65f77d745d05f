from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, count, product

from hypothesis import given, settings
from hypothesis import strategies as st

from idp_core.profiles.doubts import DoubtKind
from idp_core.profiles.evidence import Evidence, reader
from idp_core.profiles.model import EventKind, SourceProfile, SourceRef
from idp_core.profiles.policy import default
from idp_core.profiles.vetoes import Constraints
from pipelines.resolve.batch import Resolution, make_edges, resolve
from pipelines.resolve.explain import explain
from pipelines.resolve.pairs import candidates
from pipelines.resolve.population import population
from tests.often import often
from tests.pipelines.resolve.people import person

HOME = {"family_name": "Keller", "street": "Seeweg 4", "phone": "+41446681800"}
NOBODY = Constraints()


def people(records: Iterable[SourceProfile], constraints: Constraints = NOBODY) -> Resolution:
    return resolve(records, {}, default(), constraints)


def together(*records: SourceProfile, constraints: Constraints = NOBODY) -> bool:
    return people(records, constraints).counts["profiles"] == 1


def test_a_shared_email_and_a_short_form_of_the_name_join() -> None:
    assert together(
        person("1", given_name="Robert", family_name="Gomez", email="bob@gomez.io"),
        person("2", given_name="Bob", family_name="Gómez", email="Bob@Gomez.io"),
    )


def test_a_son_with_his_fathers_name_home_and_phone_stays_himself() -> None:
    assert not together(
        person("1", given_name="Max", birth_date="1950-02-01", **HOME),
        person("2", given_name="Max", birth_date="1981-07-19", **HOME),
    )
    assert not together(
        person("1", given_name="Max", name_suffix="Sr", **HOME),
        person("2", given_name="Max", name_suffix="Jr", **HOME),
    )


def test_twins_stay_two() -> None:
    same = {"birth_date": "2001-05-06", "email": "the.kellers@kellers.ch", **HOME}
    assert not together(
        person("1", given_name="Anna", **same), person("2", given_name="Eva", **same)
    )


def test_a_household_without_first_names_stays_apart_from_its_people() -> None:
    assert not together(person("1", **HOME), person("2", given_name="Max", street="Seeweg 4"))


def test_a_recycled_phone_does_not_join_its_two_owners() -> None:
    assert not together(
        person("1", given_name="Anna", family_name="Keller", phone="+41791112233"),
        person("2", given_name="Peter", family_name="Blanc", phone="+41791112233"),
    )


def test_two_people_who_share_only_a_name_stay_two() -> None:
    assert not together(
        person("1", given_name="Zebulon", family_name="Quatermain"),
        person("2", given_name="Zebulon", family_name="Quatermain"),
    )


LAURA = {"given_name": "Laura", "family_name": "Bianchi"}


def test_namesakes_whose_mailboxes_spell_their_name_stay_two() -> None:
    here = {**LAURA, "addresses": [{"postal_code": "50122"}]}
    assert not together(
        person("1", email="laura.bianchi@posta.it", **LAURA),
        person("2", email="laura.bianchi@libero.it", **LAURA),
    )
    assert together(
        person("1", email="drummer.girl@posta.it", **here),
        person("2", email="drummer.girl@libero.it", **here),
    )


def test_a_name_that_two_people_have_says_less() -> None:
    here = {**LAURA, "addresses": [{"postal_code": "50122", "locality": "Firenze"}]}
    first, second = person("1", **here), person("2", source="crm", **here)
    assert together(first, second)
    known = [
        person("3", birth_date="1960-01-05", **LAURA),
        person("4", birth_date="1999-12-30", **LAURA),
    ]
    links = people([first, second, *known]).links
    assert links[first.ref] != links[second.ref]
    why = explain(first.ref, second.ref, [first, second, *known], default(), NOBODY)
    assert "first and family names: same (shared with someone else)" in [
        reason.text for reason in why.reasons
    ]


def test_an_unverified_email_alone_never_joins_an_account_that_can_log_in() -> None:
    account = person("1", username="anna", given_name="Anna", email="anna@keller.ch", email_ok=True)
    claim = {"given_name": "Anna", "email": "anna@keller.ch"}
    assert not together(account, person("2", **claim, email_ok=False, username="other"))
    assert together(account, person("2", **claim, email_ok=True, username="other"))


def test_a_stranger_between_two_people_does_not_chain_them() -> None:
    anna = person("1", given_name="Anna", birth_date="1980-01-02", email="anna@keller.ch")
    eva = person("2", given_name="Eva", birth_date="1985-03-04", phone="+41791112233")
    between = person("3", email="anna@keller.ch", phone="+41791112233")
    links = people([anna, eva, between]).links
    assert links[anna.ref] != links[eva.ref]


def test_a_steward_outweighs_the_policy() -> None:
    anna = person("1", given_name="Anna", email="anna@keller.ch")
    again = person("2", given_name="Anna", email="anna@keller.ch")
    max_ = person("3", given_name="Max")
    apart = Constraints.of(cannot=[(anna.ref, again.ref)])
    joined = Constraints.of(must=[(anna.ref, max_.ref)])
    assert together(anna, again)
    assert not together(anna, again, constraints=apart)
    assert together(anna, max_, constraints=joined)


def test_a_refused_merge_is_told_with_its_reason() -> None:
    same = {"birth_date": "2001-05-06", "email": "kids@kellers.ch", "loyalty_id": "L77812", **HOME}
    found = people([person("1", given_name="Anna", **same), person("2", given_name="Eva", **same)])
    assert [(doubt.kind, doubt.reason) for doubt in found.doubts] == [
        (DoubtKind.VETO, "first names differ beyond nickname, initial and typing slip")
    ]


def test_a_junk_email_joins_nobody() -> None:
    assert not together(
        person("1", given_name="Anna", email="noreply@shop.ch"),
        person("2", given_name="Anna", email="noreply@shop.ch"),
    )


def test_nobody_is_resolved_to_nobody() -> None:
    assert people([]).links == {}


def test_a_deleted_record_leaves_and_its_profile_with_it() -> None:
    anna = person("1", given_name="Anna")
    gone = SourceProfile(anna.ref, anna.attributes, anna.mapping, "", deleted=True)
    first = people([anna])
    then = resolve([gone], first.links, default(), Constraints())
    assert then.links == {}
    assert [(e.kind, e.gid) for e in then.events] == [(EventKind.DELETED, first.links[anna.ref])]


def test_an_explanation_names_what_agrees_and_no_value() -> None:
    records = [
        person("1", given_name="Bob", family_name="Gomez", email="bob@gomez.io"),
        person("2", given_name="Robert", family_name="Gomez", email="bob@gomez.io"),
    ]
    why = explain(records[0].ref, records[1].ref, records, default(), Constraints())
    assert why.joins
    assert {reason.text for reason in why.reasons} >= {"first names: nickname", "email: same"}
    assert "gomez" not in repr(why).casefold()


NAMES = st.sampled_from(["Anna", "Ann", "Eva", "Max", "Robert", "Bob", ""])
RECORDS = st.lists(
    st.builds(
        lambda given, family, email, phone, day: {
            "given_name": given,
            "family_name": family,
            "email": f"{email}@kellers.ch",
            "phone": f"+4179111{phone}",
            "birth_date": day,
        },
        NAMES,
        st.sampled_from(["Keller", "Blanc", "Keller-Blanc"]),
        st.sampled_from(["anna", "max", "kids"]),
        st.sampled_from(["2233", "4455"]),
        st.sampled_from([None, "1980-01-02", "1980-02-01", "1955-06-07"]),
    ),
    max_size=8,
).map(lambda rows: [person(str(key), **row) for key, row in enumerate(rows)])


def _numbered(records: Iterable[SourceProfile]) -> dict[SourceRef, str]:
    ids = map(str, count())
    return dict(resolve(records, {}, default(), NOBODY, new_id=lambda: next(ids)).links)


@settings(max_examples=often(40), deadline=None)
@given(records=RECORDS, data=st.data())
def test_the_order_of_the_records_never_matters(
    records: list[SourceProfile], data: st.DataObject
) -> None:
    assert _numbered(records) == _numbered(data.draw(st.permutations(records)))


@settings(max_examples=often(30), deadline=None)
@given(records=RECORDS)
def test_resolving_again_changes_nothing(records: list[SourceProfile]) -> None:
    first = people(records)
    again = resolve(records, first.links, default(), NOBODY)
    assert (again.links, again.events, again.new_redirects) == (first.links, (), {})


@settings(max_examples=often(60), deadline=None)
@given(records=RECORDS)
def test_the_batch_scores_each_pair_as_one_pair_alone(records: list[SourceProfile]) -> None:
    read = reader(default())
    known = [read(record) for record in records]
    others = population(known, default(), NOBODY)
    edges = make_edges(known, default(), others)
    assert len(edges) == len({(edge.a, edge.b) for edge in edges})
    for a, b, weight, _ in edges:
        told = explain(records[a].ref, records[b].ref, records, default(), NOBODY)
        assert weight == told.weight


@settings(max_examples=often(60), deadline=None)
@given(records=RECORDS)
def test_records_that_share_a_key_are_compared_and_no_others(records: list[SourceProfile]) -> None:
    read = reader(default())
    known = [read(record) for record in records]
    found = set(zip(*candidates(known, default()), strict=True))
    keys = [set(_keys(record)) for record in known]
    assert found == {(a, b) for a, b in combinations(range(len(known)), 2) if keys[a] & keys[b]}


def _keys(record: Evidence) -> Iterator[tuple[object, ...]]:
    """The comparison keys of one record, by the letter of the policy."""
    said = {kind: list(values) for kind, values in record.by_kind()}
    for word, value in (
        ("given_name", record.given),
        ("family_name", record.family),
        ("initial", record.given[:1]),
        ("birth_date", record.birth),
    ):
        said[word] = [value] if value else []
    for words in default().keys:
        yield from ((words, *values) for values in product(*(said.get(w, ()) for w in words)))
