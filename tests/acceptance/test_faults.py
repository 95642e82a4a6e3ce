"""Processes killed and connections cut at random instants: every run completes with the right result all the same."""

from __future__ import annotations

import http.client
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.service.conformance import history_problems
from tests.service.moto_server import CREDENTIALS
from tests.settings import count

ROOT = Path(__file__).parents[2]
DOMAIN = "faults"
MARK = "SIMPLEFLOW_NB_TEST_FLOOR"  # in the environment of every process of a test, and of what those start
RUNS = 3  # at once
PATIENCE_SECONDS = 120

WORKFLOWS = """
import os, time, uuid
from pathlib import Path

from simpleflow_nb import Workflow, activity, futures
from simpleflow_nb.activity_context import context


def effect(note):
    token = uuid.uuid4().hex
    with open(note, "a") as file:
        file.write(token + "\\\\n")
    return token


@activity.with_attributes(task_list="work", version="1", heartbeat_timeout=3, start_to_close_timeout=20, retry=10)
def quick(note):
    return effect(note)


@activity.with_attributes(task_list="work", version="1", heartbeat_timeout=3, start_to_close_timeout=20, retry=10)
def slow(note):
    for step in range(6):
        time.sleep(0.05)
        context().heartbeat(str(step))
    return effect(note)


@activity.with_attributes(task_list="work", version="1", heartbeat_timeout=3, start_to_close_timeout=20, retry=10,
                          isolation="process")
def isolated(note):
    time.sleep(0.2)
    return effect(note)


@activity.with_attributes(task_list="acknowledged", version="1", heartbeat_timeout=3, start_to_close_timeout=20, retry=10)
def acknowledged():
    raise AssertionError("the test itself works on this list")


class Faulty(Workflow):
    name, version, task_list = "faulty", "1", "decide"
    decision_tasks_timeout, execution_timeout = 3, 600

    def run(self, folder):
        several = [self.submit(body, f"{folder}/{n}") for n, body in enumerate((quick, slow, isolated, quick))]
        watched = [self.submit(acknowledged) for _ in range(2)]
        futures.wait(*several, *watched)
        chain = []
        for n in range(4, 7):
            chain.append(self.submit(quick, f"{folder}/{n}").result)
        self.submit(self.start_timer("pause", 0)).result
        return [future.result for future in several] + chain, [future.result for future in watched]


@activity.with_attributes(task_list="work", version="1", heartbeat_timeout=3)
def wait_for(seconds, note):
    Path(note).write_text("started")
    for _ in range(int(seconds * 20)):
        context().check()
        time.sleep(0.05)
    return "waited"


class Waiting(Workflow):
    name, version, task_list = "waiting", "1", "decide"

    def run(self, seconds, note):
        first = self.submit(wait_for, seconds, note).result
        return [first, self.submit(wait_for, seconds, note).result]
""".replace('"\\\\n"', '"\\n"')


class Proxy:
    """Between the processes and the service; cuts, swallows and refuses, as long as it is told to be unkind."""

    def __init__(self, port: int, seed: int) -> None:
        self.backend, self.unkind = port, False
        self.random = random.Random(seed)
        self.done: dict[str, int] = {}
        self._connections: set[socket.socket] = set()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.upstream: http.client.HTTPConnection | None = None
                proxy._connections.add(self.connection)

            def finish(self) -> None:
                proxy._connections.discard(self.connection)
                if self.upstream is not None:
                    self.upstream.close()
                try:
                    super().finish()
                except OSError:
                    return  # cut while an answer was being written

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.pass_on(self, body)

            def log_message(self, *_: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_: Any) -> None:
                return

        self._server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def pass_on(self, handler: Any, body: bytes) -> None:
        fate = self._fate()
        self.done[fate] = self.done.get(fate, 0) + 1
        if fate == "cut before":
            handler.close_connection = True
            return
        if fate == "unavailable":
            self._answer(handler, 503, b'{"__type":"x#ServiceUnavailable","message":"try later"}')
            return
        if fate == "throttled":
            self._answer(handler, 400, b'{"__type":"x#ThrottlingException","message":"Rate exceeded"}')
            return
        try:
            if handler.upstream is None:
                handler.upstream = http.client.HTTPConnection("127.0.0.1", self.backend)
            handler.upstream.request("POST", "/", body, dict(handler.headers))
            self._await_answer(handler)
            answer = handler.upstream.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            handler.close_connection = True  # which closes the connection to the service as well
            return
        if fate == "cut after":
            handler.close_connection = True
            return
        self._answer(handler, status, text)

    @staticmethod
    def _await_answer(handler: Any) -> None:
        """The caller may hang up before there is an answer; the service must see it, or it gives a task to nobody."""
        ready, _, _ = select.select([handler.upstream.sock, handler.connection], [], [])
        if handler.upstream.sock not in ready and not handler.connection.recv(1, socket.MSG_PEEK):
            handler.upstream.close()
            raise ConnectionResetError("the caller has hung up")

    def _fate(self) -> str:
        if not self.unkind:
            return "passed"
        return self.random.choices(["passed", "cut before", "cut after", "unavailable", "throttled"], [6, 1, 1, 1, 1])[0]

    @staticmethod
    def _answer(handler: Any, status: int, text: bytes) -> None:
        handler.send_response_only(status)
        handler.send_header("Content-Type", "application/x-amz-json-1.0")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def cut_all(self) -> None:
        """Every connection, in the middle of whatever it carries: mostly polls."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self) -> None:
        self._server.shutdown()
        self.cut_all()
        self._server.server_close()
        self._thread.join()


class Crowd:
    """A service, and maybe supervised deciders and supervised workers; what ends is started again."""

    def __init__(self, folder: Path, seed: int = 1, *, supervised: bool = True) -> None:
        self.folder, self.mark = folder, uuid.uuid4().hex
        self.log = folder / "log.txt"
        self.port = free_port()
        self.proxy = Proxy(self.port, seed)
        self._log = self.log.open("ab")
        self.service = self._start_service()
        deciders = ("decider.start", "faulty.Faulty", "--nb-processes", "2", "--sticky-timeout", "2")
        workers = ("worker.start", "--task-list", "work", "--nb-processes", "2", "--nb-slots", "3", "--heartbeat", "1")
        self.commands = [(*words, "--domain", DOMAIN) for words in (deciders, workers) if supervised]
        self.supervisors = [self._start(words) for words in self.commands]
        self.standalones: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.proxy.endpoint,
            "PYTHONPATH": str(ROOT),
            "SWF_CONNECTION_RETRIES": "2",
            "PYTHONFAULTHANDLER": "1",  # SIGABRT shows where a process hangs
            MARK: self.mark,
        }

    def _start(self, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "simpleflow_nb", *words],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )

    def standalone(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "simpleflow_nb", "standalone", *words, "--domain", DOMAIN],
            env=self.environment | environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.standalones.append(process)
        return process

    def _start_service(self) -> subprocess.Popen[bytes]:
        process = self._start(("service.start", "--port", str(self.port), "--domain", DOMAIN, "--poll-seconds", "2"))
        wait_for(lambda: is_listening(self.port), "the service", self.log)
        return process

    def children(self) -> list[psutil.Process]:
        """The deciders and workers themselves."""
        found = []
        for supervisor in self.supervisors:
            try:
                found += psutil.Process(supervisor.pid).children()
            except psutil.NoSuchProcess:
                continue
        return found

    def strike(self, choice: random.Random) -> str:
        """One misfortune."""
        what = choice.choice(["child", "child", "child", "child", "service", "service", "supervisor", "cut", "cut"])
        number = choice.choice([signal.SIGKILL, signal.SIGTERM])
        if what == "child" and (children := self.children()):
            child = choice.choice(children)
            try:
                child.send_signal(number)
            except psutil.NoSuchProcess:
                return "nobody"
            return f"{number.name} child"
        if what == "service":
            self.service.send_signal(number)
            self.await_end(self.service)
            self.service = self._start_service()
            return f"{number.name} service"
        if what == "supervisor":
            index = choice.randrange(2)
            self.supervisors[index].send_signal(number)
            self.await_end(self.supervisors[index])
            self.supervisors[index] = self._start(self.commands[index])
            return f"{number.name} supervisor"
        self.proxy.cut_all()
        return "connections cut"

    def revive(self) -> None:
        """As the operating system's own supervisor does: start again what could not reach the service when it began."""
        for index, supervisor in enumerate(self.supervisors):
            if supervisor.poll() is not None:
                assert supervisor.returncode == 3, self.log.read_text()[-4_000:]
                self.supervisors[index] = self._start(self.commands[index])

    def members(self) -> list[psutil.Process]:
        """Every process that carries this crowd's mark, whoever its parent is now."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self.mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def orphans(self) -> list[psutil.Process]:
        roots = {self.service.pid, *(supervisor.pid for supervisor in self.supervisors)}
        return [p for p in self.members() if p.pid not in roots and not roots & {parent.pid for parent in p.parents()}]

    def end(self) -> None:
        for process in self.supervisors:
            process.send_signal(signal.SIGTERM)
        time.sleep(0.3)  # two signals at once would be one
        for process in self.supervisors:
            process.send_signal(signal.SIGTERM)
        assert [self.await_end(process) for process in self.supervisors] == [0, 0]
        self.service.send_signal(signal.SIGTERM)
        assert self.await_end(self.service) == 0

    def await_end(self, process: subprocess.Popen[bytes]) -> int:
        try:
            return process.wait(60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            process.wait(60)
            pytest.fail(f"{process.args!r} does not end\n{self.log.read_text()[-10_000:]}", pytrace=False)

    def close(self) -> None:
        for process in (*self.supervisors, self.service):
            if process.poll() is None:
                process.kill()
            process.wait()
        left = self.members()
        for member in left:
            member.kill()
        psutil.wait_procs(left, timeout=60)
        for process in self.standalones:
            process.communicate()  # closes its pipes, so that one failure stays one
        self.proxy.close()
        self._log.close()


class Acknowledged(threading.Thread):
    """A worker that remembers which of its results the service has acknowledged: those must never be lost."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port, self.results, self.stopped = port, {}, threading.Event()  # type: ignore[var-annotated]

    def run(self) -> None:
        swf = client(self.port)
        while not self.stopped.is_set():
            try:
                task = swf.poll_for_activity_task(domain=DOMAIN, taskList={"name": "acknowledged"})
                if not task.get("taskToken"):
                    continue
                token = uuid.uuid4().hex
                swf.respond_activity_task_completed(taskToken=task["taskToken"], result=json.dumps(token))
            except (BotoCoreError, ClientError):
                self.stopped.wait(0.05)
                continue
            self.results[task["workflowExecution"]["runId"], task["activityId"]] = token
        swf.close()


def client(port: int) -> Any:
    return boto3.client(
        "swf",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="eu-west-1",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(true: Callable[[], Any], what: str, log: Path) -> Any:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := true()):
        if time.monotonic() > give_up:
            pytest.fail(f"never came: {what}\n{log.read_text()[-6_000:]}", pytrace=False)
        time.sleep(0.1)
    return found


def insist(call: Callable[[], Any]) -> Any:
    """The answer of a service that may be away for a moment."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except BotoCoreError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    (tmp_path / "faulty.py").write_text(WORKFLOWS)
    crowd = Crowd(tmp_path)
    yield crowd
    crowd.close()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Crowd]:
    """The service, on which nobody works yet."""
    (tmp_path / "faulty.py").write_text(WORKFLOWS)
    crowd = Crowd(tmp_path, supervised=False)
    yield crowd
    crowd.close()


def test_every_run_completes_with_its_result_whatever_is_killed_and_cut(crowd: Crowd) -> None:
    choice = random.Random(2)
    acknowledging = Acknowledged(crowd.port)
    acknowledging.start()
    swf = client(crowd.port)
    try:
        types = {"domain": DOMAIN, "registrationStatus": "REGISTERED"}
        wait_for(lambda: swf.list_workflow_types(**types)["typeInfos"], "the registration of the workflow", crowd.log)
        for number in range(count(small=2, soak=300)):
            one_round(crowd, swf, choice, number, acknowledging)
        wait_for(lambda: not crowd.orphans(), "the end of the orphans", crowd.log)
        crowd.revive()
        wait_for(lambda: len(crowd.children()) == 4, "two deciders and two workers", crowd.log)
        crowd.end()
        assert [process.cmdline() for process in crowd.members()] == []
    finally:
        acknowledging.stopped.set()
        acknowledging.join()
        swf.close()
    log = crowd.log.read_text()
    assert "Traceback" not in log, log[-8_000:]
    assert " CRITICAL " not in log


def one_round(crowd: Crowd, swf: Any, choice: random.Random, number: int, acknowledging: Acknowledged) -> None:
    runs = {}
    for n in range(RUNS):
        folder = crowd.folder / f"effects-{number}-{n}"
        folder.mkdir()
        workflow_id = f"round-{number}-{n}"
        request = {
            "domain": DOMAIN,
            "workflowId": workflow_id,
            "workflowType": {"name": "faulty", "version": "1"},
            "taskList": {"name": "decide"},
            "input": json.dumps({"args": [str(folder)], "kwargs": {}}),
        }
        runs[workflow_id] = (folder, insist(lambda: swf.start_workflow_execution(**request))["runId"])  # noqa: B023
    crowd.proxy.unkind = True
    for _ in range(3):
        time.sleep(choice.uniform(0, 0.5))
        crowd.strike(choice)
    crowd.proxy.unkind = False
    for workflow_id, (folder, run_id) in runs.items():
        check_run(crowd, swf, workflow_id, run_id, folder, acknowledging)


def check_run(crowd: Crowd, swf: Any, workflow_id: str, run_id: str, folder: Path, acknowledging: Acknowledged) -> None:
    execution = {"workflowId": workflow_id, "runId": run_id}

    def is_closed() -> bool:
        crowd.revive()
        described = insist(lambda: swf.describe_workflow_execution(domain=DOMAIN, execution=execution))
        return bool(described["executionInfo"]["executionStatus"] == "CLOSED")

    wait_for(is_closed, f"the end of {workflow_id}", crowd.log)
    events = insist(lambda: swf.get_workflow_execution_history(domain=DOMAIN, execution=execution))["events"]
    last = events[-1]
    assert last["eventType"] == "WorkflowExecutionCompleted", last
    worked, watched = json.loads(last["workflowExecutionCompletedEventAttributes"]["result"])
    for n, token in enumerate(worked):
        assert token in (folder / str(n)).read_text().split(), f"{workflow_id}: result {n} is not that of its activity"
    scheduled = {
        event["eventId"]: event["activityTaskScheduledEventAttributes"]["activityId"]
        for event in events
        if event["eventType"] == "ActivityTaskScheduled"
    }
    recorded = {
        scheduled[event["activityTaskCompletedEventAttributes"]["scheduledEventId"]]: event[
            "activityTaskCompletedEventAttributes"
        ]["result"]
        for event in events
        if event["eventType"] == "ActivityTaskCompleted"
    }
    promised = {activity: token for (run, activity), token in acknowledging.results.items() if run == run_id}
    assert {activity: json.loads(recorded[activity]) for activity in promised} == promised
    assert set(watched) <= {json.loads(result) for result in recorded.values()}
    assert history_problems(events) == []


def test_processes_show_what_they_are_and_end_with_a_supervisor_that_is_killed(crowd: Crowd) -> None:
    def titles() -> list[str]:
        return sorted(" ".join(child.cmdline()).strip() for child in crowd.children())

    expected = ["simpleflow-nb decider(decide)"] * 2 + ["simpleflow-nb worker(work)"] * 2
    wait_for(lambda: titles() == expected, "the titles", crowd.log)
    shown = [" ".join(psutil.Process(supervisor.pid).cmdline()).strip() for supervisor in crowd.supervisors]
    assert shown == ["simpleflow-nb deciders(decide)", "simpleflow-nb workers(work)"]
    for supervisor in crowd.supervisors:
        supervisor.kill()
        supervisor.wait()
    wait_for(lambda: not crowd.orphans(), "the end of their processes", crowd.log)
    assert "Traceback" not in crowd.log.read_text()


def test_standalone_logs_objects_with_ids_when_it_is_asked_to(alone: Crowd) -> None:
    process = alone.standalone("faulty.Waiting", "--input", '[0, "note"]', LOG_LEVEL="INFO", SIMPLEFLOW_NB_LOG_FORMAT="json")
    said, logged = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (0, '["waited","waited"]\n'), logged
    first, *lines = logged.splitlines()
    run_id = first.removeprefix("Waiting ")
    bodies = [body for body in map(json.loads, lines) if "workflow_id" in body]
    assert {(body["workflow_id"], body["run_id"]) for body in bodies} == {("Waiting", run_id)}
    assert [body["activity_id"] for body in bodies if body["message"] == "started"] == [
        "activity-faulty.wait_for-1",
        "activity-faulty.wait_for-2",
    ]


def test_standalone_refuses_a_log_format_that_there_is_not(alone: Crowd) -> None:
    process = alone.standalone("faulty.Waiting", SIMPLEFLOW_NB_LOG_FORMAT="xml")
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, error) == (2, "simpleflow-nb: SIMPLEFLOW_NB_LOG_FORMAT is 'xml'; text or json is expected\n")


def test_standalone_stops_at_one_interrupt_once_the_tasks_under_way_have_ended(alone: Crowd) -> None:
    note = alone.folder / "note"
    process = alone.standalone("faulty.Waiting", "--input", json.dumps([3, str(note)]))
    wait_for(note.exists, "the first activity", alone.log)
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)
    started, stopping, stopped = error.splitlines()
    assert (process.returncode, said) == (1, "")
    assert stopping == (
        "simpleflow-nb: stopping: no new task is started, those under way end first; Ctrl-C again cancels the run"
    )
    assert stopped.startswith("simpleflow-nb: stopped; Waiting is still open. decider.start and worker.start with --domain")
    execution = {"workflowId": "Waiting", "runId": started.removeprefix("Waiting ")}
    swf = client(alone.port)
    events = swf.get_workflow_execution_history(domain=DOMAIN, execution=execution)["events"]
    swf.close()
    assert [event["eventType"] for event in events if event["eventType"].startswith("ActivityTask")] == [
        "ActivityTaskScheduled",
        "ActivityTaskStarted",
        "ActivityTaskCompleted",
    ]
    wait_for(lambda: not alone.orphans(), "the end of its processes", alone.log)


def test_standalone_cancels_the_run_at_two_interrupts(alone: Crowd) -> None:
    note = alone.folder / "note"
    process = alone.standalone("faulty.Waiting", "--input", json.dumps([600, str(note)]))
    wait_for(note.exists, "the first activity", alone.log)
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)  # a decision task that was lost all the same times out
    assert (process.returncode, said) == (1, "")
    assert error == "simpleflow-nb: cancelling the run\nsimpleflow-nb: Waiting canceled\n"
    wait_for(lambda: not alone.orphans(), "the end of its processes", alone.log)


def test_standalone_leaves_at_three_interrupts_and_says_how_to_go_on(alone: Crowd) -> None:
    note = alone.folder / "note"
    process = alone.standalone("faulty.Waiting", "--input", json.dumps([600, str(note)]))
    wait_for(note.exists, "the first activity", alone.log)
    assert process.stderr is not None
    for _ in range(3):
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
    said, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, said) == (1, "")
    left, how = error.splitlines()[-1].split(". ")
    assert left == "simpleflow-nb: Waiting has not ended yet; its cancellation is requested"
    assert how.startswith(f"decider.start and worker.start with --domain {DOMAIN} --task-list Waiting-")
    wait_for(lambda: not alone.orphans(), "the end of its processes", alone.log)
