"""Programs written for nextpipe, of which the import line alone was changed."""
