"""The words and figures of the benchmarks; that each runs is in ``tests/acceptance``."""

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, main
from tests.benchmarks.figures import Figures, Sample, compared, milliseconds, ratio
from tests.benchmarks.histories import Chain, FanOut, history


def test_without_a_name_the_benchmarks_are_listed(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BENCHMARKS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["due_runs"],
            "'due_runs' is not a benchmark; there are replay, local, due-runs, swf, service, notebooks, sensor, reports, "
            "watching, records (did you mean 'due-runs'?)",
        ),
        (["local", "--repeats", "0"], "--repeats 0: at least one round is needed"),
    ],
)
def test_a_wrong_command_line_is_refused_in_one_sentence(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"scripts/bench: error: {message}"


def test_contestants_take_turns():
    turns = []

    def contestant(name):
        def run():
            turns.append(name)
            return Sample(float(len(turns)), 0.0)

        return run

    figures = compared({"a": contestant("a"), "b": contestant("b")}, 3)
    assert turns == ["a", "b"] * 3
    assert (figures["b"].minimum, figures["b"].median) == (2.0, 4.0)


def test_a_ratio_is_given_by_minima_and_by_medians():
    slow, fast = (Figures(tuple(Sample(each, 0.0) for each in series)) for series in ((4.0, 9.0, 9.0), (2.0, 3.0, 3.0)))
    assert ratio(slow, fast) == "2.0x (3.0x)"


@pytest.mark.parametrize(("seconds", "text"), [(0.7123, "712"), (0.07123, "71.2"), (0.007123, "7.12"), (0.0000712, "0.0712")])
def test_milliseconds_are_given_to_three_digits(seconds, text):
    assert milliseconds(seconds) == text


@pytest.mark.parametrize(("workflow", "decisions"), [(Chain, 13), (FanOut, 3)])
def test_the_histories_are_decided_as_their_shape_says(workflow, decisions):
    made = history(workflow, 12)
    assert len(made.starts) == decisions
    ended = [event for event in made.events if event["eventType"] == "ActivityTaskCompleted"]
    assert len(ended) == 12
