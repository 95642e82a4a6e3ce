"""The workflow file, what is typed for it, and what its runs need."""
