"""Files, programs and measurements in S3, which moto serves over HTTP."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest

from simpleflow_nb import Workflow, activity, execute, metrology, storage
from simpleflow_nb.download import RemoteBinary, download_binaries, with_binaries
from simpleflow_nb.exceptions import DefinitionError
from simpleflow_nb.history import History
from simpleflow_nb.testing import harness, run_workflow
from simpleflow_nb.variables import VARIABLES

from .moto_server import environment, moto_endpoint

PROGRAM = "#!/bin/sh\necho crunched $1\n"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_endpoint() as address:
        yield address


@pytest.fixture
def s3(endpoint: str, tmp_path: Path) -> Iterator[Any]:
    """A client, and two empty buckets: ``shop`` in Ireland, and ``old`` in the region without a name."""
    folder = {"SIMPLEFLOW_BINARIES_DIRECTORY": str(tmp_path / "binaries"), "METROLOGY_BUCKET": "shop"}
    with environment(AWS_ENDPOINT_URL=endpoint, **folder):
        for variable in VARIABLES:
            if variable.name not in folder and not variable.name.startswith("AWS_"):
                os.environ.pop(variable.name, None)
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="shop", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client.create_bucket(Bucket="old")
        yield client
        for bucket in ("shop", "old"):
            for found in client.list_objects_v2(Bucket=bucket).get("Contents", ()):
                client.delete_object(Bucket=bucket, Key=found["Key"])
            client.delete_bucket(Bucket=bucket)


# ---- storage ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bucket", "name", "place"),
    [
        ("shop", "shop", "eu-west-1"),
        ("old", "old", "us-east-1"),
        ("s3.eu-west-1.amazonaws.com/shop", "shop", "s3.eu-west-1.amazonaws.com"),
        ("s3.amazonaws.com/shop", "shop", "s3.amazonaws.com"),
    ],
)
def test_a_bucket_is_a_name_with_a_region_or_a_host(s3, bucket, name, place):
    assert storage.sanitize_bucket_and_host(bucket) == (name, place)
    storage.push_content(bucket, "greeting", "Grüß Gott")
    assert storage.pull_content(bucket, "greeting") == "Grüß Gott"


@pytest.mark.parametrize(
    ("bucket", "told"),
    [
        ("s3.amazonaws.com/shop/key", "bucket 's3.amazonaws.com/shop/key': write its name, or host/name"),
        ("s3.amazonaws.com/", "bucket 's3.amazonaws.com/': write its name, or host/name"),
        (
            "notamazonaws.com/shop",
            "bucket 'notamazonaws.com/shop': the host is one of amazonaws.com, such as s3.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_a_bucket_that_is_neither_is_refused(bucket, told):
    with pytest.raises(ValueError, match="bucket") as refused:
        storage.sanitize_bucket_and_host(bucket)
    assert str(refused.value) == told


def test_a_bucket_that_there_is_not_is_an_error_of_s3(s3):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        storage.pull_content("no-such-bucket", "key")
    assert refused.value.response["Error"]["Code"] == "NoSuchBucket"


def test_a_bucket_that_may_not_be_asked_for_its_region_is_looked_for_at_the_host_of_the_settings(s3, monkeypatch):
    class Forbidding:
        def get_bucket_location(self, **_):
            raise botocore.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "GetBucketLocation")

    class Session:
        def client(self, _):
            return Forbidding()

    monkeypatch.setattr(storage, "_session", Session)
    monkeypatch.setattr(storage, "_locations", {})
    assert storage.sanitize_bucket_and_host("shop") == ("shop", "s3.amazonaws.com")
    monkeypatch.setenv("SIMPLEFLOW_S3_HOST", "s3.eu-west-1.amazonaws.com")
    assert storage.sanitize_bucket_and_host("shop") == ("shop", "s3.eu-west-1.amazonaws.com")


def test_a_file_comes_back_as_it_went_with_its_type_and_encrypted_if_that_is_set(s3, tmp_path, monkeypatch):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.write_bytes(bytes(range(256)))
    storage.push("shop", "a/file", str(source), content_type="application/x-bytes")
    storage.pull("shop", "a/file", str(copy))
    assert copy.read_bytes() == source.read_bytes()
    plain = s3.head_object(Bucket="shop", Key="a/file")
    assert (plain["ContentType"], plain.get("ServerSideEncryption")) == ("application/x-bytes", None)
    monkeypatch.setenv("SIMPLEFLOW_S3_SSE", "1")
    storage.push("shop", "a/file", str(source))
    storage.push_content("shop", "a/text", "text", content_type="text/plain")
    kinds = [s3.head_object(Bucket="shop", Key=key) for key in ("a/file", "a/text")]
    assert [kind["ServerSideEncryption"] for kind in kinds] == ["AES256", "AES256"]
    assert kinds[1]["ContentType"] == "text/plain"


def test_keys_are_listed_by_their_beginning(s3):
    for key in ("a/1", "a/2", "b/1"):
        storage.push_content("shop", key, key)
    assert [found.key for found in storage.list_keys("shop", "a/")] == ["a/1", "a/2"]
    assert [found.get()["Body"].read() for found in storage.list_keys("shop", "b")] == [b"b/1"]
    assert len(storage.list_keys("shop")) == 3


def test_threads_have_buckets_of_their_own(s3):
    found: list[Any] = [storage.get_bucket("shop")]
    threads = [threading.Thread(target=lambda: found.append(storage.get_bucket("shop"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(bucket) for bucket in found}) == 3
    assert {bucket.name for bucket in found} == {"shop"}
    assert storage.get_bucket("shop") is found[0]


# ---- programs --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.environ["PATH"])


@pytest.fixture
def uploaded(s3: Any, path: None) -> str:
    storage.push_content("shop", "tools/crunch-1.2", PROGRAM)
    return "s3://shop/tools/crunch-1.2"


def test_a_program_is_downloaded_once_and_found_on_the_path(uploaded, s3, tmp_path):
    binary = RemoteBinary("crunch", uploaded)
    assert binary.local_directory.startswith(str(tmp_path / "binaries" / "crunch-"))
    download_binaries({"crunch": uploaded})
    assert subprocess.run(["crunch", "numbers"], capture_output=True, text=True, check=True).stdout == "crunched numbers\n"
    assert stat.S_IMODE(os.stat(binary.local_location).st_mode) == 0o755
    s3.delete_object(Bucket="shop", Key="tools/crunch-1.2")
    download_binaries({"crunch": uploaded})
    folders = os.environ["PATH"].split(os.pathsep)
    assert (folders[0], folders.count(binary.local_directory)) == (binary.local_directory, 1)


def test_another_version_of_a_program_is_another_file(uploaded):
    storage.push_content("shop", "tools/crunch-1.3", PROGRAM.replace("crunched", "ground"))
    download_binaries({"crunch": uploaded})
    download_binaries({"crunch": "s3://shop/tools/crunch-1.3"})
    assert subprocess.run(["crunch", "it"], capture_output=True, text=True, check=True).stdout == "ground it\n"


def test_processes_that_need_one_program_at_once_download_it_once(uploaded, endpoint):
    code = f"from simpleflow_nb.download import RemoteBinary; RemoteBinary('crunch', {uploaded!r}).download()"
    command = [sys.executable, "-c", f"import logging; logging.basicConfig(level='INFO'); {code}"]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert sum("downloading s3://shop/tools/crunch-1.2" in text for text in said) == 1


def test_a_program_that_there_is_not_leaves_nothing_that_could_be_run(s3, path):
    with pytest.raises(botocore.exceptions.ClientError):
        download_binaries({"crunch": "s3://shop/nothing"})
    assert not os.path.exists(RemoteBinary("crunch", "s3://shop/nothing").local_location)


@pytest.mark.parametrize(
    ("name", "location", "told"),
    [
        ("crunch", "https://shop/crunch", "binary crunch: 'https://shop/crunch' is no address such as s3://bucket/key"),
        ("crunch", "s3://shop", "binary crunch: 's3://shop' is no address such as s3://bucket/key"),
        (
            "../crunch",
            "s3://shop/crunch",
            "'../crunch' cannot be the name of a binary: it is the name of a file, without a slash",
        ),
    ],
)
def test_what_is_no_program_in_s3_is_refused(name, location, told):
    with pytest.raises(DefinitionError) as refused:
        RemoteBinary(name, location)
    assert str(refused.value) == told


def test_a_folder_of_another_user_is_not_used_for_programs(monkeypatch, tmp_path):
    monkeypatch.delenv("SIMPLEFLOW_BINARIES_DIRECTORY", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    mine = tmp_path / f"simpleflow-binaries-{os.getuid()}"
    mine.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DefinitionError) as refused:
        RemoteBinary("crunch", "s3://shop/crunch")
    assert str(refused.value) == (
        f"{mine} belongs to another user; name a folder for programs with SIMPLEFLOW_BINARIES_DIRECTORY"
    )
    mine.unlink()
    RemoteBinary("crunch", "s3://shop/crunch")
    assert stat.S_IMODE(mine.stat().st_mode) == 0o700


def test_a_function_has_its_programs_when_it_is_called(uploaded):
    @with_binaries({"crunch": uploaded})
    def crunch(what: str) -> str:
        return subprocess.run(["crunch", what], capture_output=True, text=True, check=True).stdout

    assert crunch("data") == "crunched data\n"


@activity.with_attributes(meta={"binaries": {"crunch": "s3://shop/tools/crunch-1.2"}}, raises_on_failure=False)
@execute.program()
def crunch(what: str) -> str:
    raise AssertionError("the body is not used")


@activity.with_attributes(
    meta={"binaries": {"crunch": "s3://shop/tools/crunch-1.2"}}, isolation="process", raises_on_failure=False
)
def crunch_apart(what: str) -> str:
    return subprocess.run(["crunch", what], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("task", [crunch, crunch_apart])
def test_a_worker_downloads_the_programs_of_an_activity(uploaded, one, task):
    assert one(task, "all")[0] == {"result": "crunched all\n", "error": None}


def test_a_program_that_cannot_be_downloaded_fails_the_activity(s3, path, one):
    assert "ClientError: An error occurred (404)" in one(crunch, "all")[0]["error"]


# ---- measurements ------------------------------------------------------------------------------------------------------------


class Crawl(metrology.MetrologyTask):
    meta = {"kind": "crawl"}

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def execute(self) -> int:
        with self.step("fetch") as step:
            step.read.bytes = 1024 * 1024 * self.pages
            step.write.records = self.pages
            step.metadata["site"] = "example"
        return self.pages


crawl = activity.with_attributes(retry=1)(Crawl)


class Crawling(metrology.MetrologyWorkflow):
    name, version = "crawling", "1"

    def run(self, pages: int) -> int:
        return self.submit(crawl, pages).result


def measured(s3: Any, key: str) -> Any:
    return json.loads(s3.get_object(Bucket="shop", Key=key)["Body"].read())


def test_the_steps_of_an_activity_are_uploaded_when_it_has_ended(s3, monkeypatch):
    monkeypatch.setenv("METROLOGY_PATH_PREFIX", "measured/")
    with harness(Crawling) as opened:
        workflow_id, run_id = opened.start(Crawling, 2, workflow_id="crawl it")
        assert opened.result(workflow_id, run_id) == 2
    (found,) = [one.key for one in storage.list_keys("shop", "measured/") if "/activity." in one.key]
    assert found == f"measured/crawl+it/{metrology.quote_plus(run_id)}/activity.activity-{__name__}.Crawl-1.json"
    content = measured(s3, found)
    assert content["meta"] == {"kind": "crawl"}
    (step,) = content["steps"]
    assert (step["name"], step["metadata"]) == ("fetch", {"site": "example"})
    assert step["read"]["bytes"] == 2 * 1024 * 1024
    assert step["time_total"] == step["time_finished"] - step["time_started"]
    assert s3.head_object(Bucket="shop", Key=found)["ContentType"] == "application/json"


@pytest.mark.parametrize("workflow_id", ["w", "activity.w"])
def test_the_history_of_a_run_is_uploaded_with_the_measurements_of_its_activities(s3, monkeypatch, workflow_id):
    with harness(Crawling) as opened:
        workflow_id, run_id = opened.start(Crawling, 1, workflow_id=workflow_id)
        opened.result(workflow_id, run_id)
        events = opened.history(workflow_id, run_id)
    monkeypatch.setattr(Crawling, "get_run_context", lambda _: {"workflow_id": workflow_id, "run_id": run_id})
    Crawling.after_closed(object.__new__(Crawling), History(events))
    ((name, values),) = measured(s3, f"{workflow_id}/{metrology.quote_plus(run_id)}/metrology.json")
    assert name == f"activity-{__name__}.Crawl-1"
    assert (values["state"], values["input"], values["result"]) == ("completed", {"args": [1], "kwargs": {}}, "1")
    assert values["completed_timestamp"].endswith("Z")
    assert values["metrology"]["steps"][0]["name"] == "fetch"


@pytest.mark.parametrize(
    ("bytes_", "records", "seconds", "mb_s", "rec_s"),
    [(0, 0, 2.0, None, None), (3 * 1024 * 1024, 7, 2.0, 1.5, 3), (5, 5, 0.0, None, None)],
)
def test_speeds_are_of_what_was_read_in_the_time_of_the_step(bytes_, records, seconds, mb_s, rec_s):
    io = metrology.StepIO()
    io.bytes, io.records = bytes_, records
    assert io.get_stats(seconds) == {"bytes": bytes_, "records": records, "mb_s": mb_s, "rec_s": rec_s, "sampled": False}


def test_a_step_that_fails_ends_too_and_one_that_has_not_ended_has_no_end():
    task = Crawl(1)
    with pytest.raises(ValueError, match="nope"), task.step("failing"):
        raise ValueError("nope")
    task.step("open")
    failing, still_open = (step.get_stats() for step in task.steps)
    assert failing["time_total"] >= 0
    assert (still_open["time_finished"], still_open["time_total"]) == (None, None)


def test_an_activity_that_no_worker_carries_out_uploads_nothing():
    task = Crawl(1)
    assert not task.can_upload()
    assert task.execute() == 1
    task.post_execute()
    with pytest.raises(NotImplementedError):
        metrology.MetrologyTask().execute()


def test_a_workflow_of_such_activities_is_a_workflow(s3):
    assert issubclass(Crawling, Workflow)
    assert run_workflow(Crawling, 3) == 3


# ---- the command -------------------------------------------------------------------------------------------------------------


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simpleflow_nb", "binaries.download", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_downloads_programs_in_advance_and_prints_where_they_are(uploaded):
    done = typed(f"crunch={uploaded}", f"grind={uploaded}")
    places = [RemoteBinary(name, uploaded).local_location for name in ("crunch", "grind")]
    assert (done.returncode, done.stdout.splitlines(), done.stderr) == (0, places, "")
    assert all(os.access(place, os.X_OK) for place in places)


@pytest.mark.parametrize(
    ("word", "code", "told"),
    [
        ("crunch", 2, "'crunch' names no binary; write NAME=s3://BUCKET/KEY"),
        ("crunch=file", 2, "binary crunch: 'file' is no address such as s3://bucket/key"),
        (
            "crunch=s3://shop/nothing",
            3,
            "s3://shop/nothing cannot be downloaded: An error occurred (404) when calling the HeadObject operation: Not Found",
        ),
    ],
)
def test_the_command_says_what_it_cannot_download(s3, word, code, told):
    done = typed(word)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"simpleflow-nb: {told}\n")
