"""The updates and queries of simulated runs: a level that updates raise up to a limit, and tasks that they submit."""

from __future__ import annotations

from typing import Any

from simpleflow_nb import Workflow, query, update
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.futures import Future

from .plans import Plan, Statement
from .simulated_activities import forbidden, task_of


class PlannedFailure(Exception):
    """A failure that a plan asks for."""


class Answering(Workflow):
    """A run that answers."""

    plan: Plan

    def __init__(self, executor: Any) -> None:
        super().__init__(executor)
        self.recent: list[Future[Any]] = []
        self.seen: list[Any] = []
        self.level = 0
        self.awaited_levels: list[int] = []

    # ---- updates -------------------------------------------------------------------------------------------------------------

    def has_room(self, note: str = "") -> None:
        if self.level >= self.plan["limit"]:
            raise ValueError(f"full at {self.level}")

    @update(validator=has_room)
    def add(self, note: str = "") -> int:
        self.level += 1
        return self.level

    @update
    async def work(self, call: Statement) -> Any:
        return await self.submit(task_of(call))

    @update
    def leave(self, call: Statement) -> str:
        self.recent.append(self.submit(task_of(call)))
        return "left"

    @update(name="wait for")
    def wait_for(self, level: int) -> int:
        self.wait_until(lambda: self.level >= level)
        return self.level

    @update(name="long")
    def long_answer(self, text: str, characters: int) -> list[Any]:
        return [len(text), "x" * characters]

    @update
    def broken(self) -> None:
        raise PlannedFailure("as planned")

    @update
    def again(self) -> str:
        """Continue the run as new, if it has more runs to come."""
        if self.plan["more"]:
            self.submit(self.continue_as_new({**self.plan, "more": self.plan["more"] - 1}))
        return "no more"

    # ---- queries -------------------------------------------------------------------------------------------------------------

    @query
    def progress(self) -> Any:
        return [self.level, len(self.recent), self.seen]

    @query
    def wanted(self) -> int:
        """Return how often the level is to be raised before all that waits for it goes on."""
        return max(self.awaited_levels, default=0) - self.level

    @query
    def spoiling(self) -> int:
        """Change what it should not: that is forgotten."""
        self.level += 100
        self.seen.append("spoilt")
        return self.level

    @query
    def meddling(self, how: str) -> None:
        """Do more than look, which is refused, also if it goes on after that."""
        try:
            if how == "submit":
                self.submit(forbidden)
            elif how == "wait":
                self.next_signal("never").wait()
            elif how == "record":
                self.submit(self.record_marker("forbidden"))
            else:
                self.uuid()
        except DefinitionError:
            return
