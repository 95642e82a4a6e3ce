"""``notebook.pdf`` as somebody types it."""

import re
from pathlib import Path

import pytest

from tests.acceptance.samples import typed
from tests.unit.reports.samples import code, notebook, prose, saved, shown

FLOWS = notebook(prose("# Flows\n\n![gone](gone.png)"), code(shown(text_plain="42"), source="answer()"))


def test_the_pdf_stands_beside_the_notebook_and_warnings_are_told(tmp_path: Path) -> None:
    saved(tmp_path, FLOWS, "flows.ipynb")
    done = typed("notebook.pdf", "flows.ipynb", cwd=tmp_path)
    assert done.returncode == 0
    assert re.sub(r"\d+ kB in \d+\.\d s", "N kB in N s", done.stdout) == "flows.pdf: 1 page, N kB in N s\n"
    assert done.stderr == "warning: cell 1: the image gone.png was left out (no such file)\n"
    assert (tmp_path / "flows.pdf").read_bytes().startswith(b"%PDF")


def test_the_name_of_the_output_says_that_it_is_html(tmp_path: Path) -> None:
    saved(tmp_path, FLOWS, "flows.ipynb")
    done = typed("notebook.pdf", "flows.ipynb", "-o", "out/flows.html", "--code", cwd=tmp_path)
    assert re.sub(r"\d+ kB in \d+\.\d s", "N kB in N s", done.stdout) == "out/flows.html: N kB in N s\n"
    assert "answer" in (tmp_path / "out" / "flows.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["no.ipynb"], 2, "not a readable notebook: no.ipynb (there is no such file)"),
        (["text.txt"], 2, "not a readable notebook: text.txt (it is not JSON)"),
        (["."], 2, "not a readable notebook: . (it is a folder)"),
        (["/"], 2, "not a readable notebook: / (it is a folder)"),
        ([""], 2, "not a readable notebook: . (it is a folder)"),
        (["flows.ipynb", "-o", "flows.docx"], 2, "flows.docx: a report is a .pdf or .html file"),
        (["flows.ipynb", "--template", "no.typ"], 2, "no.typ: there is no such file"),
        (
            ["flows.ipynb", "--template", "text.txt"],
            2,
            "text.txt: a template ends in .typ (Typst), .tpl or .asciidoc.j2 (asciidoc)",
        ),
        (["flows.ipynb", "-o", "a.html", "--template", "bad.typ"], 2, "--template is for PDF; HTML has one look"),
        (["flows.ipynb", "--fonts", "nowhere"], 2, "nowhere: there is no such folder"),
        (["flows.ipynb", "--template", "bad.typ"], 1, "template bad.typ:1: unknown variable: nope"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_file(tmp_path: Path, words: list[str], code: int, message: str) -> None:
    saved(tmp_path, FLOWS, "flows.ipynb")
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "bad.typ").write_text("#let style(about, body) = nope")
    before = sorted(tmp_path.iterdir())
    done = typed("notebook.pdf", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"simpleflow-nb: {message}\n")
    assert sorted(tmp_path.iterdir()) == before


def test_a_notebook_that_has_not_run_is_told_of(tmp_path: Path) -> None:
    unrun = notebook(prose("# Flows"), {**code(source="answer()"), "execution_count": None})
    saved(tmp_path, unrun, "flows.ipynb")
    done = typed("notebook.pdf", "flows.ipynb", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        0,
        "warning: no cell of flows.ipynb has been run, so that there are no results to show; notebook.run runs it\n",
    )
