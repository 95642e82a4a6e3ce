"""Measurements of activities: what their steps read and wrote, in S3 as JSON, and one file of all of them for each run.

::

    class Crawl(MetrologyTask):
        def __init__(self, url):
            self.url = url

        def execute(self):
            with self.step("fetch") as step:
                page = fetch(self.url)
                step.read.bytes = len(page)
            ...

An activity's measurements are uploaded when it has ended, to the bucket that ``METROLOGY_BUCKET`` names. A workflow that is a
:class:`MetrologyWorkflow` joins them with its history when it has closed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

from . import payload, storage
from .environment import value_of
from .variables import METROLOGY_BUCKET, METROLOGY_PATH_PREFIX
from .workflow import Workflow

ACTIVITY_KEY_RE = re.compile(r"activity\.(.+)\.json")

_MIB = 1024 * 1024


class StepIO:
    """Bytes and records that a step read or wrote; ``sampled`` says that they are estimates."""

    def __init__(self) -> None:
        self.bytes = 0
        self.records = 0
        self.sampled = False

    def get_stats(self, time_total: float) -> dict[str, Any]:
        """Return them with MiB and records a second; these are None without any, and for a step that took no time."""
        took_time = time_total > 0
        return {
            "bytes": self.bytes,
            "records": self.records,
            "mb_s": round(self.bytes / _MIB / time_total, 2) if self.bytes and took_time else None,
            "rec_s": int(self.records / time_total) if self.records and took_time else None,
            "sampled": self.sampled,
        }


class Step:
    """A step of an activity: its times in epoch seconds, what it ``read`` and what it wrote (``write``), its ``metadata``."""

    def __init__(self, name: str, task: Any) -> None:
        self.name, self.task = name, task
        self.read, self.write = StepIO(), StepIO()
        self.metadata: dict[str, Any] = {}
        self.time_started = time.time()
        self.time_finished: float | None = None
        self.time_total: float | None = None

    def done(self) -> None:
        """Note that the step ends now."""
        self.time_finished = time.time()
        self.time_total = self.time_finished - self.time_started

    def get_stats(self) -> dict[str, Any]:
        """Return all that is known of the step; of one that has not ended with its time so far."""
        so_far = time.time() - self.time_started if self.time_total is None else self.time_total
        return {
            "name": self.name,
            "metadata": self.metadata,
            "time_started": self.time_started,
            "time_finished": self.time_finished,
            "time_total": self.time_total,
            "read": self.read.get_stats(so_far),
            "write": self.write.get_stats(so_far),
        }


class StepExecution:
    """The block of a step, which ends with it, also by an exception."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def __enter__(self) -> Step:
        return self.step

    def __exit__(self, *_: object) -> None:
        self.step.done()


class MetrologyTask:
    """An activity's class whose steps are measured. Subclasses have ``execute()``, and perhaps ``meta``, which is kept too."""

    context: dict[str, Any]
    steps: list[Step]

    def execute(self) -> Any:
        """Do the work of the activity.

        Raises:
            NotImplementedError: the subclass has no ``execute()``.
        """
        raise NotImplementedError(f"{type(self).__qualname__} has no execute()")

    def post_execute(self) -> None:
        """Upload the measurements; workers call it when the activity has ended with a result."""
        self.upload_stats()

    def step(self, name: str) -> StepExecution:
        """Begin a step: ``with self.step("fetch") as step: ...``."""
        step = Step(name, self)
        if not hasattr(self, "steps"):
            self.steps = []
        self.steps.append(step)
        return StepExecution(step)

    def can_upload(self) -> bool:
        """Tell whether a worker has carried it out, and not a test."""
        context = getattr(self, "context", None)
        return context is not None and all(key in context for key in ("workflow_id", "run_id", "activity_id"))

    @property
    def metrology_path(self) -> str:
        """Return the key of its measurements: ``[prefix/]workflow id/run id/activity.<activity id>.json``."""
        return f"{_folder(self.context)}/activity.{self.context['activity_id']}.json"

    def upload_stats(self) -> None:
        """Upload the measurements, if a worker has carried it out.

        Raises:
            botocore.exceptions.ClientError: S3 refuses them.
        """
        if not self.can_upload():
            return
        content = {"steps": [step.get_stats() for step in getattr(self, "steps", [])], "meta": getattr(self, "meta", None)}
        _push(self.metrology_path, content)


class MetrologyWorkflow(Workflow):
    """A workflow that joins the measurements of its activities with its history when it has closed."""

    def after_closed(self, history: Any) -> None:
        """Upload the measurements of the run, ``metrology.json`` beside those of its activities."""
        self.push_metrology(history)

    @property
    def metrology_path(self) -> str:
        """Return the beginning of the keys of the run: ``[prefix/]workflow id/run id``."""
        return _folder(self.get_run_context())

    def push_metrology(self, history: Any) -> None:
        """Upload the activities and child workflows of a history with their measurements.

        The object is a list of pairs, the id and the values of its events; the key ``metrology`` has the measurements.

        Raises:
            botocore.exceptions.ClientError: S3 refuses something.
        """
        entries: list[list[Any]] = [
            [name, dict(values)]
            for tasks in (history.activities, getattr(history, "child_workflows", {}))
            for name, values in tasks.items()
        ]
        measured = dict(_measurements(self.metrology_path))
        for name, values in entries:
            # of the attempt that ended well: later attempts have ids of their own
            attempts = [f"{name}.{number}" for number in range(values.get("attempt", 1), 1, -1)]
            if (key := next((key for key in [*attempts, name] if key in measured), None)) is not None:
                values["metrology"] = measured[key]
        _push(f"{self.metrology_path}/metrology.json", entries)


def _measurements(folder: str) -> Iterator[tuple[str, Any]]:
    """Yield the ids of activities that have measurements in a folder, and these."""
    for summary in storage.list_keys(value_of(METROLOGY_BUCKET), f"{folder}/activity."):
        if name := ACTIVITY_KEY_RE.fullmatch(summary.key.removeprefix(f"{folder}/")):  # the folder may look like one, too
            yield name[1], json.loads(summary.get()["Body"].read().decode("utf-8"))


def _folder(context: Any) -> str:
    prefix = value_of(METROLOGY_PATH_PREFIX)
    parts = [prefix.rstrip("/")] if prefix else []
    return "/".join([*parts, quote_plus(context["workflow_id"]), quote_plus(context["run_id"])])


def _push(path: str, content: Any) -> None:
    text = json.dumps(content, indent=2, default=payload.plain_value)
    storage.push_content(value_of(METROLOGY_BUCKET), path, text, content_type="application/json")
