"""Amazon SWF's coordination in one process: the same calls, the same rules, a journal in SQLite, no AWS."""
