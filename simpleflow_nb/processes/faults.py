"""Refused calls, whichever client they come from."""

from __future__ import annotations


def fault_code(error: BaseException) -> str:
    """SWF's name for why a call was refused, such as ``UnknownResourceFault``; empty when the error is something else.

    boto3's ClientError and the local service's Fault have the same ``response``.
    """
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return ""
    code: str = response.get("Error", {}).get("Code", "")
    return code


UNKNOWN_RESOURCE = "UnknownResourceFault"
ALREADY_REGISTERED = ("TypeAlreadyExistsFault", "DomainAlreadyExistsFault")
ALREADY_STARTED = "WorkflowExecutionAlreadyStartedFault"
