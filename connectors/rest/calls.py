"""The settings of one call: its address, what it carries, and where its parameters go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from connectors.rest import template
from connectors.secrets import Secret

CONFIG = ConfigDict(
    frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
)


def _as_text(value: object) -> object:
    return template.plain(value) if isinstance(value, bool | int | float) else value


def _checked(tree: Any) -> Any:
    if isinstance(tree, Secret):
        raise ValueError("a secret cannot stand here")  # noqa: TRY004 (pydantic's way to refuse)
    if isinstance(tree, str):
        return template.check(tree)
    if isinstance(tree, Mapping):
        return {name: _checked(value) for name, value in tree.items()}
    return [_checked(value) for value in tree] if isinstance(tree, list) else tree


Template = Annotated[str, BeforeValidator(_as_text), AfterValidator(template.check)]
"""A text with ``{name}`` in it; numbers and truth values are texts, too."""
Tree = Annotated[Any, AfterValidator(_checked)]
"""JSON whose texts are templates."""


class Graphql(BaseModel):
    """A GraphQL operation. Its text is sent as it is: values go into the variables alone."""

    model_config = CONFIG

    query: str
    """The text of the query or mutation."""
    variables: Mapping[str, Tree] = Field(default_factory=dict)
    """Its variables, with `{name}` where values go."""


class Call(BaseModel):
    """One call of an API."""

    model_config = CONFIG

    path: Template = ""
    """Its path below `url`; values in `{name}` are quoted. Empty for `url` itself."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """The method; POST where `graphql` is set."""
    params: Mapping[str, Template | tuple[Template, ...]] = Field(default_factory=dict)
    """Parameters of every call: page sizes, sorting, filters; a list repeats one. Never secrets."""
    headers: Mapping[str, Template] = Field(default_factory=dict)
    """Headers beside those of the connector. Never secrets."""
    body: Tree = None
    """The JSON that is sent, with `{name}` where values go."""
    form: Tree = None
    """A form that is sent instead of JSON; what stands deeper is written `address[city]`."""
    graphql: Graphql | None = None
    """A GraphQL operation that is sent instead; places in its answer begin inside `data`."""

    @model_validator(mode="after")
    def _carries_one(self) -> Call:
        given = [
            name for name in ("body", "form", "graphql") if name in self.model_fields_set
        ]  # a body may be null
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} cannot be sent together")
        return self

    def about_one(self, values: template.Values) -> bool:  # noqa: ARG002 (others ask the values)
        """Whether it writes one account: a refusal may keep what was said."""
        return False

    @property
    def verb(self) -> str:
        """The method that is used."""
        return "POST" if self.graphql and "method" not in self.model_fields_set else self.method

    def placeholders(self) -> set[str]:
        """What the call wants to be filled with."""
        variables = self.graphql.variables if self.graphql else None
        parts = (self.path, self.params, self.headers, self.body, self.form, variables)
        return {name for part in parts for name in template.names(part)}
