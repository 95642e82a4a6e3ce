"""Workflows for mypy: ``# is`` says the type that it is to find in a line, ``# error`` its complaint about the next one."""

from __future__ import annotations

from typing import reveal_type

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.base import Submittable
from simpleflow_nb.canvas import Chain, FuncGroup, Group
from simpleflow_nb.notebooks import notebook
from simpleflow_nb.task import ActivityTask, ChildWorkflowTask, WorkflowTask


@activity.with_attributes(version="1")
def load(day: str, limit: int = 3) -> list[int]:
    return [len(day)] * limit


@activity.with_attributes(version="1")
class Draw:
    def __init__(self, day: str) -> None:
        self.day = day

    def execute(self) -> bytes:
        return self.day.encode()


@activity.with_attributes()
async def download(day: str) -> bytes:
    return day.encode()


def undecorated(day: str) -> str:
    return day


def grouped(days: str) -> Group[list[int]]:
    return Group(*((load, day) for day in days))


def perhaps(days: str) -> Submittable | None:
    return Group(load) if days else None


class Child(Workflow):
    def run(self, day: str) -> dict[str, int]:
        return {day: 1}


class Coroutine(Workflow):
    async def run(self, day: str) -> float:
        return float(len(day))


class Plain(Workflow):
    def run(self, day: str) -> int:
        loaded = self.submit(load, day)
        reveal_type(loaded)  # is simpleflow_nb.futures.Future[list[int]]
        reveal_type(loaded.result)  # is list[int]
        reveal_type(loaded.wait())  # is list[int] | None
        reveal_type(self.submit(Draw, day).result)  # is bytes
        reveal_type(self.submit(download, day).result)  # is bytes
        reveal_type(self.map(download, [day])[0].result)  # is bytes
        reveal_type(self.map(download, [day], max_parallel=2).result)  # is list[bytes]
        reveal_type(self.submit(Child, day).result)  # is dict[str, int]
        reveal_type(self.submit(Coroutine, day).result)  # is float
        reveal_type(self.submit(Group((load, day))))  # is simpleflow_nb.group_futures.GroupFuture[list[int]]
        reveal_type(self.submit(Group((load, day))).result)  # is list[list[int]]
        reveal_type(self.submit(Group(load, (load, day, 3), ActivityTask(load))).result)  # is list[list[int]]
        reveal_type(self.submit(Group(Draw, (Draw, day))).result)  # is list[bytes]
        reveal_type(self.submit(Group(ChildWorkflowTask(Child, day))).result)  # is list[dict[str, int]]
        reveal_type(self.submit(Group((load, day), (Draw, day))).result)  # is Any
        reveal_type(self.submit(Group(*((load, one) for one in day), max_parallel=2)).result)  # is list[list[int]]
        reveal_type(self.submit(Group(Chain((load, day)), Group(load))).result)  # is list[list[list[int]]]
        reveal_type(self.submit(Group(self.start_timer("soon", 1))).result)  # is list[None]
        reveal_type(self.submit(Group(load, self.record_marker("mark"))).result)  # is Any
        reveal_type(self.submit(Group((Child, day))).result)  # is Any
        reveal_type(self.submit(Chain(load)).result)  # is list[list[int]]
        reveal_type(self.submit(FuncGroup(grouped, day)).result)  # is list[list[int]]
        reveal_type(self.submit(FuncGroup(perhaps, day, _allow_none=True)).result)  # is Any
        reveal_type(self.submit(ActivityTask(load, day)).result)  # is list[int]
        reveal_type(self.submit(ActivityTask(Draw, day)).result)  # is bytes
        reveal_type(self.submit(ChildWorkflowTask(Child, day)).result)  # is dict[str, int]
        reveal_type(self.submit(ChildWorkflowTask(Coroutine, day, workflow_task_list="others")).result)  # is float
        reveal_type(self.submit(WorkflowTask(None, Child, day)).result)  # is dict[str, int]
        reveal_type(self.map(load, [day])[0].result)  # is list[int]
        reveal_type(self.map(Draw, [day])[0].result)  # is bytes
        reveal_type(self.map(load, [day], max_parallel=2).result)  # is list[list[int]]
        reveal_type(self.starmap(load, [(day, 2)])[0].result)  # is list[int]
        reveal_type(self.for_each(load, [day]).result)  # is list[list[int]]
        reveal_type(self.next_signal("go").result)  # is Any
        reveal_type(self.timer(1).result)  # is None
        reveal_type(self.submit(self.start_timer("soon", 1)).result)  # is None
        reveal_type(self.submit(self.signal("go", workflow_id="other")).result)  # is None
        reveal_type(self.cancellation)  # is simpleflow_nb.futures.Future[None]
        reveal_type(futures.wait(loaded))  # is list[Any]
        reveal_type(futures.wait_any(loaded, loaded).result)  # is list[int]
        reveal_type(futures.wait_any([loaded]).result)  # is list[int]
        reveal_type([done.result for done in futures.as_completed(loaded)])  # is list[list[int]]
        reveal_type(futures.Completions([loaded]).next().result)  # is list[int]
        # error No overload variant of "submit" of "Workflow" matches argument types "Callable[[str], str]", "str"
        self.submit(undecorated, day)
        # error No overload variant of "map" of "Workflow" matches argument types "Callable[[str], str]", "list[str]"
        self.map(undecorated, [day])
        # error No overload variant of "wait_any" matches argument type "int"
        futures.wait_any(3)
        # error Incompatible return value type (got "list[int]", expected "int")
        return loaded.result


class Awaiting(Workflow):
    async def run(self, day: str) -> str:
        reveal_type(await self.submit(load, day))  # is list[int]
        reveal_type(await self.submit(Coroutine, day))  # is float
        reveal_type(await self.next_signal("go"))  # is Any
        reveal_type(await self.map(load, [day], max_parallel=2))  # is list[list[int]]
        reveal_type(await futures.gather(self.described(day), self.submit(load, day)))  # is tuple[str, list[int]]
        reveal_type(await futures.gather(*self.map(load, [day])))  # is list[list[int]]
        reveal_type(await futures.gather(self.described(day), return_exceptions=True))  # is list[Any]
        async with self.task_group() as group:
            reveal_type(await group.create_task(self.described(day)))  # is str
            reveal_type(group.create_task(self.submit(load, day)).result)  # is list[int]
        async with self.timeout(3) as limit:
            reveal_type(limit.expired)  # is bool
        counted = await self.submit(load, day)
        # error Incompatible return value type (got "list[int]", expected "str")
        return counted

    async def described(self, day: str) -> str:
        return f"the day {day}"


class OfNotebooks(Workflow):
    def run(self, days: list[str]) -> int:
        one_day = notebook("one_day.ipynb", argument="day", timeout_seconds=60)
        reveal_type(one_day)  # is deciders.python_notebooks.notebook.Notebook
        first = self.submit(one_day, limit=3)
        reveal_type(first.result)  # is deciders.python_notebooks.result.ExecutedNotebook
        reveal_type(first.result.path)  # is str
        reveal_type(first.result.file("out.csv"))  # is str
        reveal_type(first.result.scraps["n"])  # is Any
        reveal_type(self.map(one_day, days)[0].result)  # is deciders.python_notebooks.result.ExecutedNotebook
        mapped = self.map(one_day, days, max_parallel=2)
        reveal_type(mapped.result)  # is list[deciders.python_notebooks.result.ExecutedNotebook]
        reveal_type(self.for_each(one_day, days).result)  # is list[deciders.python_notebooks.result.ExecutedNotebook]
        reveal_type(self.repeat(one_day, 3, limit=5).result)  # is list[deciders.python_notebooks.result.ExecutedNotebook]
        reveal_type(self.repeat(load, 3, "mon").result)  # is list[list[int]]
        group = Group(one_day, (one_day, "mon"))
        reveal_type(self.submit(group).result)  # is list[deciders.python_notebooks.result.ExecutedNotebook]
        # error Argument "timeout_seconds" to "notebook" has incompatible type "str"; expected "float | None"
        notebook("one_day.ipynb", timeout_seconds="10m")
        # error Incompatible return value type (got "ExecutedNotebook", expected "int")
        return first.result
