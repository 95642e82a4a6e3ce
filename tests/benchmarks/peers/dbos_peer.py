"""DBOS on SQLite: a workflow of so many steps, run as its users run it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable

from dbos import DBOS  # type: ignore[import-not-found]

from tests.benchmarks.peers.answering import answer


@DBOS.step()
def increment(x: int) -> int:
    return x + 1


@DBOS.workflow()
def chain(n: int) -> int:
    x = 0
    for _ in range(n):
        x = increment(x)
    return x


def prepared(steps: int) -> Callable[[], None]:
    def run() -> None:
        if chain(steps) != steps:
            raise RuntimeError("a step was lost")

    return run


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        DBOS(
            config={
                "name": "bench",
                "system_database_url": f"sqlite:///{folder}/dbos.sqlite",
                "log_level": "ERROR",
                "run_admin_server": False,
            }
        )
        DBOS.launch()
        try:
            answer(prepared)
        finally:
            DBOS.destroy()
