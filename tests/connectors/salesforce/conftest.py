"""A simulated org with a few people, and the ways to log in to it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from joserfc.jwk import RSAKey
from requests.adapters import HTTPAdapter

from connectors.salesforce import Salesforce
from connectors.simulators.salesforce import (
    CONTACT,
    App,
    Field,
    Org,
    Simulator,
    SObject,
)

CLIENT, SECRET, USER = "client-1", "s3cret-2", "integration@isthmus.example"

PERSON = SObject(
    "Person__c",
    "a01",
    (
        Field(name="Key__c", length=80, unique=True, external_id=True, case_sensitive=True),
        Field(name="Name", length=80),
        Field(name="Note__c", type="textarea", length=1000),
        Field(name="Big__c", length=40),
        Field(name="Changed__c", type="datetime"),
        Field(name="Born__c", type="date"),
        Field(name="Points__c", type="double", precision=18, scale=2),
        Field(name="Active__c", type="boolean", default=True),
    ),
)
CUSTOMER = SObject(
    "Contact",
    "003",
    (
        *CONTACT.own,
        Field(name="Isthmus_Id__c", length=64, unique=True, external_id=True, case_sensitive=True),
        Field(name="Shop_Number__c", length=20, external_id=True),
        Field(name="Active__c", type="boolean", default=True),
    ),
)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)


class Leading(HTTPAdapter):
    """Leads every host to one address, as a name server could."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def send(self, request, *args, **options):
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        request.url = parts._replace(scheme="http", netloc=f"127.0.0.1:{self._port}").geturl()
        return super().send(request, *args, **options)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def org(clock: Clock) -> Org:
    return Org([PERSON, CUSTOMER], clock=clock)


@pytest.fixture(scope="session")
def key() -> RSAKey:
    return RSAKey.generate_key(2048)


Starting = Callable[..., Simulator]


@pytest.fixture
def start(org: Org, key: RSAKey) -> Iterator[Starting]:
    """Start the simulator over the org; with `tls` it speaks https as ``localhost``."""
    running: list[Simulator] = []

    def started(**options: object) -> Simulator:
        app = App(CLIENT, SECRET, key.as_pem(private=False).decode())
        simulator = Simulator(org, apps=(app,), **options)
        simulator.access.passwords[USER] = "pa<ss&token"
        running.append(simulator)
        simulator.__enter__()
        return simulator

    yield started
    for simulator in running:
        simulator.__exit__(None, None, None)


@pytest.fixture
def salesforce(start: Starting) -> Simulator:
    return start()


@dataclass(frozen=True)
class Tls:
    server: ssl.SSLContext
    ca: Path


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    ca = tmp_path_factory.mktemp("salesforce") / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    return Tls(context, ca)


Connecting = Callable[..., Salesforce]


@pytest.fixture
def connect(salesforce: Simulator, monkeypatch: pytest.MonkeyPatch) -> Connecting:
    """The connector to the simulator, with quick waits; `auth` is client credentials at first."""
    monkeypatch.setenv("SF_SECRET", SECRET)

    def connected(**more: object) -> Salesforce:
        settings = {
            "url": salesforce.url,
            "auth": {
                "type": "client_credentials",
                "client_id": CLIENT,
                "client_secret": "env:SF_SECRET",
            },
            "external_id": "Isthmus_Id__c",
            "deactivate": {"Active__c": False},
            "poll_seconds": 0.001,
            "http": {"attempts": 3, "backoff_seconds": 0.001},
        }
        return Salesforce.model_validate(settings | more)

    return connected


@pytest.fixture(params=["collections", "jobs"])
def sf(request, connect, monkeypatch):
    """The connector, writing by either way."""
    if request.param == "jobs":
        monkeypatch.setattr("connectors.salesforce.writing._FEW", 0)
        return connect(bulk_writes=1)
    return connect(bulk_writes=0)
