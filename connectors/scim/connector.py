"""The SCIM 2.0 target: accounts of a service provider, found, read and written."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt

from connectors.contract import Account, Change, Connector, Health, ObjectSchema, Outcome
from connectors.errors import ConnectorError, MisconfiguredError, RejectedError
from connectors.scim.paths import flatten
from connectors.scim.resources import (
    Features,
    ResourceType,
    account,
    features,
    listed,
    object_schemas,
    resource_types,
)
from connectors.scim.transport import Pace, Transport
from connectors.scim.writer import Writer

T = TypeVar("T")


class Scim(Connector):
    """Writes and finds resources of a SCIM 2.0 service provider; our key is ``externalId``."""

    type: ClassVar[str] = "scim"
