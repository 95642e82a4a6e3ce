"""One run of notebooks as its graph unfolds: what each item is given, how it ended, and what is recorded of the whole."""
