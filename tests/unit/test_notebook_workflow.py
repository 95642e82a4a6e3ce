"""What a run of a workflow of notebooks submits, in which order, and what it makes of the ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deciders.activities import notebook_activity
from deciders.notebook_workflow import NotebookWorkflow
from deciders.specification import NotebookSpecification, OutputSpecification, WorkflowSpecification
from simpleflow_nb import activity
from simpleflow_nb.activity import Activity
from simpleflow_nb.local.service import DOMAIN
from simpleflow_nb.testing import Harness, RunFailed, harness
from simpleflow_nb.workflow import execution_input
from workers import activities as bodies  # the real bodies are registered before they are replaced
from workers.notebooks.notebook_errors import NotebookRefused, NotebookSkipped
from workers.reports import ReportError, ReportStopped

PDF = OutputSpecification(format="pdf")


class Bodies:
    """Stand-ins for what would run kernels: they note their calls and answer as told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, Exception] = {}
        self.lights: dict[str, str] = {}
        self.more: dict[str, dict[str, Any]] = {}
        self.succeeded: dict[str, str] | None = None
        self.at_once: threading.Barrier | None = None

    def already_succeeded(self, **given: Any) -> dict[str, str] | None:
        self.calls.append(("already_succeeded", given))
        return self.succeeded

    def execute_notebook(self, **given: Any) -> dict[str, Any]:
        self.calls.append((given["label"], given))
        if self.at_once is not None:
            self.at_once.wait(20)
        return self._end(given["label"], f"/out/{given['label']}.ipynb")

    def convert_report(self, **given: Any) -> dict[str, Any]:
        name = f"{given['label']}.{given['format']}"
        self.calls.append((name, given))
        return self._end(name, f"/out/{name}")

    def record_run(self, **given: Any) -> None:
        self.calls.append(("record_run", given))

    def _end(self, name: str, path: str) -> dict[str, Any]:
        if name in self.failures:
            raise self.failures[name]
        return {"path": path, "light": self.lights.get(name, "green"), "warnings": [], **self.more.get(name, {})}

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def given(self, name: str) -> dict[str, Any]:
        [found] = [given for called, given in self.calls if called == name]
        return found


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> Bodies:
    made = Bodies()
    for name in ("already_succeeded", "execute_notebook", "convert_report", "record_run"):
        declared: Activity[..., Any] = getattr(bodies, name)
        monkeypatch.setitem(activity._registry, declared.name, declared)  # put back at the end
        Activity(getattr(made, name), name=declared.name, version=declared.version)
    return made


@pytest.fixture
def place() -> Iterator[Harness]:
    with harness(NotebookWorkflow) as opened:
        yield opened


def notebooks(
    *chain: tuple[str, tuple[str, ...]], reports: tuple[str, ...] = (), outputs: tuple[OutputSpecification, ...] = (PDF,)
) -> tuple[NotebookSpecification, ...]:
    """Labels, each with the labels that it needs."""
    return tuple(
        NotebookSpecification(
            label=label,
            filename=f"{label}.ipynb",
            parameters={f"{name}_path": name for name in needs},
            needs=needs,
            output=outputs if label in reports else (),
        )
        for label, needs in chain
    )


def started(place: Harness, made: tuple[NotebookSpecification, ...], **more: Any) -> Callable[[], Any]:
    """Start a run of these notebooks; the function that is returned waits for its result."""
    arguments = {
        "workflow": WorkflowSpecification(name="days", notebooks=made).model_dump(mode="json"),
        "instance": "2016-01-01_abcdef01",
        "identity": "abcdef01" * 4,
        "parameters": {"reference_date": "2016-01-01", "mode": "fast"},
        "inputs_dir": "/in",
        "outputs": "/out",
        **more,
    }
    run = place.service.start_workflow_execution(
        domain=DOMAIN,
        workflowId="days-2016-01-01",
        workflowType={"name": NotebookWorkflow.type_name(), "version": NotebookWorkflow.version},
        taskList={"name": place.engine.decider.task_list},
        input=execution_input(NotebookWorkflow, {"kwargs": arguments}),
    )
    return lambda: place.result("days-2016-01-01", run["runId"])


def test_a_notebook_runs_after_those_it_needs_and_its_report_after_it(replaced: Bodies, place: Harness) -> None:
    made = notebooks(("a", ()), ("b", ("a",)), ("c", ("b",)), reports=("c",))
    result = started(place, made)()
    assert replaced.names() == ["already_succeeded", "a", "b", "c", "c.pdf", "record_run"]
    artefacts = {"a": "/out/a.ipynb", "b": "/out/b.ipynb", "c": "/out/c.ipynb", "report:c": "/out/c.pdf"}
    assert result == {"state": "succeeded", "light": "green", "artefacts": artefacts}


@pytest.mark.parametrize("kept", [1, 20, None])
def test_a_notebook_is_told_how_many_earlier_attempts_are_kept(kept: int | None, replaced: Bodies, place: Harness) -> None:
    made = notebooks(("a", ()))
    workflow = WorkflowSpecification(name="days", notebooks=made, keep_attempts=kept)
    started(place, made, workflow=workflow.model_dump(mode="json"))()
    assert replaced.given("a")["keep_attempts"] == kept


def test_labels_that_do_not_need_each_other_run_at_once(replaced: Bodies, place: Harness) -> None:
    replaced.at_once = threading.Barrier(2)  # each waits until the other has begun
    started(place, notebooks(("a", ()), ("b", ())))()
    assert sorted(replaced.names()[1:3]) == ["a", "b"]


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        (0, [None, "0", "1", None, None]),
        (2, ["2000", "2000", "2001", "2000", "2000"]),
        (-1, ["-1000", "-1000", "-999", "-1000", "-1000"]),
    ],
)
def test_tasks_have_the_priority_of_the_workflow_and_among_them_those_of_notebooks_further_on(
    priority: int, expected: list[str | None], replaced: Bodies, place: Harness
) -> None:
    made = notebooks(("a", ()), ("b", ("a",)), reports=("b",))
    workflow = WorkflowSpecification(name="days", notebooks=made, priority=priority).model_dump(mode="json")
    started(place, made, workflow=workflow)()
    [(workflow_id, run_id)] = place.service.numbers
    scheduled = [
        event["activityTaskScheduledEventAttributes"]
        for event in place.history(workflow_id, run_id)
        if event["eventType"] == "ActivityTaskScheduled"
    ]
    assert [one.get("taskPriority") for one in scheduled] == expected


def test_a_parameter_is_a_value_an_automatic_one_or_the_path_of_a_notebook(replaced: Bodies, place: Harness) -> None:
    first = NotebookSpecification(label="first", filename="first.ipynb")
    parameters = {"how": "mode", "day": "reference_date", "folder": "inputs_dir", "url": "flowapi_url", "table": "first"}
    parameters |= {"lacks": "missing_dates"}
    second = NotebookSpecification(label="second", filename="second.py", parameters=parameters, needs=("first",))
    started(place, (first, second), missing_dates=["2015-12-31"])()
    assert replaced.given("second") == {
        "workflow": "days",
        "instance": "2016-01-01_abcdef01",
        "outputs": "/out",
        "label": "second",
        "filename": "second.py",
        "inputs_dir": "/in",
        "parameters": {"how": "fast", "day": "2016-01-01", "folder": "/in", "lacks": ["2015-12-31"]},
        "upstream": {"table": {"path": "/out/first.ipynb"}},
        "flowapi_url_as": ["url"],
    }


def test_a_workflows_own_parameter_wins_over_the_automatic_one(replaced: Bodies, place: Harness) -> None:
    wanted = {"folder": "inputs_dir", "lacks": "missing_dates"}
    one = NotebookSpecification(label="one", filename="one.ipynb", parameters=wanted)
    given = {"inputs_dir": "/elsewhere", "missing_dates": "none"}
    started(place, (one,), parameters=given, missing_dates=["2015-12-31"])()
    assert replaced.given("one")["parameters"] == {"folder": "/elsewhere", "lacks": "none"}


def test_a_failure_stops_those_that_need_it_and_nobody_else(replaced: Bodies, place: Harness) -> None:
    replaced.failures["a"] = ValueError("no rows")
    made = notebooks(("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ()), reports=("a", "c", "d"))
    with pytest.raises(RunFailed) as failed:
        started(place, made)()
    assert failed.value.reason == "a failed: no rows; not run: b, c"
    assert [name for name in replaced.names() if name not in ("already_succeeded", "record_run")] == ["a", "d", "d.pdf"]
    record = replaced.given("record_run")
    assert (record["state"], record["light"], record["error"]) == ("failed", "red", failed.value.reason)
    assert record["artefacts"] == {"d": "/out/d.ipynb", "report:d": "/out/d.pdf"}


def test_every_failed_label_is_named_before_the_causes(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a": ValueError("x" * 300), "b.pdf": ValueError("no pages")}
    with pytest.raises(RunFailed) as failed:
        started(place, notebooks(("a", ()), ("b", ()), reports=("b",)))()
    assert failed.value.reason == f"a, b.pdf failed: {'x' * 300}; no pages"[:256]  # SWF keeps no more of a reason
    assert replaced.given("record_run")["error"] == f"a, b.pdf failed: {'x' * 300}; no pages"


def test_a_report_that_fails_leaves_the_run_done_and_orange(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"b.pdf": ValueError("no pages")}
    result = started(place, notebooks(("a", ()), ("b", ()), reports=("a", "b")))()
    artefacts = {"a": "/out/a.ipynb", "b": "/out/b.ipynb", "report:a": "/out/a.pdf"}
    assert result == {"state": "succeeded", "light": "orange", "artefacts": artefacts}
    record = replaced.given("record_run")
    assert (record["state"], record["light"], record["error"]) == ("succeeded", "orange", "b.pdf failed: no pages")
    assert replaced.names().count("b.pdf") == 2  # tried again, and alone
    assert replaced.names().count("b") == 1


def test_a_report_is_not_tried_again_when_its_notebook_cannot_be_read(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a.pdf": ReportError("not a readable notebook"), "a.html": ReportStopped("too much memory")}
    both = (PDF, OutputSpecification(format="html"))
    assert started(place, notebooks(("a", ()), reports=("a",), outputs=both))()["light"] == "orange"
    assert (replaced.names().count("a.pdf"), replaced.names().count("a.html"), replaced.names().count("a")) == (1, 2, 1)


def test_each_format_is_a_report_of_its_own(replaced: Bodies, place: Harness) -> None:
    both = (OutputSpecification(format="pdf", template="t.typ", code=True), OutputSpecification(format="html", parameters=True))
    result = started(place, notebooks(("a", ()), reports=("a",), outputs=both))()
    assert result["artefacts"] == {"a": "/out/a.ipynb", "report:a": "/out/a.pdf", "report:a.html": "/out/a.html"}
    assert replaced.given("a.pdf") == {
        "workflow": "days",
        "instance": "2016-01-01_abcdef01",
        "outputs": "/out",
        "label": "a",
        "executed": {"path": "/out/a.ipynb", "light": "green", "warnings": []},
        "inputs_dir": "/in",
        "reference_date": "2016-01-01",
        "format": "pdf",
        "template": "t.typ",
        "code": True,
        "streams": False,
        "parameters": False,
    }
    assert (replaced.given("a.html")["parameters"], replaced.given("a.html")["template"]) == (True, None)


@pytest.mark.parametrize(
    ("failure", "tries"),
    [(ValueError("no rows"), 3), (NotebookRefused("notebook /in/a.ipynb does not exist"), 1)],
)
def test_a_notebook_is_tried_again_as_often_as_it_says_unless_it_was_refused(
    failure: Exception, tries: int, replaced: Bodies, place: Harness
) -> None:
    replaced.failures["a"] = failure
    began = place.service.clock.now()
    with pytest.raises(RunFailed):
        started(place, (NotebookSpecification(label="a", filename="a.ipynb", retries=2),))()
    assert replaced.names().count("a") == tries
    assert place.service.clock.now() - began >= (30 if tries == 3 else 0)  # virtual seconds: waits of 10 and 20


def test_a_notebook_is_given_the_limits_that_it_has_and_no_others(replaced: Bodies, place: Harness) -> None:
    limits = {"timeout_seconds": 100_000.0, "memory_limit_bytes": 10**9, "kernel": "ir", "environment": {"A": "b"}}
    started(place, (NotebookSpecification(label="a", filename="a.ipynb", **limits),))()
    given = replaced.given("a")
    assert {name: given.get(name) for name in (*limits, "cell_timeout_seconds")} == {**limits, "cell_timeout_seconds": None}
    assert "cell_timeout_seconds" not in given


@pytest.mark.parametrize(("timeout_seconds", "expected"), [(None, "86400"), (60, "86400"), (100_000, "103600")])
def test_the_services_own_limit_makes_way_for_a_longer_one(timeout_seconds: float | None, expected: str) -> None:
    assert notebook_activity(0, timeout_seconds).timeouts["startToCloseTimeout"] == expected


@pytest.mark.parametrize(
    ("lights", "light"),
    [
        ({}, "green"),
        ({"a": "orange"}, "orange"),
        ({"b.pdf": "orange"}, "orange"),
    ],
)
def test_the_light_of_a_run_is_the_worst_of_its_parts(
    lights: dict[str, str], light: str, replaced: Bodies, place: Harness
) -> None:
    replaced.lights = lights
    result = started(place, notebooks(("a", ()), ("b", ()), reports=("b",)))()
    assert (result["light"], replaced.given("record_run")["light"]) == (light, light)


def test_what_needs_a_label_that_is_skipped_is_skipped_too_and_the_rest_runs(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a": NotebookSkipped("no data")}
    made = notebooks(("a", ()), ("b", ("a",)), ("c", ()), ("d", ("b", "c")), reports=("a", "b", "c"))
    result = started(place, made)()
    assert result == {"state": "succeeded", "light": "green", "artefacts": {"c": "/out/c.ipynb", "report:c": "/out/c.pdf"}}
    assert sorted(replaced.names()) == ["a", "already_succeeded", "c", "c.pdf", "record_run"]
    record = replaced.given("record_run")
    assert (record["state"], record["error"]) == ("succeeded", None)
    assert record["labels"] == {"a": "skipped", "b": "skipped", "c": "done", "d": "skipped"}
    assert record["notes"] == {"a": ["no data"]}


def test_a_run_of_which_all_was_skipped_is_skipped(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a": NotebookSkipped("no data"), "c": NotebookSkipped("a holiday")}
    result = started(place, notebooks(("a", ()), ("b", ("a",)), ("c", ()), reports=("b",)))()
    assert result == {"state": "skipped", "light": "green", "artefacts": {}}
    record = replaced.given("record_run")
    assert (record["state"], record["light"], record["error"]) == ("skipped", "green", None)
    assert record["notes"] == {"a": ["no data"], "c": ["a holiday"]}


def test_what_needs_a_failed_label_is_not_run_whatever_else_it_needs_was_skipped(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a": NotebookSkipped("no data"), "b": ValueError("no")}
    with pytest.raises(RunFailed, match="FAILED: b failed: no; not run: c"):
        started(place, notebooks(("a", ()), ("b", ()), ("c", ("a", "b"))))()
    record = replaced.given("record_run")
    assert (record["state"], record["labels"]) == ("failed", {"a": "skipped", "b": "failed", "c": "not run"})


def test_a_notebook_that_is_skipped_is_not_tried_again(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a": NotebookSkipped("no data")}
    [notebook] = notebooks(("a", ()))
    started(place, (notebook.model_copy(update={"retries": 3}),))()
    assert replaced.names().count("a") == 1


def test_the_record_says_why_a_label_is_orange_and_where_it_ended_itself(replaced: Bodies, place: Harness) -> None:
    replaced.more = {"a": {"light": "orange", "warnings": ["UserWarning: stale"]}, "b": {"ended_in_cell": 3}}
    replaced.failures = {"b.pdf": ReportError("no letters")}
    started(place, notebooks(("a", ()), ("b", ()), ("c", ()), reports=("b",)))()
    assert replaced.given("record_run")["notes"] == {
        "a": ["UserWarning: stale"],
        "b": ["ended by the notebook in cell 3"],
        "report:b": ["no letters"],
    }


def test_a_record_has_no_notes_where_there_is_nothing_to_say(replaced: Bodies, place: Harness) -> None:
    started(place, notebooks(("a", ())))()
    assert "notes" not in replaced.given("record_run")


def test_an_instance_that_has_succeeded_before_ends_at_once(replaced: Bodies, place: Harness) -> None:
    replaced.succeeded = {"a": "/out/a.ipynb"}
    result = started(place, notebooks(("a", ())))()
    assert result == {"state": "already done", "light": "green", "artefacts": {"a": "/out/a.ipynb"}}
    assert replaced.names() == ["already_succeeded"]
    asked = {"workflow": "days", "identity": "abcdef01" * 4, "outputs": "/out"}
    assert replaced.given("already_succeeded") == asked


def test_a_rerun_does_not_ask_whether_it_has_succeeded_before(replaced: Bodies, place: Harness) -> None:
    replaced.succeeded = {"a": "/out/a.ipynb"}
    assert started(place, notebooks(("a", ())), rerun=True)()["state"] == "succeeded"
    assert replaced.names() == ["a", "record_run"]


def test_the_record_says_what_was_run_and_when(replaced: Bodies, place: Harness) -> None:
    started(place, notebooks(("a", ())))()
    record = replaced.given("record_run")
    assert record.pop("started") <= record.pop("ended")
    assert record == {
        "workflow": "days",
        "instance": "2016-01-01_abcdef01",
        "outputs": "/out",
        "identity": "abcdef01" * 4,
        "parameters": {"reference_date": "2016-01-01", "mode": "fast"},
        "state": "succeeded",
        "light": "green",
        "error": None,
        "artefacts": {"a": "/out/a.ipynb"},
        "labels": {"a": "done"},
    }


KEPT_A = {"a": {"path": "/out/a.ipynb", "light": "orange", "warnings": ["warning: few"]}}


def test_what_succeeded_in_a_former_run_is_not_done_again_and_called_cached(replaced: Bodies, place: Harness) -> None:
    made = notebooks(("a", ()), ("b", ("a",)), reports=("a", "b"))
    result = started(place, made, kept=KEPT_A)()
    assert replaced.names() == ["already_succeeded", "b", "a.pdf", "b.pdf", "record_run"] or replaced.names() == [
        "already_succeeded",
        "a.pdf",
        "b",
        "b.pdf",
        "record_run",
    ]
    assert replaced.given("b")["upstream"] == {"a_path": {"path": "/out/a.ipynb"}}
    assert replaced.given("a.pdf")["executed"] == KEPT_A["a"]
    artefacts = {"a": "/out/a.ipynb", "b": "/out/b.ipynb", "report:a": "/out/a.pdf", "report:b": "/out/b.pdf"}
    assert result == {"state": "succeeded", "light": "orange", "artefacts": artefacts, "cached": ["a"]}
    assert replaced.given("record_run")["labels"] == {"a": "cached", "b": "done"}


def test_a_report_of_a_cached_notebook_may_fail(replaced: Bodies, place: Harness) -> None:
    replaced.failures = {"a.pdf": ValueError("no pages")}
    ended = started(place, notebooks(("a", ()), reports=("a",)), kept=KEPT_A)()
    assert (ended["state"], ended["light"], ended["cached"]) == ("succeeded", "orange", ["a"])
    record = replaced.given("record_run")
    assert (record["labels"], record["artefacts"]) == ({"a": "cached", "report:a": "failed"}, {"a": "/out/a.ipynb"})
    assert (record["state"], record["error"]) == ("succeeded", "a.pdf failed: no pages")


def test_reports_that_stand_are_not_made_again_and_keep_their_light(replaced: Bodies, place: Harness) -> None:
    made = notebooks(("a", ()), reports=("a",), outputs=(PDF, OutputSpecification(format="html")))
    standing = {"a.pdf": {"path": "/out/a.pdf", "light": "orange", "warnings": ["cell 1: odd"], "pages": 2}}
    green = {"a": {**KEPT_A["a"], "light": "green"}}
    ended = started(place, made, kept=green, kept_reports=standing)()
    assert replaced.names() == ["already_succeeded", "a.html", "record_run"]
    artefacts = {"a": "/out/a.ipynb", "report:a": "/out/a.pdf", "report:a.html": "/out/a.html"}
    assert ended == {"state": "succeeded", "light": "orange", "artefacts": artefacts, "cached": ["a", "a.pdf"]}
    assert replaced.given("record_run")["labels"] == {"a": "cached", "report:a": "cached"}


def test_one_label_alone_runs_with_what_it_needs_and_nothing_behind_it(replaced: Bodies, place: Harness) -> None:
    made = notebooks(("a", ()), ("b", ("a",)), ("c", ("b",)), ("d", ()), reports=("a", "b", "c"))
    result = started(place, made, only="b", rerun=True)()
    assert replaced.names() == ["a", "b", "b.pdf", "record_run"]
    assert result["artefacts"] == {"a": "/out/a.ipynb", "b": "/out/b.ipynb", "report:b": "/out/b.pdf"}
    record = replaced.given("record_run")
    assert (record["state"], record["labels"]) == ("partial", {"a": "done", "b": "done", "c": "not run", "d": "not run"})


def test_the_record_says_why_a_run_was_started_and_from_what(replaced: Bodies, place: Harness) -> None:
    origin = {"reason": "failed before (attempt 2)", "notebooks": {"a.ipynb": "0123"}, "data": None}
    started(place, notebooks(("a", ())), origin=origin)()
    assert replaced.given("record_run")["origin"] == origin
