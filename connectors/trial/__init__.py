"""A connector tried on its live system: the rules of the test kit, as far as they go there."""

from connectors.trial.findings import Finding, Verdict
from connectors.trial.source import Wish, try_source, try_system
from connectors.trial.target import Canary, try_target

__all__ = ["Canary", "Finding", "Verdict", "Wish", "try_source", "try_system", "try_target"]
