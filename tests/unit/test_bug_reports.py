"""An exception that nobody foresaw: one line, a file with the traceback, an exit code of its own; and readers who go away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from simpleflow_nb.cli import main as command_line
from simpleflow_nb.cli.main import console
from simpleflow_nb.exceptions import ServiceError
from simpleflow_nb.processes.bug_reports import MOST_KEPT, bug_sentence

LINE = "simpleflow-nb: this is a bug of simpleflow-nb, please report it with {}: {}\n"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory ``here`` and a folder ``temporary``, beside each other."""
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.delenv("AUTOFLOW_OUTPUTS_DIR", raising=False)
    return tmp_path


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int | BaseException:
    """What a command ends with that raises the error."""

    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(command_line.cli, "main", broken)
    monkeypatch.setattr(sys, "argv", ["simpleflow-nb", "plan", "--why"])
    with pytest.raises((SystemExit, KeyboardInterrupt)) as stop:
        console()
    return int(str(stop.value.code)) if isinstance(stop.value, SystemExit) else stop.value


def only_file(folder: Path) -> Path:
    [found] = folder.glob("simpleflow-nb-bug-*.txt")
    return found


def test_what_nobody_foresaw_is_one_line_and_a_file_with_the_traceback(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, ValueError("two\nlines of " + "x" * 300)) == 4
    kept = only_file(places / "temporary")
    told = "ValueError: two lines of " + "x" * 300
    assert capsys.readouterr().err == LINE.format(kept, told[:200] + "...")
    assert "in broken\n    raise error\n" in kept.read_text()
    assert "\n$ simpleflow-nb plan --why\n" in kept.read_text()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceError("nobody answers"), 3),
        (FileNotFoundError(2, "No such file or directory", "nix.yml"), 1),
        (OSError("names no file"), 4),
        (RecursionError("deep"), 4),
        (SystemExit(7), 7),
    ],
)
def test_expected_errors_keep_their_exit_code(
    error: BaseException, code: int, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(monkeypatch, error) == code
    assert len(list((places / "temporary").iterdir())) == (code == 4)


def test_an_interrupt_is_no_bug(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt = KeyboardInterrupt()
    assert ended(monkeypatch, interrupt) is interrupt
    assert list((places / "temporary").iterdir()) == []


@pytest.mark.parametrize("state", ["here/.simpleflow-nb", "here/out/.simpleflow-nb", "elsewhere/.simpleflow-nb"])
def test_the_file_lies_in_the_state_folder_where_there_is_one(
    state: str, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (places / state).mkdir(parents=True)
    monkeypatch.setenv("AUTOFLOW_OUTPUTS_DIR", str(places / "elsewhere"))
    assert ended(monkeypatch, ValueError("odd")) == 4
    assert only_file(places / state).is_file()


def test_a_state_folder_that_cannot_be_written_to_is_passed_over(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = places / "here" / ".simpleflow-nb"
    state.mkdir()
    made = tempfile.mkstemp

    def refuses(ending: str, beginning: str, folder: Path) -> tuple[int, str]:
        if folder == state:
            raise PermissionError(13, "Permission denied", str(folder))
        return made(ending, beginning, folder)

    monkeypatch.setattr(tempfile, "mkstemp", refuses)
    assert str(places / "temporary") in bug_sentence(ValueError("odd"))


def test_without_a_place_for_the_file_the_traceback_is_printed(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(places / "nowhere"))
    line, *rest = bug_sentence(ValueError("odd")).splitlines()
    assert line == "this is a bug of simpleflow-nb, please report it: ValueError: odd (no file could be written)"
    assert rest[-1] == "ValueError: odd"


def test_only_the_newest_bug_reports_are_kept_and_other_files_stay(places: Path) -> None:
    other = places / "temporary" / "simpleflow-nb-bug.txt"
    other.write_text("mine")
    for number in range(MOST_KEPT + 3):
        bug_sentence(ValueError(f"number {number}"))
    kept = sorted((places / "temporary").glob("simpleflow-nb-bug-*.txt"))
    assert [path.read_text().rsplit("number ", 1)[1].strip() for path in kept] == [str(n) for n in range(3, MOST_KEPT + 3)]
    assert other.read_text() == "mine"


def test_the_bug_of_a_thread_is_told_in_the_same_way(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*_: object, **__: object) -> None:
        thread = threading.Thread(target=lambda: {}["lacking"])
        thread.start()
        thread.join()

    monkeypatch.setattr(command_line.cli, "main", command)
    with pytest.raises(SystemExit) as stop:
        console()
    assert stop.value.code == 0
    assert capsys.readouterr().err == LINE.format(only_file(places / "temporary"), "KeyError: 'lacking'")


#: a command that prints, notes that it came to its end, and ends with a code
PRINTS = """\
import sys
from pathlib import Path
import click
from simpleflow_nb.cli import main
def command(*_, **__):
    for number in range(20_000):
        click.echo(f"line {number}", err=sys.argv[2] == "err")
    Path(sys.argv[3]).write_text("done")
    return int(sys.argv[1])
main.cli.main = command
main.console()
"""


@pytest.mark.parametrize("stream", ["out", "err"])
@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("reader", [lambda pipe: None, lambda pipe: pipe.readline()], ids=["true", "head -1"])
def test_a_reader_who_goes_away_ends_nothing_and_changes_no_exit_code(
    code: int, stream: str, reader: Callable[..., object], tmp_path: Path
) -> None:
    words = [sys.executable, "-c", PRINTS, str(code), stream, str(tmp_path / "end")]
    nowhere = subprocess.DEVNULL
    to = {"stdout": subprocess.PIPE, "stderr": nowhere} if stream == "out" else {"stdout": nowhere, "stderr": subprocess.PIPE}
    with subprocess.Popen(words, **to) as process:
        pipe = process.stdout or process.stderr
        assert pipe is not None
        reader(pipe)
        pipe.close()
        assert process.wait(60) == code
    assert (tmp_path / "end").read_text() == "done"


def test_what_is_printed_into_a_pipe_comes_through_whole(tmp_path: Path) -> None:
    words = [sys.executable, "-c", PRINTS, "0", "out", str(tmp_path / "end")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert re.findall(r"\d+", done.stdout) == [str(number) for number in range(20_000)]
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN


@pytest.mark.parametrize("settings", [{}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}])
def test_what_the_encoding_of_standard_output_cannot_express_is_escaped(settings: dict[str, str], tmp_path: Path) -> None:
    code = (
        "import click\nfrom simpleflow_nb.cli import main\n"
        "main.cli.main = lambda **_: click.echo('half \\ud800 \\u2713 end')\nmain.console()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, env={**os.environ, **settings})
    check = b"\\u2713" if "PYTHONIOENCODING" in settings else "✓".encode()
    assert (done.returncode, done.stdout) == (0, b"half \\ud800 " + check + b" end\n")
