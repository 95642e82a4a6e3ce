"""The calls, events and decisions that the engine declares are SWF's, and both services have them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import botocore.session
import pytest
from botocore.model import Shape, StructureShape

from simpleflow_nb import swf_service
from simpleflow_nb.local.reader import JournalReader
from simpleflow_nb.local.service import LocalService
from simpleflow_nb.replay.protocol import decisions, events, external_events
from simpleflow_nb.swf.client import Boto3Service
from simpleflow_nb.swf_service import LookingService, SwfService

MODEL = botocore.session.get_session().get_service_model("swf")
NAMES = vars(external_events) | vars(events) | vars(decisions) | vars(swf_service)

#: Members that the model does not require; the service's reference says that they are given.
ALWAYS_THERE = {"StartedExecution": {"runId"}}


def calls(protocol: type) -> list[str]:
    return [name for name in dir(protocol) if not name.startswith("_")]


def operation(method: str) -> str:
    return "".join(word.capitalize() for word in method.split("_"))


each_call = pytest.mark.parametrize("method", calls(SwfService))


@each_call
def test_a_call_has_the_members_of_its_operation_and_needs_what_that_needs(method: str) -> None:
    members: StructureShape = MODEL.operation_model(operation(method)).input_shape
    parameters = dict(inspect.signature(getattr(SwfService, method)).parameters)
    del parameters["self"]
    assert set(parameters) <= set(members.members)
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters.values())
    needed = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
    assert needed == set(members.required_members)


@each_call
def test_the_local_service_takes_every_member_of_a_call(method: str) -> None:
    taken = inspect.signature(getattr(LocalService, method)).parameters
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values())
    parameters = inspect.signature(getattr(SwfService, method)).parameters
    assert takes_all or set(parameters) <= set(taken)
    needed = {name for name, one in taken.items() if one.default is one.empty and one.kind is one.KEYWORD_ONLY}
    assert needed <= {name for name, one in parameters.items() if one.default is one.empty}


@each_call
def test_boto3_has_the_call_and_so_has_what_is_made_of_it(method: str) -> None:
    client = botocore.session.get_session().create_client("swf", region_name="eu-west-1")
    assert client.meta.method_to_api_mapping[method] == operation(method)
    client.close()
    assert method in vars(Boto3Service)


@pytest.mark.parametrize("method", calls(LookingService))
def test_a_reader_of_a_journal_has_the_calls_that_change_nothing(method: str) -> None:
    assert inspect.signature(getattr(JournalReader, method)) == inspect.signature(getattr(LocalService, method))
    assert re.match("describe|get|list", method)


def differences(path: str, hint: Any, shape: Shape) -> Iterator[str]:
    """Where a type is not what SWF's model says."""
    scalars = {"string": str, "integer": int, "long": int, "boolean": bool}
    if is_typeddict(hint):
        hints = get_type_hints(hint, NAMES, NAMES)
        marked = get_type_hints(hint, NAMES, NAMES, include_extras=True)
        needed = {name for name, one in marked.items() if get_origin(one) is not NotRequired}
        if set(hints) != set(shape.members):
            yield f"{path}: {sorted(set(hints) ^ set(shape.members))}"
        if needed != set(shape.required_members) | ALWAYS_THERE.get(path, set()):
            yield f"{path}: needs {sorted(needed ^ set(shape.required_members))}"
        for name, one in hints.items():
            if name in shape.members:
                yield from differences(f"{path}.{name}", one, shape.members[name])
    elif get_origin(hint) is list:
        yield from differences(f"{path}[]", get_args(hint)[0], shape.member)
    elif shape.type_name == "timestamp":
        if hint not in (float, Any):
            yield f"{path}: {hint} is no moment"
    elif shape.type_name != "structure" and hint is not scalars[shape.type_name]:
        yield f"{path}: {hint} for {shape.type_name}"


ANSWERS = {
    method: hint
    for method in calls(SwfService)
    if is_typeddict(hint := get_type_hints(getattr(SwfService, method), NAMES)["return"])
}


@pytest.mark.parametrize("method", ANSWERS)
def test_an_answer_has_the_members_that_swf_gives_it(method: str) -> None:
    shape = MODEL.operation_model(operation(method)).output_shape
    assert list(differences(ANSWERS[method].__name__, ANSWERS[method], shape)) == []


@pytest.mark.parametrize(("declared", "shape"), [(events.HistoryEvent, "HistoryEvent"), (decisions.Decision, "Decision")])
def test_events_and_decisions_have_the_members_that_swf_gives_them(declared: type, shape: str) -> None:
    assert list(differences(shape, declared, MODEL.shape_for(shape))) == []
