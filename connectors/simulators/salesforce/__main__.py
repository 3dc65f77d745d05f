"""Start an org: ``python -m connectors.simulators.salesforce --port 8080 --file org.db``.

It prints where it answers and who may log in, as one line of JSON, and serves until it is stopped.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path

from connectors.simulators.salesforce.access import App
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.schema import Field, SObject
from connectors.simulators.salesforce.server import Simulator
from connectors.simulators.salesforce.standard import STANDARD


def main(arguments: list[str]) -> None:
    """Serve until told to stop. Secrets that are not given are made up."""
    given = _parser().parse_args(arguments)
    key = given.public_key.read_text(encoding="utf-8") if given.public_key else None
    app = App(given.client_id, given.client_secret or secrets.token_urlsafe(24), key)
    password = given.password or secrets.token_urlsafe(12)
    org = Org(_extended(given.field), file=given.file)
    simulator = Simulator(org, apps=(app,), port=given.port)
    user = next(iter(simulator.org.records("User")))["Username"]
    simulator.access.passwords[user] = password
    told = {
        "url": simulator.url,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "username": user,
        "password": password,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    simulator.serve()


def _extended(fields: list[str]) -> list[SObject]:
    """The standard objects with these fields more."""
    own = {each.name: list(each.own) for each in STANDARD}
    for text in fields:
        path, _, kind = text.partition(":")
        name, _, field = path.partition(".")
        if name not in own or not field.endswith("__c"):
            raise SystemExit(f"--field {text}: write OBJECT.NAME__c, of {', '.join(own)}")
        external = kind == "external"
        kind = "string" if external or not kind else kind
        own[name].append(Field(name=field, type=kind, unique=external, external_id=external))
    return [SObject(o.name, o.prefix, tuple(own[o.name]), o.deletable) for o in STANDARD]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.simulators.salesforce",
        description="A Salesforce org on loopback, for tests and demos.",
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--file", type=Path, help="keeps the records; without it they are lost")
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="OBJECT.NAME[:TYPE]",
        help="a field more; the type 'external' makes a unique external id",
    )
    parser.add_argument("--client-id", default="isthmus", help="the connected app")
    parser.add_argument("--client-secret", help="its secret")
    parser.add_argument("--public-key", type=Path, help="PEM file that checks JWT assertions")
    parser.add_argument("--password", help="of SOAP login, security token included")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
