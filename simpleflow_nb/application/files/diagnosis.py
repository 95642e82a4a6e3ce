"""Diagnosis: whether everything that the runs of a workflow file need is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...inspection.documents import SCHEMA

if TYPE_CHECKING:
    from deciders.specification import Specification
    from workers.health import Finding


@dataclass(frozen=True)
class Diagnosis:
    """Findings of a look at everything that the runs of a workflow file need."""

    file: Path
    findings: Sequence[Finding]

    @property
    def is_healthy(self) -> bool:
        """Tell whether nothing is missing; there may be warnings."""
        from workers.health import FAILED

        return all(one.state != FAILED for one in self.findings)

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "file": str(self.file),
            "is_healthy": self.is_healthy,
            "findings": [asdict(one) for one in self.findings],
        }


def diagnose(specification: Specification, outputs: Path, journal: Path | None = None) -> Diagnosis:
    """Look at outputs, journal, records, source, notebooks, kernels, programs for reports, secrets and variables; see
    `workers.health`. Nothing is started, and nothing left behind but the folders and tables that a run would make.

    ``journal`` is the one that keeps the runs on this machine; None if a service does.
    """
    from workers.health import findings

    return Diagnosis(specification.path, tuple(findings(specification, outputs, journal)))
