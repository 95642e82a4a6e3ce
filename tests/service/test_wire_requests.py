"""Requests as they come over the wire: what is refused, and with which words."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from simpleflow_nb.local import http_service
from simpleflow_nb.local.call_bodies import check_characters, decoded
from simpleflow_nb.local.call_shapes import CALLS, DECISIONS, check_call
from simpleflow_nb.local.connections import FEWEST_CONNECTIONS, RESERVED_DESCRIPTORS, connection_bound
from simpleflow_nb.local.faults import Fault
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService

from .served import answer, fault, message
from .test_hostile_clients import leaves, sample

LIST = b'{"registrationStatus":"REGISTERED"}'
TARGET = b"X-Amz-Target: SimpleWorkflowService.ListDomains\r\n"
HEAD = b"POST / HTTP/1.1\r\n" + TARGET
LENGTH = b"Content-Length: %d\r\n" % len(LIST)
PLAIN = HEAD + LENGTH + b"\r\n" + LIST
SERIAL = "SerializationException"
MUST = "failed to satisfy constraint: Member must"


@pytest.fixture
def http() -> Iterator[HttpService]:
    served = HttpService(LocalService(poll_seconds=0.1, workers_inside=False))
    served.start()
    yield served
    served.close()


def connected(http: HttpService) -> socket.socket:
    host, port = http.endpoint.removeprefix("http://").rsplit(":", 1)
    return socket.create_connection((host, int(port)), 60)


def sent(http: HttpService, raw: bytes) -> tuple[int, dict[str, Any]]:
    with connected(http) as connection:
        connection.sendall(raw)
        return answer(connection)


# ---- heads -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (HEAD + b"\r\n", (400, SERIAL, "a Content-Length is expected")),
        (HEAD + b"Content-Length: -1\r\n\r\n", (400, SERIAL, "a Content-Length is expected")),
        (HEAD + b"Content-Length: +5\r\n\r\n", (400, SERIAL, "a Content-Length is expected")),
        (HEAD + b"Content-Length: 1_0\r\n\r\n", (400, SERIAL, "a Content-Length is expected")),
        (HEAD + LENGTH + LENGTH + b"\r\n" + LIST, (400, SERIAL, "the header has content-length twice")),
        (HEAD + LENGTH + TARGET + b"\r\n" + LIST, (400, SERIAL, "the header has x-amz-target twice")),
        (HEAD + b"Content-Length: 2000000\r\n\r\n", (413, "RequestEntityTooLargeException", "a request has at most 1 MB")),
        (
            HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
            (413, "RequestEntityTooLargeException", "a request has at most 1 MB"),
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n23\r\n" + LIST + b"\r\n0\r\n\r\n",
            (411, SERIAL, "a body in chunks is not read; send it whole, with its Content-Length"),
        ),
        (
            HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + LIST,
            (411, SERIAL, "a body in chunks is not read; send it whole, with its Content-Length"),
        ),
        (
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(LIST)) + gzip.compress(LIST),
            (415, SERIAL, "a body in 'gzip' is not read; send it plain"),
        ),
        (
            HEAD + LENGTH + b"Expect: miracles\r\n\r\n" + LIST,
            (417, "ValidationException", "Expect: 'miracles' cannot be met"),
        ),
        (HEAD + b"X-Big: " + b"a" * 200_000 + b"\r\n\r\n", (400, SERIAL, "a header line is malformed")),
        (HEAD + b"X-Big: %s\r\n" % (b"a" * 60_000) * 3 + b"\r\n", (431, SERIAL, "the header lines are too long")),
        (HEAD + b"X-A: b\r\n" * 20_000 + b"\r\n", (431, SERIAL, "too many header lines")),
        (HEAD + b"X-A : b\r\n\r\n", (400, SERIAL, "a header line is malformed")),
        (bytes(range(256)) * 4, (400, SERIAL, "this is no HTTP/1.1 request")),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", (400, SERIAL, "this is no HTTP/1.1 request")),
        (PLAIN.replace(b"HTTP/1.1", b"HTTP/2.0"), (400, SERIAL, "this is no HTTP/1.1 request")),
        (PLAIN.replace(b"POST /", b"POST /admin"), (404, "UnknownOperationException", "calls are made at /, not at '/admin'")),
        (PLAIN.replace(b"POST", b"PUT"), (405, "UnknownOperationException", "calls are made with POST, not with PUT")),
        (PLAIN.replace(b"POST", b"DELETE"), (405, "UnknownOperationException", "calls are made with POST, not with DELETE")),
        (PLAIN.replace(TARGET, b""), (400, "UnknownOperationException", "this service does not answer ''")),
        (
            PLAIN.replace(b"SimpleWorkflowService.ListDomains", b"DynamoDB_20120810.ListTables"),
            (400, "UnknownOperationException", "this service does not answer 'DynamoDB_20120810.ListTables'"),
        ),
        (
            PLAIN.replace(b"ListDomains", b"__init__"),
            (400, "UnknownOperationException", "this service does not answer 'SimpleWorkflowService.__init__'"),
        ),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_in_a_sentence(
    http: HttpService, raw: bytes, expected: tuple[int, str, str]
) -> None:
    assert fault(sent(http, raw)) == expected
    assert sent(http, PLAIN)[0] == 200


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN,
        PLAIN.replace(b"\r\n", b"\n"),
        b"\r\n" + PLAIN,
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"POST /", b"POST http://127.0.0.1:4617/"),
        PLAIN.replace(b"X-Amz-Target:", b"x-AMZ-target:\t"),
        PLAIN.replace(LENGTH, LENGTH + b"Content-Encoding: identity\r\n"),
    ],
)
def test_what_can_be_read_is_answered(http: HttpService, raw: bytes) -> None:
    assert sent(http, raw)[0] == 200


def test_requests_in_one_packet_are_answered_in_their_order(http: HttpService) -> None:
    with connected(http) as connection:
        connection.sendall(PLAIN + message("DescribeDomain", b'{"name":"local"}') + message("DescribeDomain", b"{}"))
        first = read_whole(connection, 3)
    assert [status for status, _ in first] == [200, 200, 400]
    assert [next(iter(body)) for _, body in first] == ["domainInfos", "domainInfo", "__type"]


def read_whole(connection: socket.socket, number: int) -> list[tuple[int, dict[str, Any]]]:
    """So many answers from one stream."""
    stream = connection.makefile("rb")
    found = []
    for _ in range(number):
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline()) != b"\r\n":
            if line.startswith(b"Content-Length: "):
                length = int(line.split()[1])
        found.append((status, json.loads(stream.read(length))))
    stream.close()
    return found


def test_a_client_that_asks_whether_to_go_on_is_told_so_before_its_body(http: HttpService) -> None:
    with connected(http) as connection:
        connection.sendall(HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(LIST)
        assert answer(connection)[0] == 200


def test_every_answer_has_an_id_of_its_own(http: HttpService) -> None:
    found = set()
    with connected(http) as connection:
        for body in (LIST, b"{}", b"no"):
            connection.sendall(message("ListDomains", body))
            head = connection.recv(65536).split(b"\r\n\r\n")[0]
            found |= {line for line in head.split(b"\r\n") if line.startswith(b"x-amzn-RequestId: ")}
    assert len(found) == 3


@pytest.mark.parametrize("credential", ["another", "Credential=wrong-letters-16/", "Credential=\u0100/"])
def test_the_token_is_looked_at_before_the_body_is_read(credential: str) -> None:
    http = HttpService(LocalService(poll_seconds=1), token="sixteen-letters!")
    http.start()
    try:
        with connected(http) as connection:
            connection.sendall(HEAD + b"Authorization: %s\r\nContent-Length: 1000000\r\n\r\n" % credential.encode())
            found = fault(answer(connection))
        assert found == (400, "UnrecognizedClientException", "the access key id is not the service's token")
    finally:
        http.close()


# ---- time --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "begun", "told"),
    [
        ("IDLE_SECONDS", b"", None),
        ("HEADER_SECONDS", HEAD + b"X-Slow: ", (408, "RequestTimeoutException", "the request did not come in time")),
        (
            "BODY_SECONDS",
            HEAD + b"Content-Length: 100000\r\n\r\n",
            (408, "RequestTimeoutException", "the request did not come in time"),
        ),
    ],
)
def test_whoever_sends_by_drops_is_not_waited_for(
    http: HttpService, monkeypatch: pytest.MonkeyPatch, limit: str, begun: bytes, told: tuple[int, str, str] | None
) -> None:
    """Each drop comes well in time; all together they do not."""
    monkeypatch.setattr(http_service, limit, 0.5)
    with connected(http) as connection:
        connection.sendall(begun)
        dripping = threading.Event()

        def drip() -> None:
            while not dripping.wait(0.05):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

        if begun:
            threading.Thread(target=drip, daemon=True).start()
        if told is None:
            assert connection.recv(1) == b""
        else:
            assert fault(answer(connection)) == told
        dripping.set()


def test_a_client_that_does_not_take_its_answer_is_not_waited_for(http: HttpService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_service, "ANSWER_SECONDS", 0.3)
    http.service.register_workflow_type(
        domain="local",
        name="flow",
        version="1",
        defaultTaskList={"name": "d"},
        defaultChildPolicy="TERMINATE",
        defaultTaskStartToCloseTimeout="60",
        defaultExecutionStartToCloseTimeout="60",
    )
    started = {"workflowId": "w", "workflowType": {"name": "flow", "version": "1"}}
    run_id = http.service.start_workflow_execution(domain="local", **started)["runId"]
    for _ in range(300):
        http.service.signal_workflow_execution(domain="local", workflowId="w", signalName="s", input="x" * 32_000)
    request = {"domain": "local", "execution": {"workflowId": "w", "runId": run_id}}
    with connected(http) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(message("GetWorkflowExecutionHistory", json.dumps(request).encode()))
        until = time.monotonic() + 60
        while http._server._slots and time.monotonic() < until:
            time.sleep(0.01)
        assert not http._server._slots


# ---- bodies ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"not json", "the body is not JSON: expecting value at character 1"),
        (b'{"a": 1', "the body is not JSON: expecting ',' delimiter at character 8"),
        (b"[1]", "the body is no JSON object"),
        (b"5", "the body is no JSON object"),
        (b"\xff", "the body is not UTF-8: byte 1"),
        (b'{"a": "\xed\xa0\x80"}', "the body is not UTF-8: byte 8"),
        ("{}".encode("utf-16"), "the body is not UTF-8: byte 1"),
        (b'{"a":' * 100_000, "the body is nested too deeply"),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"a": NaN}', "the body has NaN, which is no JSON"),
        (b'{"a": -Infinity}', "the body has -Infinity, which is no JSON"),
        (b'{"a": %s}' % (b"9" * 5000), "the body has a number of too many digits"),
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "the body has 'b' twice in one object"),
    ],
)
def test_a_body_that_can_be_read_in_two_ways_or_none_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(Fault) as refused:
        decoded(body)
    assert (refused.value.code, refused.value.message) == (SERIAL, sentence)


def test_ten_thousand_names_twice_are_refused_at_once() -> None:
    """Looking for the one that is twice must not take the square of their number."""
    names = [f'"{number}":1' for number in range(50_000)]
    with pytest.raises(Fault, match="'49999' twice"):
        decoded(("{" + ",".join([*names, '"49999":1']) + "}").encode())


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (r'{"a": "\ud800"}', "a"),
        (r'{"a": {"b": ["x", "y\uDFFF"]}}', "a.b[1]"),
        (r'{"a": "\ud83d\ude00", "b": "\ude00\ud83d"}', "b"),
        (r'{"a": "\ud83d\ude00"}', None),
        (r'{"a": "\\ud800"}', None),
    ],
)
def test_half_a_character_is_refused_and_whole_ones_are_not(text: str, place: str | None) -> None:
    body = text.encode()
    if place is None:
        check_characters(body, decoded(body))
        return
    with pytest.raises(Fault) as refused:
        check_characters(body, decoded(body))
    assert refused.value.code == SERIAL
    assert refused.value.message.startswith(f"Value at '{place}' holds half a character (a lone surrogate): ")


# ---- shapes ------------------------------------------------------------------------------------------------------------------

MODEL = botocore.session.get_session().get_service_model("swf")
WRONG: dict[str, Any] = {"string": 5, "integer": "5", "boolean": "yes", "timestamp": "now", "list": {}, "structure": []}


@pytest.mark.parametrize("operation", sorted(CALLS))
def test_a_request_with_every_member_has_the_shape_that_swf_describes(operation: str) -> None:
    """Each member taken out, replaced by another type, null, or joined by one that SWF does not know."""
    shape = MODEL.operation_model(operation).input_shape
    whole = sample(shape)
    check_call(operation, json.loads(json.dumps(whole)))
    for path in leaves(whole):
        required, kind = described(shape, path)
        refuse = () if kind != "list item" and not required else (Fault,)
        for changed, refused in (
            (without(whole, path), refuse),
            (replaced(whole, path, None), refuse if kind != "list item" else (Fault,)),
            (replaced(whole, path, WRONG[described_type(shape, path)]), (Fault,)),
        ):
            if kind == "list item" and path not in list(leaves(changed)):
                continue  # a shorter list
            if not refused:
                check_call(operation, changed)
                continue
            with pytest.raises(Fault) as caught:
                check_call(operation, changed)
            assert caught.value.code == "ValidationException"
    for path in [(), *leaves(whole)]:
        if isinstance(at(whole, path), dict):
            with pytest.raises(Fault, match="Unknown member"):
                check_call(operation, replaced(whole, (*path, "colour"), "red"))


def test_every_decision_is_described() -> None:
    assert DECISIONS.keys() == set(MODEL.shape_for("DecisionType").enum)


def described(shape: Any, path: tuple[Any, ...]) -> tuple[bool, str]:
    """Whether the member is required, and whether it is one at all."""
    parent = shape_at(shape, path[:-1])
    if parent.type_name == "list":
        return True, "list item"
    return path[-1] in parent.required_members, "member"


def described_type(shape: Any, path: tuple[Any, ...]) -> str:
    found: str = shape_at(shape, path).type_name
    return found


def shape_at(shape: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        shape = shape.member if shape.type_name == "list" else shape.members[name]
    return shape


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    at(copy, path[:-1])[path[-1]] = new
    return copy


def without(value: Any, path: tuple[Any, ...]) -> Any:
    copy = json.loads(json.dumps(value))
    del at(copy, path[:-1])[path[-1]]
    return copy


@pytest.mark.parametrize(
    ("operation", "change", "sentence"),
    [
        ("ListDomains", {"maximumPageSize": 1001}, f"Value at 'maximumPageSize' {MUST} have value less than or equal to 1000"),
        ("ListDomains", {"maximumPageSize": -1}, f"Value at 'maximumPageSize' {MUST} have value greater than or equal to 0"),
        ("ListDomains", {"maximumPageSize": True}, "Value at 'maximumPageSize' is true or false; a whole number is expected"),
        (
            "ListDomains",
            {"registrationStatus": "GONE"},
            f"Value at 'registrationStatus' {MUST} satisfy enum value set: [REGISTERED, DEPRECATED]",
        ),
        ("PollForDecisionTask", {"identity": "i" * 257}, f"Value at 'identity' {MUST} have length less than or equal to 256"),
        (
            "RespondActivityTaskCompleted",
            {"taskToken": ""},
            f"Value at 'taskToken' {MUST} have length greater than or equal to 1",
        ),
        (
            "RecordActivityTaskHeartbeat",
            {"details": "d" * 2049},
            f"Value at 'details' {MUST} have length less than or equal to 2048",
        ),
        (
            "CountOpenWorkflowExecutions",
            {"startTimeFilter": {"oldestDate": 1e300}},
            "Value at 'startTimeFilter.oldestDate' is no moment: seconds since 1970 are expected",
        ),
        ("StartWorkflowExecution", {"tagList": ["a", 5]}, "Value at 'tagList[1]' is a number; a text is expected"),
        ("StartWorkflowExecution", {"{path}": 1}, "Unknown member '{path}'"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused_with_its_place(operation: str, change: dict[str, Any], sentence: str) -> None:
    whole = sample(MODEL.operation_model(operation).input_shape)
    with pytest.raises(Fault) as refused:
        check_call(operation, whole | change)
    assert (refused.value.code, refused.value.message) == ("ValidationException", sentence)


# ---- descriptors -------------------------------------------------------------------------------------------------------------


def test_the_bound_on_connections_is_below_the_descriptors_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    from simpleflow_nb.local import connections

    needed = RESERVED_DESCRIPTORS + FEWEST_CONNECTIONS
    for limit, bound in ((needed, FEWEST_CONNECTIONS), (100, 60), (1 << 20, 600), (connections.resource.RLIM_INFINITY, 600)):
        monkeypatch.setattr(connections.resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert connection_bound() == bound
    monkeypatch.setattr(connections.resource, "getrlimit", lambda _: (needed - 1, needed - 1))
    with pytest.raises(ValueError, match=rf"^this process may open {needed - 1} files \(ulimit -n\); a service needs {needed}"):
        connection_bound()
