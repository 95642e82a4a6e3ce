"""Clients in other languages: what each needs, how it is fetched, built and started."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import cache

_BUILD_SECONDS = 300
_RUN_SECONDS = 240
_HERE = Path(__file__).parent
_SOURCES, _MAIN, _LIBRARIES = "src/main/java", "src/main/java/foreign/Client.java", "{place}/target/dependency/*"
_QUICK_START = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")  #: programs of a second are not worth compiling well


@dataclass(frozen=True)
class Language:
    """How the client in one folder comes about.

    Args:
        name: of the folder, and of what the client is written with.
        commands: that must be installed.
        declared: the files that say what is fetched; nothing else is there when that is done.
        fetching: asks the registry; run once, in the cache.
        building: makes the program, without a network; run in a copy of the folder.
        running: starts it in that copy.
        settings: environment variables of fetching and building.
        offline: further ones of building.

    In words ``{cache}`` is the folder that keeps what is fetched, for all clients, and ``{place}`` the one in which this one's
    declarations were fetched.
    """

    name: str
    commands: tuple[str, ...]
    declared: tuple[str, ...]
    fetching: tuple[str, ...]
    building: tuple[str, ...]
    running: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    offline: Mapping[str, str] = field(default_factory=dict)

    def missing_command(self) -> str | None:
        return next((command for command in self.commands if shutil.which(command) is None), None)

    def build(self, folder: Path) -> Client:
        """Make the program in a new folder.

        Raises:
            NotFetched: what it is built from is not to be had.
            AssertionError: it does not compile.
        """
        place = self._fetched()
        shutil.copytree(_HERE / self.name, folder)
        command = [word.format(cache=cache.folder(), place=place) for word in self.building]
        environment = self._environment(self.offline)
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
        return Client(folder, [word.format(folder=folder, place=place) for word in self.running])

    def _fetched(self) -> Path:
        """The place in the cache in which the declarations were fetched."""
        declared = [(_HERE / self.name / name) for name in self.declared]
        asked = [repr(self.fetching).encode(), *(one.read_bytes() for one in declared)]
        place = cache.folder() / self.name / cache.key_of(*asked)
        with cache.fetching(place) as is_new:
            if is_new:
                for one in declared:
                    shutil.copy(one, place)
                cache.fetch([word.format(cache=cache.folder()) for word in self.fetching], place, self._environment({}))
        return place

    def _environment(self, further: Mapping[str, str]) -> dict[str, str]:
        values = {name: value.format(cache=cache.folder()) for name, value in {**self.settings, **further}.items()}
        return cache.own_environment(**values)


@dataclass(frozen=True)
class Client:
    """A program that plays a scenario against an endpoint and reports what it has seen."""

    folder: Path
    command: list[str]

    def report(self, scenario: str, endpoint: str) -> dict[str, Any]:
        """What the program prints.

        Raises:
            AssertionError: it fails, or has not ended after four minutes; with what it wrote to standard error.
        """
        with subprocess.Popen(
            [*self.command, scenario],
            cwd=self.folder,
            env=cache.client_environment(endpoint),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                printed, said = running.communicate(timeout=_RUN_SECONDS)
            except subprocess.TimeoutExpired:
                running.kill()
                raise AssertionError(f"not done after {_RUN_SECONDS} s; {running.communicate()[1]}") from None
        assert running.returncode == 0, said
        report: dict[str, Any] = json.loads(printed)
        return report


GO = Language(
    name="go",
    commands=("go",),
    declared=("go.mod", "go.sum"),
    fetching=("go", "mod", "download"),
    building=("go", "build", "-o", "foreign", "."),
    running=("{folder}/foreign",),
    settings={
        "GOMODCACHE": "{cache}/go/modules",
        "GOCACHE": "{cache}/go/build",
        "GOFLAGS": "-modcacherw -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    },
    offline={"GOPROXY": "off"},
)
JAVA, FLOW = (
    Language(
        name=name,
        commands=("java", "javac", "mvn"),
        declared=("pom.xml",),
        fetching=("mvn", "-q", "-B", "-Dstyle.color=never", "-Dmaven.repo.local={cache}/maven", "dependency:copy-dependencies"),
        building=("javac", "-encoding", "UTF-8", "-sourcepath", _SOURCES, "-cp", _LIBRARIES, "-d", "built", _MAIN),
        running=("java", *_QUICK_START, "-cp", f"built:{_LIBRARIES}", "foreign.Client"),
    )
    for name in ("java", "flow")
)
JAVASCRIPT = Language(
    name="javascript",
    commands=("node", "npm"),
    declared=("package.json", "package-lock.json"),
    fetching=("npm", "ci", "--ignore-scripts", "--engine-strict", "--fetch-retries", "1", "--cache", "{cache}/npm"),
    building=("ln", "-s", "{place}/node_modules", "node_modules"),
    running=("node", "client.mjs"),
)
