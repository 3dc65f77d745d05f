"""The error bodies of the REST API: a list of ``{message, errorCode, fields}``."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A request or a record that is refused: `status` of the answer, `code` and `fields`."""

    def __init__(
        self, code: str, message: str, *, status: int = 400, fields: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def body(self) -> list[dict[str, Any]]:
        """The body of an answer that refuses a whole request."""
        found: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            found["fields"] = list(self.fields)
        return [found]

    def of_record(self) -> dict[str, Any]:
        """The error of one record of several."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def of_csv(self) -> str:
        """The ``sf__Error`` of one record of a bulk job."""
        return f"{self.code}:{self.message}:{','.join(self.fields)} --"


def malformed(message: str) -> ApiError:
    """A query that is refused."""
    return ApiError("MALFORMED_QUERY", message)


def not_found(message: str = "The requested resource does not exist") -> ApiError:
    """A path or record that is not there."""
    return ApiError("NOT_FOUND", message, status=404)
