"""The survivorship rules: whose word holds for which attribute.

Rules are a YAML file (`read`), or the built-in ones (`default`), whose text is
``idp_core/profiles/survivorship.yaml``: the reference by example.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator

from idp_core.profiles import policyfile
from idp_core.profiles.conditions import Condition, condition
from idp_core.profiles.held import written
from idp_core.profiles.model import SourceProfile
from idp_core.profiles.policy import Read
from idp_core.profiles.policyfile import Strict
from mappings.schema import CUSTOMER, Schema
from mappings.suggest import did_you_mean


class By(StrEnum):
    """What prefers one value to another."""

    TRUSTED = "trusted"
    MOST_RECENT = "most_recent"
    VERIFIED_FIRST = "verified_first"
    LONGEST = "longest"
    MOST_FREQUENT = "most_frequent"
    SAID_YES = "said_yes"
    SAID_NO = "said_no"
    EARLIEST = "earliest"
    LATEST = "latest"
    SAME_RECORD = "same_record"


class Rule(Strict):
    """How one attribute is chosen: `by` is asked in turn until one word decides.

    `trust` replaces the trust order of the file. `same_by` says by which parts, and written how,
    two elements of a multi-valued attribute are the same; all parts exactly when it is empty. Only
    the words of records from `sources` count, and of those for which `when` is true.
    `same_record_as` is another attribute: the record that gave it is asked first.
    """

    by: tuple[By, ...] = Field(min_length=1)
    trust: tuple[str, ...] | None = None
    same_by: Mapping[str, Read] = Field(default_factory=dict)
    sources: tuple[str, ...] | None = Field(default=None, min_length=1)
    when: str | None = None
    same_record_as: str | None = None
    _when: Condition | None = PrivateAttr(default=None)

    @field_validator("by")
    @classmethod
    def _no_word_of_ours(cls, by: tuple[By, ...]) -> tuple[By, ...]:
        if By.SAME_RECORD in by:
            raise ValueError("same_record is no word of by; write same_record_as: ATTRIBUTE")
        return by

    @field_validator("when")
    @classmethod
    def _can_be_asked(cls, when: str | None, info: ValidationInfo) -> str | None:
        if when is not None:
            condition(when, schema_of(info.context))
        return when

    def model_post_init(self, context: Any) -> None:
        """Compile the condition."""
        if self.when is not None:
            self._when = condition(self.when, schema_of(context))

    @property
    def is_open(self) -> bool:
        """Whether every record's word counts."""
        return self.sources is None and self.when is None

    @cached_property
    def words(self) -> tuple[By, ...]:
        """What is asked in turn."""
        return (By.SAME_RECORD, *self.by) if self.same_record_as else self.by

    def counts(self, record: SourceProfile) -> bool:
        """Tell whether a record's word counts."""
        if self.sources is not None and record.ref.source not in self.sources:
            return False
        return self._when is None or self._when(record)

    def sameness(self, element: Mapping[str, object]) -> tuple[str, ...]:
        """Return what equal elements have in common."""
        parts = self.same_by or dict.fromkeys(sorted(element), Read.EXACT)
        found = [
            "" if (said := element.get(part)) is None else written(str(said), how)
            for part, how in parts.items()
        ]
        if any(found):
            return tuple(found)
        return tuple(f"{part}={element[part]}" for part in sorted(element))


def schema_of(context: Any) -> Schema:
    """Return the schema that rules are read with; the plain one where none is named."""
    return context["schema"] if context else CUSTOMER


class SurvivorshipRules(Strict):
    """The rules of all attributes. A name that ends in ``*`` stands for all that begin so."""

    trust: tuple[str, ...] = ()
    default: tuple[By, ...] = Field(default=(By.TRUSTED, By.MOST_RECENT), min_length=1)
    attributes: Mapping[str, Rule] = Field(default_factory=dict)

    @field_validator("attributes", mode="before")
    @classmethod
    def _short_form(cls, attributes: object) -> object:
        """Let a plain list stand for a rule that says only `by`."""
        if not isinstance(attributes, dict):
            return attributes
        return {
            name: {"by": rule} if isinstance(rule, list) else rule
            for name, rule in attributes.items()
        }

    @field_validator("attributes")
    @classmethod
    def _known_names(
        cls, attributes: Mapping[str, Rule], info: ValidationInfo
    ) -> Mapping[str, Rule]:
        """Refuse names that the schema has not."""
        known = schema_of(info.context).attributes
        named = [name for name in attributes if not name.endswith("*")]
        for name in (*named, *(r.same_record_as for r in attributes.values() if r.same_record_as)):
            if name not in known:
                raise ValueError(f"unknown attribute {name!r}{did_you_mean(name, known)}")
        return attributes

    @field_validator("attributes")
    @classmethod
    def _no_chains(cls, attributes: Mapping[str, Rule]) -> Mapping[str, Rule]:
        """Refuse that who gives an attribute hangs on one that hangs on another again."""
        for name, rule in attributes.items():
            other = _fitting(attributes, rule.same_record_as) if rule.same_record_as else None
            if other is not None and other.same_record_as:
                raise ValueError(
                    f"{name}: same_record_as must name an attribute that has none itself"
                )
        return attributes

    def rule(self, attribute: str) -> Rule:
        """Return the rule of an attribute: its own, the longest fitting ``*`` one, the default."""
        known = self.asked
        if attribute not in known:
            found = _fitting(self.attributes, attribute)
            known[attribute] = found if found is not None else Rule(by=self.default)
        return known[attribute]

    @cached_property
    def asked(self) -> dict[str, Rule]:
        """The rules that were asked for before, by attribute."""
        return {}

    def place(self, source: str, rule: Rule) -> int:
        """Return the place of a source in the trust order; those not named share the last."""
        order = self.trust if rule.trust is None else rule.trust
        return order.index(source) if source in order else len(order)


def _fitting(rules: Mapping[str, Rule], attribute: str) -> Rule | None:
    if attribute in rules:
        return rules[attribute]
    names = [name for name in rules if name.endswith("*") and attribute.startswith(name[:-1])]
    return rules[max(names, key=len)] if names else None


def read(path: Path, schema: Schema = CUSTOMER) -> SurvivorshipRules:
    """Read survivorship rules. Raises PolicyError naming file, line, key and mend."""
    return policyfile.read(SurvivorshipRules, path, {"schema": schema})


@cache
def default() -> SurvivorshipRules:
    """Return the built-in rules."""
    text = files("idp_core.profiles").joinpath("survivorship.yaml").read_text("utf-8")
    return policyfile.parse(SurvivorshipRules, text, "survivorship.yaml")
