"""A workflow file with its outputs folder and the service that keeps its runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .asking import backfills, cleaned_outputs, remade_reports, requested_runs, retries, waiting
from .asking.sensor_requests import SensorControl, SensorList, open_sensors
from .conditions import Conditions
from .events import UnderWay
from .files import diagnosis, validation
from .files.specifications import check_sensor, read_specification
from .files.workflow_files import check_writable, outputs_folder, typed_path
from .graphs import drawings, file_graphs
from .looking import overviews, plans, run_details, run_differences, run_lists, run_logs, statuses
from .outcomes import Outcome
from .scenario_control import ScenariosControl
from .services import Service, usual_service

if TYPE_CHECKING:
    from deciders.specification import Specification


class Project:
    """A workflow file, and everything that can be done with it. Records and service are opened by the call that needs them.

    Long calls return an `UnderWay`, which does nothing until it is iterated over or its ``result()`` is called. On this machine
    such a call carries out what it starts, and waits for it; on a service, deciders and workers do.

    ``workers`` is how many notebooks run at once (None: the number of cores); ``adopt`` takes the workflows over from another
    file that had their names; ``force`` runs even what has succeeded, keeps nothing, and takes nothing over from other runs.
    """

    def __init__(self, specification: Specification, outputs: Path, service: Service) -> None:
        self.specification, self.outputs, self.service = specification, outputs, service

    @classmethod
    def open(
        cls, file: Path | str | None = None, *, outputs: Path | str | None = None, service: Service | None = None
    ) -> Project:
        """Read and check a workflow file. Paths may be relative: the working directory may change later.

        Args:
            file: a path, or a folder with a ``workflows.yml``; None is the file that a command takes if it is given none.
            outputs: the outputs folder; None is ``AUTOFLOW_OUTPUTS_DIR``, or ``outputs`` beside the file.
            service: `Local` or `Swf`; None is the domain of the environment, unless something has run on this machine.

        Raises:
            SpecificationError: every problem of the file.
            DefinitionError: there is no file.
        """
        specification = read_specification(Path(file) if file is not None else None)
        folder = outputs_folder(Path(outputs) if outputs is not None else None, specification.path)
        return cls(specification, folder, service if service is not None else usual_service(folder))

    @property
    def _path(self) -> Path:
        return typed_path(self.specification.path, self.specification.file)

    def validate(self) -> validation.Validation:
        """Check the file and its notebooks as they are now. Problems are in what is returned, and not raised."""
        return validation.validate(self._path)

    def plan(self, *, why: bool = False) -> plans.Plan:
        """Work out which runs are due, and why the others are not; start none.

        Args:
            why: also work out, for each run that is due, which labels it would keep, and why the others would run. That reads
                the notebooks, and the data that count for them.
        """
        return plans.plan_runs(self.specification, self.outputs, self.service, forecasts=why)

    def status(self) -> statuses.Status:
        """Return the state and light of every run, and which runs are due."""
        return statuses.current_status(self.specification, self.outputs, self.service)

    def overview(self, *, month: str | None = None) -> overviews.Overview:
        """Return the latest run of each instance at a glance, from the records and what is open; no source of dates is asked.

        Args:
            month: the dates of a month, such as ``2024-01``; None is the newest 60 dates. The others are counted by month.
        """
        return overviews.overview(self.specification, self.outputs, self.service, month=month)

    def runs(
        self,
        name: str | None = None,
        *,
        state: str | None = None,
        first: date | None = None,
        last: date | None = None,
        every_run: bool = False,
    ) -> run_lists.RunList:
        """List the latest run of each instance, or every run. Reads the records and what is open, and changes nothing.

        Args:
            name: of one workflow alone.
            state: of runs in this state alone: ``running``, ``succeeded``, ``skipped``, ``failed``, ``timed out``,
                ``terminated``, ``cancelled`` or ``partial`` (a backfill of one label).
            first, last: the reference dates of a period, both included; None leaves that end open.
            every_run: earlier runs of an instance, too.

        Raises:
            DefinitionError: there is no such workflow or state.
        """
        choice = run_lists.RunChoice(name, state, first, last, every_run)
        return run_lists.list_runs(self.specification, self.outputs, self.service, choice)

    def run(self, reference: str) -> run_details.RunDetails:
        """Return what is known of one run: its labels, attempts, artefacts, and why it failed.

        Raises:
            DefinitionError: there is no such run, or several; the message lists them.
        """
        return run_details.run_details(self.specification, self.outputs, self.service, reference)

    def diff(self, first: str, second: str) -> run_differences.RunDifferences:
        """Compare two runs: their parameters, the states and durations of their labels, scraps, notebooks and data.

        Raises:
            DefinitionError: there is no such run, or several fit.
        """
        return run_differences.run_differences(self.specification, self.outputs, self.service, first, second)

    def logs(
        self, reference: str, label: str | None = None, *, attempt: int | None = None, pattern: str | None = None
    ) -> run_logs.RunLog:
        """Return the lines that the notebooks of a run printed, as an iterator.

        Args:
            label: of one notebook alone.
            attempt: of an earlier attempt; None is the last one of each notebook.
            pattern: a regular expression; lines in which it is found alone.

        Raises:
            DefinitionError: there is no such run, label or attempt, or the pattern is no regular expression.
        """
        wanted = (self.specification, self.outputs, self.service, reference, label)
        return run_logs.run_log(*wanted, attempt=attempt, pattern=pattern)

    def graph(self, name: str, *, format: str = "mermaid") -> drawings.Drawing:
        """Draw the graph of a workflow, or of a run with the states of its labels.

        Args:
            name: a workflow of the file, or a run as commands take it.
            format: ``mermaid``, ``dot`` (of Graphviz), ``svg`` or ``text``.

        Raises:
            DefinitionError: there is no such workflow, run or format, or several runs fit.
        """
        return drawings.drawn(file_graphs.graph_of_name(self.specification, self.outputs, self.service, name), format)

    def doctor(self) -> diagnosis.Diagnosis:
        """Check that everything that runs need is in place, as ``doctor`` does. Starts nothing."""
        return diagnosis.diagnose(self.specification, self.outputs, self.service.journal(self.outputs))

    def start(
        self,
        name: str,
        parameters: dict[str, Any] | None = None,
        *,
        new: bool = False,
        adopt: bool = False,
        force: bool = False,
        workers: int | None = None,
    ) -> UnderWay[Outcome]:
        """Run a workflow once. A run that has succeeded is done again; one that is open is continued.

        Args:
            name: a workflow of the file.
            parameters: ``reference_date`` among them, if its notebooks take one. The others may be left out: they are those of
                the first sensor entry that has those that are given.
            new: end an interrupted run of that instance, and start another. On this machine alone.

        Raises:
            DefinitionError: there is no such workflow, or a parameter is missing or not its own.
            OutputsError: the outputs folder cannot be written to.
            SourceError: data that are remembered with the run cannot be read.
        """
        how = Conditions(workers, adopt, force=force)
        call = requested_runs.start(
            self.specification, self.outputs, self.service, name, parameters or {}, new=new, conditions=how
        )
        return UnderWay(call)

    def check(self, *, adopt: bool = False, force: bool = False, workers: int | None = None) -> UnderWay[Outcome]:
        """Look for new dates once, and run what is due, as ``sensor.start --once``.

        Raises:
            DefinitionError: the file has no sensor.
            OutputsError: the outputs folder cannot be written to.
        """
        check_sensor(self.specification)
        check_writable(self.outputs)
        how = Conditions(workers, adopt, force=force)
        return UnderWay(self.service.look_for_dates([self.specification], self.outputs, once=True, conditions=how))

    def backfill(
        self,
        name: str,
        first: date,
        last: date,
        *,
        rerun: str = "missing",
        only: str | None = None,
        latest_first: bool = False,
        max_parallel: int | None = None,
        adopt: bool = False,
        force: bool = False,
        workers: int | None = None,
    ) -> UnderWay[Outcome]:
        """Run a workflow for the available dates of a period, with the parameters of each of its sensor entries.

        Args:
            name: a workflow of the sensor.
            first, last: the reference dates of a period, both included.
            rerun: ``missing``: dates that have not run yet; ``failed``: those, and what failed or was skipped; ``changed``:
                what ran with notebooks, or data that count, that have changed since; ``all``: everything, from scratch.
            only: run the notebook of this label alone, and those that it needs as far as they have not succeeded.
            latest_first: begin with the last date.
            max_parallel: how many of its runs are open at once; None means no limit.

        Raises:
            DefinitionError: there is no such workflow or label, or nothing of it is available.
            OutputsError: the outputs folder cannot be written to.
            SourceError: the available dates cannot be read.
        """
        wanted = backfills.Backfill(name, first, last, rerun, only, latest_first, force)
        how = Conditions(workers, adopt, force=force)
        call = backfills.backfill(
            self.specification, self.outputs, self.service, wanted, most_at_once=max_parallel, conditions=how
        )
        return UnderWay(call)

    def backfill_plan(
        self,
        name: str,
        first: date,
        last: date,
        *,
        rerun: str = "missing",
        only: str | None = None,
        latest_first: bool = False,
        force: bool = False,
    ) -> backfills.BackfillPlan:
        """Return the runs that `backfill` would start now, and why it would leave out the rest."""
        wanted = backfills.Backfill(name, first, last, rerun, only, latest_first, force)
        return backfills.planned_backfill(self.specification, self.outputs, self.service, wanted)

    def retry(self, run: str, *, adopt: bool = False, force: bool = False, workers: int | None = None) -> UnderWay[Outcome]:
        """Run again what failed or was skipped of a run; what succeeded is kept, unless it needs something that has changed. An
        interrupted run is continued.

        Args:
            run: ``NAME/DATE``, ``NAME/DATE,key=value`` or a workflow id, as commands take it. Nothing happens if all of it has
                succeeded, except with ``force``.

        Raises:
            DefinitionError: there is no such run, or it is running.
            OutputsError: the outputs folder cannot be written to.
        """
        how = Conditions(workers, adopt, force=force)
        return UnderWay(retries.retry(self.specification, self.outputs, self.service, run, conditions=how))

    def wait(self, run: str) -> UnderWay[Outcome]:
        """Wait for the end of a run that is already being carried out; what has ended is returned at once.

        Raises:
            DefinitionError: there is no such run, or it is interrupted and no process goes on with it.
        """
        return UnderWay(waiting.wait(self.specification, self.outputs, self.service, run))

    def cancel(self, run: str) -> waiting.CancelRequest:
        """Ask a run to end: its notebooks are interrupted, and its state is ``cancelled``.

        Raises:
            DefinitionError: there is no such run, or it has ended already.
        """
        return waiting.cancel(self.specification, self.outputs, self.service, run)

    @property
    def sensor(self) -> SensorControl:
        """Control of the sensor of the file, wherever it runs."""
        return SensorControl(self._path, self.outputs, self.service)

    def sensors(self) -> SensorList:
        """Return the open sensors of the files that share these outputs, or the domain."""
        with self.service.opened(self.outputs) as place:
            return open_sensors(place)

    @property
    def scenarios(self) -> ScenariosControl:
        """The sets of scenarios of the file: start them, and look at their results."""
        return ScenariosControl(self.specification, self.outputs, self.service)

    def make_reports(
        self,
        run: str | None = None,
        *,
        first: date | None = None,
        last: date | None = None,
        label: str | None = None,
        remake: str = "all",
        workers: int | None = None,
    ) -> UnderWay[remade_reports.ReportsMade]:
        """Make the reports of a run, of the runs of a period or of all runs anew, from the notebooks that are kept.

        Args:
            run: as `retry` takes it; without it, all runs, or those of the period.
            first, last: the reference dates of a period, both included; not beside ``run``.
            label: the reports of one notebook alone.
            remake: ``missing``: those that are not there; ``changed``: those, and what would look differently now; ``all``.
            workers: how many reports are made at once; None is the number of cores.

        Raises:
            DefinitionError: there is nothing that fits.
            OutputsError: the outputs folder cannot be written to.
        """
        wanted = remade_reports.WantedReports(run, first, last, label, remake)
        return UnderWay(remade_reports.make_reports(self.specification, self.outputs, self.service, wanted, workers=workers))

    def clean_outputs(self, keep_days: int, *, dry_run: bool = False) -> cleaned_outputs.Cleaned:
        """Remove notebooks and reports of runs that ended longer ago than that; their records stay, so nothing is due again.

        The newest reports of each parameter set are kept. With ``dry_run`` nothing is removed.

        Raises:
            DefinitionError: ``keep_days`` is not from 0 to 36,500, or a process runs workflows with these outputs elsewhere.
            OutputsError: a folder cannot be removed.
        """
        return cleaned_outputs.clean_outputs(self.specification, self.outputs, self.service, keep_days, dry_run=dry_run)
