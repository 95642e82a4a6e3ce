"""The decider and the worker: loops over any service with boto3's SWF calls."""
