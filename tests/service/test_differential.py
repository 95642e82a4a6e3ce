"""The local service against moto, call by call, with random scripts over real boto3 on both.

moto is an independent reading of SWF's documentation, not SWF: every difference that is known is a row of ``ROWS``, which
says what each of the two does, which of them SWF's documentation supports, and mends exactly that difference. Anything else
fails with the seed, the step and both sides.

A row edits moto's side until it says what the local service says, or lets the two part company over one execution, which is
then terminated on both. What moto cannot do is not played: six decisions and six operations it does not have (so neither
children nor signals between executions), decision tasks without a timeout and executions without one (every later call
fails), sticky task lists, orders of priority, SWF's limits.
"""

from __future__ import annotations

import importlib
import logging
from collections import Counter
from collections.abc import Iterator

import pytest
from moto.swf.models import swf_backends

from simpleflow_nb.local.clock import VirtualClock
from simpleflow_nb.local.http_service import HttpService
from simpleflow_nb.local.service import LocalService
from tests.service.differential.game import Game, moto_clock, used
from tests.service.differential.rows import ROWS
from tests.service.differential.sides import Side
from tests.service.moto_server import moto_endpoint
from tests.settings import count, is_soak

STEPS = 45
_MOTO_CLOCKED = ("activity_task", "decision_task", "history_event", "timeout", "workflow_execution")


@pytest.fixture(scope="module")
def moto_address() -> Iterator[str]:
    chatter = logging.getLogger("werkzeug")
    level = chatter.level
    chatter.setLevel(logging.CRITICAL)  # a line for each call and a traceback for each of moto's own errors
    with pytest.MonkeyPatch.context() as patch, moto_endpoint() as address:
        for name in _MOTO_CLOCKED:
            patch.setattr(importlib.import_module(f"moto.swf.models.{name}"), "unix_time", moto_clock)
        yield address
    chatter.setLevel(level)


@pytest.fixture
def moto(moto_address: str) -> Iterator[Side]:
    moto_clock.ahead_seconds = 0.0
    side = Side("moto", moto_address)
    yield side
    side.client.close()
    for regions in swf_backends.values():
        for backend in regions.values():
            for domain in backend.domains:
                for execution in domain.workflow_executions:
                    for timer in execution._timers.values():
                        timer.cancel()  # its thread would keep this process alive
            backend.reset()


@pytest.fixture
def service() -> Iterator[HttpService]:
    served = HttpService(LocalService(clock=VirtualClock(), poll_seconds=0, workers_inside=False))
    served.start()
    yield served
    served.close()


@pytest.mark.parametrize("seed", range(count(small=12, soak=1000)), ids="seed-{}".format)
def test_a_random_script_gives_the_same_on_moto_and_on_the_local_service(seed: int, service: HttpService, moto: Side) -> None:
    local = Side("local", service.endpoint)
    try:
        Game(seed, service.service, local, moto).play(STEPS)
    finally:
        local.client.close()


def test_every_known_difference_was_needed() -> None:
    unused = [row.name for row in ROWS if not used[row.name]]
    if not is_soak():
        pytest.skip(f"only the soak needs all {len(ROWS)} rows; not needed this time: {', '.join(unused) or 'none'}")
    assert unused == [], "differences that moto does not show any more, or that no script meets"


def test_the_names_of_the_rows_are_their_own() -> None:
    assert [name for name, times in Counter(row.name for row in ROWS).items() if times > 1] == []
    assert {row.right for row in ROWS} <= {"local", "moto", "open"}
