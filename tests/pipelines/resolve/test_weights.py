from __future__ import annotations

from typing import Any

from pipelines.resolve import modelfile
from pipelines.resolve.weights import floored


def said(name: str, *levels: tuple[float, float] | None) -> dict[str, Any]:
    """Return what Splink's settings say of a comparison; None is a level nobody could learn."""
    learnt = [
        {"m_probability": pair[0], "u_probability": pair[1]} if pair else {} for pair in levels
    ]
    return {"output_column_name": name, "comparison_levels": [{"is_null_level": True}, *learnt]}


def test_what_could_not_be_learnt_is_one_line_for_each_comparison():
    model = modelfile.default()
    phone = [None for _ in model.comparisons["phone"].levels]
    email = [(0.2, 0.01) for _ in model.comparisons["email"].levels]
    found = {
        "comparisons": [said("phone", *phone, None), said("email", None, *email[1:], (0.1, 0.9))]
    }
    weights, warnings = floored(found, model, 0.001, {})
    assert set(weights) == {"phone", "email"}
    first = model.comparisons["email"].levels[0].name
    assert warnings == (
        "phone: too few pairs to learn any level from; defaults are used",
        f"email: too few pairs to learn {first!r} from; defaults are used",
    )
