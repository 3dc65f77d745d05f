"""The connector and its changes, as the tests of the SCIM target make them."""

from typing import Any

from connectors.contract import Action, Change
from connectors.scim.connector import Scim

ANN = {
    "userName": "ann",
    "name.givenName": "Ann",
    'emails[type eq "work"].value': "ann@example.org",
    "active": True,
}
FAST = {"attempts": 3, "backoff_seconds": 0.01, "max_backoff_seconds": 0.02}


def scim(url: str, **more: Any) -> Scim:
    auth = {"type": "bearer", "token": "env:SCIM_TOKEN"}
    return Scim.model_validate({"url": url, "auth": auth, "http": FAST} | more)


def change(number: int, action: Action, key: str, **more: Any) -> Change:
    return Change(number=number, object="User", action=action, key=key, **more)
