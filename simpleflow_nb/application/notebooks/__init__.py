"""Single notebooks outside of workflows."""
