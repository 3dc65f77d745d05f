"""The closed list of named steps; `STEPS` maps each name to what it does.

A refusal never shows the value: its reason is the step's fixed sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mappings.steps import email, people, phone, places, text, times, typed
from mappings.steps.spec import Accepts, Argument, StepSpec, Udf

STEPS: Mapping[str, StepSpec] = MappingProxyType(
    {
        step.name: step
        for module in (text, email, phone, people, places, times, typed)
        for step in module.STEPS
    }
)
"""Every step by its name."""

__all__ = ["STEPS", "Accepts", "Argument", "StepSpec", "Udf"]
