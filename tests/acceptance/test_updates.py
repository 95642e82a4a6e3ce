"""``workflow.update``, as users type it: of runs that other processes carry out, here and in a domain."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import wait_until
from tests.acceptance.samples import command, environment, typed
from tests.acceptance.test_on_swf import local_service
from tests.acceptance.test_queries import ask, events, started
from tests.launched import Launched
from tests.service.moto_server import CREDENTIALS, moto_endpoint

ORDERS = '''\
from simpleflow_nb import Workflow, activity, update


@activity.with_attributes(task_list="work", version="1")
def price_of(item):
    return len(item)


class Orders(Workflow):
    name, version, task_list = "orders", "1", "decide"

    def __init__(self, executor):
        super().__init__(executor)
        self.items, self.is_sent = [], False

    def run(self):
        self.next_signal("open").result
        self.wait_until(lambda: self.is_sent)
        return self.items

    def has_room(self, item, amount=1):
        if len(self.items) + amount > 3:
            raise ValueError(f"no room for {amount} x {item}")

    @update(validator=has_room)
    def add(self, item: str, amount: int = 1) -> int:
        """Add an item."""
        self.items += [item] * amount
        return len(self.items)

    @update
    async def price(self, item: str):
        return await self.submit(price_of, item)

    @update
    def text(self, long: str) -> str:
        return long

    @update
    def broken(self):
        raise KeyError("gone")

    @update
    def later(self):
        return self.next_signal("later").result

    @update
    def leave(self):
        self.submit(self.continue_as_new())

    @update(name="send off")
    def send(self):
        self.is_sent = True
'''
START = ("workflow.start", "orders.Orders", "--workflow-id", "run-1")
LIST = """\
add       (item: str, amount: int = 1) -> int  Add an item.
broken    ()
later     ()
leave     ()
price     (item: str)
send off  ()
text      (long: str) -> str
"""
ID = re.compile(r"\b[0-9a-f]{32}\b")


def update(folder: Path, *words: str, **more: Any) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, with ``ID`` for each id."""
    code, out, err = ask(folder, "workflow.update", *words, **more)
    return code, ID.sub("ID", out), ID.sub("ID", err)


def asked(name: str) -> str:
    return f"simpleflow-nb: run-1 is asked for update {name!r}, id ID\n"


def said(sentence: str) -> str:
    return f"simpleflow-nb: {sentence}\n"


def seen(folder: Path, *place: str, **more: Any) -> None:
    """Wait until the first decision is recorded."""
    wait_until(lambda: any(event["type"] == "DecisionTaskCompleted" for event in events(folder, *place, **more)))


@pytest.fixture
def order(tmp_path: Path) -> Iterator[Path]:
    """A local run that waits, carried out by another process."""
    (tmp_path / "orders.py").write_text(ORDERS)
    with started(tmp_path, *START, "--local", "--quiet"):
        wait_until(lambda: typed("workflow.list", "--local", cwd=tmp_path).stdout != "")
        seen(tmp_path, "--local")
        yield tmp_path


def test_an_order_is_changed_beside_its_process(order: Path) -> None:
    run = ("--local", "run-1")
    assert update(order, *run) == (0, LIST, "")
    assert update(order, *run, "add", "--set", "item=tea") == (0, "1\n", asked("add"))
    assert update(order, *run, "add", "--input", '["cake"]') == (0, "2\n", asked("add"))
    assert update(order, *run, "price", "--input", "tea") == (0, "3\n", asked("price"))
    long = json.dumps(["x" * 40_000])
    assert update(order, *run, "text", "--input", long) == (0, f'"{"x" * 40_000}"\n', asked("text"))
    document = json.loads(ask(order, "workflow.update", *run, "add", "--input", "milk", "--json")[1])
    found = document["update"]
    assert ID.fullmatch(found.pop("id"))
    assert ID.fullmatch(found.pop("run_id"))
    answer = {"name": "add", "workflow_id": "run-1", "answer": 3, "takes_effect_now": True}
    assert found == {**answer, "event": len(events(order, "--local"))}

    before = events(order, "--local")
    refusals = [
        (
            ("add", "--set", "item=more"),
            1,
            "update 'add' of run-1 is refused, nothing was sent: ValueError: no room for 1 x more",
        ),
        (("add",), 2, "add(item: str, amount: int = 1) -> int does not take this input: missing a required argument: 'item'"),
        (
            ("ad",),
            2,
            "orders.Orders has no update 'ad' (did you mean 'add'?); it has add, broken, later, leave, price, send off, text",
        ),
        (("add", "more", "words"), 2, "run-1 add more words: give a run and the name of an update; --run-id is for the run id"),
        (("--set", "item=x"), 2, "--set does nothing without an update; name the update that they are for, behind the run"),
        (("--id", "nothing"), 2, "no update with the id 'nothing' has arrived at run-1"),
    ]
    for words, code, sentence in refusals:
        assert update(order, *run, *words) == (code, "", said(sentence)), words
    assert events(order, "--local") == before, "nothing was sent"

    assert update(order, *run, "broken") == (1, "", asked("broken") + said("update 'broken' of run-1 failed: KeyError: 'gone'"))
    row = ask(order, "--format", "json", "workflow.update", *run, "text", "--input", '"a"')
    assert json.loads(row[1])[0][:3] == ["text", "a", "run-1"]
    stack = ask(order, "workflow.stack", *run)[1]
    assert stack.endswith('in run\n    self.next_signal("open").result\nwaits for signal open (not received)\n')


def test_an_answer_that_takes_long_is_asked_for_again(order: Path) -> None:
    run = ("--local", "run-1")
    code, out, err = ask(order, "workflow.update", *run, "later", "--timeout", "0")
    assert (code, ID.sub("ID", err)) == (0, asked("later"))
    id = out.strip()
    assert ID.fullmatch(id)
    wait_until(lambda: "beside run(): update-later-1\n" in ask(order, "workflow.stack", *run)[1])
    code, out, err = ask(order, "workflow.update", *run, "--id", id, "--timeout", "0.3")
    assert (code, out) == (1, "")
    assert re.fullmatch(
        "simpleflow-nb: run-1 has not answered update 'later' within 0.3 s: it is under way; "
        f"the answer: workflow.update run-1 --run-id [0-9a-f]{{32}} --id {id}\n",
        err,
    )
    assert ask(order, "workflow.stack", *run)[1].endswith(
        '\n\nbeside run(): update-later-1\norders.py:45 in later\n    return self.next_signal("later").result\n'
        "waits for signal later (not received)\n"
    )
    typed("workflow.signal", *run, "--name", "later", "--input", "now", cwd=order)
    assert ask(order, "workflow.update", *run, "--id", id) == (0, '"now"\n', "")
    assert ask(order, "workflow.update", *run, "later", "--id", id)[:2] == (0, '"now"\n'), "it is not sent again"
    assert sum(event["type"] == "WorkflowExecutionSignaled" for event in events(order, "--local")) == 2


def test_a_run_that_ends_before_it_answers_is_told_and_one_that_has_ended_is_refused(order: Path) -> None:
    run = ("--local", "run-1")
    waiting = Launched(
        command("workflow.update", *run, "later"), cwd=order, env=environment(), stderr=subprocess.PIPE, text=True
    )
    wait_until(lambda: "update-later-1" in ask(order, "workflow.stack", *run)[1])
    typed("workflow.signal", *run, "--name", "open", cwd=order)
    assert update(order, *run, "send off") == (0, "null\n", asked("send off"))
    assert waiting.wait(60) == 1
    assert waiting.stderr is not None
    assert waiting.stderr.read().endswith("simpleflow-nb: run-1 completed before it answered update 'later'\n")
    waiting.stderr.close()
    refused = (2, "", said("run-1 has ended already (completed)"))
    assert update(order, *run, "add", "--set", "item=tea") == refused
    assert update(order, *run, "add", "--set", "item=tea", "--unchecked") == refused


def test_a_run_that_continues_as_new_has_not_answered(order: Path) -> None:
    sentence = (
        "run-1 was continued as new before it answered update 'leave'; its new run knows nothing of the request: ask that one"
    )
    assert update(order, "--local", "run-1", "leave") == (1, "", asked("leave") + said(sentence))


def test_without_the_code_a_request_is_sent_unchecked_and_the_decider_refuses(order: Path, tmp_path_factory: Any) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    journal = ("--db", str(order / ".simpleflow-nb" / "journal.sqlite3"), "run-1")
    assert update(elsewhere, *journal, "add", "--set", "item=tea") == (
        2,
        "",
        said(
            f"the code of run-1 cannot be imported in {elsewhere}: orders.Orders: module orders cannot be imported: "
            "No module named 'orders'; go to the folder that has it; or send the request without a check, with --unchecked"
        ),
    )
    assert update(elsewhere, *journal, "add", "--set", "item=tea", "--unchecked") == (0, "1\n", asked("add"))
    refused = update(elsewhere, *journal, "ad", "--unchecked")
    assert refused[:2] == (1, "")
    assert refused[2].startswith(
        asked("ad") + "simpleflow-nb: update 'ad' of run-1 was refused: DefinitionError: orders.Orders"
    )
    no_room = said("update 'add' of run-1 was refused: ValueError: no room for 9 x tea")
    words = ("add", "--unchecked", "--set", "item=tea", "--set", "amount=9")
    assert update(elsewhere, *journal, *words) == (1, "", asked("add") + no_room)


def test_a_request_to_an_interrupted_run_waits_for_the_next_process(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(ORDERS)
    run = ("--local", "run-1")
    with started(tmp_path, *START, "--local", "--quiet") as process:
        wait_until(lambda: typed("workflow.list", "--local", cwd=tmp_path).stdout != "")
        seen(tmp_path, "--local")
        process.send_signal(signal.SIGKILL)
        process.wait(60)
    code, out, err = ask(tmp_path, "workflow.update", *run, "add", "--set", "item=tea", "--id", "first")
    [run_id] = ID.findall(err)
    assert (code, out, err) == (
        1,
        "",
        said(
            "run-1 is asked for update 'add', id first; it takes effect when the next local run begins: "
            "nobody owns the journal now"
        )
        + said(
            "update 'add' of run-1 waits for the next process that takes the journal: nobody owns it now; "
            f"the answer: workflow.update run-1 --run-id {run_id} --id first"
        ),
    )
    with started(tmp_path, *START, "--local", "--quiet"):
        wait_until(lambda: ask(tmp_path, "workflow.update", *run, "--id", "first")[:2] == (0, "1\n"))


def test_programs_ask_the_same(order: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "from simpleflow_nb.application.executions.run_updates import update_run\n"
        "from simpleflow_nb.application.services import Local\n"
        "from simpleflow_nb.exceptions import UpdateError\n"
        "print(update_run(Local(), 'run-1', 'add', {'args': ['tea']}, timeout_seconds=60).answer)\n"
        "sent = update_run(Local(), 'run-1', 'add', {'args': ['tea']}, id='mine', timeout_seconds=0)\n"
        "print(sent.is_answered, sent.answer, update_run(Local(), 'run-1', None, id='mine').answer)\n"
        "try:\n"
        "    update_run(Local(), 'run-1', 'broken')\n"
        "except UpdateError as error:\n"
        "    print(type(error).__name__, error.error_type, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=order, env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\nFalse None 2\nUpdateFailed KeyError update 'broken' of run-1 failed: KeyError: 'gone'\n"


@pytest.fixture(params=["moto", "service.start"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with moto_endpoint() if request.param == "moto" else local_service(tmp_path, "--poll-seconds", "1") as address:
        yield address


def test_runs_in_a_domain_are_asked_beside_their_deciders_and_workers(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(ORDERS)
    there: dict[str, Any] = {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}
    place = ("--domain", "TestDomain")
    assert typed(*START, *place, "--create-domain", cwd=tmp_path, **there).returncode == 0
    code, out, err = ask(
        tmp_path, "workflow.update", *place, "run-1", "add", "--set", "item=tea", "--timeout", "0.3", "--id", "early", **there
    )
    assert (code, out, re.sub(r"--run-id \S+", "--run-id ID", err)) == (
        1,
        "",
        said("run-1 is asked for update 'add', id early")
        + said(
            "run-1 has not answered update 'add' within 0.3 s: no decider has seen the request yet, and it may still be "
            "carried out; the answer: workflow.update run-1 --run-id ID --id early"
        ),
    )
    workers = ("worker.start", "--task-list", "work", "--nb-slots", "1", *place)
    with started(tmp_path, "decider.start", "orders.Orders", *place, **there), started(tmp_path, *workers, **there):
        assert update(tmp_path, *place, "run-1", "--id", "early", **there) == (0, "1\n", "")
        assert update(tmp_path, "TestDomain", "run-1", "add", "--set", "item=cake", **there) == (0, "2\n", asked("add"))
        assert update(tmp_path, "run-1", "price", "--set", "item=cake", SWF_DOMAIN="TestDomain", **there)[:2] == (0, "4\n")
        long = json.dumps(["x" * 40_000])
        assert update(tmp_path, *place, "run-1", "text", "--input", long, **there)[:2] == (0, f'"{"x" * 40_000}"\n')
        assert update(tmp_path, *place, "run-1", "broken", **there)[2].endswith("failed: KeyError: 'gone'\n")
