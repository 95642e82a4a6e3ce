"""The replay core: from the bytes of one poll to decisions, determinism check on."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import cached_memory, peers
from tests.benchmarks.figures import Contestant, Figures, compared, milliseconds, print_table, ratio, timed
from tests.benchmarks.histories import Chain, FanOut, History, advanced, history, new_execution
from tests.benchmarks.polls import WholePoll

SUMMARY = "cold replay and cached decisions, beside simpleflow and durabletask"
REPEATS = 9

_OURS = "simpleflow_nb"
_SAMPLED = 25  #: of a chain whose every decision is replayed cold, one decision in so many is measured


def measure(repeats: int, *, with_peers: bool = True, tiny: bool = False) -> None:
    sizes = (60,) if tiny else (1_000, 10_000)
    chain_tasks = 20 if tiny else 1_000
    # a task of a chain takes six events, one of a fan-out three and its share of a decision
    cases = [(Chain, size // 6) for size in sizes] + [(FanOut, size // 4) for size in sizes]
    _measure_cold([WholePoll.of(workflow, tasks) for workflow, tasks in cases], repeats, with_peers)
    chain = history(Chain, chain_tasks)
    _measure_cached(chain, repeats)
    _measure_every_decision_cold(chain, repeats)
    _measure_memory(20 if tiny else 1_000)


def _measure_cold(polls: list[WholePoll], repeats: int, with_peers: bool) -> None:
    rows, shares = [], []
    with ExitStack() as stack:
        others = stack.enter_context(peers.running(("simpleflow", "durabletask") if with_peers else ()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for poll in polls:
            shape, events = poll.workflow.type_name(), poll.events
            file = folder / f"{shape}-{events}.json"
            file.write_bytes(poll.body)
            contestants: dict[str, Contestant] = {
                _OURS: poll.contestant(),
                "json.loads alone": timed(poll.parse, poll.times),
            }
            for peer in others.values():
                contestants[peer.name] = peer.contestant(shape=shape, poll=str(file), tasks=poll.tasks, times=poll.times)
            figures = compared(contestants, repeats)
            ours = figures[_OURS]
            shares.append(
                (
                    f"{shape} {poll.tasks}",
                    f"{events:,}",
                    f"{len(poll.body) / events:.0f}",
                    f"{events / ours.minimum:,.0f}",
                    f"{events / ours.median:,.0f}",
                    f"{events / ours.cpu:,.0f}",
                )
            )
            rows += [_row(f"{shape} {poll.tasks}", poll.tasks, name, one, ours) for name, one in figures.items()]
    print_table(
        f"Cold replay, events a second (whole history to its last decision; {repeats} rounds)",
        ("tasks", "events", "bytes/event", "by minimum", "by median", "by CPU"),
        shares,
    )
    print_table(
        "The same tasks side by side, ms (simpleflow without parsing; durabletask's own, shorter histories)",
        ("tasks", "who", "minimum", "median", "CPU", "tasks/s", "of ours"),
        rows,
    )


def _row(case: str, tasks: int, name: str, one: Figures, ours: Figures) -> tuple[str, ...]:
    times = (milliseconds(each) for each in (one.minimum, one.median, one.cpu))
    return case, name, *times, f"{tasks / one.minimum:,.0f}", ratio(one, ours)


def _measure_cached(chain: History, repeats: int) -> None:
    """Each poll brings what is new since the last one, as a sticky decider sees it; parsing included."""
    polls, first = [], 1
    for last in chain.starts:
        polls.append(chain.poll(last, first))
        first = last + 1

    def decide() -> None:
        execution = new_execution(chain.workflow)
        for poll in polls:
            decisions = advanced(execution, poll)
        assert decisions[0]["decisionType"] == "CompleteWorkflowExecution"

    one = compared({_OURS: timed(decide)}, repeats)[_OURS]
    per = [f"{seconds / len(polls) * 1e6:.1f}" for seconds in (one.minimum, one.median, one.cpu)]
    print_table(
        f"Cached decisions of a chain of {chain.tasks}, us each",
        ("", "minimum", "median", "CPU"),
        [(f"{len(polls)} decisions", *per)],
    )


def _measure_every_decision_cold(chain: History, repeats: int) -> None:
    """What a chain costs a decider that never remembers: the whole history at each of its decisions."""
    starts = chain.starts[::_SAMPLED]
    polls = [chain.poll(last) for last in starts]

    def decide() -> None:
        for poll in polls:
            execution = new_execution(chain.workflow)
            advanced(execution, poll)
            execution.kill()

    one = compared({_OURS: timed(decide)}, max(1, repeats // 3))[_OURS]
    scale = sum(chain.starts) / sum(starts)
    print_table(
        f"Chain of {chain.tasks} with every decision replayed cold, s in all (one decision in {_SAMPLED} measured)",
        ("", "minimum", "median", "CPU"),
        [(f"{sum(chain.starts):,} events", *(f"{each * scale:.1f}" for each in (one.minimum, one.median, one.cpu)))],
    )


def _measure_memory(count: int) -> None:
    rows = []
    for state in cached_memory.STATES:
        command = [sys.executable, "-m", "tests.benchmarks.cached_memory", state, str(count)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=peers.ENVIRONMENTS.parent)
        rows.append((state, f"{float(done.stdout):.1f}"))
    print_table(f"Memory of a cached execution, KiB (resident, mean of {count:,})", ("state", "KiB"), rows)
