"""Looking at a project: plans, statuses, runs. Nothing is changed."""
