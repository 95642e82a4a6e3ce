"""Checks against SWF's own service model: every request, answer and history must conform to it.

The model is botocore's. Its client checks less on the way out (no enum, no maximum) and nothing on the way in, so the checks
are made here: known members only, required ones present, types, enums, lengths, and for histories what the model cannot say,
that each event id mentioned is the id of an event of the right type.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime
from functools import cache
from typing import Any

import botocore.loaders
import botocore.model
from botocore import xform_name

Event = dict[str, Any]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": (int, float, datetime),
    "structure": (dict,),
    "list": (list, tuple),
}

#: member that names an event -> the types that event may have
_REFERENCES: dict[str, set[str]] = {
    "decisionTaskCompletedEventId": {"DecisionTaskCompleted"},
    "latestCancelRequestedEventId": {"ActivityTaskCancelRequested"},
}
_CHILD, _SIGNAL, _CANCEL = (
    "StartChildWorkflowExecutionInitiated",
    "SignalExternalWorkflowExecutionInitiated",
    "RequestCancelExternalWorkflowExecutionInitiated",
)
_INITIATED = {
    "ChildWorkflowExecution": _CHILD,
    "StartChildWorkflowExecutionFailed": _CHILD,
    "ExternalWorkflowExecutionSignaled": _SIGNAL,
    "SignalExternalWorkflowExecutionFailed": _SIGNAL,
    "ExternalWorkflowExecutionCancelRequested": _CANCEL,
    "RequestCancelExternalWorkflowExecutionFailed": _CANCEL,
}
_SCHEDULED = {"Activity": "ActivityTaskScheduled", "Decision": "DecisionTaskScheduled"}
_STARTED = {
    "Activity": "ActivityTaskStarted",
    "Decision": "DecisionTaskStarted",
    "TimerF": "TimerStarted",
    "TimerC": "TimerStarted",
    "ChildWorkflowExecution": "ChildWorkflowExecutionStarted",
}


@cache
def model() -> botocore.model.ServiceModel:
    return botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("swf", "service-2"), "swf")


@cache
def operations() -> dict[str, botocore.model.OperationModel]:
    """Python name of the call, as boto3 has it, -> operation."""
    return {xform_name(name): model().operation_model(name) for name in model().operation_names}


def problems(shape: Any, value: Any, where: str) -> list[str]:
    """What is wrong with a value, one sentence each; nothing when it conforms to the shape (botocore's)."""
    kind = shape.type_name
    is_of_kind = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
    if not is_of_kind:
        return [f"{where} is a {type(value).__name__}, not a {kind}"]
    found: list[str] = []
    if kind == "structure":
        found += [f"{where} has an unknown member {name!r}" for name in value.keys() - shape.members.keys()]
        found += [f"{where} lacks {name!r}" for name in shape.required_members if value.get(name) is None]
        for name in value.keys() & shape.members.keys():
            found += problems(shape.members[name], value[name], f"{where}.{name}")
    elif kind == "list":
        for index, item in enumerate(value):
            found += problems(shape.member, item, f"{where}[{index}]")
    elif kind == "string":
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            found.append(f"{where} is {value!r}, not one of {', '.join(allowed)}")
        durations = {"DurationInSeconds": (), "DurationInSecondsOptional": ("NONE",)}
        if shape.name in durations and not value.isdigit() and value not in durations[shape.name]:
            found.append(f"{where} is {value!r}, not whole seconds")
    if kind in ("string", "list"):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
        if len(value) < least or (most is not None and len(value) > most):
            found.append(f"{where} has {len(value)} characters or items, not {least} to {most}")
    return found


def request_problems(name: str, request: dict[str, Any]) -> list[str]:
    shape = operations()[name].input_shape
    found = problems(shape, {key: value for key, value in request.items() if value is not None}, name)
    for index, one in enumerate(request.get("decisions") or ()):
        kind = one.get("decisionType", "?")
        wanted = {"decisionType", f"{kind[0].lower()}{kind[1:]}DecisionAttributes"}
        if one.keys() != wanted:
            found.append(f"{name}.decisions[{index}] has {sorted(one)}, not {sorted(wanted)}")
    return found


def answer_problems(name: str, answer: dict[str, Any]) -> list[str]:
    shape = operations()[name].output_shape
    if shape is None:
        return [f"{name} answers {answer!r}, not nothing"] if answer else []
    if name.startswith("poll_for_") and not answer.get("taskToken"):
        # an empty poll: the model requires members that SWF leaves out then
        return [
            f"an empty {name} has {key!r}" for key in answer.keys() - {"taskToken", "startedEventId", "previousStartedEventId"}
        ]
    found = problems(shape, answer, name)
    for event in answer.get("events", ()):
        found += _attributes_problems(event)
    return found


def _attributes_problems(event: Event) -> list[str]:
    kind = event["eventType"]
    had = {key for key in event if key.endswith("Attributes")}
    wanted = {f"{kind[0].lower()}{kind[1:]}EventAttributes"}
    return [] if had == wanted else [f"event {event['eventId']} ({kind}) has {sorted(had)}"]


def history_problems(events: list[Event]) -> list[str]:
    """What is wrong with a whole history, from its first event on."""
    shape = model().shape_for("HistoryEventList")
    found = problems(shape, events, "history")
    types = {event["eventId"]: event["eventType"] for event in events}
    if [event["eventId"] for event in events] != list(range(1, len(events) + 1)):
        found.append("event ids are not 1, 2, 3, ...")
    moments = [event["eventTimestamp"] for event in events]
    if moments != sorted(moments):
        found.append("timestamps go back")
    for event in events:
        found += _attributes_problems(event)
        kind = event["eventType"]
        attributes = next(value for key, value in event.items() if key.endswith("Attributes"))
        for name, allowed in _references(kind).items():
            mentioned = attributes.get(name)
            if not mentioned or (name == "startedEventId" and mentioned == 0):
                continue
            if mentioned >= event["eventId"] or types.get(mentioned) not in allowed:
                found.append(f"event {event['eventId']} ({kind}): {name} {mentioned} is a {types.get(mentioned)}")
    return found


def _references(kind: str) -> dict[str, set[str]]:
    named = dict(_REFERENCES)
    for beginning, scheduled in _SCHEDULED.items():
        if kind.startswith(beginning):
            named["scheduledEventId"] = {scheduled}
    for beginning, started in _STARTED.items():
        if kind.startswith(beginning):
            named["startedEventId"] = {started}
    for beginning, initiated in _INITIATED.items():
        if kind.startswith(beginning):
            named["initiatedEventId"] = {initiated}
    return named


#: https://docs.aws.amazon.com/amazonswf/latest/apireference/CommonErrors.html, and what the JSON protocol adds
_FAULTS_OF_ALL = frozenset(
    {
        "AccessDeniedException",
        "InternalFailure",
        "SerializationException",
        "ThrottlingException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)


def fault_problems(call: str, error: Exception) -> list[str]:
    """Return what is wrong with a refusal: SWF declares the faults of each call, and some that any call may raise."""
    response = getattr(error, "response", None)
    if response is None:
        return []  # no refusal: the service is closed, or its journal cannot be used
    code = response["Error"]["Code"]
    declared = {shape.name for shape in operations()[call].error_shapes}
    if code in declared | _FAULTS_OF_ALL:
        return []
    return [f"{call} was refused with {code}, and SWF declares {', '.join(sorted(declared))} for it"]


class Conforming:
    """A service whose every call is checked. What else the service has is passed through.

    A call that does not conform fails at once; ``found`` keeps what was found in threads whose errors nobody sees.
    """

    def __init__(self, service: Any) -> None:
        self.service = service
        self.found: list[str] = []
        self.calls: Counter[str] = Counter()
        self.event_types: Counter[str] = Counter()
        self._counting = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        call = getattr(self.service, name)
        if name not in operations():
            return call

        def checked(**request: Any) -> Any:
            self._check(request_problems(name, request))
            try:
                answer = call(**request)
            except Exception as error:
                self._check(fault_problems(name, error))
                raise
            self._check(answer_problems(name, answer))
            with self._counting:
                self.calls[name] += 1
                self.event_types.update(event["eventType"] for event in answer.get("events", ()))
            return answer

        return checked

    def _check(self, found: list[str]) -> None:
        if found:
            self.found += found
            raise AssertionError("; ".join(found))
