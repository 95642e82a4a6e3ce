"""The graph of a flow as programs look at it: steps, and their nodes with results once the flow has run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from ...exceptions import DefinitionError
from .plan import Plan
from .runs.flow_types import plan_of
from .steps.step_definition import Step, known_definition

STATUS_PENDING = "pending"
STATUS_RUNNING = "running"
STATUS_SUCCEEDED = "succeeded"
STATUS_FAILED = "failed"
STATUS_SKIPPED = "skipped"  #: by the condition of its step
STATUS_CANCELLED = "cancelled"  #: another node had failed before it could start

_NOT_DONE = (STATUS_PENDING, STATUS_RUNNING, STATUS_CANCELLED)


class FlowNode:
    """One execution of a step.

    Attributes:
        id: name of the step and index, ``solve_0``.
        status: one of the ``STATUS_`` constants.
        error: text of the exception of a node that failed, else None.
        predecessors: the nodes whose results it got.
        run_id: of its app; None without one.
        cancel: whether it was cancelled.
    """

    def __init__(self, parent: FlowStep, index: int) -> None:
        self.parent, self.index = parent, index
        self.id = f"{parent.definition.get_id()}_{index}"
        self.status = STATUS_PENDING
        self.error: str | None = None
        self.predecessors: list[FlowNode] = []
        self.run_id: str | None = None
        self.cancel = False
        self._result: Any = None
        self._fetch: Callable[[], Any] | None = None

    @property
    def done(self) -> bool:
        """True once it has ended, be it by its condition."""
        return self.status not in _NOT_DONE

    @property
    def result(self) -> Any:
        """The value that it returned; None if it has not succeeded."""
        if self._fetch is not None:  # a copy of a large value is made only if somebody asks for it
            self._result, self._fetch = self._fetch(), None
        return self._result

    @result.setter
    def result(self, value: Any) -> None:
        self._result, self._fetch = value, None

    def fetch_later(self, fetch: Callable[[], Any]) -> None:
        """Let the result be what a function returns, once it is asked for."""
        self._fetch = fetch

    def __repr__(self) -> str:
        return f"FlowNode({self.id}, {self.status})"


class FlowStep:
    """A step of a flow.

    Attributes:
        definition: what its decorators say.
        step_function: the function itself.
        nodes: its executions in the last run of the flow, in the order of their inputs.
        done: whether it has ended well in the last run, or was skipped by its condition.
        is_list: whether its result is a list with one value for each node.
    """

    def __init__(
        self,
        step_function: Callable[..., Any],
        step_definition: Step,
        docstring: str | None,
        *,
        is_list: bool = False,
    ) -> None:
        self.step_function, self.definition, self.docstring, self.is_list = step_function, step_definition, docstring, is_list
        self.done = False
        self.predecessors: list[FlowStep] = []
        self.successors: list[FlowStep] = []
        self.nodes: list[FlowNode] = []

    @property
    def result(self) -> Any:
        """The value of its node, or the list of those of all its nodes; None if it is not done."""
        if not self.done:
            return None
        results = [node.result for node in self.nodes if node.status == STATUS_SUCCEEDED]
        if self.is_list:
            return results
        return results[0] if results else None

    def __repr__(self) -> str:
        return f"FlowStep({self.definition.get_id()})"


class FlowGraph:
    """The steps of a flow in the order of definition.

    Attributes:
        start_steps: those without predecessors.
        steps_by_definition: each step by its definition.

    Raises:
        DefinitionError: the class of the flow cannot be run, in one sentence.
    """

    def __init__(self, flow_spec: Any) -> None:
        self.flow_spec = flow_spec
        self.plan = plan_of(type(flow_spec))
        self._by_name = _steps(self.plan)
        self.steps: list[FlowStep] = list(self._by_name.values())
        self.start_steps = [one for one in self.steps if not one.predecessors]
        self.steps_by_definition: dict[Step, FlowStep] = {one.definition: one for one in self.steps}

    def get_step(self, definition: Any) -> FlowStep:
        """Return the step with a definition, or of a function; of what a base class defines, the step in its place.

        Raises:
            DefinitionError: it is no step of the flow.
        """
        known = definition if isinstance(definition, Step) else known_definition(definition)
        if known is None:
            raise DefinitionError(f"Step {definition} does not have a step decorator.")
        found = self.steps_by_definition.get(known) or self._by_name.get(known.get_id())
        if found is None:
            raise DefinitionError(f"{known.get_id()!r} is no step of {type(self.flow_spec).__qualname__}")
        return found

    def take(self, report: Mapping[str, Mapping[str, Any]], fetch: Callable[[Any], Any]) -> None:
        """Make the nodes of all steps as a run has left them; ``fetch`` makes a result of what the report has of it."""
        made: dict[tuple[str, int], FlowNode] = {}
        for name, one in self._by_name.items():
            rows: Sequence[Mapping[str, Any]] = report[name]["nodes"]
            one.done, one.nodes = report[name]["done"], []
            for index, row in enumerate(rows):
                node = made[name, index] = FlowNode(one, index)
                node.status, node.error = row["status"], row.get("error")
                node.cancel = node.status == STATUS_CANCELLED
                if "made" in row:
                    node.fetch_later(partial(fetch, row["made"]))
                one.nodes.append(node)
        for name in self._by_name:
            for index, row in enumerate(report[name]["nodes"]):
                pairs = [(other, at) for other, at in row["from"] if (other, at) in made]
                made[name, index].predecessors = [made[pair] for pair in pairs]


def _steps(plan: Plan) -> dict[str, FlowStep]:
    steps = {
        name: FlowStep(definition.function, definition, definition.function.__doc__, is_list=plan.is_list(name))
        for name, definition in plan.definitions.items()
    }
    for name, one in steps.items():
        for other in plan.predecessors[name]:
            one.predecessors.append(steps[other])
            steps[other].successors.append(one)
    return steps
