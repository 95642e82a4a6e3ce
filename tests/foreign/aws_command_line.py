"""The AWS command line: found or installed, and called."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cache

VERSION = "1.46.2"
_CALL_SECONDS = 120


@dataclass(frozen=True)
class AwsCommandLine:
    """``aws`` at one address."""

    program: str
    endpoint: str

    def call(self, operation: str, *words: str) -> Any:
        """What the command prints, read as JSON; None if it prints nothing.

        Raises:
            AssertionError: it failed.
        """
        done = self._run(operation, words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, operation: str, *words: str) -> tuple[int, str]:
        """Exit code and standard error of a command that fails."""
        done = self._run(operation, words)
        assert done.returncode != 0, done.stdout
        assert done.stdout == ""
        return done.returncode, done.stderr.strip()

    def refusal_code(self) -> int:
        """The exit code for what a service refuses: 255 in version 1, 254 later.

        https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html
        """
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True, timeout=_CALL_SECONDS, check=True)
        return 255 if re.match(r"aws-cli/1\.", said.stdout + said.stderr) else 254

    def _run(self, operation: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, "swf", operation, *words, "--endpoint-url", self.endpoint, "--output", "json"],
            env=cache.client_environment("http://127.0.0.1:1"),
            capture_output=True,
            text=True,
            timeout=_CALL_SECONDS,
            check=False,
        )


def found_program() -> str:
    """The path of version :data:`VERSION`, installed in the cache if it is not there yet; if that fails, of the installed one.

    Raises:
        NotFetched: it can neither be installed nor found.
    """
    place = cache.folder() / "awscli" / cache.key_of(VERSION.encode(), sys.version.encode(), os.fsencode(sys.base_prefix))
    try:
        with cache.fetching(place) as is_new:
            if is_new:
                _install(place)
    except cache.NotFetched as error:
        there = shutil.which("aws")
        if there is None:
            raise cache.NotFetched(f"aws is not installed, and {error}") from None
        return there
    return str(place / "bin" / "aws")


def _install(place: Path) -> None:
    environment = cache.own_environment(PIP_DISABLE_PIP_VERSION_CHECK="1")
    cache.fetch([sys.executable, "-m", "venv", "--clear", "--without-pip", str(place)], place, environment)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python")]
    cache.fetch([*pip, "install", "--quiet", "--retries", "1", f"awscli=={VERSION}"], place, environment)
