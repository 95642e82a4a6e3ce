"""Refused and broken calls, whichever client they come from."""

from __future__ import annotations

UNKNOWN_RESOURCE = "UnknownResourceFault"
ALREADY_REGISTERED = ("TypeAlreadyExistsFault", "DomainAlreadyExistsFault")
ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"

_THROTTLED = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "LimitExceededFault", "TooManyRequestsException"}
_BROKEN = {
    "ConnectionClosedError",
    "ConnectionError",
    "ConnectTimeoutError",
    "EndpointConnectionError",
    "HTTPClientError",
    "IncompleteReadError",
    "ReadTimeoutError",
    "ResponseParserError",
    "ResponseStreamingError",
}


def fault_code(error: BaseException) -> str:
    """SWF's name for why a call was refused, such as ``UnknownResourceFault``; empty when the error is something else.

    boto3's ClientError and the local service's Fault have the same ``response``.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    code: str = response.get("Error", {}).get("Code", "")
    return code


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed in a moment: a broken connection, a throttled or failed answer."""
    if type(error).__name__ in _BROKEN or fault_code(error) in _THROTTLED:
        return True
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return bool(status >= 500)
