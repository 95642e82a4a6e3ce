"""Mistakes in the settings of AWS, and endpoints that are something else: a sentence, never boto3's traceback."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from simpleflow_nb import Workflow
from simpleflow_nb.application.executions.class_runs import ClassRun, start_class_there
from simpleflow_nb.exceptions import DefinitionError, ServiceError, SimpleflowError
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import DOMAIN, LocalService
from simpleflow_nb.processes.connection import connected
from simpleflow_nb.processes.decider import Decider
from simpleflow_nb.processes.engine import Engine
from simpleflow_nb.processes.payload_directory import PayloadDirectory
from tests.acceptance.samples import typed
from tests.service.moto_server import CREDENTIALS, environment

NOWHERE = "http://127.0.0.1:1"
ROLE = "[profile a]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = nix\n"
SSO = "[profile a]\nsso_session = x\nsso_account_id = 1\nsso_role_name = r\nregion = eu-west-1\n"
SSO += "[sso-session x]\nsso_region = eu-west-1\nsso_start_url = https://x\n"


def sentence(expected: type[SimpleflowError], region: str | None = None) -> str:
    """What a command says that cannot get at its domain."""
    with pytest.raises(expected) as raised, connected("reports", region):
        raise AssertionError("there is such a domain")
    assert type(raised.value) is expected
    return str(raised.value)


@contextmanager
def settings(folder: Path, config: str = "", **values: str) -> Iterator[None]:
    """An environment with these settings and, when they choose a profile or a file, no credentials besides."""
    (folder / "config").write_text(config)
    alone = {"AWS_EC2_METADATA_DISABLED": "true", "SWF_CONNECTION_RETRIES": "0", "HOME": str(folder)}
    with environment(**{"AWS_ENDPOINT_URL": NOWHERE, "AWS_CONFIG_FILE": str(folder / "config"), **alone, **values}):
        if config or "AWS_PROFILE" in values:
            del os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        yield


@pytest.mark.parametrize(
    ("config", "values", "said"),
    [
        ("", {"AWS_PROFILE": "nosuch"}, "there is no AWS profile 'nosuch'; AWS_PROFILE names one of those that are configured"),
        (
            ROLE,
            {"AWS_PROFILE": "a"},
            'AWS cannot be used: The source_profile "nix" referenced in the profile "a" does not exist',
        ),
        (
            SSO,
            {"AWS_PROFILE": "a"},
            "AWS cannot be used: Error loading SSO Token: Token for x does not exist; log in with aws sso login",
        ),
        (
            "[profile a]\ncredential_process = false\n",
            {"AWS_PROFILE": "a"},
            "AWS cannot be used: Error when retrieving credentials from custom-process:",
        ),
        (
            "[profile a]\ncredential_process = nosuch\n",
            {"AWS_PROFILE": "a"},
            "AWS cannot be used: nosuch: no such file or directory",
        ),
        ("[profile a\n", {}, "AWS cannot be used: Unable to parse config file: {folder}/config"),
        (
            "",
            {"AWS_RETRY_MODE": "foo"},
            "AWS cannot be used: Invalid value provided to "
            "\"mode\": \"foo\" must be one of: ('legacy', 'standard', 'adaptive')",
        ),
        (
            "",
            {"AWS_STS_REGIONAL_ENDPOINTS": "foo"},
            'AWS cannot be used: STS regional endpoints option foo is invalid. Valid options are: "legacy", "regional"',
        ),
        ("", {"AWS_METADATA_SERVICE_TIMEOUT": "foo"}, "AWS cannot be used: invalid literal for int() with base 10: 'foo'"),
    ],
)
def test_settings_of_aws_that_cannot_be_used_are_told(tmp_path: Path, config: str, values: dict[str, str], said: str) -> None:
    with settings(tmp_path, config, **values):
        assert sentence(ServiceError) == said.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("region", "values", "said"),
    [
        ("eu west", {}, "'eu west' cannot be an AWS region; one looks like eu-west-1"),
        (None, {"AWS_DEFAULT_REGION": "eu/west"}, "'eu/west' cannot be an AWS region; one looks like eu-west-1"),
        (None, {"AWS_ENDPOINT_URL": "nix"}, "AWS_ENDPOINT_URL: Invalid endpoint: nix"),
    ],
)
def test_what_the_user_has_named_wrongly_is_his_mistake(
    tmp_path: Path, region: str | None, values: dict[str, str], said: str
) -> None:
    with settings(tmp_path, **values):
        assert sentence(DefinitionError, region) == said


@pytest.mark.parametrize("words", [("workflow.list", "reports"), ("worker.start", "-d", "reports", "-t", "x", "-N", "2")])
def test_commands_end_with_3_when_the_profile_is_not_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = typed(*words, cwd=tmp_path, **CREDENTIALS, AWS_PROFILE="nosuch", AWS_ENDPOINT_URL=NOWHERE)
    said = "simpleflow-nb: there is no AWS profile 'nosuch'; AWS_PROFILE names one of those that are configured\n"
    assert (done.returncode, done.stderr) == (3, said)


# ---- something else answers ----------------------------------------------------------------------------------------------

PAGE = b"<html>\n<body>It works!</body>\n</html>"


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    """A server that answers every call like this; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            if status == 301:
                self.send_header("Location", "https://example.com/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "because"),
    [
        (404, PAGE, "HTTP 404"),
        (403, PAGE, "HTTP 403"),
        (301, PAGE, "HTTP 301"),
        (405, b"", "HTTP 405"),
        (501, PAGE, "HTTP 501"),
        (400, b'{"__type": "com.amazon.coral.service#UnknownOperationException"}', "UnknownOperationException"),
        (200, PAGE, "its answer says nothing of a domain"),
        (200, b"", "its answer says nothing of a domain"),
        (200, b"{}", "its answer says nothing of a domain"),
        (200, b"[]", "its answer says nothing of a domain"),
        (200, b'"text"', "its answer says nothing of a domain"),
        (200, b'{"domainInfo": null}', "its answer says nothing of a domain"),
        (200, b'{"domainInfo": {}}', "its answer says nothing of a domain"),
    ],
)
def test_an_endpoint_that_is_not_swf_is_named(tmp_path: Path, status: int, body: bytes, because: str) -> None:
    with answering(status, body) as endpoint, settings(tmp_path, AWS_ENDPOINT_URL=endpoint):
        assert sentence(ServiceError) == f"what answers at {endpoint} is not SWF: {because}"


def test_an_endpoint_that_breaks_down_is_told_without_its_page(tmp_path: Path) -> None:
    with answering(502, PAGE) as endpoint, settings(tmp_path, AWS_ENDPOINT_URL=endpoint):
        assert sentence(ServiceError) == "the service fails: HTTP 502"


# ---- values that the service refuses -------------------------------------------------------------------------------------


@pytest.fixture
def local() -> Iterator[str]:
    """The endpoint of a local service, with the domain ``local``."""
    served = HttpService(LocalService(poll_seconds=2, workers_inside=False))
    served.start()
    yield served.endpoint
    served.close()


NO_NAME = "1 to 256 characters, no ':', '/', '|' or controls, no blanks at its ends, not 'arn'"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tags": tuple("abcdef")}, "tagList: at most 5 tags of at most 256 characters"),
        ({"tags": ("t" * 300,)}, "tagList: at most 5 tags of at most 256 characters"),
        ({"workflow_id": "a:b"}, f"Value at 'workflowId' is not a name: {NO_NAME}"),
        ({"workflow_id": "i" * 300}, f"Value at 'workflowId' is not a name: {NO_NAME}"),
        ({"execution_timeout": 99999999999}, "Value at 'executionStartToCloseTimeout' is not a duration: '99999999999'"),
        ({"execution_timeout": -5}, "Value at 'executionStartToCloseTimeout' is not a duration: '-5'"),
    ],
)
def test_a_value_that_the_service_refuses_is_a_sentence(tmp_path: Path, local: str, given: dict[str, Any], said: str) -> None:
    wanted = ClassRun("examples.basic.BasicWorkflow", {"args": [1, 0]}, **given)
    with (
        settings(tmp_path, AWS_ENDPOINT_URL=local),
        pytest.raises(DefinitionError) as raised,
        connected("local", None) as service,
    ):
        start_class_there(service, "local", wanted, PayloadDirectory(tmp_path), "x")
    assert str(raised.value) == f"the service refuses this: {said}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": "a:b"}, f"the service refuses workflow type 'a:b' (version '1'): Value at 'name' is not a name: {NO_NAME}"),
        (
            {"name": "x", "child_policy": "NOPE"},
            "the service refuses workflow type 'x' (version '1'): "
            "Value at 'defaultChildPolicy' is not one of TERMINATE, REQUEST_CANCEL, ABANDON: 'NOPE'",
        ),
        (
            {"name": "x", "execution_timeout": 40_000_000},
            "the service refuses workflow type 'x' (version '1'): defaultExecutionStartToCloseTimeout is more than a year",
        ),
        ({"name": "x", "version": 1}, "tests.service.test_aws_mistakes.Mistaken: version is 1; write a text, '1'"),
    ],
)
def test_a_workflow_that_cannot_be_registered_is_named_wherever_it_is_to_run(
    tmp_path: Path, local: str, words: dict[str, Any], said: str
) -> None:
    mistaken = type("Mistaken", (Workflow,), {"__module__": __name__, "task_list": "x", **words})
    with (
        settings(tmp_path, AWS_ENDPOINT_URL=local),
        pytest.raises(DefinitionError) as remote,
        connected("local", None) as service,
    ):
        Decider(service, "local", "x", [mistaken]).register_types()
    service = LocalService()
    engine = Engine(service, DOMAIN, decision_list="x", workflows=[mistaken])
    with pytest.raises(DefinitionError) as here:
        engine.start()
    service.close()
    assert engine.join(1)
    assert [str(remote.value), str(here.value)] == [said] * 2


def test_a_value_that_boto3_refuses_is_a_sentence_too(tmp_path: Path, local: str) -> None:
    with (
        settings(tmp_path, AWS_ENDPOINT_URL=local),
        pytest.raises(DefinitionError) as raised,
        connected("local", None) as service,
    ):
        service.signal_workflow_execution(domain="local", workflowId="x", signalName="")
    said = "Parameter validation failed: Invalid length for parameter signalName, value: 0, valid min length: 1"
    assert str(raised.value) == f"the service refuses this: {said}"


def test_a_request_of_the_wrong_form_is_a_mistake_of_the_program(tmp_path: Path, local: str) -> None:
    with settings(tmp_path, AWS_ENDPOINT_URL=local), pytest.raises(ParamValidationError), connected("local", None) as service:
        service.signal_workflow_execution(domain="local", workflowId="x", signalName=3)


def test_a_run_that_is_refused_is_told_once_whatever_its_processes_do(tmp_path: Path, local: str) -> None:
    words = ("standalone", "examples.basic.BasicWorkflow", "--domain", "local", "--input", "[1, 0]", "--workflow-id", "a:b")
    done = typed(*words, cwd=tmp_path, **CREDENTIALS, AWS_ENDPOINT_URL=local)
    said = f"simpleflow-nb: the service refuses this: Value at 'workflowId' is not a name: {NO_NAME}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_a_fleet_on_a_list_that_cannot_be_ends_instead_of_starting_again(tmp_path: Path, local: str) -> None:
    words = ("worker.start", "--domain", "local", "--task-list", "a:b", "--nb-processes", "2")
    done = typed(*words, cwd=tmp_path, **CREDENTIALS, AWS_ENDPOINT_URL=local)
    said = f"simpleflow-nb: the service refuses polls of 'a:b': Value at 'taskList.name' is not a name: {NO_NAME}"
    assert done.returncode == 2
    assert said in done.stderr.splitlines()
