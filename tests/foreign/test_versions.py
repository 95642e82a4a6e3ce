"""The documentation names the versions that are tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .aws_command_line import VERSION

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "foreign_clients.rst").read_text(encoding="utf-8")


def text(path: str) -> str:
    return (HERE / path).read_text(encoding="utf-8")


def of_maven(path: str, artifact: str) -> str:
    found: list[str] = re.findall(rf"<artifactId>{artifact}</artifactId>\s*<version>(.*?)</version>", text(path))
    return found[0]


def of_npm(package: str) -> str:
    version: str = json.loads(text("javascript/package.json"))["dependencies"][package]
    return version


@pytest.mark.parametrize(
    ("named", "version"),
    [
        ("AWS command line  +", lambda: VERSION),
        ("``service/swf`` ", lambda: re.findall(r"/service/swf v(\S+)", text("go/go.mod"))[0]),
        ("``swf`` ", lambda: of_maven("java/pom.xml", "swf")),
        (
            "``@aws-sdk/client-swf`` ",
            lambda: of_npm("@aws-sdk/client-swf"),
        ),
        ("``aws-java-sdk-swf-libraries`` ", lambda: of_maven("flow/pom.xml", "aws-java-sdk-swf-libraries")),
    ],
    ids=["aws", "go", "java", "javascript", "flow"],
)
def test_the_documentation_names_the_version_that_is_tried(named: str, version: Callable[[], str]) -> None:
    assert re.findall(rf"{named}([0-9.]+)", PAGE) == [version()]


def test_both_clients_in_java_are_tried_with_one_sdk() -> None:
    assert of_maven("flow/pom.xml", "swf") == of_maven("java/pom.xml", "swf")
