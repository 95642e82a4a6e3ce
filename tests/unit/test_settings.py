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
from simpleflow_nb.settings import base, default
from simpleflow_nb.variables import METROLOGY_BUCKET, SIMPLEFLOW_SETTINGS, VARIABLES
from simpleflow_nb.workflow import Workflow

from . import settings_of_a_shop

SHOP = settings_of_a_shop.__name__


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
        ("SIMPLEFLOW_ENV", "tests use simpleflow_nb.testing"),
        ("FAVOURITE_COLOUR", "simpleflow_nb.variables has those that there are"),
    ],
)
def test_a_setting_that_there_is_not_is_refused_with_what_does_its_work(name: str, told: str) -> None:
    with pytest.raises(AttributeError) as refused:
        getattr(settings, name)
    assert str(refused.value) == f"there is no setting {name}; {told}"


def test_each_setting_of_simpleflow_has_a_default_and_a_kind_under_its_name() -> None:
    names = {*(variable.name for variable in SIMPLEFLOW_SETTINGS), "LOGGING", "SIMPLEFLOW_ENABLE_DISK_CACHE"}
    assert set(base.get_settings(default)) == set(base.get_settings(base)) == names
    assert {name: getattr(settings, name) for name in names} == base.get_settings(default) == base.load()


# ---- the module of settings ------------------------------------------------------------------------------------------------


def test_the_environment_counts_before_the_module_and_the_module_before_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_SETTINGS_MODULE", SHOP)
    monkeypatch.setenv("METROLOGY_BUCKET", "measured")
    found = (settings.METROLOGY_BUCKET, settings.ACTIVITY_HEARTBEAT_TIMEOUT, settings.STEP_BUCKET, settings.SIMPLEFLOW_S3_SSE)
    assert found == ("measured", "60", "file:.simpleflow-nb/steps", True)
    assert settings.LOGGING == {"version": 1}
    assert settings.SWF_DOMAIN is None
    loaded = base.load()
    assert (loaded["METROLOGY_BUCKET"], loaded["ACTIVITY_HEARTBEAT_TIMEOUT"]) == ("measured", "60")


def test_an_activity_without_words_of_its_own_has_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_SETTINGS_MODULE", SHOP)
    monkeypatch.setenv("ACTIVITY_START_TO_CLOSE_TIMEOUT", "NONE")
    made = Activity(lambda: None, name="own")
    assert (made.version, made.task_list) == ("2026", "shop")
    assert made.timeouts == {
        "heartbeatTimeout": "60",
        "scheduleToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
        "startToCloseTimeout": "NONE",
    }
    own = Activity(lambda: None, name="own", version="1", task_list="mine", heartbeat_timeout=5)
    assert (own.version, own.task_list, own.timeouts["heartbeatTimeout"]) == ("1", "mine", "5")


@pytest.mark.parametrize(("text", "is_on"), [("0", False), ("no", False), ("False", False), ("1", True), ("ON", True)])
def test_a_switch_that_is_set_to_0_is_off(text: str, is_on: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_S3_SSE", text)
    assert (settings.SIMPLEFLOW_S3_SSE, base.load()["SIMPLEFLOW_S3_SSE"]) == (is_on, is_on)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SIMPLEFLOW_S3_SSE", "perhaps", "is 'perhaps'; 1 or 0 (or yes, no, on, off, true, false) is expected"),
        ("ACTIVITY_HEARTBEAT_TIMEOUT", "1.5", "is '1.5'; a number of seconds up to 99999999 or NONE is expected"),
        ("ACTIVITY_SIGTERM_WAIT_SEC", "soon", "is 'soon'; a number of seconds is expected"),
        ("SIMPLEFLOW_SYSLOG_TARGET", "loghost", "is 'loghost'; host:port is expected"),
        ("SIMPLEFLOW_SETTINGS_MODULE", "shop/settings.py", "is 'shop/settings.py'; the name of a module is expected"),
        (
            "SIMPLEFLOW_SETTINGS_MODULE",
            "no_such_shop",
            "names no_such_shop, which cannot be imported: ModuleNotFoundError: No module named 'no_such_shop'",
        ),
    ],
)
def test_a_setting_of_simpleflow_that_cannot_be_meant_is_refused(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(DefinitionError) as refused:
        settings.current()
    assert str(refused.value) == f"{name} {told}"


def test_a_bad_value_in_the_module_is_refused_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMPLEFLOW_SETTINGS_MODULE", SHOP)
    monkeypatch.setattr(settings_of_a_shop, "METROLOGY_BUCKET", ["a", "b"])
    with pytest.raises(DefinitionError) as refused:
        settings.current()
    assert str(refused.value) == f"METROLOGY_BUCKET is ['a', 'b'] in {SHOP}; a text is expected"


def test_settings_set_by_the_program_count_for_all_of_it_until_they_are_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METROLOGY_BUCKET", "measured")
    settings.configure({"METROLOGY_BUCKET": "tried", "SIMPLEFLOW_S3_SSE": "1", "OF_MY_OWN": [1]})
    try:
        assert (settings.METROLOGY_BUCKET, settings.SIMPLEFLOW_S3_SSE, settings.OF_MY_OWN) == ("tried", True, [1])
        assert environment.value_of(METROLOGY_BUCKET) == "tried"
        with pytest.raises(DefinitionError) as refused:
            settings.put_setting("SIMPLEFLOW_S3_SSE", "perhaps")
        assert str(refused.value) == ("SIMPLEFLOW_S3_SSE is 'perhaps'; 1 or 0 (or yes, no, on, off, true, false) is expected")
    finally:
        settings.configure(dict.fromkeys(("METROLOGY_BUCKET", "SIMPLEFLOW_S3_SSE", "OF_MY_OWN")))
    assert (settings.METROLOGY_BUCKET, settings.SIMPLEFLOW_S3_SSE) == ("measured", False)
    assert not hasattr(settings, "OF_MY_OWN")


def test_printed_settings_are_in_order_and_have_no_secret_in_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWAPI_TOKEN", "ZQZQZQZQ")
    monkeypatch.setenv("FLOWAPI_URL", "https://flows/?token=ZQZQZQZQ")
    settings.print_settings()
    lines = capsys.readouterr().out.splitlines()
    names = [line.partition("=")[0] for line in lines if not line.startswith(" ")]
    assert names == sorted(names)
    assert "ACTIVITY_DEFAULT_TIMEOUT='300'" in lines
    assert "FLOWAPI_URL='https://flows/?token=***'" in lines
    assert "ZQ" not in "".join(lines)


def test_settings_of_a_program_are_loaded_by_their_types() -> None:
    class Types:
        RETRIES, NAME, _HIDDEN, other = int, base.str_or_none, int, int

    class Mine:
        RETRIES = "3"

    class Defaults:
        RETRIES, NAME = 1, ""

    assert base.load_settings(Types, {"NAME": "shop"}, Mine, Defaults) == {"RETRIES": 3, "NAME": "shop"}
    assert base.load_settings(Types, {}, None, Defaults) == {"RETRIES": 1, "NAME": None}
    with pytest.raises(DefinitionError) as refused:
        base.load_settings(Types, {"RETRIES": "many"}, None, Defaults)
    assert str(refused.value).startswith("the setting RETRIES is 'many': ")


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
