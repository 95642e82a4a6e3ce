"""nextpipe: a flow from its start to its end. Making it, which reads its source and logs its diagram, is not measured."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests.benchmarks import flow_programs
from tests.benchmarks.peers.answering import answer


def prepared(shape: str, size: int) -> Callable[[], None]:
    source = {"chain": flow_programs.chain, "fan": flow_programs.fan}[shape](size)
    cls = flow_programs.imported(source, "nextpipe")

    def run() -> None:
        made.pop().run()  # a second run of one flow doubles its nodes there

    made = [cls("bench", 1)]
    return run


if __name__ == "__main__":
    os.environ.setdefault("NEXTMV_API_KEY", "none")  # it asks for one, and uses none here
    answer(prepared)
