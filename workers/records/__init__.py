"""How runs ended, in a database; and which file owns a workflow name there."""
