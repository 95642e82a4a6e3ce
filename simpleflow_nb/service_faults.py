"""Classification of refused and failed calls, for any client."""

from __future__ import annotations

from .exceptions import DefinitionError

UNKNOWN_RESOURCE = "UnknownResourceFault"
ALREADY_REGISTERED = ("TypeAlreadyExistsFault", "DomainAlreadyExistsFault")
BROKEN_SERVER = "500"  #: a page of a web server: SWF's own failures have a name
ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"
CHILD_IS_OPEN = "WORKFLOW_ALREADY_RUNNING"  #: the cause of a child that was not started: another of its id is open
_LONGEST_LINE = 1_000

_THROTTLED = {"ThrottlingException", "Throttling", "RequestLimitExceeded", "LimitExceededFault", "TooManyRequestsException"}
_REFUSED = {
    "DefaultUndefinedFault",
    "ParamValidationError",
    "RequestEntityTooLarge",
    "RequestEntityTooLargeException",
    "SerializationException",
    "ValidationException",
}
_OF_OTHERS = {"UnknownOperationException", "MissingAuthenticationTokenException"}
_NOT_IMPLEMENTED = "501"  #: from a web server without POST: a retry does not help
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
    """Return SWF's code of a refused call, such as ``UnknownResourceFault``; empty for other errors.

    boto3's ClientError and the local service's Fault have the same ``response``.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    code: str = response.get("Error", {}).get("Code", "")
    return code


def refusal(what: str, error: BaseException) -> DefinitionError:
    """Return the error for a call that :func:`is_refused`: ``what`` was asked, and the service's message."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message", "") if isinstance(response, dict) else ""
    return DefinitionError(f"the service refuses {what}: {in_one_line(said or str(error))}")


def in_one_line(text: str) -> str:
    """Put a message into one line: some have several, and that of a broken server is a page of HTML."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..."


def is_throttled(error: BaseException) -> bool:
    """Return whether the service was called too often."""
    return fault_code(error) in _THROTTLED


def is_refused(error: BaseException) -> bool:
    """Return whether the call itself is at fault: a retry would be refused again, and other calls are not affected."""
    return fault_code(error) in _REFUSED or type(error).__name__ in _REFUSED


def is_of_another_service(error: BaseException) -> bool:
    """Return whether the answer is not from SWF: a bare HTTP status of a web server, or a fault of another AWS service."""
    code = fault_code(error)
    return code in _OF_OTHERS or (code.isdigit() and (code == _NOT_IMPLEMENTED or not is_passing(error)))


def is_of_the_service(error: BaseException) -> bool:
    """Return whether a call failed outside this program, passing or not; also for missing permissions and credentials."""
    return is_passing(error) or bool(fault_code(error)) or type(error).__module__.startswith("botocore.")


def is_passing(error: BaseException) -> bool:
    """Return whether a retry may succeed: the connection broke, or the service throttled the call or failed."""
    if type(error).__name__ in _BROKEN or is_throttled(error):
        return True
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return bool(status >= 500)
