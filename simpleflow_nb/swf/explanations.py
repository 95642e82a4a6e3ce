"""Sentences for the errors of boto3 that have a cause outside the program."""

from __future__ import annotations

from typing import Any

from ..exceptions import DefinitionError, ServiceError
from ..service_faults import (
    fault_code,
    in_one_line,
    is_of_another_service,
    is_passing,
    is_refused,
    is_throttled,
    refusal,
)

_CREDENTIALS = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "ExpiredTokenException"}
_DENIED = {"AccessDeniedException", "AccessDenied", "OperationNotPermittedFault"}


def explained(error: BaseException) -> ServiceError | DefinitionError | None:
    """The sentence for an error of a call or of a client that cannot be made, None when it is a mistake of the program.

    A DefinitionError for what was asked of the service and refused: other requests are not concerned.
    """
    name, text = type(error).__name__, in_one_line(str(error))
    if name in ("NoCredentialsError", "PartialCredentialsError"):
        return ServiceError("no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ProxyConnectionError", "SSLError"):
        return ServiceError(f"the service cannot be reached: {text}")
    if name == "NoRegionError":
        return ServiceError("no AWS region is known; give --region, or set AWS_DEFAULT_REGION")
    if name == "ProfileNotFound":
        profile = _detail(error, "profile")
        return ServiceError(f"there is no AWS profile {profile!r}; AWS_PROFILE names one of those that are configured")
    code = fault_code(error)
    if code in _CREDENTIALS:
        return ServiceError(f"AWS does not accept the credentials ({code})")
    if code in _DENIED:
        return ServiceError(f"AWS does not allow this call: {text}")
    if is_throttled(error):
        return ServiceError(f"the service has too much to do and refuses calls ({code}); try again later")
    if name == "ReadTimeoutError":
        return ServiceError(f"the service does not answer: {text}")
    if code.isdigit():
        text = f"HTTP {code}"  # what comes with it is a page for browsers
    if is_of_another_service(error):
        return ServiceError(f"what answers is not SWF: {text}")
    if is_passing(error):
        return ServiceError(f"the service fails: {text}")
    if is_refused(error):
        return None if _is_malformed(error) else refusal("this", error)
    if type(error).__module__.startswith("botocore.") and not code:
        login = "; log in with aws sso login" if name == "SSOTokenLoadError" else ""
        return ServiceError(f"AWS cannot be used: {text.rstrip('.')}{login}")
    return None


def _is_malformed(error: BaseException) -> bool:
    """Whether a request has parts that are missing, of the wrong kind or unknown: no value of a user's comes to that."""
    if type(error).__name__ != "ParamValidationError":
        return False
    problems = str(_detail(error, "report")).splitlines()
    return not all(problem.startswith(("Invalid length", "Invalid value")) for problem in problems)


def _detail(error: BaseException, name: str) -> Any:
    return getattr(error, "kwargs", {}).get(name, "")
