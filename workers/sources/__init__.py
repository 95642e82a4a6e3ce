"""Which dates there are: files, FlowAPI, SQL, S3 and installed sources; and when their data changed."""
