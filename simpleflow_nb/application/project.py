"""A workflow file with its outputs and the service that keeps its runs: what programs hold in their hands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from . import cleaned_outputs, diagnosis, plans, remade_reports, run_details, run_lists, run_logs, statuses, validation
from .events import UnderWay
from .sensor_requests import SensorControl, SensorList, open_sensors
from .services import Service, usual_service
from .specifications import read_specification
from .workflow_files import outputs_folder

if TYPE_CHECKING:
    from deciders.specification import Specification


class Project:
    """What can be done with a workflow file. Nothing is opened until something is asked for.

    Long calls give an `UnderWay`: nothing is done until it is iterated over, or its ``result()`` is asked for.
    """

    def __init__(self, specification: Specification, outputs: Path, service: Service) -> None:
        self.specification, self.outputs, self.service = specification, outputs, service

    @classmethod
    def open(
        cls, file: Path | str | None = None, *, outputs: Path | str | None = None, service: Service | None = None
    ) -> Project:
        """Read and check a workflow file.

        Args:
            file: a path, or a folder with a ``workflows.yml``; None is what commands take that are given no file.
            outputs: the outputs folder; None is ``AUTOFLOW_OUTPUTS_DIR``, or ``outputs`` beside the file.
            service: `Local` or `Swf`; None is the domain of the environment, unless something has run on this machine.

        Raises:
            SpecificationError: every problem of the file.
            DefinitionError: there is no file.
        """
        specification = read_specification(Path(file) if file is not None else None)
        folder = outputs_folder(Path(outputs) if outputs is not None else None, specification.path)
        return cls(specification, folder, service if service is not None else usual_service(folder))

    def validate(self) -> validation.Validation:
        """Look at the file as it is now, and at its notebooks. See `validation.validate`."""
        return validation.validate(self.specification.path)

    def plan(self) -> plans.Plan:
        """Say which runs are due and which are not; nothing is started. See `plans.plan_runs`."""
        return plans.plan_runs(self.specification, self.outputs, self.service)

    def status(self) -> statuses.Status:
        """Say what came of every run, and what is due. See `statuses.current_status`."""
        return statuses.current_status(self.specification, self.outputs, self.service)

    def runs(
        self,
        name: str | None = None,
        *,
        state: str | None = None,
        first: date | None = None,
        last: date | None = None,
        every_run: bool = False,
    ) -> run_lists.RunList:
        """List the latest run of each instance, or every run, of all workflows or one. See `run_lists.list_runs`."""
        choice = run_lists.RunChoice(name, state, first, last, every_run)
        return run_lists.list_runs(self.specification, self.outputs, self.service, choice)

    def run(self, reference: str) -> run_details.RunDetails:
        """Show one run, such as ``NAME/DATE``. See `run_details.run_details`."""
        return run_details.run_details(self.specification, self.outputs, self.service, reference)

    def logs(
        self, reference: str, label: str | None = None, *, attempt: int | None = None, pattern: str | None = None
    ) -> run_logs.RunLog:
        """Find what the notebooks of a run printed: iterate over it. See `run_logs.run_log`."""
        wanted = (self.specification, self.outputs, self.service, reference, label)
        return run_logs.run_log(*wanted, attempt=attempt, pattern=pattern)

    def doctor(self) -> diagnosis.Diagnosis:
        """Look whether what runs need is there. See `diagnosis.diagnose`."""
        return diagnosis.diagnose(self.specification, self.outputs)

    def sensors(self) -> SensorList:
        """List the sensors that are open where the runs of the file are kept, also those of other files."""
        with self.service.opened(self.outputs) as place:
            return open_sensors(place)

    @property
    def sensor(self) -> SensorControl:
        """What the sensor of the file can be told, wherever it runs."""
        return SensorControl(self.specification.path, self.outputs, self.service)

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
        """Make the reports of a run, of the runs of a period or of all runs anew. See `remade_reports.make_reports`."""
        wanted = remade_reports.WantedReports(run, first, last, label, remake)
        return UnderWay(remade_reports.make_reports(self.specification, self.outputs, self.service, wanted, workers=workers))

    def clean_outputs(self, keep_days: int, *, dry_run: bool = False) -> cleaned_outputs.Cleaned:
        """Remove what runs left that ended longer ago. See `cleaned_outputs.clean_outputs`."""
        return cleaned_outputs.clean_outputs(self.specification, self.outputs, self.service, keep_days, dry_run=dry_run)
