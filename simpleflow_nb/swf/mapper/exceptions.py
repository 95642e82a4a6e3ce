"""Faults of SWF as exceptions, and the decorators with which simpleflow makes them of those of boto3."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NoReturn, ParamSpec, TypeVar

from ...exceptions import ExitCode, SimpleflowError
from ...service_faults import ALREADY_REGISTERED, ALREADY_STARTED, UNKNOWN_RESOURCE, fault_code, is_throttled
from ...workflow import logger

P = ParamSpec("P")
T = TypeVar("T")

Handler = Callable[..., Any]
Exceptions = type[Exception] | Sequence[type[Exception]]

#: The resource in ``Unknown domain: shop``.
REGEX_UNKNOWN_RESOURCE = re.compile(r"^Unknown ([^ :,]+)")
#: That in ``Unknown type: ActivityType=[...]``, and in ``Unknown execution: WorkflowExecution=[...]``.
REGEX_NESTED_RESOURCE = re.compile(r"Unknown (?:type|execution)[:,]\s*([^ =]+)\s*=")

_DEPRECATED = ("TypeDeprecatedFault", "DomainDeprecatedFault")


class SWFError(SimpleflowError):
    """A call that SWF refused.

    Attributes:
        kind, details: what ``raw_error``, ``kind: details``, says; empty without it.
        type_: the kind in lower case with underscores; None without one.
        error_code: the fault, such as ``UnknownResourceFault``; empty if it is not known.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.UNREACHABLE

    def __init__(self, message: str = "", raw_error: str = "", error_code: str = "", *args: Any) -> None:
        super().__init__(message, *args)
        kind, _, details = raw_error.partition(":")
        self.kind, self.details, self.error_code = kind.strip(), details.strip(), error_code
        self.type_ = self.kind.lower().replace(" ", "_") or None

    @property
    def message(self) -> str:
        """Return the message alone."""
        return str(self.args[0]) if self.args else ""

    def __str__(self) -> str:
        reason = f"\nReason: {self.kind}, {self.details}" if self.kind and self.details else ""
        return f"{self.message}{reason}"

    __repr__ = __str__


class PollTimeout(SWFError):
    """A poll ended without a task."""


class ResponseError(SWFError):
    """A fault that has no exception of its own."""


class DoesNotExistError(SWFError):
    """There is no such domain, type or execution, or it is deprecated."""


class AlreadyExistsError(SWFError):
    """There is a domain or a type of that name already."""


class InvalidKeywordArgumentError(SWFError):
    """A query was given a filter that there is not."""


class RateLimitExceededError(SWFError):
    """SWF was called too often."""


class WorkflowExecutionAlreadyStartedError(SWFError):
    """An execution with that id is open."""


@contextmanager
def faults_as(unknown: type[SWFError] = DoesNotExistError) -> Iterator[None]:
    """Raise the exceptions of this module for the faults of the service within the block.

    Args:
        unknown: for a resource that does not exist.

    Raises:
        SWFError: one of its subclasses.
    """
    try:
        yield
    except Exception as error:
        code = fault_code(error)
        if not code:
            raise
        kind: type[SWFError] = ResponseError
        if code == UNKNOWN_RESOURCE or code in _DEPRECATED:
            kind = unknown
        elif code in ALREADY_REGISTERED:
            kind = AlreadyExistsError
        elif code == ALREADY_STARTED:
            kind = WorkflowExecutionAlreadyStartedError
        elif is_throttled(error):
            kind = RateLimitExceededError
        raise kind(extract_message(error) or code, error_code=code) from error


def extract_error_code(error: BaseException) -> str | None:
    """Return the fault of an exception of boto3, such as ``UnknownResourceFault``; None for other exceptions."""
    return fault_code(error) or None


def extract_message(error: BaseException) -> str | None:
    """Return the message of an exception of boto3; None for other exceptions."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Message") if isinstance(response, dict) else None
    return None if found is None else str(found)


def match_equals(regex: re.Pattern[str], string: str | None, values: str | Sequence[str]) -> bool:
    """Tell whether what a pattern finds first in a text is one of ``values``."""
    found = regex.findall(string) if string is not None else []
    return bool(found) and found[0] in ((values,) if isinstance(values, str) else values)


def is_unknown_resource_raised(error: Exception, *args: Any, **kwargs: Any) -> bool:
    """Tell whether an exception of boto3 says that something does not exist."""
    return fault_code(error) == UNKNOWN_RESOURCE


def is_unknown(resource: str | Sequence[str]) -> Callable[..., bool]:
    """Return a function that tells whether an exception says that a resource does not exist, such as ``domain``."""

    def is_unknown_here(error: Exception, *args: Any, **kwargs: Any) -> bool:
        if not is_unknown_resource_raised(error):
            return False
        message = extract_message(error)
        is_nested = match_equals(REGEX_UNKNOWN_RESOURCE, message, ("type", "execution"))
        return match_equals(REGEX_NESTED_RESOURCE if is_nested else REGEX_UNKNOWN_RESOURCE, message, resource)

    return is_unknown_here


def generate_resource_not_found_message(error: Exception) -> str:
    """Return ``Resource domain does not exist`` for an exception that says so.

    Raises:
        ValueError: it says something else.
    """
    if not is_unknown_resource_raised(error):
        raise ValueError(f"{error} does not say that something does not exist")
    found = REGEX_UNKNOWN_RESOURCE.findall(extract_message(error) or "")
    return f"Resource {found[0] if found else 'unknown'} does not exist"


def ignore(*args: Any, **kwargs: Any) -> None:
    """Return None whatever it is given: a handler for :func:`catch`."""


def always(value: Any) -> Callable[..., Any]:
    """Return a function that returns ``value``, or what that returns if it is a function, whatever it is given."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        return value() if callable(value) and not isinstance(value, type) else value

    return answer


def raises(
    exception: type[Exception], when: Callable[..., bool], extract: Callable[[Any], str] = str
) -> Callable[..., NoReturn]:
    """Return a handler for :func:`catch` that raises ``exception`` for the errors of which ``when`` is true, the others again.

    Args:
        extract: returns the message, of an error that is not boto3's.
    """

    def handler(error: Exception, *args: Any, **kwargs: Any) -> NoReturn:
        if not when(error, *args, **kwargs):
            raise error from None
        raise _made(exception, error, extract(error)) from error

    return handler


def catch(
    exceptions: Exceptions, handle_with: Handler | None = None, log: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function that handles exceptions.

    Args:
        exceptions: those that are handled.
        handle_with: called with the exception and the arguments; what it returns is the result. None raises it again.
        log: whether to log them.
    """
    caught = (exceptions,) if isinstance(exceptions, type) else tuple(exceptions)

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        def caught_call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return func(*args, **kwargs)
            except caught as error:
                if log:
                    logger.error("call to %s raised: %s", func.__name__, error)
                if handle_with is None:
                    raise
                handled: T = handle_with(error, *args, **kwargs)
                return handled

        return caught_call

    return decorate


def translate(exceptions: Exceptions, to: type[Exception]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function that raises ``to`` instead of the given exceptions, with the message of boto3."""

    def handler(error: Exception, *args: Any, **kwargs: Any) -> NoReturn:
        raise _made(to, error, extract_message(error) or str(error)) from error

    return catch(exceptions, handle_with=handler)


#: Makes a function return False instead of raising: ``@is_not(DoesNotExistError)``.
is_not = functools.partial(catch, handle_with=always(False))


def _made(exception: type[Exception], error: Exception, message: str) -> Exception:
    """Return an exception of a class, with fault and message of boto3 where both have them."""
    if issubclass(exception, SWFError) and fault_code(error):
        return exception(extract_message(error) or message, error_code=fault_code(error))
    return exception(message)
