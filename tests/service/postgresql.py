"""A PostgreSQL server of Debian's, for tests of the run records: in a folder of its own, over a Unix socket."""

from __future__ import annotations

import getpass
import glob
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

PASSWORD = "p@ss/wörd:%41"


def program(name: str) -> str:
    """The path of one of PostgreSQL's programs; Debian keeps most of them off the path.

    Without it the test is skipped with the command that installs it; with ``CI=true`` it fails.
    """
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}")) or [path for path in [shutil.which(name)] if path]
    if found:
        return found[-1]
    message = f"{name} is not installed; apt-get install postgresql"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a fresh server, with ``{}`` for the password :data:`PASSWORD`. It refuses to run as root, so root runs it
    as user postgres."""
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    initdb, postgres = program("initdb"), program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: the path of a socket has at most 107 bytes
    try:
        word = folder / "password"
        word.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (folder, word):
                shutil.chown(path, user)
        how = {"user": user} if os.geteuid() == 0 else {}
        options = ["-A", "scram-sha-256", "-U", "sfnb", f"--pwfile={word}", "-E", "UTF8", "--no-sync"]
        subprocess.run([initdb, "-D", folder / "data", *options], check=True, capture_output=True, cwd=folder, **how)  # type: ignore[call-overload]
        settings = ["-c", "listen_addresses=", "-c", "fsync=off", "-k", str(folder)]
        with (
            open(folder / "log", "wb") as log,
            subprocess.Popen([postgres, "-D", folder / "data", *settings], stderr=log, stdout=log, cwd=folder, **how) as server,  # type: ignore[call-overload]
        ):
            try:
                _wait_for(folder, server)
                yield f"postgresql://sfnb:{{}}@/postgres?host={quote(str(folder), safe='')}"
            finally:
                server.send_signal(2)  # the fast way to end: whoever is connected is cut off
                try:
                    server.wait(60)
                except subprocess.TimeoutExpired:
                    server.kill()
    finally:
        shutil.rmtree(folder)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while not any(folder.glob(".s.PGSQL.*")) or "ready to accept connections" not in (folder / "log").read_text(
        "utf-8", "replace"
    ):
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"PostgreSQL does not start: {(folder / 'log').read_text('utf-8', 'replace')[-2_000:]}")
        time.sleep(0.05)
