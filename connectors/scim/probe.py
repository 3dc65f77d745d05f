"""Tries what a provider really does, with canaries that are taken away again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal
from urllib.parse import quote

from connectors.errors import (
    ConflictError,
    ConnectorError,
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
)
from connectors.scim.bulk import BULK, bulk_id
from connectors.scim.canary import canary, required_paths
from connectors.scim.elementwise import patch_body
from connectors.scim.paging import Reader
from connectors.scim.paths import build, flatten, normal, parse, write
from connectors.scim.quirks import Form, Quirks, Truth
from connectors.scim.resources import ResourceType, features, filtered, page, schemas_of
from connectors.scim.transport import Transport

Row = dict[str, Any]
_PLAIN = ("displayName", "title", "nickName", "name.givenName", "name.familyName")
_CLEARABLE = ("title", "nickName", "displayName", "name.givenName")
_ADDED = (("phoneNumbers", "mobile", "+14155550101"), ("emails", "home", "canary@example.com"))


async def probe(transport: Transport, kind: ResourceType, paths: Iterable[str]) -> Quirks:
    """Find out the quirks of one object type; `paths` are those that will be written.

    Raises MisconfiguredError when no canary can be made, and the transport's errors. What was made
    is deleted again in any case.
    """
    async with _trial(transport, kind) as trial:
        first, refused = await _made(trial, list(paths))
        second, _ = await _made(trial, [path for path in paths if path not in refused], refused)
        held = await trial.row(first.id)
        if held is None:
            raise MisconfiguredError(
                f"POST {kind.endpoint}: answered with an id under which there is nothing"
            )
        trial.paths, trial.refused = list(paths), refused
        not_held = _not_held(first.row, held)
        kept = {path: value for path, value in held.items() if path not in not_held}
        quirks = Quirks(
            filter=await _filters(trial, first.id, held),
            forms=await _forms(trial, first.id, kept),
            paging=await _paging(trial),
            duplicate=await _duplicate(trial, first),
            deactivation=await _deactivation(trial, first.id),
            not_held=not_held,
            refused=tuple(sorted(refused)),
            required=_required(trial),
        )
        more = {"bulk": await _bulk(trial), "deletion": await _deletion(trial, second.id)}
        return quirks.model_copy(update=more)


class _Made:
    def __init__(self, id_: str, row: Row) -> None:
        self.id, self.row = id_, row


class _Trial:
    """One probe under way: sends to the provider and remembers what it made."""

    def __init__(self, transport: Transport, kind: ResourceType) -> None:
        self.transport, self.kind = transport, kind
        self.schemas: Mapping[str, Mapping[str, Any]] = {}
        self.made: list[str] = []
        self.paths: list[str] = []
        self.refused: set[str] = set()

    def good(self) -> Row:
        """Return a new canary without what is known to be refused."""
        row = canary(self.kind, self.schemas, self.paths)
        return {path: value for path, value in row.items() if path not in self.refused}

    async def create(self, row: Mapping[str, Any]) -> _Made:
        resource = build(row)
        resource["schemas"] = self.kind.schemas(resource)
        answer = await self.transport.send("POST", self.kind.endpoint, resource)
        if not isinstance(answer.body, dict) or "id" not in answer.body:
            raise RejectedError(f"POST {self.kind.endpoint}: accepted, but the answer names no id")
        made = _Made(str(answer.body["id"]), dict(row))
        self.made.append(made.id)
        return made

    async def resource(self, id_: str) -> Row | None:
        """Return what is there now; None when it is gone."""
        try:
            answer = await self.transport.send("GET", self.address(id_))
        except NotFoundError:
            return None
        return answer.body if isinstance(answer.body, dict) else None

    async def row(self, id_: str) -> Row | None:
        """Return what is there now, by path."""
        found = await self.resource(id_)
        return None if found is None else flatten(found)

    async def patch(self, id_: str, *operations: Row) -> None:
        await self.transport.send("PATCH", self.address(id_), patch_body(operations))

    async def put(self, id_: str, row: Mapping[str, Any]) -> None:
        """Send the whole resource with these paths changed."""
        current = await self.resource(id_) or {}
        resource = {k: v for k, v in current.items() if k not in ("meta", "groups")}
        for path, value in row.items():
            write(resource, parse(path), value)
        resource["schemas"] = self.kind.schemas(resource)
        await self.transport.send("PUT", self.address(id_), resource)

    def address(self, id_: str) -> str:
        return f"{self.kind.endpoint}/{quote(id_, safe='')}"


@asynccontextmanager
async def _trial(transport: Transport, kind: ResourceType) -> AsyncIterator[_Trial]:
    trial = _Trial(transport, kind)
    with suppress(RejectedError):
        trial.schemas = await schemas_of(transport)
    try:
        yield trial
    finally:
        for id_ in trial.made:
            with suppress(ConnectorError):
                await transport.send("DELETE", trial.address(id_))


async def _made(
    trial: _Trial, paths: list[str], without: Iterable[str] = ()
) -> tuple[_Made, set[str]]:
    """Make a canary; when it is refused, find the attributes that it is refused for."""
    refused = set(without)

    def row(*paths: str) -> Row:
        made = canary(trial.kind, trial.schemas, paths)
        return {path: value for path, value in made.items() if path not in refused}

    whole = row(*paths)
    try:
        return await trial.create(whole), refused
    except RejectedError:
        required = canary(trial.kind, trial.schemas, usual=False)
    for path in whole.keys() - required.keys():
        one = canary(trial.kind, trial.schemas, [path], usual=False)
        try:
            await trial.create({p: v for p, v in one.items() if p != "externalId" or p == path})
        except RejectedError:
            refused.add(path)
    try:
        return await trial.create(row(*paths)), refused
    except RejectedError as error:
        raise MisconfiguredError(f"no canary could be made: {error}") from None


async def _filters(trial: _Trial, id_: str, held: Mapping[str, Any]) -> Mapping[str, Truth]:
    found = {}
    for path in ("externalId", "userName", "displayName"):
        value = held.get(path)
        if not isinstance(value, str) or (path == "displayName" and trial.kind.name != "Group"):
            continue
        try:
            hits = await filtered(trial.transport, trial.kind, path, value)
        except RejectedError:
            found[path] = Truth.REFUSED
            continue
        ids = {str(hit.get("id")) for hit in hits}
        known = Truth.YES if ids == {id_} else Truth.IGNORED
        found[path] = known if id_ in ids else Truth.BLIND
    return found


async def _paging(trial: _Trial) -> Literal["index", "cursor", "none"]:
    if (await features(trial.transport)).cursor and await _by_cursor(trial):
        return "cursor"
    pages = []
    for start in ("1", "2"):
        try:
            pages.append(await page(trial.transport, trial.kind, start, "1"))
        except (RejectedError, TransientError):  # one server fails (500) on a count
            return "none"
    ids = [[resource.get("id") for resource in resources] for resources in pages]
    return "index" if len(ids[0]) == 1 and ids[0] != ids[1] else "none"


async def _by_cursor(trial: _Trial) -> bool:
    """Whether two pages of one row by cursor are two rows."""
    ids: list[str] = []
    try:
        async for some in Reader(trial.transport, trial.kind, 1).by_cursor():
            ids += [str(resource["id"]) for resource in some]
            if len(ids) > 1 or len(some) != 1:
                break
    except ConnectorError:
        return False
    return len(ids) == 2


async def _forms(trial: _Trial, id_: str, held: Mapping[str, Any]) -> tuple[Form, ...]:
    plain = next((p for p in _PLAIN if isinstance(held.get(p), str) and held[p]), None)
    listed = next((p for p in held if p.endswith("].value") and "type eq" in p), None)
    cleared = next((p for p in _CLEARABLE if held.get(p)), None)
    replace: Row = {"op": "replace"}
    tries: dict[Form, tuple[str, Any, Callable[[], Awaitable[None]]]] = {}
    if plain:
        one, two, three = (f"{held[plain]} {n}" for n in ("II", "III", "IV"))
        path = {**replace, "path": plain, "value": one}
        bare = {**replace, "value": build({plain: two})}
        tries[Form.PATH] = (plain, one, lambda: trial.patch(id_, path))
        tries[Form.BARE] = (plain, two, lambda: trial.patch(id_, bare))
        tries[Form.PUT] = (plain, three, lambda: trial.put(id_, {plain: three}))
    if listed:
        other = _other(listed, held[listed])
        element = {**replace, "path": listed, "value": other}
        tries[Form.ELEMENT] = (listed, other, lambda: trial.patch(id_, element))
    found = {form for form, (path_, value, send) in tries.items()
             if await _works(trial, id_, path_, value, send)}  # fmt: skip
    for attribute, label, value in _ADDED:
        added = {"op": "add", "path": attribute, "value": [{"type": label, "value": value}]}
        path_ = normal(f'{attribute}[type eq "{label}"].value')
        if await _works(trial, id_, path_, value, lambda a=added: trial.patch(id_, a)):  # type: ignore[misc]
            found.add(Form.ADD)
            break
    gone = {"op": "remove", "path": cleared}
    if cleared and await _works(trial, id_, cleared, None, lambda: trial.patch(id_, gone)):
        found.add(Form.REMOVE)
    return tuple(form for form in Form if form in found)


def _other(path: str, value: Any) -> str:
    return f"second-{value}" if path.startswith("emails") else f"{value}2"


async def _works(
    trial: _Trial, id_: str, path: str, value: Any, send: Callable[[], Awaitable[None]]
) -> bool:
    """Whether a change that was accepted had its effect."""
    try:
        await send()
    except MisconfiguredError:
        raise
    except ConnectorError:
        return False
    held = (await trial.row(id_) or {}).get(path)
    if value is None:
        return held in (None, "", [])
    return isinstance(held, str) and held.casefold() == str(value).casefold()


async def _deactivation(trial: _Trial, id_: str) -> Literal["kept", "hidden", "none"]:
    if trial.kind.name != "User":
        return "kept"
    path: Row = {"op": "replace", "path": "active", "value": False}
    bare: Row = {"op": "replace", "value": {"active": False}}
    sends: tuple[Callable[[], Awaitable[None]], ...] = (
        lambda: trial.patch(id_, path),
        lambda: trial.patch(id_, bare),
        lambda: trial.put(id_, {"active": False}),
    )
    for send in sends:
        with suppress(RejectedError, TransientError):
            await send()
            row = await trial.row(id_)
            if row is None:
                return "hidden"
            if row.get("active") is False:
                return "kept"
    return "none"


async def _bulk(trial: _Trial) -> int:
    """Return how many operations one ``/Bulk`` takes, if it makes what it is told to make."""
    most = (await features(trial.transport)).bulk
    if most < 2:
        return 0
    resource = build(trial.good())
    resource["schemas"] = trial.kind.schemas(resource)
    operation = {"method": "POST", "path": trial.kind.endpoint, "bulkId": "1", "data": resource}
    body = {"schemas": [BULK], "Operations": [operation]}
    try:
        answer = await trial.transport.send("POST", "/Bulk", body)
    except MisconfiguredError:
        raise
    except ConnectorError:
        return 0
    id_ = bulk_id(answer.body)
    if id_:
        trial.made.append(id_)
    return most if id_ and await trial.resource(id_) is not None else 0


async def _duplicate(
    trial: _Trial, first: _Made
) -> Literal["conflict", "refused", "failed", "allowed"]:
    if "userName" not in first.row:
        return "conflict"
    try:
        await trial.create({**first.row, "externalId": f"{first.row.get('externalId')}-2"})
    except ConflictError:
        return "conflict"
    except RejectedError:
        return "refused"
    except MisconfiguredError:
        raise
    except ConnectorError:
        return "failed"
    return "allowed"


async def _deletion(trial: _Trial, id_: str) -> Literal["gone", "kept"]:
    await trial.transport.send("DELETE", trial.address(id_))
    return "gone" if await trial.resource(id_) is None else "kept"


def _required(trial: _Trial) -> tuple[str, ...]:
    usual = {"userName"} if trial.kind.name == "User" else {"displayName"}
    return tuple(sorted(set(required_paths(trial.kind, trial.schemas)) - usual))


def _not_held(sent: Mapping[str, Any], held: Mapping[str, Any]) -> Mapping[str, str]:
    return {path: how for path, value in sent.items() if (how := _made_of(value, held.get(path)))}


def _made_of(given: Any, held: Any) -> str | None:
    """Return in words what became of a value, None when it is held as it was given."""
    if held == given or (isinstance(given, list) and isinstance(held, list) and held):
        return None
    if held in (None, "", []):
        return "is dropped"
    if isinstance(given, str) and isinstance(held, str) and given.casefold() == held.casefold():
        return "is held in another case"
    return "is held in another form"
