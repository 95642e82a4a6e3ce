"""Refusals of the service, in the shape of botocore's ClientError."""

from __future__ import annotations

from typing import Any


class Fault(Exception):
    """A refused call. ``response`` has the shape of boto3's exceptions, so callers need to handle only one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
        self.response: dict[str, Any] = {"Error": {"Code": code, "Message": message}, "message": message}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.message)


def unknown_resource(message: str) -> Fault:
    return Fault("UnknownResourceFault", message)


def invalid(message: str) -> Fault:
    return Fault("ValidationException", message)


def default_undefined(name: str) -> str:
    """Return the cause when neither a call nor its type has a default, as ``DEFAULT_TASK_LIST_UNDEFINED`` for ``taskList``."""
    return f"DEFAULT_{''.join('_' + c if c.isupper() else c for c in name).upper()}_UNDEFINED"
