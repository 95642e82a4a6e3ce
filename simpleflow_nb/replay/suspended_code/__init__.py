"""The workflow's code, in strands that are suspended where they wait."""
