"""The closed list of functions an expression may call; `FUNCTIONS` maps each name to its meaning.

Operators, CASE, IN, BETWEEN, LIKE, IS and casts are syntax, described in `mappings.tree`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from mappings.functions import dates, general, numbers, patterns, text
from mappings.functions.spec import Function

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for module in (text, general, patterns, numbers, dates)
        for function in module.FUNCTIONS
    }
)
"""Every function by its name, in lower case."""

__all__ = ["FUNCTIONS", "Function"]
