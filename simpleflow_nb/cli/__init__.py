"""The command line: ``simpleflow-nb``."""
