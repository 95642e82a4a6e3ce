"""Workflow files: read, checked rule by rule with the line of every problem, and kept as frozen models."""

from ..problems import Problem, SpecificationError, UnknownWorkflowError
from .loading import load_specification, load_with_warnings
from .models import (
    NO_SENSOR,
    ConfiguredWorkflow,
    NotebookSpecification,
    OutputSpecification,
    SensorSpecification,
    Specification,
    WorkflowSpecification,
)
from .scenarios.scenario_set import ScenarioSetSpecification
from .sources import FilesSource, FlowApiSource, InstalledSource, SqlSource
from .workflow_file import AUTOMATIC_PARAMETERS, FLOWAPI_CDR_TYPES, OWN_PARAMETERS, specification_schema

__all__ = [
    "AUTOMATIC_PARAMETERS",
    "FLOWAPI_CDR_TYPES",
    "NO_SENSOR",
    "OWN_PARAMETERS",
    "ConfiguredWorkflow",
    "FilesSource",
    "FlowApiSource",
    "InstalledSource",
    "NotebookSpecification",
    "OutputSpecification",
    "Problem",
    "ScenarioSetSpecification",
    "SensorSpecification",
    "Specification",
    "SpecificationError",
    "SqlSource",
    "UnknownWorkflowError",
    "WorkflowSpecification",
    "load_specification",
    "load_with_warnings",
    "specification_schema",
]
