"""The engine's SWF service, implemented with boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..environment import value_of
from ..exceptions import DefinitionError, ServiceError
from ..swf_service import (
    ActivityTask,
    DecisionTask,
    ExecutionDescription,
    ExecutionInfos,
    HeartbeatAnswer,
    HistoryPage,
    StartedExecution,
    SwfService,
)
from ..variables import AWS_ENDPOINT_URL, SWF_CONNECTION_RETRIES
from . import breakdowns, fast_path

# SWF holds a poll for 60 s: https://docs.aws.amazon.com/amazonswf/latest/apireference/API_PollForDecisionTask.html
READ_TIMEOUT_SECONDS = 75


class Boto3Service:
    """boto3's SWF calls on three clients: for polls, for heartbeats, for the rest.

    A poll is never retried: the task of the first one could go to a connection that nobody reads. A heartbeat is not retried
    either, since the next one follows; adaptive retries shared with the other calls would let throttled heartbeats delay
    results. Everything else, further pages of a poll included, is retried adaptively, ``SWF_CONNECTION_RETRIES`` times.
    Region, endpoint and credentials are found as by boto3.

    Args:
        pollers: number of connections that may wait at the same time.

    Raises:
        DefinitionError: the region or the endpoint is invalid, or SWF_CONNECTION_RETRIES is not a number.
        ServiceError: no region is known, or a file or program that AWS's settings name is missing.
        botocore.exceptions.BotoCoreError: AWS's settings contradict each other; see :func:`.explanations.explained`.
    """

    def __init__(self, *, region: str | None = None, endpoint_url: str | None = None, pollers: int = 10) -> None:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import InvalidRegionError, NoRegionError

        polling = Config(
            read_timeout=READ_TIMEOUT_SECONDS,
            connect_timeout=10,
            retries={"total_max_attempts": 1},
            tcp_keepalive=True,
            max_pool_connections=max(10, pollers),
        )
        beating = Config(
            read_timeout=10,
            connect_timeout=5,
            retries={"total_max_attempts": 1},
            tcp_keepalive=True,
            max_pool_connections=max(10, pollers),
        )
        other = Config(
            read_timeout=30,
            connect_timeout=10,
            retries={"total_max_attempts": value_of(SWF_CONNECTION_RETRIES) + 1, "mode": "adaptive"},
            tcp_keepalive=True,
            max_pool_connections=max(10, pollers),
        )
        try:
            session = boto3.session.Session(region_name=region)
            self._polling = session.client("swf", endpoint_url=endpoint_url, config=polling)
            self._beating = session.client("swf", endpoint_url=endpoint_url, config=beating)
            self._other = session.client("swf", endpoint_url=endpoint_url, config=other)
        except NoRegionError:
            raise ServiceError("no AWS region is known; give --region, or set AWS_DEFAULT_REGION") from None
        except InvalidRegionError as error:  # is a ValueError too
            named = error.kwargs["region_name"]
            raise DefinitionError(f"{named!r} cannot be an AWS region; one looks like eu-west-1") from None
        except ValueError as error:
            if str(error).startswith("Invalid endpoint"):
                raise DefinitionError(f"{AWS_ENDPOINT_URL.name}: {error}") from None
            raise ServiceError(f"AWS cannot be used: {str(error).rstrip('.')}") from None
        except OSError as error:
            what = f"{error.filename}: " if error.filename else ""
            raise ServiceError(f"AWS cannot be used: {what}{(error.strerror or str(error)).lower()}") from None
        self.endpoint: str = self._other.meta.endpoint_url
        for client in (self._polling, self._other):
            fast_path.install(client)
        breakdowns.install(self._other)

    def poll_for_decision_task(self, **arguments: Any) -> DecisionTask:
        client = self._other if arguments.get("nextPageToken") else self._polling
        answer: DecisionTask = client.poll_for_decision_task(**arguments)
        return answer

    def poll_for_activity_task(self, **arguments: Any) -> ActivityTask:
        answer: ActivityTask = self._polling.poll_for_activity_task(**arguments)
        return answer

    def record_activity_task_heartbeat(self, **arguments: Any) -> HeartbeatAnswer:
        answer: HeartbeatAnswer = self._beating.record_activity_task_heartbeat(**arguments)
        return answer

    def describe_workflow_execution(self, **arguments: Any) -> ExecutionDescription:
        answer: ExecutionDescription = self._other.describe_workflow_execution(**arguments)
        return answer

    def get_workflow_execution_history(self, **arguments: Any) -> HistoryPage:
        answer: HistoryPage = self._other.get_workflow_execution_history(**arguments)
        return answer

    def list_open_workflow_executions(self, **arguments: Any) -> ExecutionInfos:
        answer: ExecutionInfos = self._other.list_open_workflow_executions(**arguments)
        return answer

    def list_closed_workflow_executions(self, **arguments: Any) -> ExecutionInfos:
        answer: ExecutionInfos = self._other.list_closed_workflow_executions(**arguments)
        return answer

    def start_workflow_execution(self, **arguments: Any) -> StartedExecution:
        answer: StartedExecution = self._other.start_workflow_execution(**arguments)
        return answer

    def register_workflow_type(self, **arguments: Any) -> object:
        return self._other.register_workflow_type(**arguments)

    def register_activity_type(self, **arguments: Any) -> object:
        return self._other.register_activity_type(**arguments)

    def respond_decision_task_completed(self, **arguments: Any) -> object:
        return self._other.respond_decision_task_completed(**arguments)

    def respond_activity_task_completed(self, **arguments: Any) -> object:
        return self._other.respond_activity_task_completed(**arguments)

    def respond_activity_task_failed(self, **arguments: Any) -> object:
        return self._other.respond_activity_task_failed(**arguments)

    def respond_activity_task_canceled(self, **arguments: Any) -> object:
        return self._other.respond_activity_task_canceled(**arguments)

    def signal_workflow_execution(self, **arguments: Any) -> object:
        return self._other.signal_workflow_execution(**arguments)

    def request_cancel_workflow_execution(self, **arguments: Any) -> object:
        return self._other.request_cancel_workflow_execution(**arguments)

    def terminate_workflow_execution(self, **arguments: Any) -> object:
        return self._other.terminate_workflow_execution(**arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)

    def close(self) -> None:
        self._polling.close()
        self._beating.close()
        self._other.close()


if TYPE_CHECKING:
    _holds: type[SwfService] = Boto3Service
