"""Looking at executions: one row model, many formats; the same on every service."""
