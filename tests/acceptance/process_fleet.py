"""A service, deciders and workers in processes of their own, and the faults to inject into them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.config import Config

from tests.service.moto_server import CREDENTIALS
from tests.settings import PATIENCE_SECONDS

from .cutting_proxy import Proxy

ROOT = Path(__file__).parents[2]
DOMAIN = "faults"
MARK = "SIMPLEFLOW_NB_TEST_FLEET"  # in the environment of every process of a test, and of what those start

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


COMMANDS = (
    ("decider.start", "faulty.Faulty", "--nb-processes", "2", "--sticky-timeout", "2"),
    ("worker.start", "--task-list", "work", "--nb-processes", "2", "--nb-slots", "3", "--heartbeat", "1"),
)


class ProcessFleet:
    """A service, and optionally supervised deciders and workers; what ends is started again.

    Args:
        folder: has the modules of the workflows.
        workflows: class paths of those that are decided, instead of those of ``commands``.
    """

    def __init__(
        self,
        folder: Path,
        seed: int = 1,
        *,
        supervised: bool = True,
        workflows: tuple[str, ...] = (),
        commands: Sequence[tuple[str, ...]] = COMMANDS,
        **environment: str,
    ) -> None:
        self.folder, self.mark, self.more = folder, uuid.uuid4().hex, environment
        self.log = folder / "log.txt"
        self.port = free_port()
        self.proxy = Proxy(self.port, seed)
        self._log = self.log.open("ab")
        self.service = self._start_service()
        if workflows:
            deciders, *others = commands
            commands = ((deciders[0], *workflows, *deciders[2:]), *others)
        self.commands = [(*words, "--domain", DOMAIN) for words in commands if supervised]
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
            **self.more,
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

    def inject_fault(self, choice: random.Random) -> str:
        """Kill a process or cut the connections, at random; return what was done."""
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
            self.restart_service(number)
            return f"{number.name} service"
        if what == "supervisor":
            index = choice.randrange(len(self.supervisors))
            self.supervisors[index].send_signal(number)
            self.await_end(self.supervisors[index])
            self.supervisors[index] = self._start(self.commands[index])
            return f"{number.name} supervisor"
        self.proxy.cut_all()
        return "connections cut"

    def restart_service(self, number: signal.Signals) -> None:
        """End the service with a signal, and start it again with its journal."""
        self.service.send_signal(number)
        self.await_end(self.service)
        self.service = self._start_service()

    def restart_ended(self) -> None:
        """Start again the supervisors that ended because they could not reach the service, as an operating system would."""
        for index, supervisor in enumerate(self.supervisors):
            if supervisor.poll() is not None:
                assert supervisor.returncode == 3, self.log.read_text()[-4_000:]
                self.supervisors[index] = self._start(self.commands[index])

    def members(self) -> list[psutil.Process]:
        """Every process that carries this fleet's mark, whoever its parent is now."""
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
        assert [self.await_end(process) for process in self.supervisors] == [0] * len(self.supervisors)
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
