"""SOQL: the part of the language that the simulator knows; the rest is refused as malformed."""

from connectors.simulators.salesforce.soql.parser import parse
from connectors.simulators.salesforce.soql.plan import Plan, plan
from connectors.simulators.salesforce.soql.syntax import Select

__all__ = ["Plan", "Select", "parse", "plan"]
