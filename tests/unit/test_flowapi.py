"""Available dates from FlowAPI, played by a real server on loopback."""

import base64
import json
import socket
import ssl
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.workflow_files import specification
from workers import secrets
from workers.sources.available_dates import SourceError, SourceUnreachable, read_available_dates


def token(**claims: Any) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part({'sub': 'me', 'identity': 'me', **claims})}.c2lnbmF0dXJl"


GOOD = {"calls": ["2016-01-02", "2016-01-01", "2016-01-01"], "sms": []}


class FlowApi:
    """A server that answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = json.dumps({"available_dates": GOOD}).encode()
        self.headers: dict[str, str] = {}
        self.pause_seconds = 0.0
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.stopped = threading.Event()
        flowapi = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                flowapi.requests.append((self.command, self.path, headers, sent))
                try:
                    self.send_response(flowapi.status)
                    for name, value in flowapi.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(flowapi.body)))
                    self.end_headers()
                    if not flowapi.pause_seconds:
                        self.wfile.write(flowapi.body)
                        return
                    for byte in flowapi.body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        if flowapi.stopped.wait(flowapi.pause_seconds):
                            return
                except OSError:
                    self.close_connection = True  # the client has hung up, as it should

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                pass  # a client that refuses our certificate hangs up in the middle

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.stopped.set()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    monkeypatch.setattr("simpleflow_nb.environment.SECRETS_DIR", tmp_path / "secrets")
    for name in ("FLOWAPI_URL", "FLOWAPI_TOKEN", "SSL_CERTIFICATE_FILE"):
        monkeypatch.delenv(name, raising=False)
    for scheme in ("HTTP", "HTTPS", "ALL"):
        monkeypatch.delenv(f"{scheme}_PROXY", raising=False)
        monkeypatch.delenv(f"{scheme.lower()}_proxy", raising=False)


@pytest.fixture
def flowapi(monkeypatch):
    server = FlowApi()
    monkeypatch.setenv("FLOWAPI_URL", server.url)
    monkeypatch.setenv("FLOWAPI_TOKEN", token(exp=time.time() + 3600))
    yield server
    server.close()


def refusal() -> str:
    with pytest.raises(SourceError) as error:
        read_available_dates(specification(), timeout_seconds=5)
    message = str(error.value)
    assert "\n" not in message
    assert error.value.__cause__ is None
    try:
        secret = secrets.read_secret("FLOWAPI_TOKEN")
    except LookupError:
        return message
    assert secret not in message
    return message


def test_flowapi_is_asked_once_with_the_token(flowapi, monkeypatch):
    monkeypatch.setenv("FLOWAPI_URL", flowapi.url + "/")
    assert read_available_dates(specification()) == {"calls": [date(2016, 1, 1), date(2016, 1, 2)], "sms": []}
    ((method, path, headers, body),) = flowapi.requests
    assert (method, path, body) == ("GET", "/api/0/available_dates", b"")
    assert headers["authorization"] == f"Bearer {secrets.read_secret('FLOWAPI_TOKEN')}"


def test_the_token_comes_from_the_secrets_folder_first(flowapi, tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "FLOWAPI_TOKEN").write_text(token(of="file") + "\n")
    read_available_dates(specification())
    assert flowapi.requests[0][2]["authorization"] == f"Bearer {token(of='file')}"


def test_no_dates_at_all_is_no_error(flowapi):
    flowapi.body = b'{"available_dates": {}}'
    assert read_available_dates(specification()) == {}


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (401, b'{"msg": "Token has\\n been revoked"}', "FlowAPI at URL refuses the token (status 401): Token has been revoked"),
        (403, b"<html>", "FlowAPI at URL refuses the token (status 403)"),
        (404, b"", "there is no FlowAPI at URL (status 404): check FLOWAPI_URL"),
        (
            500,
            b'{"status": "error", "msg": "flowmachine is down"}',
            "FlowAPI at URL answers with status 500: flowmachine is down",
        ),
        (500, b'{"msg": 5}', "FlowAPI at URL answers with status 500"),
        (202, b"{}", "FlowAPI at URL answers with status 202"),
        (303, b"", "FlowAPI at URL sends us elsewhere (status 303): set FLOWAPI_URL to its final address"),
        (200, b"<html>", "ODD: not JSON"),
        (200, b"\xff\xfe\xfd", "ODD: not JSON"),
        (200, b"[" * 100_000, "ODD: not JSON"),
        (200, b"[]", "ODD: it lacks 'available_dates'"),
        (200, b'{"calls": []}', "ODD: it lacks 'available_dates'"),
        (200, b'{"available_dates": null}', "ODD: it lacks 'available_dates'"),
        (200, b'{"available_dates": {"sms": "2016-01-01"}}', "ODD: the dates of 'sms' are not a list"),
        (200, b'{"available_dates": {"sms": ["2016-02-30"]}}', "ODD: '2016-02-30' is not a date"),
        (200, b'{"available_dates": {"sms": [5]}}', "ODD: 5 is not a date"),
    ],
)
def test_every_other_answer_is_one_sentence(flowapi, status, body, message):
    flowapi.status, flowapi.body = status, body
    message = message.replace("ODD", "FlowAPI at URL gives an answer that is not understood")
    assert refusal() == message.replace("URL", flowapi.url, 1)


@pytest.mark.parametrize(
    ("status", "wait", "message"),
    [
        (429, "", "FlowAPI at URL answers with status 429: busy"),
        (429, "120", "FlowAPI at URL answers with status 429: busy; it asks to wait 120 s"),
        (
            503,
            "Fri, 01 Jan 2016 06:30:00 GMT",
            "FlowAPI at URL answers with status 503: busy; it asks to wait until 2016-01-01 06:30 UTC",
        ),
        (502, "soon", "FlowAPI at URL answers with status 502: busy"),
        (504, "9" * 40, "FlowAPI at URL answers with status 504: busy"),
        (408, "", "FlowAPI at URL answers with status 408: busy"),
    ],
)
def test_an_answer_that_may_be_another_one_later_is_no_mistake_in_the_settings(flowapi, status, wait, message):
    flowapi.status, flowapi.body = status, b'{"msg": "busy"}'
    flowapi.headers = {"Retry-After": wait} if wait else {}
    with pytest.raises(SourceUnreachable) as refused:
        read_available_dates(specification())
    assert str(refused.value) == message.replace("URL", flowapi.url, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 303])
def test_an_error_caused_by_a_wrong_setting_is_not_retried(flowapi, status):
    flowapi.status = status
    with pytest.raises(SourceError) as refused:
        read_available_dates(specification())
    assert not isinstance(refused.value, SourceUnreachable)


def test_an_answer_that_echoes_the_token_does_not_give_it_away(flowapi):
    secret = secrets.read_secret("FLOWAPI_TOKEN")
    flowapi.status, flowapi.body = 401, json.dumps({"msg": f"bad token {secret}"}).encode()
    assert refusal() == f"FlowAPI at {flowapi.url} refuses the token (status 401): bad token ***"
    flowapi.status, flowapi.body = 200, json.dumps({"available_dates": {"sms": [secret]}}).encode()
    assert refusal().endswith("not understood: '***' is not a date")


def test_a_redirect_is_not_followed(flowapi):
    flowapi.status, flowapi.headers = 302, {"Location": f"{flowapi.url}/elsewhere"}
    refusal()
    assert [path for _, path, _, _ in flowapi.requests] == ["/api/0/available_dates"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("DUMMY_TOKEN", "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        ("", "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        (f'"{token()}"', "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        ("e30.W10.x", "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        ("e30.e.x", "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        ("e30.\xe9.x", "FLOWAPI_TOKEN is not a JSON web token: copy it again from FlowAuth, whole and without quotes"),
        (token(exp=1451606400), "FLOWAPI_TOKEN expired on 2016-01-01 00:00 UTC: ask for a new one in FlowAuth"),
        (token(exp=-1e300), "FLOWAPI_TOKEN expired on 1970-01-01 00:00 UTC: ask for a new one in FlowAuth"),
        (token(exp="soon"), "FLOWAPI_TOKEN has an expiry date that is no number: ask for a new one in FlowAuth"),
        (token(exp=True), "FLOWAPI_TOKEN has an expiry date that is no number: ask for a new one in FlowAuth"),
    ],
)
def test_a_token_that_cannot_work_is_refused_before_any_request(flowapi, monkeypatch, value, message):
    monkeypatch.setenv("FLOWAPI_TOKEN", value)
    with pytest.raises(SourceError) as error:
        read_available_dates(specification())
    assert str(error.value) == message
    assert flowapi.requests == []


def test_missing_settings_are_named(monkeypatch, tmp_path):
    assert refusal() == "FLOWAPI_URL is not set, so there is no FlowAPI to ask; or give the sensor a source of files"
    monkeypatch.setenv("FLOWAPI_URL", "http://localhost:1")
    assert refusal() == (
        f"FLOWAPI_TOKEN is not set: give it as the file {tmp_path}/secrets/FLOWAPI_TOKEN or in the environment"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("flowapi:9090", "flowapi:9090"),
        ("ftp://x", "ftp://x"),
        ("http://", "http:"),
        ("http://x:99999", "http://x:99999"),
        ("http://[x", "http://[x"),
        ("ftp://me:hidden@x?token=hidden", "ftp://x"),
    ],
)
def test_an_invalid_address_is_refused_without_showing_its_password(monkeypatch, url, shown):
    monkeypatch.setenv("FLOWAPI_URL", url)
    assert refusal() == f"FLOWAPI_URL must be like https://host:port, not '{shown}'"


def test_a_flowapi_that_refuses_connections_is_reported(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("FLOWAPI_URL", url)
        monkeypatch.setenv("FLOWAPI_TOKEN", token())
        assert refusal() == f"cannot reach FlowAPI at {url}: [Errno 111] Connection refused"


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", token())
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("FLOWAPI_URL", url)
        with pytest.raises(SourceError) as error:
            read_available_dates(specification(), timeout_seconds=0.2)
        assert str(error.value) == f"FlowAPI at {url} did not answer within 0.2 s"


def test_a_server_that_drips_is_given_up(flowapi):
    flowapi.pause_seconds, flowapi.body = 0.05, b" " * 10_000
    with pytest.raises(SourceError) as error:
        read_available_dates(specification(), timeout_seconds=1.0)
    assert str(error.value) == f"FlowAPI at {flowapi.url} did not finish its answer within 1 s"


def test_a_proxy_of_an_unknown_kind_is_one_sentence(flowapi, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    assert refusal().startswith(f"cannot reach FlowAPI at {flowapi.url}: ")


def test_a_certificate_that_cannot_be_used_is_named(flowapi, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERTIFICATE_FILE", str(tmp_path / "missing.pem"))
    assert refusal() == ("the certificate named by SSL_CERTIFICATE_FILE cannot be used: No such file or directory")
    (tmp_path / "odd.pem").write_text("no certificate")
    monkeypatch.setenv("SSL_CERTIFICATE_FILE", str(tmp_path / "odd.pem"))
    assert refusal().startswith("the certificate named by SSL_CERTIFICATE_FILE cannot be used: ")


def test_a_server_with_its_own_certificate_is_trusted_only_if_it_is_named(flowapi, monkeypatch, tmp_path):
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    flowapi.server.socket = context.wrap_socket(flowapi.server.socket, server_side=True)
    url = flowapi.url.replace("http://127.0.0.1", "https://localhost")
    monkeypatch.setenv("FLOWAPI_URL", url)
    assert refusal().startswith(f"cannot reach FlowAPI at {url}: [SSL: CERTIFICATE_VERIFY_FAILED]")
    monkeypatch.setenv("SSL_CERTIFICATE_FILE", str(certificate))
    assert read_available_dates(specification())["calls"] == [date(2016, 1, 1), date(2016, 1, 2)]
    assert len(flowapi.requests) == 1
    monkeypatch.delenv("SSL_CERTIFICATE_FILE")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "SSL_CERTIFICATE_FILE").write_text(certificate.read_text())
    assert read_available_dates(specification())["sms"] == []


def self_signed(folder: Path) -> Path:
    """A certificate for localhost and its key, in one file."""
    from datetime import UTC, datetime, timedelta

    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
