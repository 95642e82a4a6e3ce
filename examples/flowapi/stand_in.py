"""A stand-in for FlowKit's FlowAPI: the calls that flowclient makes, over invented data, with the token checked.

``python -m examples.flowapi.stand_in`` serves it on this machine until Ctrl-C, and prints the settings to use it with.
What it answers is what FlowAPI 1.34 answers to flowclient 1.34; what it knows is made up from a seed, and the same each time.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import jwt

KEY = "a key of the stand-in alone, thirty-two bytes or more"
TOKEN_SECONDS = 86_400
FIRST_DATE, LAST_DATE = date(2016, 1, 1), date(2016, 1, 7)
DISTRICTS = tuple(f"district_{letter}" for letter in "abcdef")
#: The day on which a festival in one district draws people from all others.
FESTIVAL, FESTIVAL_DISTRICT = date(2016, 1, 7), "district_c"


def token(*, seconds: float = TOKEN_SECONDS, key: str = KEY, **claims: Any) -> str:
    """A token as FlowAuth makes them: a JWT that names its user, also under the name that old clients read, and expires."""
    now = time.time()
    named = {"sub": "analyst", "identity": "analyst", **claims}
    return jwt.encode({"iat": now, "exp": now + seconds, **named}, key, algorithm="HS256")


class StandIn(ThreadingHTTPServer):
    """The server; ``requests`` are the calls that it has answered, as method and path."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.requests: list[tuple[str, str]] = []
        self.queries: dict[str, dict[str, Any]] = {}
        self.polls: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(port: int = 0) -> Iterator[StandIn]:
    """The stand-in in a thread, for the length of a ``with`` block."""
    server = StandIn(port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="flowapi-stand-in", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append(("GET", self.path))
        match self._steps():
            case ["api", "0", "available_dates"]:
                days = [(FIRST_DATE + timedelta(number)).isoformat() for number in range((LAST_DATE - FIRST_DATE).days + 1)]
                self._answer(HTTPStatus.OK, {"available_dates": {"calls": days, "sms": days, "mds": days, "topups": []}})
            case ["api", "0", "poll", query_id] if query_id in self.server.queries:
                self._answer_poll(query_id)
            case ["api", "0", "get", name] if name.removesuffix(".json") in self.server.queries:
                query_id = name.removesuffix(".json")
                rows = flows(self.server.queries[query_id])
                self._answer(HTTPStatus.OK, {"query_id": query_id, "query_result": rows})
            case ["api", "0", "geography", "admin2" | "admin3"]:
                self._answer(HTTPStatus.OK, geography())
            case None:
                pass
            case _:
                self._answer(HTTPStatus.NOT_FOUND, {"status": "error", "msg": "not found"})

    def do_POST(self) -> None:
        self.server.requests.append(("POST", self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        match self._steps():
            case ["api", "0", "run"]:
                query = json.loads(body)
                if query.get("query_kind") != "flows":
                    what = query.get("query_kind")
                    self._answer(HTTPStatus.BAD_REQUEST, {"status": "error", "msg": f"the stand-in cannot run {what!r}"})
                    return
                query_id = hashlib.md5(json.dumps(query, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
                self.server.queries[query_id] = query
                progress = {"eligible": 0, "queued": 0, "running": 1}
                self._answer(
                    HTTPStatus.ACCEPTED, {"query_id": query_id, "progress": progress}, location=f"/api/0/poll/{query_id}"
                )
            case None:
                pass
            case _:
                self._answer(HTTPStatus.NOT_FOUND, {"status": "error", "msg": "not found"})

    def _answer_poll(self, query_id: str) -> None:
        """The first poll of a query finds it running, as it would be."""
        polls = self.server.polls[query_id] = self.server.polls.get(query_id, 0) + 1
        if polls == 1:
            progress = {"eligible": 0, "queued": 0, "running": 1}
            self._answer(HTTPStatus.ACCEPTED, {"status": "executing", "msg": "running", "progress": progress})
        else:
            self._answer(HTTPStatus.SEE_OTHER, {}, location=f"/api/0/get/{query_id}")

    def _steps(self) -> list[str] | None:
        """The parts of the path, if the token is good; else the refusal is answered."""
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        try:
            if scheme != "Bearer":
                raise jwt.InvalidTokenError("Missing Authorization Header")
            jwt.decode(given, KEY, algorithms=["HS256"], options={"require": ["exp", "sub"]})
        except jwt.ExpiredSignatureError:
            self._answer(HTTPStatus.UNAUTHORIZED, {"msg": "Token has expired"})
            return None
        except jwt.InvalidTokenError as error:
            self._answer(HTTPStatus.UNAUTHORIZED, {"msg": str(error)})
            return None
        return urlsplit(self.path).path.strip("/").split("/")

    def _answer(self, status: HTTPStatus, body: Any, *, location: str | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: whoever starts the stand-in looks at his own output."""


def flows(query: dict[str, Any]) -> list[dict[str, Any]]:
    """How many people were in one district at the one location, and in another at the other; fewer than 16 are withheld."""
    day = _day(query["to_location"])
    rows = []
    for start, end in product(DISTRICTS, repeat=2):
        drawn = random.Random(f"{start} {end} {day}")
        usual = random.Random(f"{start} {end}").randrange(20, 400)
        value = usual + drawn.randrange(-usual // 10, usual // 10 + 1)
        if day == FESTIVAL and end == FESTIVAL_DISTRICT and start != end:
            value *= 3
        if value > 15:
            rows.append({"pcod_from": start, "pcod_to": end, "value": value})
    return rows


def _day(location: dict[str, Any]) -> date:
    """The day of a daily location; of a modal one the last of its days."""
    days = [one["date"] for one in location["locations"]] if location["query_kind"] == "modal_location" else [location["date"]]
    return max(map(date.fromisoformat, days))


def geography() -> dict[str, Any]:
    """The districts as squares, three in a row."""
    features = []
    for number, name in enumerate(DISTRICTS):
        west, south = 84.0 + number % 3 * 0.5, 27.5 + number // 3 * 0.5
        ring = [[west, south], [west + 0.5, south], [west + 0.5, south + 0.5], [west, south + 0.5], [west, south]]
        geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
        features.append({"type": "Feature", "geometry": geometry, "properties": {"pcod": name}, "id": name})
    return {"type": "FeatureCollection", "features": features, "properties": {"crs": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def main() -> None:
    with served() as server:
        print(f"export FLOWAPI_URL={server.url}\nexport FLOWAPI_TOKEN={token()}", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
