from pathlib import Path

from idp_core.provisioning.model import PlanStatus
from pipelines.provision.guards import Limits
from pipelines.provision.plan import Cause

PAGE = (Path(__file__).parents[3] / "docs/reference/provisioning.md").read_text(encoding="utf-8")


def test_every_limit_is_documented_with_its_default():
    for name, field in Limits.model_fields.items():
        default = f"{field.default:g}"
        assert f"| `{name}` | {default} | " in PAGE


def test_every_cause_is_documented():
    for cause in Cause:
        assert f"`{cause}`" in PAGE


def test_every_status_is_documented():
    for status in PlanStatus:
        assert f"`{status}`" in PAGE
