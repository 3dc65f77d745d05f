"""A Salesforce org that runs here: what Salesforce documents of its wire, for tests and demos.

It is no Salesforce. It knows logins, describe, a part of SOQL, records one by one and in
collections, composite requests and Bulk API 2.0, over records that it keeps. What it does not know
it refuses with an error of the API's own shape, so a test that passes here has used nothing that
was made up on the way. `python -m connectors.simulators.salesforce` starts one.
"""

from connectors.simulators.salesforce.access import App
from connectors.simulators.salesforce.faults import Fault
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.rules import DuplicateRule, ValidationRule
from connectors.simulators.salesforce.schema import Field, SObject
from connectors.simulators.salesforce.server import Simulator
from connectors.simulators.salesforce.standard import ACCOUNT, CONTACT, LEAD, STANDARD
from connectors.simulators.salesforce.wire import Response

__all__ = [
    "ACCOUNT",
    "CONTACT",
    "LEAD",
    "STANDARD",
    "App",
    "DuplicateRule",
    "Fault",
    "Field",
    "Org",
    "Response",
    "SObject",
    "Simulator",
    "ValidationRule",
]
