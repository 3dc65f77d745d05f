"""Up to 200 records a request, one result for each, in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from connectors.simulators.salesforce.errors import ApiError, not_found
from connectors.simulators.salesforce.org import Org
from connectors.simulators.salesforce.records import allows_duplicates, whole
from connectors.simulators.salesforce.wire import Request, Response, objects

MOST = 200
_Result = dict[str, Any]
_Item = TypeVar("_Item")


def serve(org: Org, request: Request, parts: tuple[str, ...], version: str) -> Response:
    """``/composite/sobjects/...``, its parts after that word."""
    allow = allows_duplicates(request)

    def insert(record: dict[str, Any]) -> _Result:
        return _success(org.create(_type(org, record), _values(record), allow_duplicates=allow))

    def change(record: dict[str, Any]) -> _Result:
        record_id = next((v for k, v in record.items() if k.lower() == "id"), None)
        if record_id is None:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", fields=("Id",))
        org.update(_type(org, record), record_id, _values(record), allow_duplicates=allow)
        return _success(str(record_id))

    match request.method, parts:
        case "POST", ():
            return _each(org, request, insert)
        case "PATCH", ():
            return _each(org, request, change)
        case "PATCH", (name, field_name):
            return _each(org, request, _upserting(org, name, field_name, allow=allow))
        case "DELETE", ():
            return _delete(org, request)
        case (("GET" | "POST"), (name,)):
            return _retrieve(org, request, name, version)
    raise not_found()


def _upserting(
    org: Org, name: str, field_name: str, *, allow: bool
) -> Callable[[dict[str, Any]], _Result]:
    wanted = org.sobject(name).external_id(field_name)
    seen: set[str] = set()

    def upsert(record: dict[str, Any]) -> _Result:
        if _type(org, record) != org.sobject(name).name:
            raise ApiError("INVALID_TYPE", "the type of a record is not that of the address")
        value = next((v for k, v in record.items() if k.lower() == wanted.name.lower()), None)
        folded = str(value).casefold()
        if value is not None and folded in seen:
            raise ApiError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}")
        seen.add(folded)
        values = _values(record)
        made, created = org.upsert(name, wanted.name, value, values, allow_duplicates=allow)
        return _success(made) | {"created": created}

    return upsert


def _each(org: Org, request: Request, write: Callable[[dict[str, Any]], _Result]) -> Response:
    body = request.mapping()
    return _all(org, objects(body, "records"), write, all_or_none=bool(body.get("allOrNone")))


def _delete(org: Org, request: Request) -> Response:
    ids = [each for each in request.query.get("ids", "").split(",") if each]

    def remove(record_id: str) -> _Result:
        org.delete(_name_of(org, record_id), record_id)
        return _success(record_id)

    return _all(org, ids, remove, all_or_none=request.query.get("allOrNone") == "true")


def _all(
    org: Org, items: list[_Item], write: Callable[[_Item], _Result], *, all_or_none: bool
) -> Response:
    if len(items) > MOST:
        raise ApiError(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST} records into this call",
        )
    before = org.snapshot()
    results = [_attempt(write, item) for item in items]
    if all_or_none and not all(result["success"] for result in results):
        org.restore(before)
        undone = ApiError(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using "
            "AllOrNone header",
        )
        results = [_failure(undone) if result["success"] else result for result in results]
    return Response.of(results)


def _attempt(write: Callable[[_Item], _Result], item: _Item) -> _Result:
    try:
        return write(item)
    except ApiError as error:
        return _failure(error)


def _retrieve(org: Org, request: Request, name: str, version: str) -> Response:
    body: dict[str, Any] = request.mapping() if request.method == "POST" else {}
    ids, fields = _words(request, body, "ids"), _words(request, body, "fields")
    found: list[_Result | None] = []
    for record_id in ids:
        try:
            record = org.get(name, record_id)
        except ApiError:
            found.append(None)
        else:
            found.append(whole(org, name, record, version, ",".join(fields)))
    return Response.of(found)


def _words(request: Request, body: dict[str, Any], name: str) -> list[str]:
    found = body.get(name, request.query.get(name, "").split(","))
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ApiError("JSON_PARSER_ERROR", f"{name}: a list of texts is expected")
    return found


def _success(record_id: str) -> _Result:
    return {"id": record_id, "success": True, "errors": []}


def _failure(error: ApiError) -> _Result:
    return {"success": False, "errors": [error.of_record()]}


def _type(org: Org, record: dict[str, Any]) -> str:
    named = record.get("attributes")
    name = named.get("type") if isinstance(named, dict) else None
    if not isinstance(name, str):
        raise ApiError("INVALID_INPUT", "attributes.type must be specified")
    try:
        return org.sobject(name).name
    except ApiError:
        raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.") from None


def _values(record: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k != "attributes" and k.lower() != "id"}


def _name_of(org: Org, record_id: str) -> str:
    for each in org.objects:
        if record_id.startswith(each.prefix):
            return each.name
    raise ApiError("MALFORMED_ID", f"malformed id {record_id}", fields=("Id",))
