"""The two services, what they say of one step, and what a known difference is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.service.differential.known_executions import Event
from tests.service.differential.script_steps import DOMAIN, ArnOf, RunOf, Step, TokenOf
from tests.service.moto_server import CREDENTIALS

if TYPE_CHECKING:
    from tests.service.differential.game import Game


class Side:
    """One of the services, called with boto3; run ids and tokens are replaced by their places in the script."""

    def __init__(self, name: str, endpoint: str) -> None:
        self.name = name
        self.client: Any = boto3.client(
            "swf",
            endpoint_url=endpoint,
            region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
            aws_access_key_id="key",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.run_ids: list[str] = []
        self.tokens: list[str] = []
        self._arns: dict[str, str] = {}
        self.raw: dict[int, list[Event]] = {}  # the script's n-th execution -> its history, as last read

    def call(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """``{"answer": ...}`` or ``{"fault": code}``."""
        try:
            answer = getattr(self.client, name)(**self._with_ids(arguments))
        except ClientError as error:
            return {"fault": error.response["Error"]["Code"]}
        del answer["ResponseMetadata"]
        return {"answer": answer}

    def pages(self, name: str, arguments: dict[str, Any], key: str) -> tuple[dict[str, Any], int]:
        """The first answer with the items of all pages, and how many pages there were."""
        first = outcome = self.call(name, arguments)
        pages = 1
        while (token := outcome.get("answer", {}).pop("nextPageToken", None)) is not None:
            outcome = self.call(name, {**arguments, "nextPageToken": token})
            assert "fault" not in outcome, f"{self.name}: page {pages + 1} of {name} is {outcome}"
            first["answer"][key] += outcome["answer"][key]
            pages += 1
        return first, pages

    def shown(self, value: Any) -> Any:
        """The value without what differs from service to service by right."""
        if isinstance(value, dict):
            return {key: self._shown_member(key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.shown(one) for one in value]
        return "<time>" if isinstance(value, datetime) else value

    def _shown_member(self, key: str, value: Any) -> Any:
        if key == "runId":
            return RunOf(self.run_ids.index(value))
        return "<arn>" if key == "arn" else self.shown(value)

    def _with_ids(self, value: Any) -> Any:
        if isinstance(value, RunOf):
            return self.run_ids[value.index]
        if isinstance(value, TokenOf):
            return self.tokens[value.index]
        if isinstance(value, ArnOf):
            return self._arn_of(value.domain)
        if isinstance(value, dict):
            return {key: self._with_ids(one) for key, one in value.items()}
        return value

    def _arn_of(self, domain: str) -> str:
        """The ARN; of a domain that does not exist, the one that it would have."""
        if DOMAIN not in self._arns:
            self._arns[DOMAIN] = self.client.describe_domain(name=DOMAIN)["domainInfo"]["arn"]
        return self._arns[DOMAIN].removesuffix(DOMAIN) + domain

    def read_history(self, run: int, workflow_id: str) -> None:
        execution = {"workflowId": workflow_id, "runId": self.run_ids[run]}
        outcome, _ = self.pages("get_workflow_execution_history", {"domain": DOMAIN, "execution": execution}, "events")
        self.raw[run] = outcome["answer"]["events"]

    def counted(self, run: int, *kinds: str) -> int:
        return sum(event["eventType"] in kinds for event in self.raw[run])


@dataclass
class Both:
    """What the two sides say, in a form that can be compared; rows edit moto's, or both where the two part."""

    game: Game
    step: Step
    local: Any
    moto: Any
    run: int = -1
    aliases: dict[int, int] = field(default_factory=dict)  # moto's event id -> the one that stands for it

    @property
    def are_answers(self) -> bool:
        """Whether neither side refused the call; a history is an answer."""
        return "fault" not in self.local and "fault" not in self.moto

    def pairs(self) -> Iterator[tuple[Event, Event]]:
        """The events that are of one type on both sides."""
        for ours, theirs in zip(self.local, self.moto, strict=False):
            if ours["eventType"] == theirs["eventType"]:
                yield ours, theirs

    def infos(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The WorkflowExecutionInfos of the same executions."""
        ours, theirs = self.local["answer"], self.moto["answer"]
        if "executionInfo" in ours:
            yield ours["executionInfo"], theirs["executionInfo"]
            return
        by_run = {info["execution"]["runId"]: info for info in ours["executionInfos"]}
        for info in theirs["executionInfos"]:
            if info["execution"]["runId"] in by_run:
                yield by_run[info["execution"]["runId"]], info


@dataclass(frozen=True, kw_only=True)
class Row:
    """A known difference."""

    name: str
    local: str
    moto: str
    right: str  #: local, moto, or open where SWF's documentation does not say
    source: str
    at: tuple[str, ...]  #: calls whose outcome it mends; "moto's events" and "history" for histories
    rule: Callable[[Both], bool]  #: mends the difference if it is there; whether it was
    of_faults: bool = False  #: also asked when one of the two refused the call
