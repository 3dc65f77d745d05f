"""Which suite judges a source: what its mapping implies, and what the user adds."""

from __future__ import annotations

from mappings.tree import Document
from pipelines.bus import Bus
from pipelines.quality.model import Expectation, Suite


def suite_of(bus: Bus, source: str, document: Document) -> Suite:
    """Return the suite of a source: every record has a key, and no key comes twice."""
    place = str(document.place)
    return Suite(
        f"{bus.project.project}.{source}",
        (
            Expectation("expect_column_values_to_not_be_null", {"column": "_key"}, place=place),
            Expectation(
                "expect_column_values_to_be_unique", {"column": "_key", "mostly": 0.95}, place=place
            ),
        ),
    )
