"""What is kept of a notebook and of what it prints holds no secret, and is a notebook still."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from simpleflow_nb import environment
from simpleflow_nb.masking import Masker
from workers.notebooks.notebook_output import OutputText
from workers.notebooks.notebook_saves import masked_notebook, notebook_text

SECRET = "db&<ZQZQ>\"q's\\wörd%$1"


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    monkeypatch.setattr(environment, "SECRETS_DIR", folder)
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", SECRET)
    return folder


def notebook(*outputs: NotebookNode, **cell: object) -> NotebookNode:
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell("x", outputs=list(outputs), **cell)]
    return made


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return nbformat.v4.new_output("stream", name=name, text=text)


def shown(**data: object) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data={name.replace("_", "/"): value for name, value in data.items()})


def saved(given: NotebookNode, *secrets: str) -> NotebookNode:
    before = copy.deepcopy(given)
    made = masked_notebook(given, Masker(secrets or (SECRET,)))
    assert given == before  # the run goes on with it
    read: NotebookNode = nbformat.reads(notebook_text(made), as_version=4)
    nbformat.validate(read)
    return read


def outputs_of(made: NotebookNode) -> list[NotebookNode]:
    return list(made.cells[0].outputs)


def test_a_table_of_pandas_shows_no_secret() -> None:
    import pandas as pd

    table = pd.DataFrame({"password": [SECRET], SECRET: [1]})
    made = outputs_of(saved(notebook(shown(text_html=table.to_html(), text_plain=repr(table)))))[0].data
    assert "ZQZQ" not in json.dumps(made)
    assert "<td>***</td>" in made["text/html"]
    assert "<th>***</th>" in made["text/html"]


def test_keys_names_of_errors_tracebacks_attachments_and_metadata_are_masked_too() -> None:
    error = nbformat.v4.new_output("error", ename=SECRET, evalue=f"no {SECRET}", traceback=["File", f"\x1b[31m{SECRET}\x1b[0m"])
    scrap = shown(text_plain="x")
    scrap.data["application/scrapbook.scrap.json+json"] = {"name": SECRET, "data": {SECRET: [SECRET]}, "encoder": "json"}
    scrap.metadata = {"scrapbook": {"name": SECRET}}
    given = notebook(error, scrap, metadata={"tags": [SECRET], SECRET: SECRET})
    given.cells.append(nbformat.v4.new_markdown_cell(f"# {SECRET}", attachments={f"{SECRET}.txt": {"text/plain": SECRET}}))
    given.metadata["papermill"] = {"parameters": {"x": SECRET}, SECRET: 1}
    made = saved(given)
    assert "ZQZQ" not in json.dumps(made)
    assert outputs_of(made)[0].evalue == "no ***"
    assert outputs_of(made)[0].traceback == ["File", "\x1b[31m***\x1b[0m"]
    assert made.metadata.papermill == {"parameters": {"x": "***"}, "***": 1}


@pytest.mark.parametrize("secret", ["markdown", "metadata", "cell_type", "execution_count", "outputs", "nbformat_minor"])
def test_a_secret_that_is_a_word_of_the_format_leaves_a_notebook(secret: str) -> None:
    given = notebook(stream(f"it is {secret}\n"))
    given.cells.append(nbformat.v4.new_markdown_cell("text"))
    made = saved(given, secret)
    assert outputs_of(made)[0].text == "it is ***\n" if len(secret) >= 8 else "it is outputs\n"
    assert [cell.cell_type for cell in made.cells] == ["code", "markdown"]


def test_a_secret_that_was_printed_in_two_pieces_is_masked_and_other_pieces_stay_as_they_are() -> None:
    pieces = [stream("one " + SECRET[:7]), stream("warning\n", "stderr"), stream(SECRET[7:] + " two"), shown(text_plain="x")]
    made = outputs_of(saved(notebook(*pieces)))
    assert [(one.output_type, one.get("text")) for one in made] == [
        ("stream", "one *** two"),
        ("stream", "warning\n"),
        ("display_data", None),
    ]
    whole = [stream(f"one {SECRET}\n"), shown(text_plain="x"), stream("two\n")]
    assert [one.get("text") for one in outputs_of(saved(notebook(*whole)))] == ["one ***\n", None, "two\n"]


def test_what_holds_no_secret_is_not_copied() -> None:
    given = notebook(stream("a" * 100), shown(text_html="<p>"))
    made = masked_notebook(given, Masker([SECRET]))
    assert made.cells[0] is not None
    assert made.cells[0].outputs[0] is given.cells[0].outputs[0]


def test_where_nothing_is_secret_a_notebook_is_not_looked_through() -> None:
    class Untouched(NotebookNode):  # type: ignore[misc]
        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"{name} was looked at")

    given = Untouched()
    assert masked_notebook(given, Masker([])) is given


@pytest.mark.parametrize("size", [1, 7, 40, 1000, 70_000])
def test_no_secret_slips_through_a_line_without_end_in_two_halves(tmp_path: Path, size: int) -> None:
    text = ("x" * 65_530 + SECRET) * 3
    output = OutputText(tmp_path / "output.txt")
    for at in range(0, len(text), size):
        output.stdout.write(text[at : at + size])
        if at % 5_000 == 0:
            output.stdout.flush()
            assert "ZQZQ" not in output.path.read_text()
    output.end_cell()
    assert "ZQZQ" not in output.path.read_text()
    output.close()
    assert output.path.read_text() == ("x" * 65_530 + "***") * 3 + "\n"


def test_a_secret_of_several_lines_is_masked_while_it_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", "first line of it\nsecond line of it")
    output = OutputText(tmp_path / "output.txt")
    for line in ("begin\n", "first line of it\n", "  second line of it\n"):
        output.stdout.write(line)
    output.stdout.flush()
    assert output.path.read_text() == "begin\n***\n  ***\n"
    output.close()
    assert output.path.read_text() == "begin\n***\n  ***\n"


def test_secrets_of_the_kernels_own_variables_are_masked(tmp_path: Path) -> None:
    output = OutputText(tmp_path / "output.txt", {"MY_DATABASE": "postgresql://me:of-the-kernel@db/x"})
    output.stdout.write("of-the-kernel\n")
    output.close()
    assert output.path.read_text() == "***\n"


def test_a_token_that_was_replaced_while_the_notebook_ran_is_masked_before_and_after(tmp_path: Path, secret: Path) -> None:
    secret.mkdir()
    (secret / "FLOWAPI_TOKEN").write_text("the-old-token")
    output = OutputText(tmp_path / "output.txt")
    (secret / "FLOWAPI_TOKEN").write_text("the-new-token")
    output.stdout.write("the-old-token\nthe-new-token\n")
    output.close()
    assert output.path.read_text() == "***\n***\n"
