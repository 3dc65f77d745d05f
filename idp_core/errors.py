"""What can go wrong in the core, named by what to do next.

CoreError
├── SettingsError      a setting is missing or wrong       -> mend it, start again
├── SchemaError        the database is older than the code -> isthmus db upgrade
├── PolicyError        a policy file is wrong              -> mend the named line
└── UnknownProfileError no profile has this id              -> look it up by an identifier
"""

from __future__ import annotations


class CoreError(Exception):
    """Anything the core reports."""


class SettingsError(CoreError):
    """A setting is missing or wrong."""


class SchemaError(CoreError):
    """The database is not at the version this code needs."""


class PolicyError(CoreError):
    """A policy file (identifiers, survivorship) cannot be used; the message names its line."""


class UnknownProfileError(CoreError):
    """No profile has, or ever had, this global id."""
