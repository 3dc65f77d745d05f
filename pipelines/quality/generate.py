"""The suite that a mapping implies: what must hold of any customer record it makes.

Only the key is critical: what is wrong with a field is for its `on_error` to say. The rest is
counted and shown, so that a source going bad is seen before a customer complains.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sqlglot import exp

from mappings.schema import Schema
from mappings.tree import Document, Each, Field
from pipelines.quality.model import Expectation, Severity, Suite

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
E164 = r"^\+[1-9][0-9]{6,14}$"
COUNTRY = "^[A-Z]{2}$"
LANGUAGE = "^[a-z]{2}$"
LOCALE = "^[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
_FORMS = {
    ("emails", "value"): EMAIL,
    ("phones", "value"): E164,
    ("addresses", "country"): COUNTRY,
    ("language", None): LANGUAGE,
    ("locale", None): LOCALE,
}
_KEY_MOSTLY = 0.95
_FORM_MOSTLY = 0.95
_PRESENT_MOSTLY = 0.001
_OLDEST = "1900-01-01"


def generate_suite(document: Document, *, name: str, today: date) -> Suite:
    """Return the suite of a mapping. `today` bounds dates: a birth in the future is a slip."""
    fields = list(_fields(document))
    found = [
        *_key(document),
        *_forms(fields, document.schema),
        *_sets(fields),
        *_times(fields, today),
        *_presence(fields),
    ]
    unique = {one.rule: one for one in found}
    meta = {"isthmus": {"mapping": document.id}}
    return Suite(name, tuple(unique.values()), meta)


def _fields(document: Document) -> Iterator[Field]:
    for line in document.fields:
        if isinstance(line, Each):
            yield from line.parts
        else:
            yield line


def _key(document: Document) -> Iterator[Expectation]:
    """Bad keys are quarantined; when many are bad, the mapping or the source is."""
    for rule in ("not_be_null", "be_unique"):
        kwargs = {"column": "_key", "mostly": _KEY_MOSTLY}
        yield Expectation(
            f"expect_column_values_to_{rule}", kwargs, place=f"{document.place} key (generated)"
        )


def _about(
    of: Field, type_: str, kwargs: dict[str, object], severity: Severity = Severity.WARNING
) -> Expectation:
    return Expectation(type_, kwargs, severity, f"{of.place} {of.name} (generated)")


def _column(of: Field, schema: Schema) -> str | None:
    """Return the name by which an expectation addresses what this field sets."""
    attribute = schema.attributes[of.slot.attribute]
    if not attribute.many:
        return attribute.name
    if attribute.short is None:
        return None
    same = of.slot.part == attribute.short_part
    return attribute.short if same else f"{attribute.short}.{of.slot.part}"


def _forms(fields: list[Field], schema: Schema) -> Iterator[Expectation]:
    for of in fields:
        form = _FORMS.get((of.slot.attribute, of.slot.part))
        column = _column(of, schema)
        if form and column:
            kwargs: dict[str, object] = {"column": column, "regex": form, "mostly": _FORM_MOSTLY}
            yield _about(of, "expect_column_values_to_match_regex", kwargs)


def _sets(fields: list[Field]) -> Iterator[Expectation]:
    """What a lookup gives is one of its values, or the default where that is a constant."""
    for of in fields:
        if of.lookup is None or of.slot.part is not None:
            continue
        values = {value for value in of.lookup.values() if isinstance(value, str)}
        if isinstance(of.default, exp.Literal) and of.default.is_string:
            values.add(of.default.this)
        constant = of.default is None or isinstance(of.default, exp.Literal | exp.Null)
        if values and constant and all(isinstance(v, str | None) for v in of.lookup.values()):
            kwargs: dict[str, object] = {
                "column": of.slot.attribute,
                "value_set": sorted(values),
            }
            yield _about(of, "expect_column_values_to_be_in_set", kwargs)


def _times(fields: list[Field], today: date) -> Iterator[Expectation]:
    by_name = {of.slot.attribute: of for of in fields}
    tomorrow = (today + timedelta(days=1)).isoformat()
    limits = {
        "birth_date": {"min_value": _OLDEST, "max_value": today.isoformat()},
        "created_at": {"max_value": tomorrow},
        "updated_at": {"max_value": tomorrow},
    }
    for name, bounds in limits.items():
        if of := by_name.get(name):
            kwargs: dict[str, object] = {"column": name, **bounds, "mostly": _FORM_MOSTLY}
            yield _about(of, "expect_column_values_to_be_between", kwargs)
    if {"created_at", "updated_at"} <= by_name.keys():
        kwargs = {"column_A": "updated_at", "column_B": "created_at", "or_equal": True}
        kwargs["ignore_row_if"] = "either_value_is_missing"
        type_ = "expect_column_pair_values_a_to_be_greater_than_b"
        yield _about(by_name["updated_at"], type_, kwargs, Severity.INFO)


def _presence(fields: list[Field]) -> Iterator[Expectation]:
    """A mapped attribute that nobody has is most often a source that changed a name."""
    for of in fields:
        kwargs: dict[str, object] = {"column": of.slot.attribute, "mostly": _PRESENT_MOSTLY}
        yield _about(of, "expect_column_values_to_not_be_null", kwargs, Severity.INFO)
