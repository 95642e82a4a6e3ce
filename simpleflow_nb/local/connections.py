"""The connections of the HTTP service: as many as there are descriptors for, none for longer than it is of use.

Whoever connects and is silent, sends by drops, or does not take an answer holds a descriptor and a thread. So each connection
has to be done with its request in time, and when all places are taken the one that has been waited for longest makes room for a
new one.
"""

from __future__ import annotations

import errno
import io
import logging
import socket
import socketserver
import struct
import threading
import time
from typing import Any

try:
    import resource
except ImportError:  # not a POSIX system
    resource = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

IDLE_SECONDS = 75.0  #: without a byte of a request: more than a client keeps a connection between two polls of 60 s
HEADER_SECONDS = 10.0  #: from the first byte of a request to the end of its header lines
BODY_SECONDS = 20.0  #: from there to its last byte
ANSWER_SECONDS = 30.0  #: in which a client has to take its answer
MOST_CONNECTIONS = 600
RESERVED_DESCRIPTORS = 40  #: the journal's, the listening socket's, those of logs and of Python itself
FEWEST_CONNECTIONS = 8

_AT_ONCE = struct.pack("ll", 0, 50_000)  # a timeval
_ROOM_SECONDS = 0.5  # that a new connection waits for the one that makes room
_LINGER_SECONDS = 1.0
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_DESCRIPTORS_PAUSE_SECONDS = 0.1


def connection_bound() -> int:
    """How many connections there may be at once, by the descriptors that this process may have.

    Raises:
        ValueError: there are too few of them to serve anybody; it says how many are needed.
    """
    if resource is None:
        return MOST_CONNECTIONS
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    if limit < RESERVED_DESCRIPTORS + FEWEST_CONNECTIONS:
        needed = RESERVED_DESCRIPTORS + FEWEST_CONNECTIONS
        raise ValueError(f"this process may open {limit} files (ulimit -n); a service needs {needed} or more")
    return min(MOST_CONNECTIONS, limit - RESERVED_DESCRIPTORS)


class Place:
    """A connection as the server sees it."""

    __slots__ = ("connection", "is_answered", "is_evicted", "waiting_since")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting_since = time.monotonic()
        self.is_answered = self.is_evicted = False


class TooSlow(TimeoutError):
    """A client has not sent in time what it has to send."""


class TimedReader(io.RawIOBase):
    """Reads from a socket until a moment: a socket's own timeout starts again with every byte, so drops never meet it.

    Requests mostly come at once, one after the other. So the socket blocks, with a short timeout of the system's own, which
    costs nothing; only what takes longer is waited for to the moment, which takes a system call or three.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._until = connection, 0.0
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _AT_ONCE)

    def readable(self) -> bool:
        return True

    def allow(self, seconds: float) -> None:
        """From now on, for all reads together."""
        self._until = time.monotonic() + seconds

    def readinto(self, buffer: Any) -> int:
        """
        Raises:
            TooSlow: the time is over.
            OSError: the connection broke.
        """
        if time.monotonic() >= self._until:
            raise TooSlow
        connection = self._connection
        try:
            return connection.recv_into(buffer)
        except BlockingIOError:
            pass  # nothing came at once
        try:
            connection.settimeout(max(self._until - time.monotonic(), 0.001))
            return connection.recv_into(buffer)
        except TimeoutError:
            raise TooSlow from None
        finally:
            connection.settimeout(None)


def send_within(connection: socket.socket, message: bytes, seconds: float) -> None:
    """
    Raises:
        TimeoutError: the other side has not taken all of it.
        OSError: the connection broke.
    """
    try:
        sent = connection.send(message, socket.MSG_DONTWAIT)
    except BlockingIOError:
        sent = 0
    if sent < len(message):
        connection.settimeout(seconds)
        connection.sendall(memoryview(message)[sent:])
        connection.settimeout(None)


class ConnectionServer(socketserver.ThreadingTCPServer):
    """A thread for each connection, up to ``most_connections``; to those for which there is no place goes ``full_answer``."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        handler: type[socketserver.BaseRequestHandler],
        *,
        full_answer: bytes,
        most_connections: int | None = None,
    ) -> None:
        self._full_answer = full_answer
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.most_connections = most_connections or connection_bound()
        self.most_polls = max(1, self.most_connections * 3 // 4)  # that wait at once: the others must get through
        self._polls = 0
        self._places: dict[socket.socket, Place] = {}
        self._calls = 0  # that are carried out now, or whose answers are being sent
        self._changed = threading.Condition()
        super().__init__(address, handler)

    # ---- taking connections: in the thread that accepts them -----------------------------------------------------------------

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                logger.warning("no connection can be taken: %s", (error.strerror or str(error)).lower())
                self._make_room(len(self._places) - 1)
                time.sleep(_NO_DESCRIPTORS_PAUSE_SECONDS)  # the connection is still there, and would be tried again at once
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._make_room(self.most_connections - 1):
            request.settimeout(0)
            try:
                request.sendall(self._full_answer)
            except OSError:
                pass  # it has gone
            self.shutdown_request(request)
            return
        with self._changed:
            self._places[request] = Place(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError as error:  # no thread can be started
            logger.warning("a connection is dropped: %s", error)
            self.shutdown_request(request)

    def _make_room(self, most: int) -> bool:
        """Whether no more than ``most`` connections are left, after the one that has been waited for longest was ended."""
        with self._changed:
            if len(self._places) <= most:
                return True
            waiting = [place for place in self._places.values() if not place.is_answered and not place.is_evicted]
            if waiting:
                oldest = min(waiting, key=lambda place: place.waiting_since)
                oldest.is_evicted = True
                _shut(oldest.connection)
            return self._changed.wait_for(lambda: len(self._places) <= most, _ROOM_SECONDS if waiting else 0)

    # ---- of the threads of connections ---------------------------------------------------------------------------------------

    def place_of(self, connection: socket.socket) -> Place:
        with self._changed:
            return self._places[connection]

    def begin_call(self, place: Place) -> bool:
        """A request is there; False when its connection has had to make room."""
        with self._changed:
            if place.is_evicted:
                return False
            place.is_answered = True
            self._calls += 1
            return True

    def begin_answer(self, place: Place) -> None:
        """Its answer is made: from now on the client is waited for, who may be slow to take it or never do."""
        with self._changed:
            place.is_answered, place.waiting_since = False, time.monotonic()

    def end_call(self, place: Place) -> None:
        """Its answer is on its way, or nobody takes it."""
        with self._changed:
            place.is_answered, place.waiting_since = False, time.monotonic()
            self._calls -= 1
            self._changed.notify_all()

    def begin_poll(self) -> bool:
        """False when as many wait as may."""
        with self._changed:
            if self._polls >= self.most_polls:
                return False
            self._polls += 1
            return True

    def end_poll(self) -> None:
        with self._changed:
            self._polls -= 1

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._changed:  # the descriptor is free only now
            self._places.pop(request, None)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection of %s broke", client_address, exc_info=True)

    # ---- the end -------------------------------------------------------------------------------------------------------------

    def wait_until_answered(self, timeout_seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._calls, timeout_seconds)

    def close_connections(self) -> None:
        with self._changed:
            for connection in self._places:
                _shut(connection)


def take_leave(connection: socket.socket) -> None:
    """Let a client read its last answer, though it is still sending: closed at once, the connection would be reset."""
    until = time.monotonic() + _LINGER_SECONDS
    try:
        connection.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        return  # it has gone, or goes on for too long


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it is gone already
