"""The words and figures of the benchmarks; that each runs is in ``tests/acceptance``."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, main
from tests.benchmarks.figures import Figures, Sample, compared, milliseconds, ratio
from tests.benchmarks.histories import Chain, FanOut, history
from tests.benchmarks.stepping import Client


def test_without_a_name_the_benchmarks_are_listed(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(BENCHMARKS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["due_runs"],
            "'due_runs' is not a benchmark; there are replay, local, due-runs, swf, service, children, groups, fans, "
            "notebooks, sensor, reports, watching, records, nextpipe (did you mean 'due-runs'?)",
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


@contextmanager
def answering(*statuses):
    """The address of a server that answers its calls with these, one after another."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(left.pop(0))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_client_makes_calls_again_that_end_with_an_internal_error_and_counts_them():
    with answering(500, 500, 200, 200) as endpoint:
        client = Client(endpoint)
        assert [client.call("PollForDecisionTask"), client.call("PollForDecisionTask")] == [{}, {}]
        assert client.repeated == 2
        client.close()


@pytest.mark.parametrize("statuses", [[500] * 10, [400], [500, 400]])
def test_a_client_gives_up_after_ten_internal_errors_and_at_once_after_a_refusal(statuses):
    with answering(*statuses) as endpoint:
        client = Client(endpoint)
        with pytest.raises(RuntimeError) as refused:
            client.call("PollForDecisionTask")
        client.close()
    assert str(refused.value) == f"PollForDecisionTask: {statuses[-1]} {{}}"
    assert client.repeated == len(statuses) - 1
