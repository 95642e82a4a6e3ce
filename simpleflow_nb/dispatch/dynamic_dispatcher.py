"""Activities by name, imported when they are asked for, as workers do it."""

from __future__ import annotations

from typing import Any

from ..activity import Activity
from ..processes.activity_bodies import find_activity
from .exceptions import DispatchError


class Dispatcher:
    """Finds activities by importing the module in their name."""

    @staticmethod
    def dispatch_activity(name: str) -> Activity[Any, Any]:
        """Return the activity with a type name.

        Raises:
            DispatchError: there is none; a function that is no activity is none either, other than in simpleflow.
        """
        try:
            return find_activity(name, are_ours=True)
        except LookupError as error:
            raise DispatchError(str(error)) from error
