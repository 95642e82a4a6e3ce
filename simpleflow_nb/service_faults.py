"""Refused and broken calls, whichever client they come from."""

from __future__ import annotations

from .exceptions import DefinitionError

UNKNOWN_RESOURCE = "UnknownResourceFault"
ALREADY_REGISTERED = ("TypeAlreadyExistsFault", "DomainAlreadyExistsFault")
ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"
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
_NOT_IMPLEMENTED = "501"  #: of a web server that knows no POST: trying again does not help
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


def refusal(what: str, error: BaseException) -> DefinitionError:
    """The sentence for a call that :func:`is_refused`: ``what`` was asked, and what the service says of it."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message", "") if isinstance(response, dict) else ""
    return DefinitionError(f"the service refuses {what}: {in_one_line(said or str(error))}")


def in_one_line(text: str) -> str:
    """A message for people: some have several lines, and that of a broken server is a page of HTML."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ..."


def is_throttled(error: BaseException) -> bool:
    """Whether the service has had too many calls."""
    return fault_code(error) in _THROTTLED


def is_refused(error: BaseException) -> bool:
    """Whether the request itself is at fault: sent again it would be refused again, and other requests are not concerned."""
    return fault_code(error) in _REFUSED or type(error).__name__ in _REFUSED


def is_of_another_service(error: BaseException) -> bool:
    """Whether the answer is not one of SWF's: an HTTP status alone, as web servers give it, or of another of AWS's services."""
    code = fault_code(error)
    return code in _OF_OTHERS or (code.isdigit() and (code == _NOT_IMPLEMENTED or not is_passing(error)))


def is_of_the_service(error: BaseException) -> bool:
    """Whether a call failed outside this program, passing or not: also missing permissions and credentials."""
    return is_passing(error) or bool(fault_code(error)) or type(error).__module__.startswith("botocore.")


def is_passing(error: BaseException) -> bool:
    """Whether the same call may well succeed in a moment: a broken connection, a throttled or failed answer."""
    if type(error).__name__ in _BROKEN or is_throttled(error):
        return True
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) if isinstance(response, dict) else 0
    return bool(status >= 500)
