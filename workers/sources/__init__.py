"""Available dates from files, FlowAPI, SQL, S3 and installed sources, and changes of their data."""
