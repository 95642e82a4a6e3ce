"""The run records in a database: ends of runs, and the file that owns each workflow name there."""
