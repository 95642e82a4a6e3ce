"""One description of every variable of the environment, and the object that is made of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from simpleflow_nb import environment, settings
from simpleflow_nb.activity import Activity
from simpleflow_nb.exceptions import DefinitionError, ExitCode
from simpleflow_nb.variables import REPLACED, VARIABLES
from simpleflow_nb.workflow import Workflow


@pytest.fixture(autouse=True)
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(environment, "SECRETS_DIR", tmp_path)
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    settings.renew()
    yield tmp_path
    settings.renew()


def test_without_anything_each_has_its_default() -> None:
    for variable in VARIABLES:
        assert getattr(settings, variable.name) == variable.default, variable.name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SWF_DOMAIN", " prod ", "prod"),
        ("SWF_DOMAIN", "", None),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("SWF_CONNECTION_RETRIES", "7", 7),
        ("SIMPLEFLOW_NB_KERNELS", "spawn", "spawn"),
        ("NO_COLOR", "0", True),
        ("AUTOFLOW_DB_PASSWORD", "ZQZQ", SecretStr("ZQZQ")),
    ],
)
def test_a_value_is_of_its_kind(name: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    assert getattr(settings, name) == value


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("SWF_CONNECTION_RETRIES", "many", "SWF_CONNECTION_RETRIES is 'many'; a number is expected"),
        ("SIMPLEFLOW_NB_KERNEL_POOL", "65", "SIMPLEFLOW_NB_KERNEL_POOL is '65'; a number from 0 to 64 is expected"),
        ("SIMPLEFLOW_NB_KERNELS", "thread", "SIMPLEFLOW_NB_KERNELS is 'thread'; fork or spawn is expected"),
    ],
)
def test_a_bad_value_is_refused_in_a_sentence(name: str, text: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(DefinitionError) as refused:
        settings.current()
    assert str(refused.value) == told
    assert refused.value.exit_code is ExitCode.WRONG


def test_a_mounted_file_wins_for_variables_that_may_be_mounted(mounted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLOWAPI_URL", "SWF_DOMAIN"):
        monkeypatch.setenv(name, "from-the-environment")
        (mounted / name).write_text("from-the-file\n")
    assert (settings.FLOWAPI_URL, settings.SWF_DOMAIN) == ("from-the-file", "from-the-environment")


def test_settings_are_read_once_and_again_on_renew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.SWF_DOMAIN is None
    monkeypatch.setenv("SWF_DOMAIN", "prod")
    assert settings.SWF_DOMAIN is None
    settings.renew()
    assert settings.SWF_DOMAIN == "prod"


def test_a_secret_is_not_in_what_is_printed_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", "ZQZQZQZQ")
    assert "ZQ" not in repr(settings.current())


def test_names_of_simpleflow_say_what_an_activity_has_without_a_word() -> None:
    assert Activity(lambda: None, name="own").timeouts == {
        "heartbeatTimeout": settings.ACTIVITY_HEARTBEAT_TIMEOUT,
        "scheduleToCloseTimeout": settings.ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT,
        "scheduleToStartTimeout": settings.ACTIVITY_SCHEDULE_TO_START_TIMEOUT,
        "startToCloseTimeout": settings.ACTIVITY_START_TO_CLOSE_TIMEOUT,
    }
    assert settings.ACTIVITY_DEFAULT_TIMEOUT == settings.ACTIVITY_START_TO_CLOSE_TIMEOUT


def test_a_version_and_a_task_list_by_default_are_the_same_as_none_given() -> None:
    given = Activity(
        lambda: None,
        name="own",
        version=settings.ACTIVITY_DEFAULT_VERSION,
        task_list=settings.ACTIVITY_DEFAULT_TASK_LIST,
    )
    without = Activity(lambda: None, name="own")
    assert (given.version, given.task_list) == (without.version, without.task_list)
    assert (Workflow.version, Workflow.task_list) == (settings.WORKFLOW_DEFAULT_VERSION, settings.WORKFLOW_DEFAULT_TASK_LIST)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("METROLOGY_BUCKET", "workflow.profile shows how long tasks took"),
        ("LOGGING", "simpleflow_nb.variables has those that there are"),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_what_does_its_work(name: str, told: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(settings, name)
    assert str(refused.value) == f"there is no setting {name}; {told}"


def test_each_setting_of_simpleflow_has_a_value_or_is_replaced() -> None:
    used = {
        "WORKFLOW_DEFAULT_TASK_LIST",
        "WORKFLOW_DEFAULT_VERSION",
        "WORKFLOW_DEFAULT_EXECUTION_TIME",
        "WORKFLOW_DEFAULT_DECISION_TASK_TIMEOUT",
        "ACTIVITY_DEFAULT_TASK_LIST",
        "ACTIVITY_DEFAULT_VERSION",
        "ACTIVITY_DEFAULT_TIMEOUT",
        "ACTIVITY_START_TO_CLOSE_TIMEOUT",
        "ACTIVITY_SCHEDULE_TO_CLOSE_TIMEOUT",
        "ACTIVITY_SCHEDULE_TO_START_TIMEOUT",
        "ACTIVITY_HEARTBEAT_TIMEOUT",
    }
    others = {
        "SIMPLEFLOW_SYSLOG_TARGET",
        "SIMPLEFLOW_S3_HOST",
        "SIMPLEFLOW_S3_SSE",
        "STEP_BUCKET",
        "METROLOGY_BUCKET",
        "METROLOGY_PATH_PREFIX",
        "SIMPLEFLOW_ENABLE_DISK_CACHE",
        "SIMPLEFLOW_BINARIES_DIRECTORY",
        "ACTIVITY_SIGTERM_WAIT_SEC",
    }
    assert set(settings.SIMPLEFLOW) == used
    assert used | others <= set(REPLACED)


@pytest.mark.parametrize(
    "code",
    [
        "import simpleflow_nb, simpleflow_nb.variables",
        "from simpleflow_nb.cli.main import main\ntry: main(['workflow.list', '--help'])\nexcept SystemExit: pass",
        "from simpleflow_nb.cli.main import main\ntry: main(['standalone', '--help'])\nexcept SystemExit: pass",
        "from simpleflow_nb.cli.main import main\ntry: main(['decider.start', '--help'])\nexcept SystemExit: pass",
    ],
    ids=["the package", "workflow.list", "standalone", "decider.start"],
)
def test_the_engine_starts_without_pydantic(code: str) -> None:
    program = f"import sys\n{code}\nprint([name for name in sys.modules if name.partition('.')[0].startswith('pydantic')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
