"""Asking for something: runs, retries, backfills, reports, the end of a run."""
