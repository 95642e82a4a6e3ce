"""Services that keep and carry out the runs of a project: this machine, or one such as Amazon SWF."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environment import value_of
from ..exceptions import DefinitionError
from ..local.journal_files import journal_path
from ..local.reader import JournalReader
from ..local.service import DOMAIN
from ..processes.connection import DEFAULT_HINT, DEFAULT_RETENTION_DAYS, connected, payload_directory
from ..processes.payload_directory import PayloadDirectory
from ..variables import AWS_DEFAULT_REGION, SWF_DOMAIN
from .conditions import Conditions
from .places import Place

if TYPE_CHECKING:
    from deciders.runs.planned_run import PlannedRun
    from deciders.runs.scenario_runs import ScenarioSet
    from deciders.specification import Specification

    from .events import Event
    from .outcomes import Outcome


@dataclass(frozen=True)
class Local:
    """This machine, without AWS.

    Args:
        db: the journal; None is that of the outputs folder.
        durable: survive a power cut as well, at the price of a disk flush for each step.
    """

    db: Path | str | None = None
    durable: bool = False

    def __post_init__(self) -> None:
        if self.db is not None:  # the working directory may change
            object.__setattr__(self, "db", Path(self.db).absolute())

    @property
    def _db(self) -> Path | None:
        return None if self.db is None else Path(self.db)

    def journal(self, outputs: Path) -> Path:
        """Return the path of the journal; there may be none yet."""
        return journal_path(self._db, outputs)

    def start(
        self, specification: Specification, outputs: Path, run: PlannedRun, *, new: bool, conditions: Conditions
    ) -> Generator[Event, None, Outcome]:
        """Run an instance; see `local_runs.start_here`."""
        from .runners.local_runs import start_here

        return start_here(specification, outputs, run, db=self._db, durable=self.durable, new=new, conditions=conditions)

    def carry_out(
        self,
        specification: Specification,
        outputs: Path,
        requests: list[dict[str, Any]],
        *,
        interrupted: Sequence[str] = (),
        most_at_once: int | None = None,
        announcement: str | None = None,
        conditions: Conditions,
    ) -> Generator[Event, None, Outcome]:
        """Carry out runs that were asked for; see `local_runs.carry_out_here`."""
        from .runners.local_runs import carry_out_here

        return carry_out_here(
            specification,
            outputs,
            requests,
            interrupted=interrupted,
            db=self._db,
            durable=self.durable,
            most_at_once=most_at_once,
            announcement=announcement,
            conditions=conditions,
        )

    def carry_out_set(
        self,
        specification: Specification,
        outputs: Path,
        wanted: ScenarioSet,
        requests: list[dict[str, Any]],
        *,
        open_ids: Sequence[str] = (),
        announcement: str | None = None,
        conditions: Conditions,
    ) -> Generator[Event, None, Outcome]:
        """Carry out scenarios of a set; see `local_runs.carry_out_set_here`."""
        from .runners.local_runs import carry_out_set_here

        return carry_out_set_here(
            specification,
            outputs,
            wanted,
            requests,
            open_ids=open_ids,
            db=self._db,
            durable=self.durable,
            announcement=announcement,
            conditions=conditions,
        )

    def look_for_dates(
        self, specifications: Sequence[Specification], outputs: Path, *, once: bool, conditions: Conditions
    ) -> Generator[Event, None, Outcome]:
        """Carry out the sensors of these files; see `local_checks.look_for_dates_here`."""
        from .runners.local_checks import look_for_dates_here

        return look_for_dates_here(specifications, outputs, db=self._db, durable=self.durable, once=once, conditions=conditions)

    @contextmanager
    def opened(self, outputs: Path) -> Iterator[Place]:
        """Open the journal to look at it; where nothing has run yet, the place has no service.

        Raises:
            ServiceError: the journal cannot be read.
        """
        journal = self.journal(outputs)
        payloads = PayloadDirectory(journal.parent / "payloads")
        with closing(JournalReader(journal, may_be_missing=True)) as reader:
            yield Place(reader if reader.is_begun else None, DOMAIN, payloads, journal)


@dataclass(frozen=True)
class Swf:
    """A domain of Amazon SWF, or of what ``AWS_ENDPOINT_URL`` points at.

    Args:
        region: None is as boto3 finds it.
        create: register the domain if it does not exist, to keep closed runs for ``retention_days``.
        payloads: folder for payloads too long for a history, the same for all processes; None is that of the outputs.
        hint: what to do where there is no such domain, for the sentence that says so.
    """

    domain: str
    region: str | None = None
    create: bool = False
    payloads: Path | str | None = None
    retention_days: int = DEFAULT_RETENTION_DAYS
    hint: str = DEFAULT_HINT

    def __post_init__(self) -> None:
        if self.payloads is not None:  # the working directory may change
            object.__setattr__(self, "payloads", Path(self.payloads).absolute())

    def journal(self, outputs: Path) -> None:
        """Return None: the service keeps the runs."""

    @property
    def _payloads(self) -> Path | None:
        return None if self.payloads is None else Path(self.payloads)

    def start(
        self, specification: Specification, outputs: Path, run: PlannedRun, *, new: bool, conditions: Conditions
    ) -> Generator[Event, None, Outcome]:
        """Start an instance, for others to carry out; see `remote_runs.start_there`.

        Raises:
            DefinitionError: a ``new`` run is asked for: one that is open there has to end first.
        """
        from .runners.remote_runs import start_there

        if new:
            raise DefinitionError("a new run beside an open one is for runs on this machine; cancel the open one first")
        with self.opened(outputs) as place:
            return (yield from start_there(place, specification, outputs, run, adopt=conditions.adopt, force=conditions.force))

    def carry_out(
        self,
        specification: Specification,
        outputs: Path,
        requests: list[dict[str, Any]],
        *,
        interrupted: Sequence[str] = (),
        most_at_once: int | None = None,
        announcement: str | None = None,
        conditions: Conditions,
    ) -> Generator[Event, None, Outcome]:
        """Start runs that were asked for, for others to carry out; see `remote_runs.carry_out_there`.

        Nothing is ``interrupted`` on a service: any decider and worker goes on with what is open.
        """
        from .runners.remote_runs import carry_out_there

        with self.opened(outputs) as place:
            return (
                yield from carry_out_there(
                    place,
                    specification,
                    outputs,
                    requests,
                    most_at_once=most_at_once,
                    announcement=announcement,
                    adopt=conditions.adopt,
                )
            )

    def carry_out_set(
        self,
        specification: Specification,
        outputs: Path,
        wanted: ScenarioSet,
        requests: list[dict[str, Any]],
        *,
        open_ids: Sequence[str] = (),
        announcement: str | None = None,
        conditions: Conditions,
    ) -> Generator[Event, None, Outcome]:
        """Start scenarios of a set, for others to carry out; see `remote_runs.carry_out_set_there`."""
        from .runners.remote_runs import carry_out_set_there

        with self.opened(outputs) as place:
            return (
                yield from carry_out_set_there(
                    place,
                    specification,
                    outputs,
                    wanted,
                    requests,
                    open_ids=open_ids,
                    announcement=announcement,
                    adopt=conditions.adopt,
                )
            )

    def look_for_dates(
        self, specifications: Sequence[Specification], outputs: Path, *, once: bool, conditions: Conditions
    ) -> Generator[Event, None, Outcome]:
        """Start the sensors of these files, for others to carry out; see `remote_checks.look_for_dates_there`."""
        from .runners.remote_checks import look_for_dates_there

        with self.opened(outputs) as place:
            return (
                yield from look_for_dates_there(
                    place, specifications, outputs, once=once, adopt=conditions.adopt, force=conditions.force
                )
            )

    @contextmanager
    def opened(self, outputs: Path) -> Iterator[Place]:
        """Open the domain, which is registered first if that was asked for.

        Raises:
            DefinitionError: there is no such domain.
            ServiceError: no region or credentials, or the service cannot be reached.
        """
        with connected(
            self.domain, self.region, create=self.create, retention_days=self.retention_days, hint=self.hint
        ) as service:
            yield Place(service, self.domain, payload_directory(self._payloads, outputs))


Service = Local | Swf


def usual_service(outputs: Path) -> Service:
    """Return the service that keeps runs when nobody names one: the domain of the environment, or this machine.

    A journal in the outputs folder comes before the domain, as a person who has run something there means this machine.
    """
    domain = value_of(SWF_DOMAIN)
    if domain and not journal_path(None, outputs).exists():
        return Swf(domain, value_of(AWS_DEFAULT_REGION))
    return Local()
