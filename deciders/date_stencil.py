"""The name under which users import `deciders.dates.date_stencil`."""

from .dates.date_stencil import (
    AvailableDays,
    DateStencil,
    DateStencilError,
    DateStencilTypeError,
    DateStencilValueError,
    InvalidDateIntervalError,
    Shortfall,
    UnreachableDateError,
)

__all__ = [
    "AvailableDays",
    "DateStencil",
    "DateStencilError",
    "DateStencilTypeError",
    "DateStencilValueError",
    "InvalidDateIntervalError",
    "Shortfall",
    "UnreachableDateError",
]
