"""Runs of flows: the workflow, the activities, and the values between them."""
