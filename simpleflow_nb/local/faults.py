"""What the service answers to a call that it refuses, in the shape of botocore's ClientError."""

from __future__ import annotations

from typing import Any


class Fault(Exception):
    """A refused call. ``response`` has the shape that boto3's exceptions have, so callers need to know only one."""

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
    """The cause when neither a request nor its type says ``taskList``: ``DEFAULT_TASK_LIST_UNDEFINED``."""
    return f"DEFAULT_{''.join('_' + c if c.isupper() else c for c in name).upper()}_UNDEFINED"
