"""Connectors by name: found by entry point, built from the settings of a project file.

A third party adds one by an entry point in the group ``isthmus.connectors`` whose name is the
``type`` that users write. Ours are registered in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from connectors.contract import Connector
from connectors.errors import MisconfiguredError
from connectors.fields import did_you_mean
from connectors.problems import SettingsError, problems_of

GROUP = "isthmus.connectors"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting of a connector, as documentation shows it. `default` is "" when required."""

    name: str
    type: str
    default: str
    doc: str
    required: bool


def names() -> tuple[str, ...]:
    """Every connector type that is installed, in order."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


def connector_class(type_name: str) -> type[Connector]:
    """Load the class; MisconfiguredError for an unknown, doubled or broken one."""
    points = entry_points(group=GROUP, name=type_name)
    if not points:
        raise MisconfiguredError(
            f"unknown connector type {type_name!r}{did_you_mean(type_name, names())}"
        )
    if len({point.value for point in points}) > 1:
        raise MisconfiguredError(
            f"connector type {type_name!r} is offered by {_offered_by(*points)}; uninstall one"
        )
    point = next(iter(points))
    try:
        loaded = point.load()
    except ImportError as error:
        raise MisconfiguredError(
            f"connector type {type_name!r} cannot be loaded from {point.value}: {error}"
        ) from error
    if not (isinstance(loaded, type) and issubclass(loaded, Connector)):
        raise MisconfiguredError(
            f"connector type {type_name!r}: {point.value} is not a Connector class"
        )
    return loaded


def build(type: str, settings: Mapping[str, Any], base: Path) -> Connector:  # noqa: A002
    """Build the connector of this type from its settings, `type` itself left out.

    Relative paths start at `base`. Raises SettingsError that lists every wrong setting by its
    name, with the mend and without its value, and MisconfiguredError for an unknown type.
    """
    connector = connector_class(type)
    try:
        return connector.model_validate(dict(settings), context={"base": base})
    except ValidationError as error:
        raise SettingsError(type, problems_of(error, connector, dict(settings))) from None


def describe(type_name: str) -> tuple[Option, ...]:
    """The options of a connector, in the order of its class; for its table in the reference."""
    return options(connector_class(type_name))


def options(model: type[BaseModel]) -> tuple[Option, ...]:
    """The options of any settings block, such as those that several connectors share."""
    return tuple(_option(name, field) for name, field in model.model_fields.items())


def _option(name: str, field: FieldInfo) -> Option:
    required = field.is_required()
    default = "" if required else _shown(field.get_default(call_default_factory=True))
    return Option(
        field.alias or name,
        _type_name(field.annotation),
        default,
        field.description or "",
        required,
    )


def _shown(value: object) -> str:
    if value is None or value in ((), {}, "") or isinstance(value, BaseModel):
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _type_name(annotation: Any) -> str:
    name = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    for noise in ("typing.", "connectors.", "collections.abc.", "pydantic.networks."):
        name = name.replace(noise, "")
    return name


def _offered_by(*points: EntryPoint) -> str:
    return " and ".join(sorted(p.dist.name if p.dist else p.value for p in points))
