"""The settings of single operations of a SOAP service."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, Field

from connectors.rest.calls import CONFIG, Tree
from connectors.rest.lists import Detail


class Operation(BaseModel):
    """One operation of the service."""

    model_config = CONFIG

    operation: str
    """Its name in the WSDL."""
    arguments: Mapping[str, Tree] = Field(default_factory=dict)
    """What it is given, with `{name}` where values go."""


class SoapDetail(Operation):
    """An operation that answers with one record; `{name}` stands for a column of the row."""

    item: str = ""
    """Where the record stands in the answer; empty when it is the answer."""

    def as_detail(self) -> Detail:
        """Return it as what the readers of one row know: an operation is a path."""
        return Detail(path=self.operation, body=dict(self.arguments), item=self.item)
