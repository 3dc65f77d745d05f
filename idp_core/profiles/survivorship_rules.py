"""The survivorship rules: whose word holds for which attribute.

Rules are a YAML file (`read`), or the built-in ones (`default`), whose text is
``idp_core/profiles/survivorship.yaml``: the reference by example.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import Field, field_validator

from idp_core.profiles import policyfile
from idp_core.profiles.held import written
from idp_core.profiles.policy import Read
from idp_core.profiles.policyfile import Strict


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


class Rule(Strict):
    """How one attribute is chosen: `by` is asked in turn until one word decides.

    `trust` replaces the trust order of the file. `same_by` says by which parts, and written how,
    two elements of a multi-valued attribute are the same; all parts exactly when it is empty.
    """

    by: tuple[By, ...] = Field(min_length=1)
    trust: tuple[str, ...] | None = None
    same_by: Mapping[str, Read] = Field(default_factory=dict)

    def sameness(self, element: Mapping[str, object]) -> tuple[str, ...]:
        """Return what equal elements have in common."""
        parts = self.same_by or dict.fromkeys(sorted(element), Read.EXACT)
        said = {part: element.get(part) for part in parts}
        found = tuple("" if v is None else written(str(v), parts[p]) for p, v in said.items())
        if any(found):
            return found
        return tuple(f"{part}={element[part]}" for part in sorted(element))


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

    def rule(self, attribute: str) -> Rule:
        """Return the rule of an attribute: its own, the longest fitting ``*`` one, the default."""
        if attribute in self.attributes:
            return self.attributes[attribute]
        fitting = [
            name
            for name in self.attributes
            if name.endswith("*") and attribute.startswith(name[:-1])
        ]
        return self.attributes[max(fitting, key=len)] if fitting else Rule(by=self.default)

    def place(self, source: str, rule: Rule) -> int:
        """Return the place of a source in the trust order; those not named share the last."""
        order = self.trust if rule.trust is None else rule.trust
        return order.index(source) if source in order else len(order)


def read(path: Path) -> SurvivorshipRules:
    """Read survivorship rules. Raises PolicyError naming file, line, key and mend."""
    return policyfile.read(SurvivorshipRules, path)


@cache
def default() -> SurvivorshipRules:
    """Return the built-in rules."""
    text = files("idp_core.profiles").joinpath("survivorship.yaml").read_text("utf-8")
    return policyfile.parse(SurvivorshipRules, text, "survivorship.yaml")
