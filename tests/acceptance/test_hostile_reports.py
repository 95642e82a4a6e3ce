"""Hostile notebooks: each gives a report or a clear refusal, no file of others is read and nobody is called."""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.hostile_notebooks import HOSTILE
from tests.conftest import require_program
from tests.settings import PATIENCE_SECONDS
from tests.unit.reports.samples import notebook, png, prose

ROOT = Path(__file__).parents[2]
CANARY = "the-secret-of-somebody-else"

#: Makes the reports of all notebooks of a folder, and says in a line of JSON each what came of it. Made "here", an audit hook
#: notes the files that Python opens and the calls that it makes; Typst, which is not Python, is seen by strace alone.
PROGRAM = """
import json, os, sys
from pathlib import Path
from workers.reports import ReportError, ReportOptions, convert_report, end_idle_children, make_report

folder, make = Path(sys.argv[1]), {"child": make_report, "here": convert_report}[sys.argv[2]]
formats = ("pdf", "html") if make is convert_report else ("pdf",)
seen = None

def note(event, arguments):
    if seen is None:
        return
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        seen.append(os.path.abspath(os.fsdecode(arguments[0])))
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.exec", "os.system", "os.posix_spawn"):
        seen.append(f"{event} {arguments}")

sys.addaudithook(note)
for notebook in sorted(folder.glob("*/notebook.ipynb")):
    for format in formats:
        seen = [] if make is convert_report else None
        try:
            options = ReportOptions(format=format, code=True, streams=True, parameters=True)
            report = make(notebook, notebook.with_name("report." + format), options)
            end = {"warnings": report.warnings}
        except ReportError as error:
            end = {"refused": str(error), "kind": type(error).__name__}
        touched, seen = seen, None
        print(json.dumps({"name": notebook.parent.name, "format": format, "touched": touched, **end}), flush=True)
end_idle_children()
"""


@pytest.fixture(scope="module")
def notebooks(tmp_path_factory: pytest.TempPathFactory, listener: tuple[str, list[str]]) -> Path:
    """A folder for each notebook, and beside them the secret: as text, and in the text of a picture."""
    base = tmp_path_factory.mktemp("hostile")
    secret = base / "secret.png"
    text = zlib.compress(CANARY.encode())
    chunk = b"tEXtComment\x00" + CANARY.encode()
    framed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    secret.write_bytes(png()[:33] + framed + png()[33:] + text)
    (base / "secret.txt").write_text(CANARY)
    for name, make in HOSTILE.items():
        folder = base / "runs" / re.sub(r"\W+", "-", name)
        folder.mkdir(parents=True)
        made = make()
        if isinstance(made, dict):
            # in ASCII, with lone surrogates as escapes: that is how they get into files
            made = json.dumps(made).encode("ascii")
        secrets = {
            b"{site}": listener[0].encode(),
            b"{secret}": str(base / "secret.txt").encode(),
            b"{relative}": b"../../secret.png",
        }
        for word, value in secrets.items():
            made = made.replace(word, value)
        (folder / "notebook.ipynb").write_bytes(made)
        (folder / "link.png").symlink_to(secret)
    return base


def reports(notebooks: Path, where: str, *before: str, scratch: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [*before, sys.executable, "-c", PROGRAM, str(notebooks / "runs"), where],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        timeout=10 * PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def allowed(path: str, notebook: Path, scratch: Path) -> bool:
    """Whether a report may open it: Python, this program, the system's own tables, its temporary folder and the notebook's."""
    places = [sys.prefix, sys.base_prefix, str(ROOT), "/usr/lib", "/lib", "/usr/share/zoneinfo", str(scratch), str(notebook)]
    if re.match(
        r"/proc(?:/|$)|/sys/|/dev/|/etc/(ld\.so|localtime|mime\.types|nsswitch|os-release)|/usr/share/locale|/usr/local/lib",
        path,
    ):
        return True
    return any(path == place or path.startswith(place + "/") for place in places)


def has_strace() -> bool:
    """Whether there is one, and it may look at other processes here."""
    try:
        tried = subprocess.run(["strace", "-o", "/dev/null", "--seccomp-bpf", "-f", "true"], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


@pytest.fixture(scope="module")
def looked_at(notebooks: Path, listener: tuple[str, list[str]]) -> Iterator[list[dict[str, Any]]]:
    """What came of each notebook, with what was touched meanwhile."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        scratch = Path(name)
        found = reports(notebooks, "here", scratch=scratch)
        for one in found:
            folder = notebooks / "runs" / one["name"]
            one["touched"] = [path for path in one["touched"] if not allowed(path, folder, scratch)]
        yield found


def test_every_hostile_notebook_gives_a_report_or_a_clear_refusal(looked_at):
    assert len(looked_at) == 2 * len(HOSTILE) >= 50
    refused = {(one["name"], re.sub(r"/\S+", "FILE", one["refused"])) for one in looked_at if "refused" in one}
    assert refused == {
        (name, f"not a readable notebook: FILE ({reason})")
        for name, reason in {
            "empty-file": "it is not JSON",
            "cut-short": "it is not JSON",
            "not-utf-8": "it is not JSON",
            "a-picture-instead": "it is not JSON",
            "compressed-notebook": "it is not JSON",
            "json-nested-without-end": "it is not JSON",
            "whole-number-of-100-000-digits": "it is not JSON",
        }.items()
    }


def test_no_file_of_others_is_opened_nothing_is_started_and_nobody_is_called(looked_at, listener):
    assert [(one["name"], one["format"], one["touched"]) for one in looked_at if one["touched"]] == []
    assert listener[1] == []


def test_no_report_shows_the_secret(looked_at, notebooks):
    pdftotext = require_program("pdftotext", "poppler-utils")
    shown = []
    for one in looked_at:
        path = notebooks / "runs" / one["name"] / f"report.{one['format']}"
        if not path.exists():
            continue
        data = path.read_bytes()
        if one["format"] == "pdf":
            data += subprocess.run([pdftotext, str(path), "-"], capture_output=True, check=True).stdout
        if CANARY.encode() in data or b"root:x:" in data:
            shown.append(path)
    assert shown == []


def test_an_html_report_names_no_address_that_a_browser_would_load(looked_at, notebooks):
    for one in looked_at:
        path = notebooks / "runs" / one["name"] / "report.html"
        if path.exists():
            page = path.read_text(encoding="utf-8")
            loads = re.findall(
                r"<(?:script|iframe|object|embed|link|base|form|svg|video)\b|\ssrc=\"(?!data:image/)|<[^>]*\son\w+=", page
            )
            assert (one["name"], loads) == (one["name"], [])


def traced(notebooks: Path, scratch: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """What came of the notebooks, made by a child process, and the lines of strace."""
    log = scratch / "trace"
    calls = "trace=open,openat,connect,execve"
    before = ("strace", "-f", "-qq", "--seccomp-bpf", "-s", "4096", "-e", calls, "-o", str(log))
    found = reports(notebooks, "child", *before, scratch=scratch)
    return found, log.read_text(errors="replace").splitlines()


def opened(lines: list[str]) -> set[str]:
    return {match.group(1) for line in lines if (match := re.search(r'open(?:at)?\([^"]*"([^"]*)".*= \d+$', line))}


def started(lines: list[str]) -> set[str]:
    return {match.group(1) for line in lines if (match := re.search(r'execve\("([^"]*)".*= 0$', line))}


def test_seen_from_outside_the_child_opens_no_file_of_others_and_calls_nobody(notebooks, listener, tmp_path):
    if not has_strace():
        pytest.skip("strace is not installed, or may not look at processes here; the audit hook has looked from inside")
    harmless = tmp_path / "harmless" / "runs" / "a"
    harmless.mkdir(parents=True)
    (harmless / "notebook.ipynb").write_text(json.dumps(notebook(prose("x"))))
    # some library asks for the name of the user when it is imported, and so on
    _, usual = traced(harmless.parents[1], tmp_path)
    found, lines = traced(notebooks, tmp_path)
    assert len(found) == len(HOSTILE)
    assert [one["refused"] for one in found if "cannot be made" in one.get("refused", "")] == []  # a bug of ours, or a death
    runs = notebooks / "runs"
    strange = (path for path in opened(lines) - opened(usual) if path.startswith("/") and not allowed(path, runs, tmp_path))
    assert sorted(strange) == []
    assert [line for line in lines if "connect(" in line and "AF_INET" in line] == []
    assert started(lines) <= started(usual)
    assert listener[1] == []
