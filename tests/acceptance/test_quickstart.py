"""The first page that a new user follows: its cells, its file and its commands, typed as they stand there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.acceptance.samples import ROOT, notebook, typed

PAGE = (ROOT / "docs" / "quickstart.rst").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """Every literal block and code block of the page, without its indentation."""
    found = re.findall(r"(?:::|\.\. code-block:: \w+)\n\n((?:    .*\n|\n)+)", PAGE)
    return [re.sub(r"^    ", "", block.rstrip(), flags=re.MULTILINE) for block in found]


def block(beginning: str) -> str:
    [only] = [one for one in blocks() if one.startswith(beginning)]
    return only


def test_the_quickstart_typed_as_it_stands_prints_what_it_says(tmp_path: Path) -> None:
    sales = tmp_path / "sales"
    (sales / "data").mkdir(parents=True)
    for day in (1, 2):
        (sales / "data" / f"2024-01-0{day}.csv").write_text(block("shop,amount") + "\n", encoding="utf-8")
    (sales / "workflows.yml").write_text(block("workflows:"), encoding="utf-8")
    notebook(sales / "totals.ipynb", block("date_ranges"), block("import pandas as pd\n\ndays"), block("import scrapbook"))
    notebook(
        sales / "report.ipynb",
        block("totals_notebook"),
        block("import pandas as pd\nimport scrapbook"),
        block("pd.Series"),
    )
    commands = re.split(r"^\$ simpleflow-nb ", block("$ simpleflow-nb validate"), flags=re.MULTILINE)[1:]
    commands += re.split(r"^\$ simpleflow-nb ", block("$ simpleflow-nb status"), flags=re.MULTILINE)[1:]
    assert len(commands) == 4
    for text in commands:
        words, _, printed = text.partition("\n")
        if words.startswith("status"):
            (sales / "data" / "2024-01-03.csv").write_text("shop,amount\nBern,5\n")
            third = typed("sensor.start", "sales/workflows.yml", "--local", "--once", cwd=tmp_path)
            assert (third.returncode, third.stdout.splitlines()[-1][:22]) == (0, "1 of 1 run succeeded i")
        done = typed(*words.split(), cwd=tmp_path)
        said = done.stdout.replace(str(sales), "/home/ann/sales")
        assert (timeless(said), done.returncode) == (timeless(printed), 0), done.stderr


def timeless(text: str) -> str:
    return re.sub(r"in \d+ s", "in N s", text.strip())
