from __future__ import annotations

from pathlib import Path

import pytest

from idp_core.errors import PolicyError
from idp_core.profiles import policy, survivorship_rules

BUILT_IN = Path(policy.__file__).with_name("identifiers.yaml")


def test_the_built_in_policies_can_be_read() -> None:
    assert policy.default().identifiers["email"].agree > 0
    assert survivorship_rules.default().rule("consent.anything").by[0] == "most_recent"


def test_a_wrong_key_is_named_with_file_line_and_mend(tmp_path: Path) -> None:
    path = tmp_path / "identifiers.yaml"
    path.write_text(BUILT_IN.read_text("utf-8").replace("join_at:", "join_att:"), "utf-8")
    with pytest.raises(PolicyError, match=r"identifiers.yaml:\d+:1 join_att: .*'join_at'"):
        policy.read(path)


def test_a_wrong_rule_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "survivorship.yaml"
    path.write_text("attributes:\n  given_name: [newest]\n", "utf-8")
    with pytest.raises(PolicyError, match=r"survivorship.yaml:2:3 attributes.given_name"):
        survivorship_rules.read(path)
