"""Making one report of an executed notebook, with the record beside the notebook of what it was made from."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from deciders.specification import OutputSpecification
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
    on_wait: Callable[[], None] | None = None,
    before_replacing: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Make it in a process of its own and within its limits; returns its path, light, warnings and number of pages.

    A file at ``target`` is replaced in one step or, whatever goes wrong, left alone. ``on_wait`` is called about 20 times a
    second, ``before_replacing`` once, when the report is made and nobody sees it yet; what they raise leaves this function.
    Without ``inputs_dir`` there are neither templates nor fonts, and no record. ``outputs`` is the folder that the path is
    relative to in the record.

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
    result = {"path": str(target), "light": str(light), "warnings": list(report.warnings), "pages": report.pages}
    if origin is not None:
        record_report({**result, "path": kept_path(str(target), outputs)}, origin, output.format, executed)
    return result
