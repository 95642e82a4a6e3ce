"""The future of several futures that :func:`.futures.gather` returns."""

from __future__ import annotations

from typing import Any

from ...futures import DONE, FAILED, OPEN, STOPPED, Future


class GatheredFuture(Future[list[Any]]):
    """The list of the results of several. A failure that nobody asks for is raised when ``run()`` returns."""

    __slots__ = ("members", "returns_exceptions", "to_come")

    def __init__(self, execution: Any, members: list[Future[Any]], returns_exceptions: bool) -> None:
        super().__init__(execution, "Group", execution.numbered("gather"), "gather")
        self.stage, self.strand = OPEN, execution.submitter()
        self.members, self.returns_exceptions, self.to_come = members, returns_exceptions, len(members)
        for member in members:
            member.watch(self)
        if not members:
            execution.resolve(self, None, 0, decode=True)

    def ended(self, future: Future[Any]) -> None:
        self.to_come -= 1
        execution: Any = self.execution
        execution.untold.pop(future, None)
        if self.stage >= DONE:
            return
        if future.stage > DONE and not self.returns_exceptions and not future.is_lenient:
            assert future.error is not None
            if not self.cancelling:
                execution.untold[self] = None
            execution.settle(self, STOPPED if self.cancelling else FAILED, future.error, future.order)
        elif not self.to_come:
            execution.resolve(self, None, future.order, decode=True)

    @property
    def result(self) -> list[Any]:
        try:
            return super().result
        except BaseException as error:
            if error is self.error:
                self._tell()
            raise

    @property
    def exception(self) -> BaseException | None:
        error = super().exception
        self._tell()
        return error

    def _tell(self) -> None:
        execution: Any = self.execution
        execution.untold.pop(self, None)

    def collected(self) -> list[Any]:
        return [self._value_of(member) for member in self.members]

    def _value_of(self, member: Future[Any]) -> Any:
        if member.stage == DONE:
            return self.execution.decoded(member)
        return member.error if self.returns_exceptions else None

    def cancel(self) -> None:
        """Cancel all that have not ended."""
        if self.stage < DONE:
            self.cancelling = True
        for member in self.members:
            member.cancel()
