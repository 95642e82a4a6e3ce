"""Looking for new dates in this process: the sensors of workflow files, and what they start."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from ...constants import NOTEBOOK_TYPE, SENSOR_TYPE
from ...exceptions import JournalInUse, ServiceError
from ...local.journal_files import journal_path
from ...local.reader import JournalReader
from ...local.service import DOMAIN
from ...processes.allocator import share_one_arena
from ...processes.local_run import LocalRun
from ...processes.payload_directory import PayloadDirectory
from ..conditions import Conditions
from ..events import Announcement, Event, Note
from ..following import followed
from ..histories.history_keeping import HistoryKeeping
from ..outcomes import Outcome
from ..places import Place
from ..run_outcomes import local_outcome
from ..states.run_states import Watch
from ..states.sensors import open_sensor, sensor_files
from .backfill_ends import BackfillEnds
from .local_runs import RUN_TYPES, open_run, work_on_notebooks
from .local_sensors import Sensor, started_sensors

if TYPE_CHECKING:
    from deciders.specification import Specification

_INTERRUPTED = "interrupted before the check for new dates had ended; the same command makes it anew"


class ServedAlready(ServiceError):
    """Another process has the outputs, as the sensor of these files or of others."""

    def __init__(self, pid: int, served: Sequence[Path], specifications: Sequence[Specification], mine: Sequence[Path]) -> None:
        self._who = f"process {pid}" if pid else "another process"
        self._served, self._mine = sorted(served), list(mine)
        self._are_all_mine = len(mine) == len(specifications)
        self._own = [one for one in specifications if one.path not in mine]
        super().__init__(self.sentence())

    def sentence(self, options: Sequence[str] = ()) -> str:
        """Say what to do; ``options`` are those of the command to type."""
        if self._are_all_mine:
            return (
                f"a sensor of {' and of '.join(path.name for path in self._mine)} runs here already, in {self._who}; "
                "sensor.reload lets it go on with the file as it is now, sensor.stop ends it"
            )
        left_out = {file: names for file in self._served if (names := _names_of_others(file, self._own))}
        every = dict.fromkeys([*(file for file in self._served if file not in left_out), *(one.file for one in self._own)])
        words = shlex.join(["simpleflow-nb", "sensor.start", *map(str, every), *options])
        without = [f"; without {file}, whose workflow {names[0]!r} is another file's then" for file, names in left_out.items()]
        return (
            f"{self._who} has these outputs, as the sensor of {' and '.join(map(str, self._served))}; one process serves all "
            f"files of an outputs folder: stop it, then type {words}{''.join(without)}"
        )


def _names_of_others(served: Path, own: Sequence[Specification]) -> list[str]:
    """Return the workflows that a served file and others name: they cannot be served together, as another file has them now."""
    from deciders.specification import SpecificationError, load_specification

    if any(served == one.file for one in own):
        return []
    try:
        names = {workflow.name for workflow in load_specification(served).workflows}
    except SpecificationError:
        return []  # the command itself says what is wrong with it
    return [workflow.name for one in own for workflow in one.workflows if workflow.name in names]


def look_for_dates_here(
    specifications: Sequence[Specification],
    outputs: Path,
    *,
    db: Path | None,
    durable: bool,
    once: bool,
    conditions: Conditions,
) -> Generator[Event, None, Outcome]:
    """Carry out the sensors of files that share an outputs folder, and whatever they start: once, or on their schedules until
    somebody ends them.

    Raises:
        ServedAlready: a sensor of the files, or of others, runs already.
        and whatever `open_run` raises.
    """
    share_one_arena()
    told: deque[str] = deque()
    with ExitStack() as stack:
        run = yield from _own_run(stack, outputs, db, specifications, durable=durable, conditions=conditions)
        backfills = BackfillEnds(run.service, run.payloads.load)
        watch = Watch(run.service, [NOTEBOOK_TYPE], load=run.payloads.load)
        yield from work_on_notebooks(run, conditions.workers)
        sensors = started_sensors(run, specifications, str(outputs), once=once, force=conditions.force, tell=told.append)
        while told:
            yield Note(told.popleft())
        keeping = HistoryKeeping(run, outputs, told.append)
        for one in specifications:
            if not once and one.sensor is not None and one.sensor.schedule is not None:
                of_file = f" of {one.path.name}" if len(specifications) > 1 else ""
                schedule = f"{one.sensor.schedule!r} ({one.sensor.timezone})"
                yield Announcement(f"looking for new dates{of_file} at {schedule}; Ctrl-C stops")
        are_well = True

        def is_over() -> bool:
            nonlocal are_well
            for sensor in sensors:
                sensor.tell_checks()
                if not sensor.is_open() and len(sensors) > 1 and not sensor.once:
                    are_well &= sensor.tell_end()  # others go on, perhaps for long
            told.extend(backfills.news())
            # every end that is told of is known by now, or spared
            keeping.look([sensor.specification for sensor in sensors], unread=watch.unread)
            return not any(sensor.is_open() for sensor in sensors) and not run.open_runs(*RUN_TYPES)

        ended = yield from followed(run, watch, is_over, mine=lambda: run.open_runs(SENSOR_TYPE, *RUN_TYPES), told=told)
        told.extend(backfills.news())
        closed = [sensor for sensor in sensors if not sensor.is_open()]
        for sensor in closed:
            are_well &= sensor.tell_end()
        if any(sensor.once and sensor.is_open() for sensor in sensors):
            told.append(_INTERRUPTED)
            are_well = False
        return local_outcome(
            run,
            watch,
            specifications[0].path,
            ended=ended,
            notes=told,
            has_failed_otherwise=backfills.have_failed or not are_well,
            not_due=_not_due(closed, watch),
        )


def _not_due(closed: Sequence[Sensor], watch: Watch) -> int | None:
    """Count the pairs of a workflow and a date that are not due.

    None unless all sensors have made one check each and started nothing.
    """
    if not closed or watch.runs or not all(sensor.once for sensor in closed):
        return None
    found = [sensor.not_due for sensor in closed if sensor.not_due is not None]
    return sum(found) if len(found) == len(closed) else None


def _own_run(
    stack: ExitStack,
    outputs: Path,
    db: Path | None,
    specifications: Sequence[Specification],
    *,
    durable: bool,
    conditions: Conditions,
) -> Generator[Note, None, LocalRun]:
    """Open the journal as its owner, to carry out the sensors of these files.

    Raises:
        ServedAlready: see `look_for_dates_here`.
        JournalInUse: something else has the journal.
        and whatever else `open_run` raises.
    """
    try:
        return (yield from open_run(stack, outputs, db, specifications, durable=durable, conditions=conditions))
    except JournalInUse as error:
        journal = journal_path(db, outputs)
        with closing(JournalReader(journal, may_be_missing=True)) as reader:  # its owner may have just created it
            there = Place(reader if reader.is_begun else None, DOMAIN, PayloadDirectory(journal.parent / "payloads"), journal)
            served = sensor_files(there)
            mine = [one.path for one in specifications if open_sensor(there, one.path) is not None]
        if not served:
            raise
        raise ServedAlready(error.pid, served, specifications, mine) from None
