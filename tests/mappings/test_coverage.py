"""What a mapping uses, where a value comes from, what an edit changes."""

from __future__ import annotations

from mappings.checker import check_columns
from mappings.coverage import coverage
from mappings.diff import differences
from mappings.document import load_mapping
from mappings.lineage import lineage
from tests.mappings.files import CONTACT, EVERYTHING, small


def load(text):
    return load_mapping(text, "m.yaml")


def told(before, after):
    return [str(difference) for difference in differences(load(before), load(after))]


def test_the_columns_of_a_source_are_used_ignored_or_unmapped():
    found = coverage(load(CONTACT), ["Id", "Email", "Fax", "Shoe__c"])
    assert found.used == ("Id", "Email")
    assert found.ignored == ("Fax",)
    assert found.unmapped == ("Shoe__c",)
    assert found.missing[:2] == ("SystemModstamp", "IsDeleted")
    assert found.superfluous == ("AccountId", "Salutation")
    assert found.drifted


def test_columns_can_be_ignored_by_pattern():
    found = coverage(load(small("email: c.E", "ignore: [x_*]")), ["Id", "E", "x_1", "y_1"])
    assert (found.ignored, found.unmapped, found.superfluous) == (("x_1",), ("y_1",), ())


def test_a_mapping_that_fits_its_source_has_not_drifted():
    found = coverage(load(small("email: c.E")), ["Id", "E"])
    assert not found.drifted
    assert found.attributes == ("emails",)
    assert "emails" not in found.empty
    assert "given_name" in found.empty


def test_the_columns_of_arguments_defaults_and_lists_are_used():
    found = coverage(load(EVERYTHING), [])
    for column in ("fallback", "address", "suffix", "ids", "kind", "status", "since"):
        assert column in found.missing


def test_lineage_tells_columns_steps_and_lines():
    origins = lineage(load(EVERYTHING))
    assert [str(origin) for origin in origins["family_name"]] == [
        "family_name from name.last by nfc, squeeze, blank_to_null, name_case (m.yaml:10:3)"
    ]
    assert origins["phones"][0].columns == ("mobile", "phones[1]", "address.country")
    assert [origin.field for origin in origins["emails"]] == [
        "email", "email.verified", "emails[work]", "emails[work].verified",
    ]  # fmt: skip
    assert origins["loyalty_tier"][0].steps == ("lookup", "default")
    assert str(origins["username"][0]).startswith("username from no column (")


def test_lineage_of_a_list_begins_with_the_list():
    system, value = lineage(load(EVERYTHING))["external_ids"]
    assert system.columns == ("ids[].system",)
    assert value.columns == ("ids[].value", "suffix")
    bare = small("emails: {each: c.es, as: e, parts: {value: e}}")
    assert lineage(load(bare))["emails"][0].columns == ("es[]",)


def test_a_file_does_not_differ_from_itself_in_another_order():
    assert told(small("email: c.E\nnickname: c.N"), small("nickname: c.N\nemail: c.E")) == []


def test_what_was_added_removed_and_changed_is_told_at_its_line():
    before = small("email: c.E\nnickname: c.N\nemails[a]: c.A", "where: c.x")
    after = small("email: {from: c.E, steps: [email]}\nphone: c.P\nemails[a]: c.A", "delete: c.y")
    assert told(before, after) == [
        "m.yaml:1:1 delete added",
        "m.yaml:1:1 where removed",
        "m.yaml:5:3 fields.email changed: steps",
        "m.yaml:6:3 fields.nickname removed",
        "m.yaml:6:3 fields.phone added",
    ]


def test_documents_differ_exactly_when_their_digests_do():
    texts = [
        small("email: c.E\nnickname: c.N"),
        small("email: c.E"),
        small("emails: {each: c.es, as: e, parts: {value: e}}"),
        small("emails: {each: c.es, as: e, parts: {value: e.x}}"),
        small("emails[a]: c.A\nemails[b]: c.B"),
        small("emails[b]: c.B\nemails[a]: c.A"),
    ]
    for one in map(load, texts):
        for other in map(load, texts):
            assert (one.digest == other.digest) == (not differences(one, other))


def test_a_column_the_source_has_not_is_told_with_the_nearest():
    problems = check_columns(load(small("email: c.Emial")), {"Id": "BIGINT", "Email": "VARCHAR"})
    assert [str(problem) for problem in problems] == [
        "m.yaml:5:3 fields.email: the source has no column 'Emial'; did you mean 'Email'?"
    ]


def test_a_column_whose_type_can_never_fit_is_told():
    columns = {"Id": "BIGINT", "E": "STRUCT(a VARCHAR)[]", "B": "BOOLEAN", "D": "VARCHAR"}
    text = small("email: c.E\nbirth_date: c.B\ncreated_at: c.D\nnickname: c.E[1].a")
    email, birth_date = map(str, check_columns(load(text), columns))
    assert email.startswith("m.yaml:5:3 fields.email: gives a list, which is never a text")
    assert email.endswith("use each: for its elements, or list_join(...)")
    assert birth_date.startswith("m.yaml:6:3 fields.birth_date: gives a boolean")
    assert birth_date.endswith("use the step date, or make_date(...)")


def test_a_lists_new_order_is_told():
    before, after = "emails[a]: c.A\nemails[b]: c.B", "emails[b]: c.B\nemails[a]: c.A"
    assert told(small(before), small(after)) == ["m.yaml:5:3 fields.emails changed: order"]
