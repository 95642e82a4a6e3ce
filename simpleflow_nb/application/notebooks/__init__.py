"""Single notebooks outside of workflows, and the processes that carry notebooks out."""
