"""Notebooks that workflows in Python submit: what is scheduled, what comes back, what is recorded and what is refused."""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deciders.python_notebooks import activities as declared
from deciders.python_notebooks.result import ExecutedNotebook
from simpleflow_nb import RetryPolicy, Workflow, activity
from simpleflow_nb.application.graphs.drawings import drawn
from simpleflow_nb.application.graphs.task_graphs import graph_of_tasks
from simpleflow_nb.application.places import Place
from simpleflow_nb.canvas import Chain, Group
from simpleflow_nb.exceptions import DefinitionError, TaskFailed
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.notebooks import notebook
from simpleflow_nb.testing import Harness, RunFailed, harness, replay_workflow
from workers.notebooks.notebook_errors import NotebookFailed, NotebookRefused

OUTPUTS = "/shared/outputs"
HERE = str(Path(__file__).parent)
DAY = notebook("notebooks/one_day.ipynb")


class Worker:
    """Bodies of the activities that note what they are given, and make what a notebook of that label makes."""

    def __init__(self, **made: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.made, self.tasks, self.records = made, list[dict[str, Any]](), list[dict[str, Any]]()
        self.begun = list[dict[str, Any]]()

    def begin_run(self, **task: Any) -> str:
        self.begun.append(task)
        return OUTPUTS

    def execute_notebook(self, **task: Any) -> dict[str, Any]:
        self.tasks.append(task)
        label = task["label"]
        path = f"{task['outputs']}/{label}/{label}.ipynb"
        make = self.made.get(label, lambda parameters: {"scraps": {"given": parameters}})
        return {"path": path, "light": "green", "warnings": []} | make(task["parameters"] | task.get("offered", {}))

    def record_run(self, **task: Any) -> None:
        self.records.append(task)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of each notebook by its label."""
        return {task["label"]: task["parameters"] for task in self.tasks}


@contextmanager
def working(worker: Worker, *workflows: type[Workflow]) -> Iterator[Harness]:
    activities: Any = {
        declared.begin_run: worker.begin_run,
        declared.execute_notebook: worker.execute_notebook,
        declared.record_run: worker.record_run,
    }
    with harness(*workflows, workers=1, activities=activities) as service:
        yield service


def outcome(worker: Worker, workflow: type[Workflow], *args: Any, **kwargs: Any) -> Any:
    """Run it, check that its history replays, and return its result."""
    with working(worker, workflow) as service:
        ids = service.start(workflow, *args, workflow_id="study", **kwargs)
        try:
            return service.result(*ids)
        finally:
            replay_workflow(workflow, service.history(*ids), run=ids)


def failed(label: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def fail(parameters: dict[str, Any]) -> dict[str, Any]:
        raise NotebookFailed(label, 2, "ValueError", "nope", "", Path(f"/{label}.ipynb"))

    return fail


class Study(Workflow):
    name = "study"

    def run(self, day: str, **more: Any) -> Any:
        first = self.submit(notebook("prep.py", timeout_seconds=60, environment={"A": "b"}, kernel="ir"), day=day)
        second = self.submit(notebook("/elsewhere/prep.py"), made=first)
        third = self.submit(notebook("prep.py", label="named", counted_warnings="none"), made=[first.result, second])
        return third.result


def test_a_notebook_is_scheduled_with_its_path_its_label_its_limits_and_paths_for_results() -> None:
    worker = Worker()
    assert outcome(worker, Study, "2013-02-22", normal=3) == f"{OUTPUTS}/named/named.ipynb"
    common = {"workflow": "study", "instance": "study", "outputs": OUTPUTS, "inputs_dir": HERE}
    assert worker.tasks == [
        {
            **common,
            "label": "prep",
            "filename": "prep.py",
            "parameters": {"day": "2013-02-22"},
            "timeout_seconds": 60,
            "environment": {"A": "b"},
            "kernel": "ir",
        },
        {**common, "label": "prep-2", "filename": "/elsewhere/prep.py", "parameters": {"made": f"{OUTPUTS}/prep/prep.ipynb"}},
        {
            **common,
            "label": "named",
            "filename": "prep.py",
            "parameters": {"made": [f"{OUTPUTS}/prep/prep.ipynb", f"{OUTPUTS}/prep-2/prep-2.ipynb"]},
            "warnings": "none",
        },
    ]


def test_the_record_of_a_run_has_its_arguments_and_the_ends_of_its_notebooks() -> None:
    worker = Worker(prep=lambda parameters: {"light": "orange", "warnings": ["careful"]})
    outcome(worker, Study, "2013-02-22", normal=3)
    [begun], [record] = worker.begun, worker.records
    parameters = {"day": "2013-02-22", "more": {"normal": 3}}
    assert begun == {"workflow": "study", "instance": "study", "parameters": parameters, "started": begun["started"]}
    assert {name: value for name, value in record.items() if name != "ended"} == {
        **begun,
        "outputs": OUTPUTS,
        "state": "succeeded",
        "light": "orange",
        "error": None,
        "artefacts": {label: f"{OUTPUTS}/{label}/{label}.ipynb" for label in ("prep", "prep-2", "named")},
        "labels": {"prep": "done", "prep-2": "done", "named": "done"},
        "notes": {"prep": ["careful"]},
        "causes": {},
    }


class Labels(Workflow):
    name = "labels"

    def run(self) -> list[str]:
        for label in ("a", "a-2", "a", "a", "b", "a-2"):
            self.submit(notebook("x.py", label=label)).result
        return []


def test_a_label_that_was_used_before_gets_the_next_number_that_is_free() -> None:
    worker = Worker()
    outcome(worker, Labels)
    assert list(worker.parameters) == ["a", "a-2", "a-3", "a-4", "b", "a-2-2"]


class Result(Workflow):
    name = "result"

    def run(self) -> list[Any]:
        made = self.submit(DAY).result
        assert isinstance(made, ExecutedNotebook)
        return [made.path, made.light, made.scraps, made.warnings, made.file("out.csv"), made.folder, made.was_skipped]


def test_the_result_of_a_notebook_tells_where_it_is_and_what_it_has_glued() -> None:
    worker = Worker(one_day=lambda parameters: {"scraps": {"flights": 957}, "light": "orange", "warnings": ["late"]})
    folder = f"{OUTPUTS}/one_day"
    expected = [f"{folder}/one_day.ipynb", "orange", {"flights": 957}, ["late"], f"{folder}/out.csv", folder, False]
    assert outcome(worker, Result) == expected


@pytest.mark.parametrize("name", ["/etc/passwd", "../other/out.csv", ".", "a/../.."])
def test_a_file_is_in_the_folder_of_its_notebook(name: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        ExecutedNotebook(path="/outputs/a/a.ipynb").file(name)
    assert str(refused.value) == f"file({name!r}): give the name of a file in the notebook's folder, /outputs/a"


class Goes(Workflow):
    """Continues as new, with what it has made."""

    name = "goes"

    def run(self, made: Any = None) -> Any:
        new = self.submit(DAY, made=made).result
        return self.submit(self.continue_as_new(new)) if made is None else self.submit(Inner, new).result


class Inner(Workflow):
    name = "inner"

    def run(self, made: Any) -> Any:
        return self.submit(notebook("inner.py"), made=made).result


def test_a_run_continued_as_new_and_a_child_have_folders_and_records_of_their_own() -> None:
    worker = Worker()
    with working(worker, Goes, Inner) as service:
        workflow_id, first = service.start(Goes, workflow_id="goes")
        assert service.result(workflow_id, first) == made("inner")[0]
        second = service.service.execution("local", "goes").run_id
    once, again, child = (task["instance"] for task in worker.begun)
    assert (once, again[:5], len(again)) == ("goes", "goes.", 13)
    assert [task["instance"] for task in worker.tasks] == [once, again, child]
    records = [(record["instance"], record["state"], record.get("parent_run_id")) for record in worker.records]
    assert records == [(once, "succeeded", None), (child, "succeeded", second), (again, "succeeded", None)]


# ---- many of them ------------------------------------------------------------------------------------------------------------


@activity.with_attributes()
def shown(value: Any) -> Any:
    return value


@activity.with_attributes()
def numbered(word: str, repeat_index: int) -> str:
    return f"{word}{repeat_index}"


@activity.with_attributes()
def unnumbered(word: str) -> str:
    return word


class Many(Workflow):
    """Submits notebooks in each of the ways in which activities are."""

    name = "many"

    def run(self, way: str) -> Any:
        by_name = notebook("one_day.ipynb", label="day", argument="day")
        days = ["mon", "tue", "wed"]
        if way == "for_each":
            return [one.scraps["given"] for one in self.for_each(DAY, [{"day": day} for day in days], max_parallel=2).result]
        if way == "map":
            return [future.result.path for future in self.map(by_name, days)]
        if way == "map with a limit":
            return self.map(by_name, days, max_parallel=2).result
        if way == "group":
            return self.submit(Group((by_name, "mon"), (DAY, {"day": "tue"}), DAY.given((), {"day": "wed"}), DAY)).result
        if way == "chain":
            return self.submit(Chain((by_name, "mon"), by_name, (shown,), send_result=True)).result
        if way == "an activity takes them":
            return self.submit(shown, {"made": [self.submit(DAY), self.map(by_name, days, max_parallel=3)]}).result
        return [one.scraps["given"] for one in self.repeat(by_name, 3, "mon", max_parallel=1, limit=5).result]


def made(*labels: str) -> list[str]:
    return [f"{OUTPUTS}/{label}/{label}.ipynb" for label in labels]


@pytest.mark.parametrize(
    ("way", "result", "parameters"),
    [
        ("for_each", [{"day": "mon"}, {"day": "tue"}, {"day": "wed"}], None),
        ("map", made("day", "day-2", "day-3"), [{"day": "mon"}, {"day": "tue"}, {"day": "wed"}]),
        ("map with a limit", made("day", "day-2", "day-3"), [{"day": "mon"}, {"day": "tue"}, {"day": "wed"}]),
        (
            "group",
            made("day", "one_day", "one_day-2", "one_day-3"),
            [{"day": "mon"}, {"day": "tue"}, {"day": "wed"}, {}],
        ),
        ("chain", [*made("day", "day-2"), *made("day-2")], [{"day": "mon"}, {"day": made("day")[0]}]),
        ("an activity takes them", {"made": [made("one_day")[0], made("day", "day-2", "day-3")]}, None),
        ("repeat", [{"day": "mon", "limit": 5, "repeat_index": n} for n in range(3)], [{"day": "mon", "limit": 5}] * 3),
    ],
)
def test_notebooks_are_submitted_in_every_way_in_which_activities_are(way: str, result: Any, parameters: Any) -> None:
    worker = Worker()
    assert outcome(worker, Many, way) == result
    if parameters is not None:
        assert [task["parameters"] for task in worker.tasks] == parameters


class Awaited(Workflow):
    name = "awaited"

    async def run(self) -> list[str]:
        first = await self.submit(DAY, day="mon")
        second = await self.submit(notebook("sum.py"), made=first, table=first.file("t.csv"))
        return [first.path, second.path]


def test_a_coroutine_awaits_notebooks_and_is_recorded_like_any_run() -> None:
    worker = Worker()
    assert outcome(worker, Awaited) == made("one_day", "sum")
    assert worker.parameters["sum"] == {"made": made("one_day")[0], "table": f"{OUTPUTS}/one_day/t.csv"}
    assert [record["labels"] for record in worker.records] == [{"one_day": "done", "sum": "done"}]


class Repeats(Workflow):
    name = "repeats"

    def run(self, times: int) -> list[Any]:
        told, untold = self.repeat(numbered, times, "n", max_parallel=2), self.repeat(unnumbered, times, word="u")
        return [told.result, untold.result]


def test_a_repeated_activity_has_its_number_if_it_takes_it() -> None:
    assert outcome(Worker(), Repeats, 3) == [["n0", "n1", "n2"], ["u", "u", "u"]]
    assert outcome(Worker(), Repeats, 0) == [[], []]


class Refused(Workflow):
    name = "refused"

    def run(self, way: str) -> Any:
        ways: dict[str, Callable[[], Any]] = {
            "positional": lambda: self.submit(DAY, "mon"),
            "item": lambda: self.for_each(DAY, ["mon"]),
            "twice": lambda: self.submit(notebook("a.py", argument="day"), "mon", day="tue"),
            "many": lambda: self.for_each(DAY, [{}] * 3_001),
            "own number": lambda: self.repeat(DAY, 2, repeat_index=1),
            "times": lambda: self.repeat(DAY, -1),
            "a function": lambda: self.repeat(len, 2),  # type: ignore[arg-type]
            "no limit": lambda: self.repeat(numbered, 2, max_parallel=0),
        }
        try:
            ways[way]()
        except DefinitionError as error:
            return str(error)


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (
            "positional",
            "notebook 'one_day' takes its parameters by name, and is given 'mon': say which one takes it, "
            "notebook('notebooks/one_day.ipynb', argument='name'), or give a mapping, {'name': value}",
        ),
        (
            "item",
            "notebook 'one_day' takes its parameters by name, and is given 'mon': say which one takes it, "
            "notebook('notebooks/one_day.ipynb', argument='name'), or give a mapping, {'name': value}",
        ),
        ("twice", "notebook 'a' is given parameter 'day' twice"),
        (
            "many",
            "for_each() of 3,001 tasks that are no activities: one run carries out at most 3,000, as its history is limited; "
            "submit a child workflow for each part",
        ),
        ("own number", "repeat_index is given by repeat() itself; leave it out"),
        ("times", "repeat() runs a task -1 times; give a whole number, 0 or more"),
        ("a function", "<built-in function len> is not an activity; repeat() runs one several times"),
        ("no limit", "max_parallel of repeat() is a whole number, at least 1"),
    ],
)
def test_what_cannot_be_submitted_is_refused_where_it_is_submitted(way: str, sentence: str) -> None:
    assert outcome(Worker(), Refused, way) == sentence


@pytest.mark.parametrize(
    ("path", "options", "sentence"),
    [
        ("prep.txt", {}, "notebook('prep.txt'): a notebook is an .ipynb file, or a .py file with cells ('# %%')"),
        ("prep.py", {"label": " "}, "notebook('prep.py'): label is ' '; it is a text"),
        (
            "prep.py",
            {"label": "a:3"},
            "notebook('prep.py'): 'a:3' cannot be a label, which is the name of a folder; give one without / : and the like, "
            "label='...'",
        ),
        ("prep.py", {"argument": "a day"}, "notebook('prep.py'): argument is 'a day'; it is the name of a parameter"),
        ("prep.py", {"retry": -1}, "notebook('prep.py'): retry is -1; it is a number of retries, 0 or more, or a RetryPolicy"),
        (
            "prep.py",
            {"timeout_seconds": 0},
            "notebook('prep.py'): timeout_seconds is 0; it is a duration of at most 30 days, such as 90 (seconds), 10m or 2h",
        ),
        (
            "prep.py",
            {"memory_limit_bytes": 10},
            "notebook('prep.py'): memory_limit_bytes is 10; it is an amount of memory of at least 1 MB, such as 500MB or 2GiB",
        ),
        ("prep.py", {"environment": {"A": 1}}, "notebook('prep.py'): 'A' in environment is 1; it is a text without NUL"),
        (
            "prep.py",
            {"environment": {"A B": "1"}},
            "notebook('prep.py'): 'A B' in environment cannot be the name of a variable",
        ),
        (
            "prep.py",
            {"counted_warnings": "few"},
            "notebook('prep.py'): counted_warnings is 'few'; it is 'own', 'all' or 'none'",
        ),
        ("prep.py", {"kernel_fallback": 3}, "notebook('prep.py'): kernel_fallback is 3; it is True or False"),
    ],
)
def test_a_notebook_that_cannot_be_run_so_is_refused_where_it_is_made(path: str, options: Any, sentence: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        notebook(path, **options)
    assert str(refused.value) == sentence


def test_a_notebook_is_a_value() -> None:
    assert notebook("a.py", retry=2) == notebook("a.py", retry=2) != notebook("a.py")
    with pytest.raises(AttributeError):
        notebook("a.py").label = "b"  # type: ignore[misc]


def test_a_class_of_no_file_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("typed_in")
    made_here = type("Typed", (Labels,), {"__module__": "typed_in", "name": "typed"})
    module.Typed = made_here  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "typed_in", module)
    with working(Worker(), made_here) as service, pytest.raises(RunFailed) as refused:
        service.result(*service.start(made_here))
    sentence = "typed_in.Typed is defined in no file, and paths of notebooks are relative to that; write it into one"
    assert str(refused.value).splitlines()[0] == f"FAILED: DefinitionError: {sentence}"


# ---- ends --------------------------------------------------------------------------------------------------------------------


class Ends(Workflow):
    """Ends in each of the ways in which a run ends."""

    name = "ends"

    def run(self, way: str) -> Any:
        broken, after = self.submit(notebook("broken.py")), None
        if way != "alone":
            after = self.submit(notebook("after.py"), made=broken)
        fine = self.submit(notebook("fine.py"))
        try:
            fine.result
            broken.result
        except TaskFailed:
            if way in ("raised", "alone"):
                raise
        if way == "failed":
            self.fail("enough")
        if way == "cancelled":
            self.cancel()
        try:
            assert after is not None
            after.result
        except TaskFailed:
            return "went on"


LABELS = {"broken": "failed", "after": "not run", "fine": "done"}
CAUSE = "notebook 'broken' failed in cell 2: ValueError: nope (see /broken.ipynb)"
CAUSES = {
    "broken": CAUSE,
    "after": "needs activity-workers.python_notebooks.execute_notebook-1, which failed",
}


@pytest.mark.parametrize(
    ("way", "state", "light", "error"),
    [
        ("raised", "failed", "red", f"broken failed: {CAUSE}"),
        ("failed", "failed", "red", "enough"),
        ("cancelled", "cancelled", "red", "the run was cancelled"),
        ("caught", "succeeded", "orange", None),
    ],
)
def test_a_run_that_does_not_end_well_is_recorded_before_it_ends(way: str, state: str, light: str, error: Any) -> None:
    worker = Worker(broken=failed("broken"))
    with working(worker, Ends) as service:
        ids = service.start(Ends, way)
        if way == "caught":
            assert service.result(*ids) == "went on"
        else:
            with pytest.raises(RunFailed):
                service.result(*ids)
        replay_workflow(Ends, service.history(*ids), run=ids)
    [record] = worker.records
    told = {name: record[name] for name in ("state", "light", "labels", "causes")}
    assert told == {"state": state, "light": light, "labels": LABELS, "causes": CAUSES}
    assert record["error"] == error
    notes = {label: [f"the run went on without it: {cause}"] for label, cause in CAUSES.items()}
    assert record["notes"] == (notes if way == "caught" else {})


def test_a_run_whose_record_cannot_be_written_ends_all_the_same_and_its_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()

    def broken(**_: Any) -> None:
        raise OSError("the disk is full")

    worker.record_run = broken  # type: ignore[method-assign]
    with caplog.at_level("INFO"):
        assert outcome(worker, Result)[0] == made("one_day")[0]
    assert [line for line in caplog.messages if "no record" in line][:1] == ["study: the run has no record: the disk is full"]


def test_a_notebook_that_had_nothing_to_do_has_a_result_that_says_why() -> None:
    worker = Worker(one_day=lambda parameters: {"skipped_for": "no data"})
    assert outcome(worker, Result)[-1] is True
    [record] = worker.records
    assert (record["labels"], record["notes"], record["light"]) == ({"one_day": "skipped"}, {"one_day": ["no data"]}, "green")


def test_a_notebook_that_ended_itself_says_where_in_the_record() -> None:
    worker = Worker(one_day=lambda parameters: {"ended_in_cell": 3})
    outcome(worker, Result)
    assert [record["notes"] for record in worker.records] == [{"one_day": ["ended by the notebook in cell 3"]}]


class Left(Workflow):
    """Ends while a notebook waits for a signal that never comes."""

    name = "left"

    def run(self) -> str:
        self.submit(notebook("waits.py"), when=self.next_signal("never"))
        return self.submit(DAY).result.path


def test_a_notebook_that_has_not_ended_when_the_run_does_is_recorded_as_cancelled() -> None:
    worker = Worker()
    outcome(worker, Left)
    [record] = worker.records
    cause = "it had not ended when the run did"
    assert (record["labels"], record["light"]) == ({"waits": "cancelled", "one_day": "done"}, "orange")
    assert record["notes"] == {"waits": [f"the run went on without it: {cause}"]}


class Retried(Workflow):
    name = "retried"

    def run(self, kind: str) -> str:
        retry = RetryPolicy(attempts=3) if kind == "policy" else 2
        return self.submit(notebook("a.py", retry=retry)).result.path


@pytest.mark.parametrize(
    ("error", "kind", "attempts"),
    [(ValueError("nope"), "number", 3), (ValueError("nope"), "policy", 3), (NotebookRefused("no such file"), "number", 1)],
)
def test_a_notebook_is_retried_unless_it_was_refused(error: Exception, kind: str, attempts: int) -> None:
    worker = Worker()

    def make(parameters: dict[str, Any]) -> dict[str, Any]:
        raise error

    worker.made["a"] = make
    with pytest.raises(RunFailed):
        outcome(worker, Retried, kind)
    assert len(worker.tasks) == attempts


class Large(Workflow):
    name = "large"

    def run(self) -> Any:
        large = self.submit(DAY)
        return self.submit(shown, large).result, self.submit(shown, [large, large]).result


def test_a_result_with_large_scraps_is_its_path_as_an_argument_however_it_is_kept() -> None:
    worker = Worker(one_day=lambda parameters: {"scraps": {"text": "x" * 100_000}})
    [path] = made("one_day")
    with working(worker, Large) as service:
        assert service.result(*service.start(Large)) == [path, [path, path]]


def test_the_history_holds_the_result_as_json() -> None:
    with working(Worker(one_day=lambda parameters: {"scraps": {"n": 1}}), Result) as service:
        ids = service.start(Result)
        service.result(*ids)
        events = service.history(*ids)
    results = [
        json.loads(event["activityTaskCompletedEventAttributes"].get("result") or "null")
        for event in events
        if event["eventType"] == "ActivityTaskCompleted"
    ]
    assert results[1] == {"path": made("one_day")[0], "light": "green", "warnings": [], "scraps": {"n": 1}}


class Drawn(Workflow):
    name = "drawn"

    def run(self) -> None:
        self.for_each(DAY, [{"day": day} for day in range(2)]).result
        self.submit(notebook("x.py", label="last-1")).wait()


def test_the_graph_of_a_run_names_notebooks_by_their_labels() -> None:
    with working(Worker(), Drawn) as service:
        ids = service.start(Drawn, workflow_id="study")
        service.result(*ids)
        graph = graph_of_tasks(Place(service.service, DOMAIN, service.engine.payloads), {"workflowId": ids[0], "runId": ids[1]})
    assert drawn(graph, "text").text.splitlines() == [
        "study",
        "one_day  done, 2 tasks: 2 done",
        "last-1   done                   <- one_day",
    ]
