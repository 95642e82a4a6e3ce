"""The connections of the HTTP service: as many as there are descriptors for, each with time limits.

A client that connects and stays silent, sends a byte at a time, or does not read its answer holds a descriptor and a thread.
So each call has to arrive, and its answer be read, within a time limit; and when all slots are in use, the connection that has
been idle longest is closed for a new one.
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

IDLE_SECONDS = 75.0  #: without a byte of a call: more than a client keeps a connection between two polls of 60 s
HEADER_SECONDS = 10.0  #: from the first byte of a call to the end of its header lines
BODY_SECONDS = 20.0  #: from there to its last byte
ANSWER_SECONDS = 30.0  #: for a client to read its answer
MOST_CONNECTIONS = 600
RESERVED_DESCRIPTORS = 40  #: for the journal, the listening socket, logs and Python itself
FEWEST_CONNECTIONS = 8

_AT_ONCE = struct.pack("ll", 0, 50_000)  # a timeval
_ROOM_SECONDS = 0.5  # that a new connection waits for an old one to close
_LINGER_SECONDS = 1.0
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_DESCRIPTORS_PAUSE_SECONDS = 0.1


def connection_bound() -> int:
    """Return how many connections may be open at once, given this process's limit of descriptors.

    Raises:
        ValueError: the limit is too low for a service; the message says how many are needed.
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


class Slot:
    """An open connection, and how long the server has waited for its client."""

    __slots__ = ("connection", "is_answered", "is_evicted", "waiting_since")

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.waiting_since = time.monotonic()
        self.is_answered = self.is_evicted = False


class TooSlow(TimeoutError):
    """A client did not send its call in time."""


class TimedReader(io.RawIOBase):
    """Reads from a socket up to a deadline: a socket's own timeout restarts with every byte, so a slow sender never reaches it.

    Most calls arrive whole, one after the other. So the socket blocks with a short timeout of the operating system, which
    costs nothing; only slower reads wait for the deadline, which takes up to three more system calls.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._until = connection, 0.0
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _AT_ONCE)

    def readable(self) -> bool:
        return True

    def allow(self, seconds: float) -> None:
        """Set the deadline of all following reads together, counted from now."""
        self._until = time.monotonic() + seconds

    def readinto(self, buffer: Any) -> int:
        """Read the bytes that have arrived, or wait for some until the deadline.

        Raises:
            TooSlow: the deadline has passed.
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
    """Send a whole message within a number of seconds.

    Raises:
        TimeoutError: the client has not read all of it by then.
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
    """A thread for each connection, up to ``most_connections``; further ones are sent ``full_answer`` and closed."""

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
        self.most_polls = max(1, self.most_connections * 3 // 4)  # at once; the rest stays free for other calls
        self._polls = 0
        self._slots: dict[socket.socket, Slot] = {}
        self._calls = 0  # being carried out, or whose answers are being sent
        self._changed = threading.Condition()
        super().__init__(address, handler)

    # ---- taking connections: in the thread that accepts them -----------------------------------------------------------------

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                logger.warning("no connection can be taken: %s", (error.strerror or str(error)).lower())
                self._make_room(len(self._slots) - 1)
                time.sleep(_NO_DESCRIPTORS_PAUSE_SECONDS)  # the connection is still pending, and would be tried again at once
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._make_room(self.most_connections - 1):
            request.settimeout(0)
            try:
                request.sendall(self._full_answer)
            except OSError:
                pass  # the client has closed it
            self.shutdown_request(request)
            return
        with self._changed:
            self._slots[request] = Slot(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError as error:  # no thread can be started
            logger.warning("a connection is dropped: %s", error)
            self.shutdown_request(request)

    def _make_room(self, most: int) -> bool:
        """Close the connection that has been idle longest if need be; return whether at most ``most`` are left."""
        with self._changed:
            if len(self._slots) <= most:
                return True
            waiting = [slot for slot in self._slots.values() if not slot.is_answered and not slot.is_evicted]
            if waiting:
                oldest = min(waiting, key=lambda slot: slot.waiting_since)
                oldest.is_evicted = True
                _shut(oldest.connection)
            return self._changed.wait_for(lambda: len(self._slots) <= most, _ROOM_SECONDS if waiting else 0)

    # ---- of the threads of connections ---------------------------------------------------------------------------------------

    def slot_of(self, connection: socket.socket) -> Slot:
        with self._changed:
            return self._slots[connection]

    def begin_call(self, slot: Slot) -> bool:
        """Note that a call has arrived; return False when its connection was closed for another."""
        with self._changed:
            if slot.is_evicted:
                return False
            slot.is_answered = True
            self._calls += 1
            return True

    def begin_answer(self, slot: Slot) -> None:
        """Note that the answer is ready: from now on the server waits for the client, which may be slow or never read it."""
        with self._changed:
            slot.is_answered, slot.waiting_since = False, time.monotonic()

    def end_call(self, slot: Slot) -> None:
        """Note that the answer was sent, or could not be."""
        with self._changed:
            slot.is_answered, slot.waiting_since = False, time.monotonic()
            self._calls -= 1
            self._changed.notify_all()

    def begin_poll(self) -> bool:
        """Count a waiting poll; return False when as many wait as may."""
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
        with self._changed:  # the descriptor is not free before
            self._slots.pop(request, None)
            self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection of %s broke", client_address, exc_info=True)

    # ---- the end -------------------------------------------------------------------------------------------------------------

    def wait_until_answered(self, timeout_seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._calls, timeout_seconds)

    def close_connections(self) -> None:
        with self._changed:
            for connection in self._slots:
                _shut(connection)


def take_leave(connection: socket.socket) -> None:
    """Let a client that is still sending read its last answer: closing at once would reset the connection."""
    until = time.monotonic() + _LINGER_SECONDS
    try:
        connection.shutdown(socket.SHUT_WR)
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(65536):
                return
    except OSError:
        return  # the client has closed it, or keeps sending for too long


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # closed already
