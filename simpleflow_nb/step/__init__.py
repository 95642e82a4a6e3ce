"""Steps: parts of a workflow that are marked as done, and skipped by later executions.

``from simpleflow_nb.step.submittable import Step`` and ``from simpleflow_nb.step.workflow import WorkflowStepMixin``, as in
simpleflow.
"""
