"""Play a scene: its folder is made, its commands are run one after the other, and what they say is written down."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import simpleflow_nb
from tests.launcher import Launcher
from tests.settings import PATIENCE_SECONDS

from .commands import clean_environment
from .normalise import Normaliser
from .scene import INPUTS, ROOT, Scene

_VARIABLE = re.compile(r"[A-Z_]+=")


def played(scene: Scene, launcher: Launcher) -> str:
    """What a person would have seen, normalised.

    Raises:
        TimeoutError: a command, or what a step waits for, does not end.
    """
    with (
        tempfile.TemporaryDirectory(prefix="transcript-", dir="/tmp") as folder,
        _Player(scene, launcher, Path(folder)) as player,
    ):
        for step in scene.steps:
            player.take(step)
        return "".join(player.lines)


class _Player:
    """The processes of one scene, and what has been seen so far."""

    def __init__(self, scene: Scene, launcher: Launcher, folder: Path) -> None:
        self.scene, self.folder, self.lines = scene, folder / "project", list[str]()
        self._launcher = launcher
        self.folder.mkdir()
        for name in scene.inputs:
            shutil.copytree(INPUTS / name if (INPUTS / name).is_dir() else ROOT / name, self.folder, dirs_exist_ok=True)
        self.environment = {**clean_environment(), "HOME": str(folder), **scene.environment}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        versions = {"version": simpleflow_nb.__version__, "python version": platform.python_version()}
        versions |= {f"version of {name}": importlib.metadata.version(name) for name in ("papermill", "ipykernel", "typst")}
        folders = {"folder": self.folder, "home": folder, "root": ROOT, "environment": Path(sys.prefix)}
        self._normalised = Normaliser(folders, versions)
        self._endpoint = ""

    def __enter__(self) -> _Player:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def take(self, step: str) -> None:
        """Carry out one line of the scene: a command, or a word of ours that begins with ``@``."""
        if not step.startswith("@"):
            self._run(step)
            return
        word, _, rest = step[1:].partition(" ")
        getattr(self, f"_at_{word}")(rest)

    # ---- commands ------------------------------------------------------------------------------------------------------------

    def _run(self, line: str) -> None:
        self._note(f"$ {line}", *self._outcome(line))

    def _outcome(self, line: str) -> tuple[str, str, int]:
        """Standard output, standard error and exit code of a command."""
        environment, words = self._environment_and_words(line)
        done = self._launcher.outcome(words, self.folder, environment)
        return done.stdout, done.stderr, done.returncode

    def _environment_and_words(self, line: str) -> tuple[dict[str, str], list[str]]:
        words, environment = shlex.split(line.replace("{endpoint}", self._endpoint)), dict(self.environment)
        while words and _VARIABLE.match(words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        assert words.pop(0) == "simpleflow-nb", line
        return environment, words

    def _note(self, title: str, out: str, err: str, code: int) -> None:
        block = [title, *self._normalised(out).splitlines()]
        block += [f"2> {line}".rstrip() for line in self._normalised(err).splitlines()]
        self.lines.append("\n".join([*block, f"exit {code}", "", ""]))

    # ---- what is not a command -----------------------------------------------------------------------------------------------

    def _at_file(self, rest: str) -> None:
        """``@file PATH``: show a file, or ``@file PATH TEXT``: write it (``\\n`` is a line's end)."""
        path, _, text = rest.partition(" ")
        if text:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text.replace("\\n", "\n"))
            self.lines.append(f"# {path} is written\n\n")
        else:
            self.lines.append(f"# {path}\n{self._normalised((self.folder / path).read_text())}\n")

    def _at_replace(self, rest: str) -> None:
        """``@replace PATH OLD NEW``: one text in a file by another."""
        path, old, new = shlex.split(rest)
        text = (self.folder / path).read_text()
        assert old in text, rest
        (self.folder / path).write_text(text.replace(old, new))
        self.lines.append(f"# in {path}: {old} -> {new}\n\n")

    def _at_remove(self, rest: str) -> None:
        """``@remove PATTERN``: files or folders."""
        found = sorted(self.folder.glob(rest))
        assert found, rest
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.lines.append(f"# {rest} is removed\n\n")

    def _at_files(self, rest: str) -> None:
        """``@files FOLDER``: the tree below, without the services' own files."""
        names = sorted(str(path.relative_to(self.folder)) for path in (self.folder / rest).rglob("*") if not path.is_dir())
        shown = [name for name in names if "/.simpleflow-nb/" not in f"/{name}"]
        self.lines.append(f"# files in {rest}\n" + self._normalised("\n".join(shown)) + "\n\n")

    def _at_service(self, rest: str) -> None:
        """``@service WORDS``: ``service.start`` in a process of its own; all later commands have its endpoint."""
        line = f"simpleflow-nb service.start --port 0 {rest}".strip()
        self._start("service", line)
        printed = self._written("service", "stdout")
        self._await(lambda: "\n" in printed.read_text(), line)
        first = printed.read_text().splitlines()[0]
        found = re.match(r"AWS_ENDPOINT_URL=(http://\S+)", first)
        assert found, first
        self._endpoint = found[1]
        self.environment |= {
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "y",
            "AWS_DEFAULT_REGION": "eu-west-1",
        }
        self.lines.append(f"$ {line} &\n\n")

    def _at_background(self, rest: str) -> None:
        """``@background NAME simpleflow-nb ...``: a process that goes on until ``@stop NAME``."""
        name, _, line = rest.partition(" ")
        self._start(name, line)
        self.lines.append(f"$ {line} &\n\n")

    def _start(self, name: str, line: str) -> None:
        environment, words = self._environment_and_words(line)
        with self._written(name, "stdout").open("w") as out, self._written(name, "stderr").open("w") as err:
            command = [sys.executable, "-m", "simpleflow_nb", *words]
            self._processes[name] = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )

    def _written(self, name: str, stream: str) -> Path:
        """What a process in the background prints is in files: a pipe that nobody reads may fill up."""
        return self.folder.parent / f"{name}.{stream}"

    def _note_end(self, title: str, name: str) -> None:
        process = self._processes.pop(name)
        process.wait(PATIENCE_SECONDS)
        out, err = (self._written(name, stream).read_text() for stream in ("stdout", "stderr"))
        self._note(title, out, err, process.returncode)

    def _at_stop(self, name: str) -> None:
        """``@stop NAME``: SIGTERM, as systemd says it; what it has printed is noted."""
        self._processes[name].send_signal(signal.SIGTERM)
        self._note_end(f"# {name} is stopped", name)

    def _at_end(self, name: str) -> None:
        """``@end NAME``: wait until it has ended by itself."""
        self._note_end(f"# {name} has ended", name)

    def _at_until(self, rest: str) -> None:
        """``@until TEXT simpleflow-nb ...``: until what the command prints holds the text; it is not noted."""
        text, _, line = rest.partition(" ")
        self._await(lambda: text in self._outcome(line)[0], rest)

    def _at_ended(self, rest: str) -> None:
        """``@ended DOMAIN ID``: wait until no execution of that id is open, but one has been closed."""
        domain, workflow_id = rest.split()
        filters = {"domain": domain, "executionFilter": {"workflowId": workflow_id}, "startTimeFilter": {"oldestDate": 0}}

        def is_over() -> bool:
            is_open = self._asked("ListOpenWorkflowExecutions", filters)["executionInfos"]
            return not is_open and bool(self._asked("ListClosedWorkflowExecutions", filters)["executionInfos"])

        self._await(is_over, rest)

    def _at_idle(self, domain: str) -> None:
        """``@idle DOMAIN``: wait until no execution is open."""
        everything = {"domain": domain, "startTimeFilter": {"oldestDate": 0}}
        self._await(lambda: not self._asked("ListOpenWorkflowExecutions", everything)["executionInfos"], domain)

    def _at_event(self, rest: str) -> None:
        """``@event DOMAIN ID TYPE``: wait until the open execution's history has such an event."""
        domain, workflow_id, kind = rest.split()
        filters = {"domain": domain, "executionFilter": {"workflowId": workflow_id}, "startTimeFilter": {"oldestDate": 0}}

        def has_come() -> bool:
            infos = self._asked("ListOpenWorkflowExecutions", filters)["executionInfos"]
            if not infos:
                return False
            asked = {"domain": domain, "execution": infos[0]["execution"]}
            return any(event["eventType"] == kind for event in self._asked("GetWorkflowExecutionHistory", asked)["events"])

        self._await(has_come, rest)

    def _at_exists(self, rest: str) -> None:
        """``@exists PATTERN``: wait for a file."""
        self._await(lambda: any(self.folder.glob(rest)), rest)

    def _await(self, is_true: Any, what: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_true():
            if time.monotonic() > until:
                raise TimeoutError(f"{self.scene.name}: never came: {what}\n" + "".join(self.lines)[-3_000:])
            time.sleep(0.2)

    def _asked(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {
            "X-Amz-Target": f"SimpleWorkflowService.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20160101/eu-west-1/swf/aws4_request",
        }
        request = urllib.request.Request(self._endpoint, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
