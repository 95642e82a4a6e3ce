"""The folder of a notebook is its working directory: what it writes there under our names is not lost without a word."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("temporary", "no_kernel_is_left")


def warnings_of(into):
    record = json.loads((into / "run.json").read_text())
    return record["light"], record["status"], record["warnings"]


@pytest.mark.parametrize("name", ["output.txt", "run.json", "config.json", "report.ipynb"])
@pytest.mark.parametrize(
    "change",
    ["open(NAME, 'w').write('mine')", "open('x', 'w').write('mine'); os.replace('x', NAME)", "os.remove(NAME)"],
)
def test_a_notebook_that_changes_a_file_of_ours_is_orange(write, run, into, name, change):
    run(write("a = 1", f"import os; {change.replace('NAME', repr(name))}", "print('hello')"))
    assert warnings_of(into) == (
        "orange",
        "succeeded",
        [
            f"the notebook has changed {name!r}, a file of ours in its folder, so that one of the two is not whole; "
            "use another name"
        ],
    )


def test_what_a_notebook_writes_into_its_output_stays_there(write, run, into):
    kept = run(write("a = 1", "print('first')", "open('output.txt', 'w').write('mine\\n')", "print('second')"))
    assert kept == "mine\nsecond\n"


def test_files_with_other_names_are_the_notebooks_own(write, run, into):
    run(write("a = 1", "print('first')", "open('my_output.txt', 'w').write('mine')", "print('second')"))
    assert warnings_of(into) == ("green", "succeeded", [])
