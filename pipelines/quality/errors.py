"""What can be wrong with a suite.

ProjectError
└── SuiteError    a suite file or one of its expectations cannot be used  -> mend the named one
"""

from __future__ import annotations

from pipelines.errors import ProjectError


class SuiteError(ProjectError):
    """A suite or an expectation cannot be used; the message names file, expectation and mend."""


class UnsupportedError(Exception):
    """This expectation has no SQL of ours: the real engine must judge it. Never leaves the gate."""
