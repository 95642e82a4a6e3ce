"""Sets of scenarios of a workflow file: their settings, their tables, and the scenarios that they make."""
