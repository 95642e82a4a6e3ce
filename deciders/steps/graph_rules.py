"""Rules that the steps of a file must keep, whatever their families are; and the problems of a graph."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..wording import did_you_mean, listed, shown
from .axis_values import count_fault, lengths_of, long_values
from .conditions import mentioned
from .references import items_as_labels
from .step import REPEAT_INDEX, REPEAT_SEED, FromParameter, Listed, Step

_MOST_CIRCLES_REPORTED = 20

Handled = Mapping[str, Sequence[str]]  #: handlers, with the labels whose failure runs them


class GraphProblem(NamedTuple):
    """One thing that is wrong: a sentence without a place, and the places that it speaks of."""

    label: str  #: the step that it stands at
    key: str | None  #: the key of that step; None: the step itself
    message: str  #: lower case, without file and line
    circle: tuple[str, ...] = ()  #: of a circle, each of its labels once, in the order of the message

    def __str__(self) -> str:
        return self.message


class GraphError(ValueError):
    """A graph that cannot be unfolded. ``problems`` is never empty; the text has one line for each."""

    def __init__(self, problems: Sequence[GraphProblem]) -> None:
        super().__init__(list(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join(problem.message for problem in self.problems)


def step_problems(
    steps: Mapping[str, Step], handled: Handled, parameters: Collection[str] | None, automatic: Collection[str]
) -> Iterator[GraphProblem]:
    """Yield what is wrong with single steps, and with labels that are named.

    ``parameters`` are the names of the workflow's, None if they are not known; ``automatic`` those that are set by themselves.
    """
    fans = {label for label, step in steps.items() if step.is_fan}
    for label, fan in items_as_labels(steps, fans):
        yield GraphProblem(label, None, f"the label {label!r} reads like an item of the fan {fan!r}; choose another name")
    known = None if parameters is None else dict.fromkeys([*parameters, *automatic])
    for step in steps.values():
        yield from _unknown_labels(step, steps)
        yield from _policies(step, handled)
        yield from _axes(step, steps, known, {*automatic, REPEAT_INDEX, REPEAT_SEED})


def named_labels(step: Step) -> Iterator[tuple[str, str]]:
    """Yield the labels that a step names and waits for, each with the key that names it."""
    if step.follows is not None:
        yield step.follows, "for_each"
    for label in step.takes:
        yield label, "parameters"
    for label in step.sources:
        yield label, "for_each"
    if step.condition is not None:
        for label in mentioned(step.condition):
            yield label, "when"
    for label in step.after:
        yield label, "after"


def ordered(needs: Mapping[str, Sequence[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the labels in such an order, and the circles: each of its labels once, from the first of the file on.

    ``needs`` has every label, in the order of the file. The order means nothing if there are circles.
    """
    place = {label: number for number, label in enumerate(needs)}
    order: list[str] = []
    circles: dict[frozenset[str], tuple[str, ...]] = {}
    is_done: dict[str, bool] = {}  # False: on the way
    for root in needs:
        if root in is_done:
            continue
        way: list[tuple[str, Iterator[str]]] = [(root, iter(needs[root]))]
        is_done[root] = False
        while way:
            label, left = way[-1]
            for other in left:
                if other not in is_done:
                    is_done[other] = False
                    way.append((other, iter(needs[other])))
                    break
                if not is_done[other] and len(circles) < _MOST_CIRCLES_REPORTED:
                    path = [one for one, _ in way]
                    circle = path[path.index(other) :]
                    start = min(range(len(circle)), key=lambda at: place[circle[at]])
                    circles.setdefault(frozenset(circle), (*circle[start:], *circle[:start]))
            else:
                is_done[label] = True
                order.append(label)
                way.pop()
    return order, list(circles.values())


def _unknown_labels(step: Step, steps: Mapping[str, Step]) -> Iterator[GraphProblem]:
    named = list(named_labels(step))
    if step.handler is not None:
        named.append((step.handler, "on_failure"))
    for label, key in dict.fromkeys(named):
        if label not in steps:
            message = f"{key!r} of {step.label!r} names {shown(label)}, which is no label{did_you_mean(label, steps)}"
            yield GraphProblem(step.label, key, message)


def _policies(step: Step, handled: Handled) -> Iterator[GraphProblem]:
    label = step.label
    if step.handler == label:
        message = f"'on_failure' of {label!r} runs {label!r} itself, which has failed then; name another label"
        yield GraphProblem(label, "on_failure", message)
    if label in handled and step.when == "always":
        message = f"{label!r} runs only if {_either(handled[label])} fails, so it cannot run always"
        yield GraphProblem(label, "when", message)
    for key, number, least in (("repeat", step.repeat, 0), ("max_parallel", step.max_parallel, 1), ("limit", step.limit, 1)):
        if number is not None and number < least:
            yield GraphProblem(label, key, f"{key!r} of {label!r} is a number from {least}, not {number}")


def _axes(
    step: Step, steps: Mapping[str, Step], known: Collection[str] | None, automatic: Collection[str]
) -> Iterator[GraphProblem]:
    label = step.label
    if step.axes and step.follows is not None:
        yield GraphProblem(label, "for_each", f"'for_each' of {label!r} takes axes or the label of a fan, not both")
    if step.zip and not step.axes:
        yield GraphProblem(label, "zip", f"'zip' of {label!r} goes with axes, and it has none")
    if step.gathers and not step.axes:
        yield GraphProblem(label, "for_each", f"{label!r} gathers the combinations of axes, and it has none")
    if step.rounds and (step.repeat is None or not step.axes or step.gathers):
        yield GraphProblem(label, "repeat", f"{label!r} is repeated in rounds, which takes 'repeat' and axes that make items")
    for axis, source in step.axes.items():
        if axis in steps and axis != label:
            yield GraphProblem(label, "for_each", f"the axis {axis!r} of {label!r} has the name of another label")
        elif axis in automatic:
            yield GraphProblem(label, "for_each", f"the axis {axis!r} of {label!r} has the name of an automatic parameter")
        if isinstance(source, Listed) and not step.gathers:
            for fault in long_values(axis, source.values):
                yield GraphProblem(label, "for_each", f"'for_each' of {label!r}: {fault}")
        if isinstance(source, FromParameter) and known is not None and source.name not in known:
            hint = did_you_mean(source.name, known)
            message = f"the axis {axis!r} of {label!r} is the parameter {shown(source.name)}, which there is not{hint}"
            yield GraphProblem(label, "for_each", message)
    yield from _listed_axes(step)


def _listed_axes(step: Step) -> Iterator[GraphProblem]:
    """Check that axes which go in step have equal lengths, as far as the file lists them."""
    lists = {axis: source.values for axis, source in step.axes.items() if isinstance(source, Listed)}
    if lists and (len(lists) == len(step.axes) or step.zip) and (fault := count_fault(step, lengths_of(lists))) is not None:
        yield GraphProblem(step.label, "for_each", f"'for_each' of {step.label!r}: {fault}")


def _either(labels: Sequence[str]) -> str:
    return listed(labels).replace(" and ", " or ")
