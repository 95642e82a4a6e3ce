"""``service.start`` with few descriptors, and clients that mean no good or mean nothing: the others are served."""

from __future__ import annotations

import json
import random
import resource
import select
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from simpleflow_nb.local.http_service import OPERATIONS, HttpService
from simpleflow_nb.local.served_journal import TRUSTED
from simpleflow_nb.local.service import LocalService

from ..settings import count
from .process_threads import until
from .served import FLOW, WAIT_SECONDS, Served, answer, fault, message, served
from .slow_journal import SlowJournal

FILES = 100  #: ulimit -n
CONNECTIONS = 120
LIST = message("ListDomains", b'{"registrationStatus":"REGISTERED"}')


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "journal.sqlite3", "--poll-seconds", "0.1", limits={resource.RLIMIT_NOFILE: FILES}) as service:
        service.register()
        yield service


@pytest.mark.parametrize(
    "sent",
    [b"", b"P", b"POST / HTTP/1.1\r\n", LIST[:-40], LIST[:-1]],
    ids=["idle", "a byte", "a line", "half a head", "half a body"],
)
def test_connections_without_a_complete_request_make_room_for_others(service: Served, sent: bytes) -> None:
    connections: list[socket.socket] = []
    try:
        for _ in range(CONNECTIONS):
            connections.append(service.connection())
            connections[-1].sendall(sent)
        assert service.start("while they are there")[0] == 200
        assert service.call("ListDomains", registrationStatus="REGISTERED")[0] == 200
    finally:
        for connection in connections:
            connection.close()
    assert service.open_ids() == {"while they are there"}


@pytest.fixture
def answering() -> Iterator[HttpService]:
    """Eight places, and every answer to ListDomains is more than what the system takes for a client that does not."""
    http = HttpService(LocalService(workers_inside=False), most_connections=8)
    http.service.list_domains = lambda **_: {"name": LONG}  # type: ignore[method-assign, assignment]
    http.start()
    yield http
    http.close()


LONG = "x" * 9_000_000


def slow_taker(http: HttpService) -> socket.socket:
    """A client that has asked for a long answer and takes none of it yet."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    connection.settimeout(WAIT_SECONDS)
    connection.connect(("127.0.0.1", int(http.endpoint.rsplit(":", 1)[1])))
    connection.sendall(LIST)
    return connection


def is_sending(http: HttpService, number: int) -> bool:
    places = list(http._server._slots.values())
    return len(places) == http._server._calls == number and not any(place.is_answered for place in places)


def test_answers_that_are_not_taken_make_room_for_others(answering: HttpService) -> None:
    connections = [slow_taker(answering) for _ in range(8)]
    try:
        until(lambda: is_sending(answering, 8), "eight answers that nobody takes")
        for number in range(8):
            with socket.create_connection(connections[0].getpeername(), WAIT_SECONDS) as other:
                request = {"domain": "local", **FLOW, "name": f"w-{number}"}
                other.sendall(message("RegisterWorkflowType", json.dumps(request).encode(), b"Connection: close"))
                assert answer(other) == (200, {})
    finally:
        for connection in connections:
            connection.close()


def test_a_service_that_stops_waits_for_an_answer_that_is_being_taken(answering: HttpService) -> None:
    with slow_taker(answering) as connection:
        until(lambda: is_sending(answering, 1), "the answer being on its way")  # and counted: that is what is waited for
        assert answer(connection) == (200, {"name": LONG})
    until(lambda: answering._server._calls == 0, "the end of the answer")


def test_polls_leave_places_for_other_calls(tmp_path: Path) -> None:
    with served(tmp_path / "journal.sqlite3", limits={resource.RLIMIT_NOFILE: FILES}) as service:
        service.register()
        body = b'{"domain":"local","taskList":{"name":"d"}}'
        connections = [service.connection() for _ in range(50)]
        try:
            for connection in connections:
                connection.sendall(message("PollForDecisionTask", body))
            refused = (400, "LimitExceededFault", "45 polls wait already, as many as this process has files for")
            told: set[socket.socket] = set()
            while len(told) < 5:  # whichever came last
                told |= set(select.select(list(set(connections) - told), [], [], 60)[0])
            assert [fault(answer(connection)) for connection in told] == [refused] * 5
            assert service.start("another")[0] == 200
        finally:
            for connection in connections:
                connection.close()


def test_when_every_place_has_a_call_the_next_one_is_told_so(tmp_path: Path) -> None:
    class Slow(SlowJournal):
        def write_types(self, *parts: Any) -> None:
            assert self.leave.wait(60)
            super().write_types(*parts)

    journal = Slow(tmp_path / "journal.sqlite3")
    http = HttpService(LocalService(journal, workers_inside=False), most_connections=8)
    http.start()
    port = int(http.endpoint.rsplit(":", 1)[1])
    journal.leave.clear()
    request = b'{"domain":"local","name":"w-%d","version":"1","defaultTaskList":{"name":"d"}}'
    connections = [socket.create_connection(("127.0.0.1", port), 60) for _ in range(8)]
    for number, connection in enumerate(connections):
        connection.sendall(message("RegisterWorkflowType", request % number))
    until(lambda: http._server._calls == 8, "eight calls")
    with socket.create_connection(("127.0.0.1", port), 60) as late:
        late.sendall(LIST)
        assert fault(answer(late)) == (503, "ServiceUnavailable", "every connection is in use; try again in a moment")
    journal.leave.set()
    assert [answer(connection) for connection in connections] == [(200, {})] * 8
    for connection in connections:
        connection.close()
    http.close()


# ---- odd values --------------------------------------------------------------------------------------------------------------

HALVES = [b'"\\ud800"', b'"run\\udfff"', b'"\\udc00\\ud800"']
ODD = [
    *HALVES,
    b'"\\u0000"',
    b'"a\\u0000b"',
    b'""',
    b'" "',
    b'"\\ud83d\\ude00"',
    b'"\\u202e\\u2028"',
    '"\u0663"'.encode(),
    b'"%s"' % (b"x" * 32_769),
    b'"%s"' % (b"x" * 257),
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"NONE"',
    b'"-1"',
    b'"1e3"',
    b'"99999999999"',
    b"5",
    b"-1",
    b"1e400",
    b"9" * 5_000,
    b"NaN",
    b"-Infinity",
    b"true",
    b"null",
    b"[]",
    b'["a"]',
    b"{}",
    b'{"name":"a"}',
    b'{"a":1,"a":2}',
    b"[" * 20_000,
    b'{"a":' * 20_000,
]
NEVER_TAKEN = [*HALVES, b'"\xff"', b'"\xed\xa0\x80"', b"1e400", b"9" * 5_000, b"NaN", b"-Infinity", *ODD[-3:]]
_HOLE = "\x01"


def sample(shape: Any, members: bool = True) -> Any:
    """A request with every member."""
    if shape.type_name == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [sample(shape.member)]
    if shape.type_name == "string":
        return (shape.enum or ["1"])[0]
    return {"boolean": False, "integer": 1, "timestamp": 0, "float": 0.0}[shape.type_name]


def leaves(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """The paths to every member of a request, and of what is in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in items:
        yield (*path, name)
        yield from leaves(one, *path, name)


def with_hole(request: Any, path: tuple[Any, ...]) -> bytes:
    """The request with a hole at the path."""
    copy = json.loads(json.dumps(request))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = _HOLE
    return json.dumps(copy).encode()


def odd_requests(number: int) -> Iterator[tuple[str, str, bytes, bytes]]:
    """Operation, place, odd value and body.

    Every place of every request comes in turn, each with the values in an order of its own: of so many requests each place gets
    as many, give or take one; not every value, unless there are enough.
    """
    model = botocore.session.get_session().get_service_model("swf")
    places = []
    for operation in sorted(OPERATIONS):
        request = sample(model.operation_model(operation).input_shape)
        for name, value in {"domain": "local", "taskPriority": "1", "taskList": {"name": "odd"}}.items():
            if name in request:
                request[name] = value
        for decision in request.get("decisions", []):
            decision["decisionType"] = "RecordMarker"
        places += [(operation, path, with_hole(request, path)) for path in leaves(request)]
    dice = random.Random(number)
    dice.shuffle(places)
    turns = zip(*(dice.sample(ODD, len(ODD)) for _ in places), strict=True)
    chosen = ((place, odd) for turn in turns for place, odd in zip(places, turn, strict=True))
    for (operation, path, body), odd in islice(chosen, number):
        yield operation, ".".join(map(str, path)), odd, body.replace(json.dumps(_HOLE).encode(), odd)


def test_every_place_of_a_request_gets_odd_values() -> None:
    every = Counter((operation, place) for operation, place, _, _ in odd_requests(100_000))
    assert set(every.values()) == {len(ODD)}
    for number in (len(every), 5_000):
        some = Counter((operation, place) for operation, place, _, _ in odd_requests(number))
        assert some.keys() == every.keys()
        assert max(some.values()) - min(some.values()) <= 1


def test_odd_values_in_every_field_are_one_refused_call_each(service: Served) -> None:
    """Refused, or taken as they are; never a failure of the service, and what comes after is served."""
    connection = service.connection()
    for turn, (operation, place, odd, body) in enumerate(odd_requests(count(300, 5_000))):
        connection.sendall(message(operation, body))
        status, answered = answer(connection)
        what = (operation, place, odd[:40], answered)
        assert status in (200, 400), what
        if status == 400:
            assert answered["message"], what
            assert answered["__type"].rpartition("#")[2] != "InternalFailure", what
        if odd in NEVER_TAKEN:
            assert status == 400, what
        if turn % 50 == 0:
            assert service.start(f"after {turn}")[0] == 200
    connection.close()
    assert service.call("PollForDecisionTask", domain="local", taskList={"name": "d"})[1]["taskToken"]
    service.process.terminate()
    assert service.ended() == (0, [])


def test_a_client_that_hangs_up_in_the_middle_leaves_no_trace(service: Served) -> None:
    def hang_up(number: int) -> None:
        with service.connection() as connection:
            connection.sendall(LIST[: number % len(LIST)])

    threads = [threading.Thread(target=hang_up, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.start("afterwards")[0] == 200


@pytest.mark.parametrize("token", [None, "sixteen-letters!"])
def test_a_service_without_a_token_says_whom_it_trusts(tmp_path: Path, token: str | None) -> None:
    words = []
    if token is not None:
        (tmp_path / "token").write_text(token)
        words = ["--token-file", str(tmp_path / "token")]
    with served(tmp_path / "journal.sqlite3", *words) as service:
        assert service.process.stdout is not None
        second = service.process.stdout.readline().rstrip("\n")
        if token is None:
            assert second == TRUSTED
        else:
            assert second.startswith("not imitated: Lambda functions, ")


FEW = 'ulimit -n 47; exec "$0" -m simpleflow_nb service.start --port 0 --db "$1"'


def test_a_service_that_may_open_too_few_files_ends_in_a_sentence(tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", FEW, sys.executable, tmp_path / "j"],
        capture_output=True,
        text=True,
    )
    sentence = "simpleflow-nb: this process may open 47 files (ulimit -n); a service needs 48 or more\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, "", sentence)
