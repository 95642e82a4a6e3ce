"""A known secret is in clear in nothing that a run leaves, prints or shows: files, databases, logs, process titles."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil
import pypdfium2
import pytest

from tests.acceptance.samples import ROOT, command, environment, typed

SECRETS = {
    # one of every character that means something to somebody
    "AUTOFLOW_DB_PASSWORD": "QZmarkup7&<Tom's>\"b\\é~% $5_{x}^#/+=?`|;*[y]!QZends9",
    "FLOWAPI_TOKEN": "QZtoken8.eyJhbGciOi/JIUzI1NiJ9+_-=",
    "AWS_SECRET_ACCESS_KEY": "QZsecretkey9/abc+def==",
    "AWS_SESSION_TOKEN": "QZsession6//++==" + "IQoJb3JpZ2lu" * 20,
    "AWS_ACCESS_KEY_ID": "QZserviceToken-0123456789",
    "SIMPLEFLOW_NB_TOKEN": "QZserverToken-9876543210",
    "PGPASSWORD": "-----QZlineOne-----\nQZlineTwo/+&<>\nQZlineThree====",
}
VARIABLES = {**SECRETS, "MY_DATABASE": "postgresql://me:QZpa%40ss%26wd5@db:5432/x"}
CLEAR = ("QZmarkup7", "QZends9", "QZtoken8", "QZsecretkey9", "QZsession6", "QZserviceToken", "QZserverToken", "QZline", "QZpa")

TELL = """\
import base64, html, json, logging, os, subprocess, sys, warnings
names = [name for name in os.environ if "QZ" in os.environ[name]]
secrets = {name: os.environ[name] for name in names}
"""
CELLS = (
    # print them, whole and in pieces of a line
    "for secret in secrets.values():\n    print(secret)\n    print('[' + secret + ']', file=sys.stderr)\n"
    "    print(secret[:9], end=''), sys.stdout.flush(), print(secret[9:])",
    "print(secrets); print(json.dumps(secrets)); print(json.dumps(secrets, ensure_ascii=False))",
    "from urllib.parse import quote, quote_plus\n"
    "for secret in secrets.values():\n    for spell in (html.escape, quote, quote_plus, repr, ascii):\n"
    "        print(spell(secret), html.escape(spell(secret)), json.dumps(spell(secret)))\n"
    "    raw = secret.encode()\n    print(base64.b64encode(b'me:' + raw), base64.urlsafe_b64encode(raw).decode(), raw.hex())",
    "print(subprocess.run(['env'], capture_output=True, text=True).stdout)",
    "!env",
    # tables and other displays
    "import pandas as pd\nvalues = list(secrets.values())\n"
    "pd.DataFrame({'name': list(secrets), 'secret': values, **{secret: 1 for secret in values}})",
    "from IPython.display import HTML, JSON, Markdown, display\n"
    "for secret in secrets.values():\n"
    "    display(Markdown('| a |\\n|---|\\n| ' + secret + ' |'), JSON({secret: [secret]}), metadata={'x': {secret: secret}})\n"
    "    display(HTML('<p title=\"' + html.escape(secret) + '\">' + html.escape(secret) + '</p>'))\n"
    "    script = json.dumps({'s': secret})\n"
    "    for c in '<>&':\n        script = script.replace(c, f'\\\\u{ord(c):04x}')\n"
    "    display(HTML('<script>var x = ' + script + '</script><i>shown</i>'), {'text/latex': secret, 'text/plain': secret})",
    "secrets",
    # a plot whose words stay text
    "import matplotlib.pyplot as plt\nplt.rcParams.update({'svg.fonttype': 'none', 'text.parse_math': False})\n"
    "%config InlineBackend.figure_formats = ['svg']\n"
    "for secret in secrets.values():\n    plt.figure(figsize=(3, 2)); plt.title(secret); plt.plot([1, 2])\n    plt.show()",
    "import scrapbook as sb\nfor name, secret in secrets.items():\n"
    "    sb.glue(name, secret); sb.glue(secret, {secret: [secret]})",
    "for secret in secrets.values():\n    warnings.warn(secret); logging.getLogger('x').error('says %s', secret)",
    "def fails(secret):\n    raise ValueError(secret)\nimport traceback\nfor secret in secrets.values():\n"
    "    try:\n        fails(secret)\n    except ValueError as error:\n        traceback.print_exc(); print(repr(error))",
)
FAILS = "class Odd(Exception):\n    pass\nraise Odd('x' * 200 + ' '.join(secrets.values()))"

WORKFLOWS = """\
workflows:
  - name: tells
    notebooks:
      tells:
        filename: tells.ipynb
        parameters: {day: reference_date}
        output:
          - {format: pdf, streams: true, code: true, parameters: true}
          - {format: html, streams: true, code: true, parameters: true}
      fails:
        filename: fails.ipynb
        retries: 1
      exits:
        filename: exits.ipynb
available_dates_sensor:
  schedule: null
  source: {files: {calls: 'data/{date}.csv'}}
  workflows:
    - workflow_name: tells
"""

CODE = """\
import os
from simpleflow_nb import Workflow, activity, futures

secrets = [value for value in os.environ.values() if "QZ" in value]

@activity.with_attributes(task_list="t", retry=0)
def fails(number):
    raise ValueError("x" * 200 + secrets[number])

@activity.with_attributes(task_list="t", retry=0, isolation="process")
def fails_apart(number):
    raise ValueError("x" * 200 + secrets[number])

class Tells(Workflow):
    name, version, task_list = "tells", "1", "d"
    execution_timeout, task_timeout = 3600, 60

    def run(self):
        tasks = [self.submit(body, n) for body in (fails, fails_apart) for n in range(len(secrets))]
        for task in tasks:
            try:
                task.result
            except Exception:
                continue
        raise ValueError("x" * 240 + secrets[0] + " " + " ".join(secrets))
"""


def encoded() -> Iterator[bytes]:
    """What of the secrets no escaping changes, and what is left of that in base64 and hex."""
    for clear in CLEAR:
        raw = clear.encode()
        yield from (raw, raw.hex().encode(), raw.hex().upper().encode())
        for shift in range(3):
            for encode in (b64encode, urlsafe_b64encode):
                first, last = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
                yield encode(b"\0" * shift + raw)[first:last]


TELLTALE = re.compile(b"|".join(map(re.escape, sorted(set(encoded())))))


def told(data: bytes) -> list[bytes]:
    """What of ``data`` shows a secret, with what stands around it."""
    return [data[max(0, found.start() - 40) : found.end() + 40] for found in TELLTALE.finditer(data)]


def told_in_files(*folders: Path) -> dict[str, list[bytes]]:
    found = {}
    for file in (file for folder in folders for file in folder.rglob("*")):
        try:
            data = file.read_bytes() if file.is_file() else b""
        except FileNotFoundError:
            continue  # a temporary file, while something runs
        if file.suffix == ".pdf":
            with pypdfium2.PdfDocument(data) as document:
                data += "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()
                data += repr(document.get_metadata_dict()).encode()
        if (shown := told(data) + told(str(file).encode())) != []:
            found[str(file)] = shown
    return found


def titles_of(pid: int) -> list[list[str]]:
    """What ``ps`` shows of a process and of all that descend from it; others of the machine are none of ours."""
    titles = []
    try:
        ours = psutil.Process(pid)
        for one in (ours, *ours.children(recursive=True)):
            try:
                titles.append(one.cmdline())
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:  # it has ended meanwhile
        pass
    return titles


@contextmanager
def temporary_files(folder: Path) -> Iterator[dict[str, str]]:
    """Where processes leave what is no artefact; not under pytest's folder, whose path is too long for sockets."""
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        yield {"TMPDIR": made}
        assert told_in_files(Path(made)) == {}


def notebook(path: Path, *cells: str) -> None:
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell("day = None", metadata={"tags": ["parameters"]})]
    made.cells += [nbformat.v4.new_code_cell(cell) for cell in (TELL, *cells)]
    nbformat.write(made, path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "inputs"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "2016-01-01.csv").touch()
    notebook(folder / "tells.ipynb", *CELLS)
    notebook(folder / "fails.ipynb", FAILS)
    notebook(folder / "exits.ipynb", "sys.exit(list(secrets.values())[0])")
    (folder / "workflows.yml").write_text(WORKFLOWS)
    return folder / "workflows.yml"


def test_a_run_tells_no_secret_in_any_file_database_report_log_or_message(file: Path, tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    words = ("sensor.start", file, "--local", "--once", "--outputs", outputs)
    with temporary_files(tmp_path) as place:
        variables = environment(**VARIABLES, **place, LOG_LEVEL="DEBUG")
        printed = tmp_path / "printed"
        with (
            open(printed, "wb") as stream,
            subprocess.Popen(command(*words), cwd=tmp_path, env=variables, stdout=stream, stderr=stream) as process,
        ):
            while process.poll() is None:  # also what is there for a moment only, such as the journal's WAL
                assert told_in_files(outputs) == {}
                assert told(repr(titles_of(process.pid)).encode()) == []
                try:
                    process.wait(0.5)
                except subprocess.TimeoutExpired:
                    continue
        assert process.returncode == 1, printed.read_text()  # two notebooks fail
        assert told(printed.read_bytes()) == []
    assert told_in_files(outputs) == {}
    made = {path.name for path in outputs.rglob("*") if path.is_file()}
    assert {"tells.pdf", "tells.html", "tells.ipynb", "fails.ipynb", "output.txt", "run.json", "config.json"} <= made
    assert {"journal.sqlite3", "runs.sqlite3", "report-pdf.json"} <= made
    page = (outputs / "reports").rglob("tells.html")
    assert "***" in next(page).read_text()
    for look in (
        ("status", file),
        ("runs.list", file),
        ("runs.show", file, "tells/2016-01-01"),
        ("runs.logs", file, "tells/2016-01-01"),
        ("plan", file, "--why"),
    ):
        done = typed(*look, "--outputs", outputs, cwd=tmp_path, **VARIABLES)
        assert told((done.stdout + done.stderr).encode()) == [], look
        assert done.returncode == 0, (look, done.stderr)
    done = typed("doctor", file, "--outputs", outputs, cwd=tmp_path, **VARIABLES)
    assert told((done.stdout + done.stderr).encode()) == []
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_notebook_by_hand_tells_no_secret(file: Path, tmp_path: Path) -> None:
    with temporary_files(tmp_path) as place:
        for name, code in (("tells", 0), ("fails", 1)):
            done = typed(
                "notebook.run", file.with_name(f"{name}.ipynb"), "--into", f"out/{name}", cwd=tmp_path, **VARIABLES, **place
            )
            assert done.returncode == code, done.stderr
            assert told((done.stdout + done.stderr).encode()) == []
        given = (f"--set=day={SECRETS['FLOWAPI_TOKEN']}", "--prepare-only", "--into", "out/prepared")
        assert typed("notebook.run", file.with_name("tells.ipynb"), *given, cwd=tmp_path, **VARIABLES).returncode == 0
    assert told_in_files(tmp_path / "out") == {}


def test_failures_of_python_workflows_tell_no_secret(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    done = typed("workflow.start", "code.Tells", "--local", cwd=tmp_path, **VARIABLES, LOG_LEVEL="DEBUG")
    assert done.returncode == 1
    assert "ValueError: xxx" in done.stderr
    assert told((done.stdout + done.stderr).encode()) == []
    assert told_in_files(tmp_path) == {}
    history = typed("workflow.history", "--local", "tells", cwd=tmp_path, **VARIABLES)
    assert history.returncode == 0, history.stderr
    assert "ValueError: xxx" in history.stdout
    assert told((history.stdout + history.stderr).encode()) == []


def test_a_secret_in_a_workflow_file_or_an_input_is_refused_by_its_name_and_place(file: Path, tmp_path: Path) -> None:
    text = file.read_text().replace("- workflow_name: tells", "- {workflow_name: tells, parameters: {it: 'a pass-word-1'}}")
    text = text.replace("{day: reference_date}", "{day: it}")
    file.write_text(text)
    done = typed("validate", file, cwd=tmp_path, PGPASSWORD="pass-word-1")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "pass-word-1" in line)
    assert (done.returncode, done.stderr) == (
        2,
        f"{file}:{line}: the secret PGPASSWORD is in the parameters of 'tells', and histories would keep it; "
        "let the notebook read it itself\n",
    )
    done = typed("workflow.start", "code.Tells", "--local", "--set", "x=pass-word-1", cwd=tmp_path, PGPASSWORD="pass-word-1")
    assert (done.returncode, done.stderr) == (
        2,
        "simpleflow-nb: the secret PGPASSWORD is in the input, and histories would keep it; let the code read it itself\n",
    )


@contextmanager
def service(folder: Path, *words: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``service.start`` with what it has printed first; what it says on standard error is in the file ``said``."""
    with (
        open(folder / "said", "w") as said,
        subprocess.Popen(
            [sys.executable, "-m", "simpleflow_nb", "service.start", "--port", "0", *words],
            env={**environment(**variables), "PYTHONPATH": str(ROOT)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


TOKEN = "token-of-16-or-more"
HINT = "give --token-file FILE or SIMPLEFLOW_NB_TOKEN"


def test_a_token_on_the_command_line_gives_a_warning_and_is_hidden_from_ps(tmp_path: Path) -> None:
    for words in (("--token", TOKEN), (f"--token={TOKEN}",)):
        with service(tmp_path, *words) as (process, said):
            assert said.startswith("AWS_ENDPOINT_URL=")
            seen = subprocess.run(
                ["ps", "-ww", "-o", "args=", "-p", str(process.pid)], capture_output=True, text=True, check=True
            )
            assert TOKEN not in seen.stdout
            assert "service.start --port 0" in seen.stdout
            assert TOKEN not in repr(psutil.Process(process.pid).cmdline())
        warning = f"--token was visible in ps during startup, and is in the shell's history; {HINT}"
        assert (tmp_path / "said").read_text() == f"simpleflow-nb: warning: {warning}\n"
    assert told_in_files(tmp_path) == {}


@pytest.mark.parametrize("given", ["file", "environment"])
def test_a_token_comes_from_a_file_or_the_environment(given: str, tmp_path: Path) -> None:
    import boto3
    from botocore.exceptions import ClientError

    (tmp_path / "token").write_text(f"{TOKEN}\n")
    words = ("--token-file", str(tmp_path / "token")) if given == "file" else ()
    variables = {"SIMPLEFLOW_NB_TOKEN": TOKEN if given == "environment" else ""}
    with service(tmp_path, *words, **variables) as (_, said):
        endpoint = said.split()[0].removeprefix("AWS_ENDPOINT_URL=")

        def domains(key: str) -> object:
            client = boto3.client(
                "swf", endpoint_url=endpoint, region_name="x", aws_access_key_id=key, aws_secret_access_key="any"
            )
            return client.list_domains(registrationStatus="REGISTERED")

        assert domains(TOKEN)
        with pytest.raises(ClientError, match="is not the service's token"):
            domains("another-of-16-letters")
    assert (tmp_path / "said").read_text() == ""


@pytest.mark.parametrize(
    ("words", "content", "said"),
    [
        (("--bind", "0.0.0.0"), None, "--bind 0.0.0.0 is open to other machines: give a token of 16 characters or more with "
         "--token-file or SIMPLEFLOW_NB_TOKEN"),
        (("--token-file", "none"), None, "--token-file none cannot be read: no such file or directory"),
        (("--token-file", "."), None, "--token-file . cannot be read: is a directory"),
        (("--token-file", "token"), b"\xff\xfe", "--token-file token is not text"),
        (("--token-file", "token"), b"short\n", "the token in token has fewer than 16 characters; that can be guessed"),
        (("--token-file", "token"), b"", "the token in token has fewer than 16 characters; that can be guessed"),
        (("--token-file", "token"), b"one-of-16-letters\nand another\n",
         "the token in token has blanks or line ends in it; it is one word"),
        (("--token-file", "token", "--token", TOKEN), b"x", "give --token-file alone, without --token"),
    ],
)  # fmt: skip
def test_a_token_that_cannot_be_one_is_refused(
    words: tuple[str, ...], content: bytes | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    done = typed("service.start", "--port", "0", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"simpleflow-nb: {said}\n")


def test_a_token_that_cannot_be_taken_out_of_ps_is_refused(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    code = "import sys; sys.modules['setproctitle'] = None; from simpleflow_nb.cli.main import main; main(sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, "service.start", "--port", "0", "--token", TOKEN],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (2, f"simpleflow-nb: --token can be read by everybody in ps; {HINT}\n")
    assert os.listdir(tmp_path) == ["hidden"]


def test_a_known_secret_on_the_command_line_is_taken_out_of_ps(tmp_path: Path) -> None:
    with service(tmp_path, "--domain", "a-secret-of-12", FLOWAPI_TOKEN="a-secret-of-12") as (process, _):
        assert "a-secret-of-12" not in repr(psutil.Process(process.pid).cmdline())
