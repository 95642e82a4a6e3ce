"""The files for containers: the script runs the same commands, and what the others name is there. No image is built."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from simpleflow_nb.cli.commands import COMMANDS
from tests.acceptance.samples import ROOT, WORKFLOWS, environment, inputs
from workers.reports.asciidoc import PROGRAMS

DEPLOY = ROOT / "deploy"
SETTINGS = {
    *("AUTOFLOW_INPUTS_DIR", "AUTOFLOW_OUTPUTS_DIR", "AUTOFLOW_LOG_LEVEL", "AUTOFLOW_DB_URI"),
    *("FLOWAPI_URL", "SSL_CERTIFICATE_FILE"),
}


def entered(place: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The entry script with those words, in a folder with inputs; the command line is that of this checkout."""
    commands = place / "bin"
    commands.mkdir(exist_ok=True)
    command = commands / "simpleflow-nb"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m simpleflow_nb "$@"\n')
    command.chmod(0o755)
    environ = environment(
        PATH=f"{commands}{os.pathsep}{os.environ['PATH']}",
        AUTOFLOW_INPUTS_DIR=str(place / "in"),
        AUTOFLOW_OUTPUTS_DIR=str(place / "out"),
        **more,
    )
    return subprocess.run(
        [DEPLOY / "entrypoint.sh", *words], env=environ, cwd=place, capture_output=True, text=True, timeout=180, check=False
    )


def test_without_a_command_it_checks_and_starts_the_sensor(tmp_path: Path) -> None:
    inputs(tmp_path / "in", dates=("2016-01-01",), workflows=WORKFLOWS.replace('"0 6 * * *"', "null"))
    done = entered(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split()[:2] == ["ok", "file"]
    assert re.search(r"^1 of 1 run succeeded", done.stdout, re.MULTILINE)
    assert len(list(tmp_path.glob("out/reports/days/latest/report.pdf"))) == 1


def test_with_a_command_it_runs_that_alone(tmp_path: Path) -> None:
    inputs(tmp_path / "in", dates=("2016-01-01",))
    done = entered(tmp_path, "plan")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 run due, 0 not due")
    assert not (tmp_path / "out").exists()


def test_a_wrong_file_ends_it_with_its_problems(tmp_path: Path) -> None:
    inputs(tmp_path / "in", workflows=WORKFLOWS.replace("schedule:", "shedule:"))
    done = entered(tmp_path)
    assert done.returncode == 2
    assert "workflows.yml:12: 'shedule' is not a setting of available_dates_sensor (did you mean 'schedule'?)" in done.stderr


def _instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_what_the_image_copies_is_there_and_what_it_sets_is_known() -> None:
    given = _instructions()
    assert given[0][0] == "FROM"
    for word, rest in given:
        if word == "COPY":
            *sources, _ = rest.split()
            assert [source for source in sources if not (ROOT / source).exists()] == []
        if word == "ENV":
            names = {pair.partition("=")[0] for pair in rest.split()}
            assert names - {"PYTHONUNBUFFERED", "HOME"} <= SETTINGS
    script = dict(given)["ENTRYPOINT"]
    assert any(word == "COPY" and rest.endswith(script.strip('[]"')) for word, rest in given)


def test_the_image_has_the_programs_that_reports_may_need() -> None:
    [installed] = [rest.split() for word, rest in _instructions() if word == "RUN" and "apt-get install" in rest]
    assert set(PROGRAMS.values()) <= set(installed)
    assert {"update", "--yes", "--no-install-recommends"} <= set(installed)
    assert installed[-3:] == ["rm", "-rf", "/var/lib/apt/lists/*"]  # in the same layer, or it is kept all the same


def test_the_image_has_every_extra_that_runs_need_and_runs_as_a_user_who_may_write_what_it_writes() -> None:
    given = _instructions()
    extras = ConfigParser()
    extras.read(ROOT / "setup.cfg")
    [wanted] = [re.findall(r"\[([a-z,]+)\]", rest)[0].split(",") for word, rest in given if "pip install" in rest]
    assert set(extras["options.extras_require"]) - {"test", "docs"} == set(wanted)
    words = [word for word, _ in given]
    assert dict(given)["USER"] == "analyst"
    assert max(number for number, word in enumerate(words) if word in ("RUN", "COPY")) < words.index("USER")
    environ = dict(pair.split("=") for word, rest in given if word == "ENV" for pair in rest.split())
    made = " ".join(rest for word, rest in given if word == "RUN")
    assert f"chmod 1777 {environ['HOME']}" in made  # with another --user, IPython and matplotlib write there all the same
    assert f"chown analyst {environ['AUTOFLOW_OUTPUTS_DIR']}" in made


def test_the_script_names_commands_that_exist() -> None:
    named = re.findall(r"^(?:exec )?simpleflow-nb ([a-z.]+)", (DEPLOY / "entrypoint.sh").read_text(), re.MULTILINE)
    assert named == ["doctor", "sensor.start"]
    assert set(named) <= set(COMMANDS)
    assert os.access(DEPLOY / "entrypoint.sh", os.X_OK)


@pytest.fixture
def stack() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "stack.yml").read_text())
    return found


def test_the_stack_gives_each_service_secrets_and_volumes_that_it_declares(stack: dict[str, Any]) -> None:
    for service in stack["services"].values():
        assert set(service.get("secrets", ())) <= set(stack["secrets"])
        named = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert {name for name in named if not name.startswith("$")} <= set(stack["volumes"])


def test_the_stack_sets_what_is_read_and_no_password_stands_in_it(stack: dict[str, Any]) -> None:
    sensor = stack["services"]["autoflow"]
    assert set(sensor["environment"]) <= SETTINGS
    assert sensor["environment"]["AUTOFLOW_DB_URI"].count("{}") == 1
    assert sensor["deploy"]["replicas"] == 1
    records = stack["services"]["autoflow_postgres"]["environment"]
    assert records["POSTGRES_PASSWORD_FILE"] == "/run/secrets/AUTOFLOW_DB_PASSWORD"
    assert "POSTGRES_PASSWORD" not in records


def _variables(text: str) -> dict[str, str]:
    """What a stack file takes from the environment of whoever deploys it, with what follows each name."""
    return dict(re.findall(r"\$\{([A-Z_]+)(:?[-?][^}]*)?\}", text))


def test_the_stack_is_deployed_with_the_variables_of_autoflows_and_has_its_database_where_it_was(stack: dict[str, Any]) -> None:
    taken = _variables((DEPLOY / "stack.yml").read_text())
    required = {name for name, more in taken.items() if more.startswith(":?")}
    assert required == {"AUTOFLOW_INPUTS_DIR", "AUTOFLOW_OUTPUTS_DIR", "FLOWAPI_URL"}
    assert set(taken) - required == {"AUTOFLOW_LOG_LEVEL", "SSL_CERTIFICATE_FILE", "SIMPLEFLOW_NB_IMAGE"}
    assert set(stack["services"]) == {"autoflow", "autoflow_postgres"}
    assert set(stack["secrets"]) == {"AUTOFLOW_DB_PASSWORD", "FLOWAPI_TOKEN"}
    uri = stack["services"]["autoflow"]["environment"]["AUTOFLOW_DB_URI"]
    assert uri == "postgresql://autoflow:{}@autoflow_postgres:5432/autoflow"
    mounted = [volume.rpartition("}:")[2] for volume in stack["services"]["autoflow"]["volumes"]]
    assert mounted == ["/mounts/inputs:ro", "/mounts/outputs"]


def test_the_stack_with_a_certificate_is_what_its_comment_says() -> None:
    text = (DEPLOY / "stack.yml").read_text()
    lines = [re.sub(r"^( +)# ", r"\1", line) for line in text.splitlines()]
    assert sum(before != after for before, after in zip(text.splitlines(), lines, strict=True)) == 3
    with_certificate = yaml.safe_load("\n".join(lines))
    assert "cert.pem" in with_certificate["services"]["autoflow"]["secrets"]
    assert with_certificate["secrets"]["cert.pem"] == {"external": True}
