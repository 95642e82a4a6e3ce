"""The FlowAPI example: real flowclient, a stand-in for FlowAPI, from the dates to the PDF, here and on SWF."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from examples.flowapi.stand_in import StandIn, served, token
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import DOMAIN
from tests.acceptance.samples import ROOT, command, environment, typed
from tests.launched import Launched
from tests.service.moto_server import CREDENTIALS, moto_endpoint

FILE = ROOT / "examples" / "flowapi" / "workflows.yml"
PDF = "reports/flows_above_normal/2016-01-07_*/flows_report.pdf"


@pytest.fixture
def flowapi() -> Iterator[StandIn]:
    with served() as server:
        yield server


@pytest.fixture
def one_day(tmp_path: Path) -> Path:
    """The example with a later ``earliest_date``: one run is as good as two."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("run_flows.ipynb", "flows_report.ipynb"):
        (folder / name).write_bytes((FILE.parent / name).read_bytes())
    (folder / "workflows.yml").write_text(FILE.read_text().replace("earliest_date: 2016-01-06", "earliest_date: 2016-01-07"))
    return folder / "workflows.yml"


def files_with(text: str, *folders: Path) -> list[str]:
    """Every file below that holds the text, in any of the encodings that JSON and SQLite use."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [str(path) for path in files if text.encode() in path.read_bytes()]


def test_it_runs_to_a_pdf_and_keeps_no_token_anywhere(flowapi: StandIn, one_day: Path, tmp_path: Path) -> None:
    secret = token()
    run_flows = nbformat.read(one_day.parent / "run_flows.ipynb", 4)
    run_flows.cells.append(nbformat.v4.new_code_cell("import os\nprint('the token is', os.environ['FLOWAPI_TOKEN'])\nenviron"))
    nbformat.write(run_flows, one_day.parent / "run_flows.ipynb")
    given = {"FLOWAPI_URL": flowapi.url, "FLOWAPI_TOKEN": secret, "LOG_LEVEL": "DEBUG"}
    outputs = tmp_path / "out"
    done = typed("sensor.start", one_day, "--local", "--once", "--outputs", outputs, cwd=tmp_path, timeout=300, **given)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"^\S+ (?:DEBUG|INFO) (\w+)", done.stderr, re.MULTILINE)) <= {"simpleflow_nb", "workers", "deciders"}
    [pdf] = outputs.glob(PDF)
    assert pdf.read_bytes()[:5] == b"%PDF-"
    [report] = outputs.glob("notebooks/flows_above_normal/*/flows_report/flows_report.ipynb")
    cells = json.loads(report.read_text())["cells"]
    [said] = [
        out["data"]["text/markdown"]
        for cell in cells
        for out in cell.get("outputs", ())
        if "text/markdown" in out.get("data", {})
    ]
    assert re.search(r"\n5 of 30 flows are more than 50 % above their mean of the 3 days before", "".join(said))
    assert ("GET", "/api/0/available_dates") in flowapi.requests
    assert sum(path == "/api/0/run" for _, path in flowapi.requests) == 4  # five days make four flows

    reader = JournalReader(outputs / ".simpleflow-nb" / "journal.sqlite3")
    histories = [
        reader.get_workflow_execution_history(domain=DOMAIN, execution=info["execution"]) for info in reader.infos.values()
    ]
    reader.close()
    assert len(histories) == 2
    assert secret not in json.dumps(histories, default=str) + done.stdout + done.stderr
    assert files_with(secret, outputs) == []
    assert len(files_with("the token is ***", outputs)) == 2  # the executed notebook and what it printed
    assert typed("doctor", one_day, "--outputs", outputs, cwd=tmp_path, **given).returncode == 0


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (token(seconds=-60), "FLOWAPI_TOKEN expired on"),
        (token(key="k" * 40), "refuses the token (status 401): Signature verification failed"),
    ],
    ids=["expired", "forged"],
)
def test_plan_reports_an_invalid_token(given: str, sentence: str, flowapi: StandIn, tmp_path: Path) -> None:
    done = typed("plan", FILE, "--outputs", tmp_path, cwd=tmp_path, FLOWAPI_URL=flowapi.url, FLOWAPI_TOKEN=given)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert given not in done.stderr


def test_a_flowapi_that_is_busy_is_a_service_that_cannot_be_reached(
    flowapi: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handler: Any) -> None:
        handler.send_response(429)
        handler.send_header("Retry-After", "30")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    assert flowapi.RequestHandlerClass is not None
    monkeypatch.setattr(flowapi.RequestHandlerClass, "do_GET", refuse)
    done = typed("plan", FILE, "--outputs", tmp_path, cwd=tmp_path, FLOWAPI_URL=flowapi.url, FLOWAPI_TOKEN=token())
    sentence = f"simpleflow-nb: FlowAPI at {flowapi.url} answers with status 429; it asks to wait 30 s\n"
    assert (done.returncode, done.stderr) == (3, sentence)


def test_it_runs_on_swf_with_one_check(flowapi: StandIn, one_day: Path, tmp_path: Path) -> None:
    with moto_endpoint() as endpoint:
        environ = environment(
            **CREDENTIALS,
            AWS_ENDPOINT_URL=endpoint,
            FLOWAPI_URL=flowapi.url,
            FLOWAPI_TOKEN=token(),
            AUTOFLOW_OUTPUTS_DIR=str(tmp_path / "out"),
            SWF_DOMAIN="TestDomain",
        )
        words = (("decider.start", one_day, "--create-domain"), ("worker.start", one_day, "--create-domain"))
        processes = [Launched(command(*each), env=environ, cwd=tmp_path) for each in words]
        try:
            once = subprocess.run(
                command("sensor.start", one_day, "--once", "--create-domain"),
                env=environ,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        finally:
            for _ in range(2):  # the second hands back what is under way
                for process in processes:
                    if process.poll() is None:
                        process.send_signal(signal.SIGTERM)
                time.sleep(0.5)
            for process in processes:
                try:
                    process.wait(180)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        assert once.returncode == 0, once.stderr
        assert once.stdout.endswith("1 of 1 run succeeded\n")
        [pdf] = (tmp_path / "out").glob(PDF)
        assert pdf.read_bytes()[:5] == b"%PDF-"
