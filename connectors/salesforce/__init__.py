"""Salesforce as source and target, over simple-salesforce and our own HTTP session."""

from connectors.salesforce.connector import Salesforce
from connectors.salesforce.options import (
    ClientCredentialsAuth,
    JwtAuth,
    PasswordAuth,
    RefreshTokenAuth,
)

__all__ = [
    "ClientCredentialsAuth",
    "JwtAuth",
    "PasswordAuth",
    "RefreshTokenAuth",
    "Salesforce",
]
