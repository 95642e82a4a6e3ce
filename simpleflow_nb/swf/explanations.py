"""Sentences for the errors of boto3 that have a cause outside the program."""

from __future__ import annotations

from ..exceptions import ServiceError
from ..processes.faults import fault_code, is_passing, is_throttled

_CREDENTIALS = {"UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "ExpiredTokenException"}
_DENIED = {"AccessDeniedException", "AccessDenied", "OperationNotPermittedFault"}


def explained(error: BaseException) -> ServiceError | None:
    """The sentence for an error of a call, None when it is none of these."""
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return ServiceError("no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ProxyConnectionError", "SSLError"):
        return ServiceError(f"the service cannot be reached: {error}")
    if name == "NoRegionError":
        return ServiceError("no AWS region is known; give --region, or set AWS_DEFAULT_REGION")
    code = fault_code(error)
    if code in _CREDENTIALS:
        return ServiceError(f"AWS does not accept the credentials ({code})")
    if code in _DENIED:
        return ServiceError(f"AWS does not allow this call: {error}")
    if is_throttled(error):
        return ServiceError(f"the service has too much to do and refuses calls ({code}); try again later")
    if name == "ReadTimeoutError":
        return ServiceError(f"the service does not answer: {error}")
    if is_passing(error):
        return ServiceError(f"the service fails: {error}")
    return None
