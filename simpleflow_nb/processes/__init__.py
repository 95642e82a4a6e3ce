"""The decider and the worker: loops over anything that has boto3's SWF calls."""
