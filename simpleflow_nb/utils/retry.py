"""Retries of a function, with waits between them."""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from ..workflow import logger

P = ParamSpec("P")
T = TypeVar("T")

Exceptions = type[BaseException] | Sequence[type[BaseException]]


def constant(value: float) -> Callable[..., float]:
    """Return a function that returns ``value`` whatever it is given: the same wait each time."""

    def wait(*_: object, **__: object) -> float:
        return value

    return wait


def exponential(value: float) -> float:
    """Return a random wait from 1 to ``2 ** value + 1`` seconds; ``value`` counts the retries so far."""
    return float(random.random() * 2**value + 1)


def with_delay(
    nb_times: int = 1,
    delay: Callable[[int], float] = constant(1),
    on_exceptions: Exceptions = Exception,
    except_on: Exceptions | None = None,
    log_with: Callable[..., object] | None = None,
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Make a function that is called again when it raises.

    Args:
        nb_times: number of calls in all. The exception of the last one is raised, without a wait.
        delay: returns the seconds to wait; it is called with the number of retries so far, from 0.
        on_exceptions: those after which it is called again.
        except_on: those of them after which it is not.
        log_with: called with the message of each retry; ``logger.info`` by default.
    """
    again, never, say = _classes(on_exceptions), _classes(except_on or ()), log_with or logger.info

    def decorate(func: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(func)
        def retried(*args: P.args, **kwargs: P.kwargs) -> T:
            retries = 0
            while True:
                try:
                    return func(*args, **kwargs)
                except never:
                    raise
                except again as error:
                    if retries + 1 >= nb_times:
                        raise
                    seconds = delay(retries)
                    say('error "%r": retrying in %.2f seconds', error, seconds)
                time.sleep(seconds)
                retries += 1

        return retried

    return decorate


def _classes(exceptions: Exceptions) -> tuple[type[BaseException], ...]:
    return tuple(exceptions) if isinstance(exceptions, Sequence) else (exceptions,)
