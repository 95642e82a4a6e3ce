"""Pages for a browser: what they show of runs, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import httpx
import pytest

from simpleflow_nb.application.project import Project
from simpleflow_nb.application.services import Local
from simpleflow_nb.web.pages import Pages
from simpleflow_nb.web.shelf import Shelf
from tests.acceptance.samples import command, environment, inputs, notebook, typed
from tests.settings import PATIENCE_SECONDS

BAD = "<script>alert('owned')</script>"
FAN = """\
workflows:
  - name: days
    notebooks:
      count:
        filename: count.ipynb
        parameters: {day: reference_date, note: note}
      each:
        filename: each.ipynb
        for_each: {word: [fine, bad]}
        parameters: {word: word}
      report:
        filename: report.ipynb
        parameters: {counted: count}
        output: [{format: pdf}, {format: html}]
available_dates_sensor:
  schedule: "0 6 * * *"
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - {workflow_name: days, parameters: {note: "<script>alert('owned')</script>"}}
"""
EACH = f"print(word)\nassert word != 'bad', {BAD!r}"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run, of which one item has failed."""
    file = inputs(tmp_path_factory.mktemp("pages") / "in", dates=("2016-01-01",), workflows=FAN)
    notebook(file.with_name("count.ipynb"), "day = note = None", f"print({BAD!r})")
    notebook(file.with_name("each.ipynb"), "word = None", EACH)
    assert typed("sensor.start", file.name, "--local", "--once", "--quiet", cwd=file.parent).returncode == 1
    return file


@contextmanager
def served(file: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The command in a process of its own, with its address."""
    words = [*command("web.start", file.name, "--port", "0", "--json")]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, cwd=file.parent, env=environment(), **streams) as process:  # type: ignore[call-overload]
        try:
            yield json.loads(process.stdout.readline())["web"]["url"], process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def client(ran: Path) -> Iterator[httpx.Client]:
    with served(ran) as (url, _), httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as opened:
        yield opened


@pytest.fixture
def run(ran: Path) -> str:
    [folder] = (path for path in (ran.parent / "outputs/notebooks/days").iterdir() if path.name.startswith("2016-01-01_"))
    return f"days/{folder.name}"


def text_of(client: httpx.Client, path: str, **query: str) -> str:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.text


def words_of(page: str) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_the_first_page_shows_the_dates_with_their_lights_in_words(client: httpx.Client, run: str) -> None:
    page = text_of(client, "/")
    assert "days 2016-01-01: failed" in words_of(page)
    assert f'href="/in/run?run={run.replace("/", "%2F")}"' in page


def test_a_run_shows_its_error_its_labels_and_the_items_that_failed_first(client: httpx.Client, run: str) -> None:
    words = words_of(text_of(client, "/in/run", run=run))
    assert f"each:1 failed notebook 'each' failed in cell 2: AssertionError: {BAD}" in words
    assert "2 items: 1 done, 1 failed" in words
    assert words.index("each:1 1-bad") < words.index("each:0 0-fine")
    assert f"simpleflow-nb runs.retry {run}" in words


def test_a_workflow_shows_its_runs(client: httpx.Client, run: str) -> None:
    words = words_of(text_of(client, "/in/workflow", name="days"))
    assert run.removeprefix("days/") in words
    assert "first run" in words


def test_drawings_notebooks_reports_and_prints_of_a_run_are_shown(client: httpx.Client, run: str) -> None:
    assert client.get("/in/graph.svg", params={"of": run}).headers["content-type"] == "image/svg+xml"
    assert client.get("/in/report", params={"run": run, "name": "report:report"}).content.startswith(b"%PDF-")
    assert "made from count.ipynb" not in text_of(client, "/in/report", run=run, name="report:report.html")
    assert "AssertionError" in text_of(client, "/in/notebook", run=run, item="each:1")
    assert text_of(client, "/in/output", run=run, item="each:0") == "fine\n"
    assert text_of(client, "/in/output", run=run, item="count") == f"{BAD}\n"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/", {}),
        ("/in/run", {"run": "RUN"}),
        ("/in/workflow", {"name": "days"}),
        ("/in/notebook", {"run": "RUN", "item": "each:1"}),
        ("/in/notebook", {"run": "RUN", "item": "count"}),
        ("/in/report", {"run": "RUN", "name": "report:report.html"}),
        ("/in/run", {"run": BAD}),
        (f"/{BAD}/run", {"run": "RUN"}),
    ],
    ids=str,
)
def test_no_script_of_anybody_is_on_a_page_and_every_page_forbids_it(
    client: httpx.Client, run: str, path: str, query: dict[str, str]
) -> None:
    answer = client.get(path, params={name: run if value == "RUN" else value for name, value in query.items()})
    assert set(re.findall(r"<script[^>]*>", answer.text)) <= {'<script src="/static/page.js" defer>'}
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(("default-src 'none';", "sandbox; default-src 'none';"))
    assert "script-src 'self'" in policy or "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/in/run?run=days/1999-01-01", "'days/1999-01-01'; runs.list shows which there are"),
        ("/in/run", "the address lacks 'run'"),
        ("/in/report?run=RUN&name=report:count", "RUN has no report 'report:count'"),
        ("/in/notebook?run=RUN&item=each:9", "RUN has no executed notebook of 'each:9'"),
        ("/in/workflow?name=nights", "workflows.yml has no workflow 'nights'"),
        ("/other/run?run=RUN", "no workflow file is called 'other' here"),
        ("/in/nothing", "there is no page '/in/nothing'"),
        ("/?month=2016-13", "'2016-13' is not a month such as 2024-01"),
        ("/static/../pages.py", "there is no page"),
        ("/static/%2e%2e/pages.py", "there is no page"),
    ],
)
def test_what_there_is_not_is_refused_in_a_sentence(client: httpx.Client, run: str, path: str, sentence: str) -> None:
    answer = client.get(path.replace("RUN", run))
    assert answer.status_code == 404
    assert sentence.replace("RUN", run) in unescape(answer.text)


def test_a_file_that_a_link_leads_to_outside_of_the_outputs_is_not_shown(ran: Path, client: httpx.Client, run: str) -> None:
    path = ran.parent / "outputs/notebooks" / run / "count/count.ipynb"
    kept = path.rename(path.with_name("kept.ipynb"))
    path.symlink_to("/etc/passwd")
    try:
        answer = client.get("/in/notebook", params={"run": run, "item": "count"})
    finally:
        path.unlink()
        kept.rename(path)
    assert answer.status_code == 404
    assert "it is not in the outputs folder, and is not shown here" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:4618", "127.0.0.1.evil.example:4618", ""])
def test_a_request_for_another_host_is_refused(client: httpx.Client, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert (answer.status_code, answer.text) == (421, f"this server is not called {host!r}\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_is_taken_that_could_change_something(client: httpx.Client, method: str) -> None:
    answer = client.request(method, "/")
    assert (answer.status_code, answer.text) == (405, "these pages only look: nothing here takes other requests than GET\n")


def test_a_page_that_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/")
    again = client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_an_error_of_ours_is_told(ran: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*given: object) -> object:
        raise ZeroDivisionError("nobody foresaw it")

    async def asked() -> httpx.Response:
        pages = Pages(Shelf([Project.open(ran, service=Local())])).application()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url="http://localhost:4618") as client:
            return await client.get("/in/workflow?name=days")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("simpleflow_nb.web.pages.workflow_page", broken)
    answer = asyncio.run(asked())
    assert answer.status_code == 500
    assert answer.text.startswith("this is a bug of simpleflow-nb, please report it")
    assert "Traceback" not in answer.text


def test_an_open_page_is_told_when_a_run_has_ended(ran: Path) -> None:
    with served(ran) as (url, process), httpx.stream("GET", f"{url}news", timeout=PATIENCE_SECONDS) as stream:
        lines = stream.iter_lines()
        assert next(lines) == "retry: 2000"
        words = (
            "workflow.start",
            f"{ran.name}:days",
            "--local",
            "--quiet",
            "--set",
            "reference_date=2016-01-01",
            "--set",
            "note=more",
        )
        typed(*words, cwd=ran.parent)
        assert next(line for line in lines if line.startswith("event: ")) == "event: changed"
        process.send_signal(signal.SIGINT)  # an open stream does not hold the server up
        assert list(lines)[-1:] in ([], [""])
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_port_in_use_is_refused(ran: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = typed("web.start", ran.name, "--port", port, cwd=ran.parent)
    assert (done.returncode, done.stdout, done.stderr) == (
        2,
        "",
        f"simpleflow-nb: port {port} is in use; --port 0 takes a free one\n",
    )
