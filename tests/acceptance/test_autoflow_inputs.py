"""AutoFlow's own example, started as its documentation says: its variables, its names, its database with what it has run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from examples.flowapi.stand_in import served, token
from tests.acceptance.autoflow_inputs import record_as_autoflow, write_inputs
from tests.acceptance.samples import ROOT
from tests.acceptance.test_deployment import entered
from tests.service.postgresql import PASSWORD, postgresql
from tests.settings import is_soak
from workers.databases import installed_driver

SIXTH, SEVENTH = date(2016, 1, 6), date(2016, 1, 7)
HISTORY = [
    (SIXTH, "admin2", "running"),
    (SIXTH, "admin2", "success"),
    (SIXTH, "admin3", "running"),
    (SIXTH, "admin3", "failed"),
    (SEVENTH, "admin2", "running"),
    (SEVENTH, "admin3", "running"),
    (SEVENTH, "admin3", "success"),
]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """AUTOFLOW_DB_URI of a database in which AutoFlow has recorded runs."""
    if request.param == "sqlite":
        address = f"sqlite:///{tmp_path}/autoflow.sqlite3"
        _fill(address)
        yield address
        return
    with postgresql() as address:
        _fill(address)
        yield address.replace("postgresql://", "postgresql+psycopg2://")  # as some have it


def _fill(address: str) -> None:
    engine = sa.create_engine(installed_driver(sa.make_url(address.replace("{}", quote(PASSWORD, safe="")))))
    record_as_autoflow(engine, HISTORY)
    engine.dispose()


def test_it_goes_on_where_autoflow_left_it(database: str, tmp_path: Path) -> None:
    write_inputs(tmp_path / "in")
    with served() as flowapi:
        given = {
            "FLOWAPI_URL": flowapi.url,
            "FLOWAPI_TOKEN": token(),
            "AUTOFLOW_DB_URI": database,
            "AUTOFLOW_DB_PASSWORD": PASSWORD,
            "AUTOFLOW_LOG_LEVEL": "ERROR",
            "SSL_CERTIFICATE_FILE": "",
        }
        planned = entered(tmp_path, "plan", "--why", **given)
        assert planned.returncode == 0, planned.stderr
        assert planned.stdout.count("already succeeded in AutoFlow") == 2
        done = entered(tmp_path, **given)
        again = entered(tmp_path, "plan", **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 of 2 runs succeeded" in done.stdout
    assert re.search(r"^0 runs due", again.stdout, re.MULTILINE), again.stdout
    made = sorted(path.parent.name.partition("_")[0] for path in tmp_path.glob("out/reports/flows_above_normal/2016*/*.pdf"))
    assert made == ["2016-01-06", "2016-01-07"]


@pytest.mark.skipif(not is_soak(), reason="installs 200 MB of packages")
def test_it_runs_with_the_libraries_that_it_was_written_for_as_the_documentation_says(tmp_path: Path) -> None:
    """The notebooks call what pandas 2 has no more; the commands of the documentation make the kernel that has it."""
    text = (ROOT / "docs" / "autoflow.rst").read_text()
    block = text.partition("Keeping the libraries of its notebooks")[2].partition("::\n\n")[2].partition("\n\n")[0]
    for line in block.replace("\\\n", " ").splitlines():
        words = [word.replace("/opt/autoflow", f"{tmp_path}/env") for word in shlex.split(line)]
        words = [str(tmp_path / "shared") if word == "/usr/local" else word for word in words]
        words[0] = sys.executable if words[0] == "python" else words[0]
        subprocess.run(words, check=True, timeout=1_800)
    write_inputs(tmp_path / "in", kernel="autoflow")
    with served() as flowapi:
        given = {
            "FLOWAPI_URL": flowapi.url,
            "FLOWAPI_TOKEN": token(),
            "JUPYTER_PATH": os.pathsep.join([f"{tmp_path}/shared/share/jupyter", os.environ.get("JUPYTER_PATH", "")]),
        }
        done = entered(tmp_path, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 runs succeeded" in done.stdout
    assert len(list(tmp_path.glob("out/reports/flows_above_normal/2016*/*.pdf"))) == 4
