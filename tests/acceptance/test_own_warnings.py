"""Whose warnings turn a run orange: those of the analyst's own code, wherever they say that they come from."""

import pytest

from tests.acceptance.conftest import run_json

OWN_MODULE = """\
import warnings


class Stale(UserWarning):
    pass


def load():
    warnings.warn('stale', Stale, stacklevel=2)
"""
LIBRARY = "import warnings\n\n\ndef read():\n    warnings.warn('not dates', stacklevel=2)\n"


@pytest.fixture
def folder(tmp_path):
    """An inputs folder with a module of the analyst's, and a library installed below it."""
    (tmp_path / "loading.py").write_text(OWN_MODULE)
    library = tmp_path / "env" / "site-packages" / "parsing.py"
    library.parent.mkdir(parents=True)
    library.write_text(LIBRARY)
    return tmp_path


PATHS = "import sys; sys.path += [{folder!r}, {folder!r} + '/env/site-packages']"


@pytest.mark.parametrize(
    ("cell", "warning"),
    [
        ("import warnings; warnings.warn('3 shops did not report')", "UserWarning: 3 shops did not report"),
        ("import warnings\ndef f():\n    warnings.warn('deep', stacklevel=2)\nf()", "UserWarning: deep"),
        ("import warnings; [warnings.warn('listed') for _ in range(1)]", "UserWarning: listed"),
        ("import loading; loading.load()", "Stale: stale"),
        ("import warnings\nclass Odd(Warning): pass\nwarnings.warn('odd', Odd)", "Odd: odd"),
        (
            "import threading, warnings\nt = threading.Thread(target=lambda: warnings.warn('thread'))\nt.start(); t.join()",
            "UserWarning: thread",
        ),
        (
            "import asyncio, warnings\nasync def f(): warnings.warn('task')\nawait asyncio.create_task(f())",
            "UserWarning: task",
        ),
        ("import logging, warnings; logging.captureWarnings(True); warnings.warn('logged')", "UserWarning: logged"),
        ("import parsing; parsing.read()", None),  # it names the cell as its place
        ("import warnings; warnings.warn('old', DeprecationWarning)", None),
        ("import warnings; warnings.simplefilter('ignore'); warnings.warn('ignored')", None),
        ("import warnings\nwith warnings.catch_warnings(record=True): warnings.warn('caught')", None),
        ("import warnings; warnings.showwarning = lambda *_: None; warnings.warn('to nobody')", None),
    ],
)
def test_a_warning_of_the_analysts_own_code_turns_a_run_orange(run, write, into, folder, cell, warning):
    path = write("a = 1", PATHS.format(folder=str(folder)), cell)
    done = run(path, {}, into, inputs_dir=folder)
    assert (done.light, done.warnings) == (("orange", (warning,)) if warning else ("green", ()))
    assert run_json(into)["warnings"] == list(done.warnings)


@pytest.mark.parametrize(
    ("counted", "warnings"),
    [("own", ("UserWarning: own",)), ("all", ("UserWarning: own", "UserWarning: not dates")), ("none", ())],
)
def test_which_warnings_count_can_be_chosen(run, write, into, folder, counted, warnings):
    cell = "import warnings, parsing\nwarnings.warn('own')\nparsing.read()"
    done = run(write("a = 1", PATHS.format(folder=str(folder)), cell), {}, into, inputs_dir=folder, counted_warnings=counted)
    assert done.warnings == warnings
    assert "UserWarning: not dates" in (into / "output.txt").read_text()  # what is printed stays as it is


def test_a_missing_kernel_is_reported_wherever_it_matters(run, write, into):
    spec = {"name": "mycorp-py39", "display_name": "MyCorp", "language": "python"}
    done = run(write("a = 1", kernelspec=spec), {}, into)
    assert done.light == "orange"
    assert done.warnings[0].startswith("kernel 'mycorp-py39' is not installed, and Python 3.")
    assert done.warnings[0].endswith("('kernel: python3' says that this is right, 'kernel_fallback: false' refuses it)")
    assert run_json(into)["kernel"]["instead_of"] == "mycorp-py39"
