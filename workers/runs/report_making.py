"""Making one report of an executed notebook, and recording its origin beside the notebook."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Callable
from pathlib import Path

from deciders.specification import OutputSpecification
from deciders.tasks.results import ReportResult
from deciders.values.light import Light

from ..kept_paths import kept_path
from .kept_reports import record_report, report_origin


def made_report(
    output: OutputSpecification,
    executed: Path,
    target: Path,
    *,
    reference_date: str | None,
    inputs_dir: Path | None,
    outputs: Path,
    noted_beside: Path | None = None,
    on_wait: Callable[[], None] | None = None,
    before_replacing: Callable[[], None] | None = None,
) -> ReportResult:
    """Make a report in a process of its own and within its limits; return its path, light, warnings and number of pages.

    A file at ``target`` is replaced in one step or, whatever goes wrong, left unchanged. ``on_wait`` is called about 20 times a
    second, ``before_replacing`` once, when the report is made but not visible yet; what they raise propagates. Without
    ``inputs_dir`` there are neither templates nor fonts, and no record. The path in the record is relative to ``outputs``. The
    record is beside the executed notebook, or beside ``noted_beside`` if that was taken over from another run.

    Raises:
        ReportError: the notebook cannot be read, nothing could be typeset, or a program that a template needs is missing.
        ReportStopped: it took too much time or memory.
        OSError: the record of it cannot be written.
    """
    from ..reports import ReportError, ReportOptions, make_report

    fonts = inputs_dir / "fonts" if inputs_dir is not None else None
    options = ReportOptions(
        format=output.format,
        code=output.code,
        streams=output.streams,
        parameters=output.parameters,
        reference_date=reference_date,
        template=inputs_dir / output.template if inputs_dir is not None and output.template is not None else None,
        font_directories=(fonts,) if fonts is not None else (),
    )
    origin = report_origin(output, reference_date, inputs_dir, executed) if inputs_dir is not None else None
    unseen = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}.tmp") if before_replacing is not None else target
    try:
        report = make_report(executed, unseen, options, on_wait=on_wait)
        if before_replacing is not None:
            before_replacing()
            try:
                os.replace(unseen, target)
            except OSError as error:
                raise ReportError(f"the report cannot be written to {target}: {error.strerror or error}") from error
    finally:
        if unseen != target:
            unseen.unlink(missing_ok=True)
    light = Light.of_work(warned=bool(report.warnings))
    result = ReportResult(path=str(target), light=light, warnings=report.warnings, pages=report.pages)
    if origin is not None:
        kept = dataclasses.replace(result, path=kept_path(str(target), outputs))
        record_report(kept, origin, output.format, noted_beside or executed)
    return result
