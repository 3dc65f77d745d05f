"""The Singer and dlt sources: somebody else's reader, run in its own environment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import as_file
from importlib.resources import files as package
from typing import Any, ClassVar

from pydantic import Field, PositiveFloat

from connectors.contract import Column, Connector, Health, ObjectSchema, Page, Query
from connectors.errors import MisconfiguredError
from connectors.fields import LocalPath, did_you_mean
from connectors.rest.pointers import put
from connectors.secrets import Secret
from connectors.singer import messages
from connectors.singer.process import files, lines


class Singer(Connector):
    """Reads the streams of a Singer tap."""

    type: ClassVar[str] = "singer"

    command: tuple[str, ...] = Field(min_length=1)
    """The tap and its first arguments, such as `[/opt/taps/github/bin/tap-github]`."""
    config: Mapping[str, Any] = Field(default_factory=dict)
    """The tap's own settings. Never secrets."""
    secrets: Mapping[str, Secret] = Field(default_factory=dict)
    """References to settings that are secrets, by name; dotted inside others."""
    silence_seconds: PositiveFloat = 300.0
    """A tap that says nothing for so long is ended."""

    def check(self) -> Health:
        """Ask which streams there are: most taps log in for that."""
        streams = self._catalog()
        return Health(f"singer {self.command[0]}", {"streams": str(len(streams))})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the streams with the columns of their schemas."""
        return tuple(sorted(map(_described, self._catalog()), key=lambda each: each.name))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield all records of a stream. Raises MisconfiguredError for an unknown one."""
        yield from (Page(page.rows, None, page.rejected) for page in self._pages(query, None))

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield the records since the tap's own state; a page's position is that state."""
        yield from self._pages(query, _state(query))

    def _pages(self, query: Query, state: Any) -> Iterator[Page]:
        streams = self._catalog()
        known = [str(each.get("tap_stream_id")) for each in streams]
        if query.object not in known:
            raise MisconfiguredError(
                f"singer: no stream {query.object!r}{did_you_mean(query.object, known)}"
            )
        chosen = [each for each in streams if each.get("tap_stream_id") == query.object]
        catalog = {"streams": [_selected(each) for each in chosen]}
        given = {"config": self._config(), "catalog": catalog}
        with files(given | ({"state": state} if state is not None else {})) as made:
            arguments = [part for name, path in made.items() for part in (f"--{name}", str(path))]
            said = lines([*self.command, *arguments], self.silence_seconds)
            yield from messages.pages(said, query)

    def _catalog(self) -> Sequence[dict[str, Any]]:
        with files({"config": self._config()}) as made:
            command = [*self.command, "--config", str(made["config"]), "--discover"]
            said = b"".join(lines(command, self.silence_seconds))
        return _streams(said, self.command[0])

    def _config(self) -> dict[str, Any]:
        return _with_secrets(self.config, self.secrets)


class Dlt(Connector):
    """Reads the resources of a dlt source: all there is, or what its ``incremental`` finds new."""

    type: ClassVar[str] = "dlt"

    python: LocalPath
    """The Python of an environment that has dlt and the source, such as `/opt/dlt/bin/python`."""
    source: str = Field(pattern=r"^[\w.]+:\w+$")
    """The function that makes the source, such as `github:github_reactions`."""
    folder: LocalPath | None = None
    """A folder that holds its module, where it is not installed."""
    arguments: Mapping[str, Any] = Field(default_factory=dict)
    """What the function is given. Never secrets."""
    secrets: Mapping[str, Secret] = Field(default_factory=dict)
    """References to arguments that are secrets, by name."""
    silence_seconds: PositiveFloat = 300.0
    """A source that says nothing for so long is ended."""

    def check(self) -> Health:
        """Ask which resources there are."""
        return Health(f"dlt {self.source}", {"resources": str(len(self._names()))})

    def discover(self) -> tuple[ObjectSchema, ...]:
        """List the resources; their columns show when they are read."""
        return tuple(ObjectSchema(name, ()) for name in sorted(self._names()))

    def read(self, query: Query) -> Iterator[Page]:
        """Yield the items of a resource. Raises MisconfiguredError for an unknown one."""
        self._require(query.object)
        yield from messages.pages(self._said("--stream", query.object), query)

    def changes(self, query: Query) -> Iterator[Page]:
        """Yield the items since dlt's own state; the position, that state, is the last page's."""
        self._require(query.object)
        state = _state(query)
        with files({} if state is None else {"state": state}) as made:
            since = ["--state", str(made["state"])] if made else ["--fresh"]
            yield from messages.pages(self._said("--stream", query.object, *since), query)

    def _require(self, name: str) -> None:
        known = self._names()
        if name not in known:
            raise MisconfiguredError(f"dlt: no resource {name!r}{did_you_mean(name, known)}")

    def _names(self) -> list[str]:
        said = b"".join(self._said("--discover"))
        return [str(each.get("stream")) for each in _streams(said, self.source)]

    def _said(self, *more: str) -> Iterator[bytes]:
        arguments = _with_secrets(self.arguments, self.secrets)
        config = {"source": self.source, "arguments": arguments}
        script = package("connectors.singer").joinpath("dlt_tap.py")
        with as_file(script) as tap, files({"config": config}) as made:
            command = [str(self.python), str(tap), "--config", str(made["config"]), *more]
            command += ["--folder", str(self.folder)] if self.folder else []
            yield from lines(command, self.silence_seconds)


def _state(query: Query) -> Any:
    """The state that a read goes on from, None for a first one."""
    if query.after is None:
        return None
    try:
        return json.loads(query.after.value)
    except ValueError:
        raise MisconfiguredError("the stored position is no state of a tap") from None


def _with_secrets(plain: Mapping[str, Any], secrets: Mapping[str, Secret]) -> dict[str, Any]:
    filled: dict[str, Any] = json.loads(json.dumps(plain, default=str))
    for name, secret in secrets.items():
        put(filled, name, secret.reveal())
    return filled


def _streams(said: bytes, name: str) -> list[dict[str, Any]]:
    try:
        streams = json.loads(said)["streams"]
    except (ValueError, TypeError, KeyError):
        raise MisconfiguredError(f"{name}: tells no catalogue of streams") from None
    return [each for each in streams if isinstance(each, dict)]


def _described(stream: Mapping[str, Any]) -> ObjectSchema:
    properties = (stream.get("schema") or {}).get("properties") or {}
    columns = tuple(Column(name, _kind(each)) for name, each in properties.items())
    keys = stream.get("key_properties") or ()
    return ObjectSchema(str(stream.get("tap_stream_id")), columns, tuple(map(str, keys)))


def _kind(schema: Any) -> str:
    said = schema.get("type") if isinstance(schema, Mapping) else None
    kinds = [said] if isinstance(said, str) else [each for each in said or () if each != "null"]
    return ", ".join(map(str, kinds))


def _selected(stream: dict[str, Any]) -> dict[str, Any]:
    """A stream of a catalogue, chosen with all its columns, in the old way and the new."""
    schema = {**(stream.get("schema") or {}), "selected": True}
    metadata: list[dict[str, Any]] = stream.get("metadata") or []
    others = [each for each in metadata if each.get("breadcrumb")]
    top: dict[str, Any] = next((each for each in metadata if not each.get("breadcrumb")), {})
    chosen = {"breadcrumb": [], "metadata": {**top.get("metadata", {}), "selected": True}}
    return {**stream, "schema": schema, "metadata": [chosen, *others]}
