"""``workflow.query`` and ``workflow.stack``, as users type them: of open, closed and parked runs, here and in a domain."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simpleflow_nb.application.executions.run_queries import query_run
from simpleflow_nb.application.executions.run_stacks import stack_of_run
from simpleflow_nb.application.services import Local, Swf
from simpleflow_nb.exceptions import DefinitionError, NonDeterminismError, QueryFailed
from simpleflow_nb.processes.workflow_classes import WorkflowNotFound
from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import command, environment, typed
from tests.acceptance.test_on_swf import local_service
from tests.launched import Launched
from tests.service.moto_server import CREDENTIALS, moto_endpoint

APPROVALS = '''\
from simpleflow_nb import Workflow, activity, futures, query


@activity.with_attributes(task_list="work", version="1")
def load(day):
    return {"day": day, "text": "x" * 40_000}


class Approvals(Workflow):
    name, version, task_list = "approvals", "1", "decide"

    def __init__(self, executor):
        super().__init__(executor)
        self.answers = []
        self.loaded = None

    def run(self, day, *people):
        print("replayed code prints")
        self.loaded = self.submit(load, day)
        self.loaded.result
        for person in people:
            self.answers.append(self.asked(person))
        return self.answers

    def asked(self, person):
        return self.next_signal(person).result

    @query
    def progress(self) -> dict[str, int]:
        """Count the answers."""
        return {"answers": len(self.answers)}

    @query(name="answer")
    def nth(self, n: int, default: str | None = None) -> str | None:
        return self.answers[n] if default is None else default

    @query
    def size(self):
        return len(self.loaded.result["text"])

    @query
    def reminder(self):
        return self.submit(load, "again").result
'''
DAY = "2013-02-22"
START = ("workflow.start", "approvals.Approvals", "--input", json.dumps([DAY, "ann", "bob"]), "--workflow-id", "run-1")

NO_ANSWERS = '{"answers":0}\n'
AS_OF = "simpleflow-nb: as of event {} of {} of run-1{}\n"
STACK = """\
as of event {seen} of {events} of run-1

approvals.py:22 in run
    self.answers.append(self.asked(person))
approvals.py:26 in asked
    return self.next_signal(person).result
waits for signal {name} (not received)
"""


@contextmanager
def started(folder: Path, *words: str, **more: Any) -> Iterator[Launched]:
    """A command that goes on in the background; it is told to end in the end."""
    with open(folder / f"{words[0]}.txt", "w") as said:
        process = Launched(
            command(*words), cwd=folder, env=environment(**more), stdout=said, stderr=subprocess.STDOUT, text=True
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(180)


def ask(folder: Path, *words: str, **more: Any) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command about the run."""
    done = typed(*words, cwd=folder, **more)
    return done.returncode, done.stdout, done.stderr.replace("replayed code prints\n", "")


def waits_for(folder: Path, name: str, *place: str, **more: Any) -> None:
    """Wait until the run waits for that signal."""

    def is_there() -> bool:
        [info] = json.loads(typed("--format", "json", "--header", "workflow.info", *place, "run-1", cwd=folder, **more).stdout)
        return bool(info["waiting_signals"] == name)

    wait_until(is_there)


def events(folder: Path, *place: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(typed("workflow.history", *place, "run-1", "--json", cwd=folder, **more).stdout)[
        "events"
    ]
    return found


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A local run that waits for its first signal, carried out by another process."""
    folder = tmp_path_factory.mktemp("waiting")
    (folder / "approvals.py").write_text(APPROVALS)
    with started(folder, *START, "--local", "--quiet"):
        wait_until((folder / ".simpleflow-nb" / "journal.sqlite3").exists)
        wait_until(lambda: typed("workflow.list", "--local", cwd=folder).stdout != "")
        waits_for(folder, "ann", "--local")
        yield folder


def test_a_query_of_an_open_run_is_answered_beside_its_process_and_changes_nothing(waiting: Path) -> None:
    before = events(waiting, "--local")
    assert ask(waiting, "workflow.query", "--local", "run-1", "progress") == (0, NO_ANSWERS, AS_OF.format(10, 11, ""))
    assert ask(waiting, "workflow.query", "--local", "run", "size")[:2] == (0, "40000\n"), "the payload is beside the journal"
    assert ask(waiting, "workflow.stack", "--local", "run-1") == (0, STACK.format(seen=10, events=11, name="ann"), "")
    assert events(waiting, "--local") == before


def test_without_a_name_the_queries_of_the_class_are_listed(waiting: Path) -> None:
    code, out, err = ask(waiting, "workflow.query", "--local", "run-1")
    assert (code, err) == (0, "")
    assert out == (
        "answer    (n: int, default: str | None = None) -> str | None\n"
        "progress  () -> dict[str, int]                                Count the answers.\n"
        "reminder  ()\n"
        "size      ()\n"
    )
    listed = json.loads(ask(waiting, "workflow.query", "--local", "run-1", "--json")[1])["queries"]
    assert listed[1] == {"name": "progress", "signature": "() -> dict[str, int]", "summary": "Count the answers."}


@pytest.mark.parametrize(
    ("words", "code", "out", "sentence"),
    [
        (["answer", "--set", "n=0", "--set", "default=none"], 0, '"none"\n', None),
        (["answer", "--input", '{"args": [0], "kwargs": {"default": "none"}}'], 0, '"none"\n', None),
        (
            ["answer"],
            2,
            "",
            "answer(n: int, default: str | None = None) -> str | None does not take this input: "
            "missing a required argument: 'n'",
        ),
        (
            ["answer", "--input", "{"],
            2,
            "",
            "--input: input is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (
            ["progres"],
            2,
            "",
            "approvals.Approvals has no query 'progres' (did you mean 'progress'?); it has answer, progress, reminder, size",
        ),
        (
            ["reminder"],
            2,
            "",
            "query 'reminder' of run-1 cannot use submit at approvals.py:43: "
            "it only looks, and may not wait, submit, record or change the run",
        ),
        (
            ["progress", "answer"],
            2,
            "",
            "run-1 progress answer: give a run and the name of a query; --run-id is for the run id",
        ),
        (["progress", "--class", "approvals.Nothing"], 2, "", "approvals.Nothing: there is no such class in approvals"),
        (["--input", "1"], 2, "", "--input and --set are arguments of a query; name it behind the run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_a_query_says(waiting: Path, words: list[str], code: int, out: str, sentence: str | None) -> None:
    said = AS_OF.format(10, 11, "") if sentence is None else f"simpleflow-nb: {sentence}\n"
    assert ask(waiting, "workflow.query", "--local", "run-1", *words) == (code, out, said)


def test_a_query_that_raises_has_failed_with_its_traceback(waiting: Path) -> None:
    code, out, err = ask(waiting, "workflow.query", "--local", "run-1", "answer", "--input", "3")
    assert (code, out) == (1, "")
    assert re.sub(r"^ +[~^]+\n", "", err, flags=re.MULTILINE) == (
        "simpleflow-nb: query 'answer' of run-1 failed: IndexError: list index out of range\n"
        "Traceback (most recent call last):\n"
        f'  File "{waiting}/approvals.py", line 35, in nth\n'
        "    return self.answers[n] if default is None else default\n"
        "IndexError: list index out of range\n"
    )


def test_an_answer_is_a_document_or_a_row_for_programs(waiting: Path) -> None:
    document = json.loads(ask(waiting, "workflow.query", "--local", "run-1", "progress", "--json")[1])
    run_id = document["query"].pop("run_id")
    assert re.fullmatch("[0-9a-f]{32}", run_id)
    moment = {"workflow_id": "run-1", "status": "open", "events": 11, "seen_event": 10, "unseen_events": [], "parked": None}
    assert document == {"schema": 1, "query": {"name": "progress", "answer": {"answers": 0}, **moment}}
    row = ask(waiting, "--format", "json", "workflow.query", "--local", "run-1", "progress", "--run-id", run_id)
    assert row == (0, '[["progress",{"answers":0},"run-1","open",10,11,null]]\n', "")
    stack = json.loads(ask(waiting, "workflow.stack", "--local", "run-1", "--json")[1])["stack"]
    [wait] = stack.pop("waits")
    assert stack == {**moment, "run_id": run_id, "reason": None, "failure": None}
    assert wait == {
        "strand": "run",
        "frames": [
            {
                "file": f"{waiting}/approvals.py",
                "line": 22,
                "function": "run",
                "source": "self.answers.append(self.asked(person))",
            },
            {
                "file": f"{waiting}/approvals.py",
                "line": 26,
                "function": "asked",
                "source": "return self.next_signal(person).result",
            },
        ],
        "waits_for": "all",
        "futures": [{"kind": "signal", "id": "ann", "attempt": 1, "state": "pending", "has_ended": False}],
    }


def test_code_that_is_not_in_the_working_directory_is_asked_for(waiting: Path, tmp_path: Path) -> None:
    sentence = (
        f"simpleflow-nb: the code of run-1 cannot be imported in {tmp_path}: approvals.Approvals: "
        "module approvals cannot be imported: No module named 'approvals'; go to the folder that has it\n"
    )
    journal = str(waiting / ".simpleflow-nb" / "journal.sqlite3")
    assert ask(tmp_path, "workflow.query", "--db", journal, "run-1", "progress") == (2, "", sentence)
    assert ask(tmp_path, "workflow.query", "--db", journal, "run-1") == (2, "", sentence)
    assert ask(tmp_path, "workflow.stack", "--db", journal, "run-1") == (2, "", sentence)


def test_code_that_has_changed_is_accused(waiting: Path, tmp_path: Path) -> None:
    (tmp_path / "approvals.py").write_text(APPROVALS.replace("self.loaded.result\n", "self.timer(60).result\n"))
    journal = str(waiting / ".simpleflow-nb" / "journal.sqlite3")
    for words in (("workflow.query", "--db", journal, "run-1", "progress"), ("workflow.stack", "--db", journal, "run-1")):
        assert ask(tmp_path, *words) == (
            1,
            "",
            "simpleflow-nb: end of the decision: history has nothing more decided there; the code now has StartTimer(timer-1) "
            "at approvals.py:20. If the change is meant, guard it with self.patched('some-id')\n",
        )


def test_programs_ask_the_same(waiting: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of their own, as the module of the run would stay imported here."""
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from simpleflow_nb.application.executions.run_queries import query_run\n"
        "from simpleflow_nb.application.executions.run_stacks import stack_of_run\n"
        "from simpleflow_nb.application.services import Local\n"
        "print(query_run(Local(), 'run-1', 'answer', {'kwargs': {'n': 0, 'default': 'none'}}).answer)\n"
        "print(stack_of_run(Local(), 'run-1').waits[0].frames[-1].source)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=waiting, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.replace("replayed code prints\n", "") == "none\nreturn self.next_signal(person).result\n"


def test_where_nothing_has_run_there_is_nothing_to_ask(tmp_path: Path) -> None:
    journal = tmp_path / ".simpleflow-nb" / "journal.sqlite3"
    for look in (
        lambda: query_run(Local(), "run-1", "progress", outputs=tmp_path),
        lambda: stack_of_run(Local(), "x", outputs=tmp_path),
    ):
        with pytest.raises(DefinitionError, match=rf"^nothing has run here yet: {re.escape(str(journal))} does not exist$"):
            look()


# ---- interrupted, parked, closed ---------------------------------------------------------------------------------------------


def test_an_interrupted_a_parked_and_a_closed_run_tell_what_they_have_decided(tmp_path: Path) -> None:
    file, local = tmp_path / "approvals.py", ("--local", "run-1")
    file.write_text(APPROVALS)
    with started(tmp_path, *START, "--local", "--quiet"):
        wait_until(lambda: typed("workflow.list", "--local", cwd=tmp_path).stdout != "")
        waits_for(tmp_path, "ann", "--local")

    assert ask(tmp_path, "workflow.query", *local, "progress")[:2] == (0, NO_ANSWERS), "nobody has the journal"

    file.write_text(APPROVALS.replace("self.next_signal(person).result", "self.timer(60).result"))
    typed("workflow.signal", *local, "--name", "ann", "--input", "yes", cwd=tmp_path)
    assert typed(*START, "--local", "--quiet", cwd=tmp_path).returncode == 1, "it is parked"
    reason = (
        "NonDeterminismError: end of the decision: history has nothing more decided there; the code now has "
        "StartTimer(timer-1) at approvals.py:26. If the change is meant, guard it with self.patched('some-id')"
    )
    history = events(tmp_path, "--local")
    kinds = [event["type"] for event in history]
    seen, count = 10, len(history)
    unseen = "; its code has not seen 1 later event yet: WorkflowExecutionSignaled"
    assert kinds.count("WorkflowExecutionSignaled") == 1
    refused = ask(tmp_path, "workflow.query", *local, "progress")
    assert refused == (1, "", f"simpleflow-nb: {reason.partition(': ')[2]}\n")
    told = ask(tmp_path, "workflow.stack", *local)
    assert told == (
        0,
        f"run-1 is parked: {reason}\n"
        + AS_OF.format(seen, count, unseen).removeprefix("simpleflow-nb: ")
        + f"its code cannot be replayed here: {reason}\n",
        "",
    )

    file.write_text(APPROVALS)  # mended, and not deployed yet
    mended = ask(tmp_path, "workflow.query", *local, "progress")
    assert mended == (0, NO_ANSWERS, f"simpleflow-nb: run-1 is parked: {reason}\n" + AS_OF.format(seen, count, unseen))
    assert "waits for signal ann (not received)\n" in ask(tmp_path, "workflow.stack", *local)[1]

    typed("workflow.signal", *local, "--name", "bob", "--input", "no", cwd=tmp_path)
    assert typed(*START, "--local", "--quiet", cwd=tmp_path).stdout.endswith('["yes","no"]\n')
    history = events(tmp_path, "--local")
    seen = max(event["id"] for event in history if event["type"] == "DecisionTaskStarted")
    closed = ask(tmp_path, "workflow.query", *local, "answer", "--input", "1")
    assert closed == (0, '"no"\n', AS_OF.format(seen, len(history), ", which completed"))
    assert ask(tmp_path, "workflow.stack", *local) == (0, "run-1 completed; its code waits nowhere\n", "")
    file.unlink()
    assert ask(tmp_path, "workflow.stack", *local) == (0, "run-1 completed; its code waits nowhere\n", "")


# ---- in a domain -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["moto", "service.start"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with moto_endpoint() if request.param == "moto" else local_service(tmp_path, "--poll-seconds", "1") as address:
        yield address


def test_runs_in_a_domain_are_asked_beside_their_deciders_and_workers(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "approvals.py").write_text(APPROVALS)
    there: dict[str, Any] = {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}
    place = ("--domain", "TestDomain")
    assert typed(*START, *place, "--create-domain", cwd=tmp_path, **there).returncode == 0
    words = ("workflow.query", "TestDomain", "run-1", "progress")
    undecided = "run-1 has not been decided yet: run() has not begun\n"
    assert ask(tmp_path, *words, **there) == (0, NO_ANSWERS, f"simpleflow-nb: {undecided}")
    assert ask(tmp_path, "workflow.stack", *place, "run-1", **there) == (0, undecided, "")
    workers = ("worker.start", "--task-list", "work", "--nb-slots", "1", *place)
    with started(tmp_path, "decider.start", "approvals.Approvals", *place, **there), started(tmp_path, *workers, **there):
        waits_for(tmp_path, "ann", *place, **there)
        assert ask(tmp_path, *words, **there) == (0, NO_ANSWERS, AS_OF.format(10, 11, ""))
        assert ask(tmp_path, *words[::2], *words[3:], SWF_DOMAIN="TestDomain", **there)[:2] == (0, NO_ANSWERS)
        assert ask(tmp_path, "workflow.query", *place, "run-1", "size", **there)[:2] == (0, "40000\n")
        stack = STACK.format(seen=10, events=11, name="ann")
        assert ask(tmp_path, "workflow.stack", "TestDomain", "run-1", **there) == (0, stack, "")
        typed("workflow.signal", *place, "run-1", "--name", "ann", "--input", "yes", cwd=tmp_path, **there)
        waits_for(tmp_path, "bob", *place, **there)
    assert ask(tmp_path, "workflow.query", *place, "run-1", "answer", "--set", "n=0", **there)[:2] == (0, '"yes"\n')

    for name, value in there.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "approvals", raising=False)
    door = Swf("TestDomain")
    assert query_run(door, "run-1", "progress").answer == {"answers": 1}
    assert [future.id for future in stack_of_run(door, "run-1").waits[0].futures] == ["bob"]
    asks: list[tuple[type[Exception], Callable[[], Any]]] = [
        (QueryFailed, lambda: query_run(door, "run-1", "answer", {"args": [3]})),
        (DefinitionError, lambda: query_run(door, "run-1", "reminder")),
        (WorkflowNotFound, lambda: query_run(door, "run-1", "progress", workflow="approvals.Nothing")),
    ]
    for error, look in asks:
        with pytest.raises(error):
            look()
    monkeypatch.setattr(sys.modules["approvals"].Approvals, "asked", lambda self, person: self.timer(60).result)
    with pytest.raises(NonDeterminismError):
        query_run(door, "run-1", "progress")
    monkeypatch.delitem(sys.modules, "approvals")


VERSIONS = """\
from simpleflow_nb import Workflow, query


class Former(Workflow):
    name, version, task_list = "report", "1", "decide"
    state = "former"

    def run(self):
        self.next_signal("go").result

    @query
    def told(self):
        return self.state


class Report(Former):
    version, state = "2", "present"
"""


def test_a_run_of_a_former_version_is_asked_with_the_class_of_that_version(tmp_path: Path) -> None:
    file = tmp_path / "versions.py"
    file.write_text(VERSIONS.replace("class Report(Former):\n    version, state =", "class Report(Former):\n    state, was ="))
    with started(tmp_path, "workflow.start", "versions.Report", "--workflow-id", "run-1", "--local", "--quiet"):
        wait_until(lambda: typed("workflow.list", "--local", cwd=tmp_path).stdout != "")
        waits_for(tmp_path, "go", "--local")
        file.write_text(VERSIONS)
        words = ("workflow.query", "--local", "run-1", "told")
        assert ask(tmp_path, *words) == (
            2,
            "",
            "simpleflow-nb: run-1 is a run of version '1' of workflow type 'report', and versions.Report is version '2' of "
            "workflow type 'report'; give the class that decides it with --class\n",
        )
        assert ask(tmp_path, *words, "--class", "versions.Former")[:2] == (0, '"former"\n')
