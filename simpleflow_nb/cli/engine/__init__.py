"""Commands of Python workflows, of the processes that carry them out, and of the service."""
