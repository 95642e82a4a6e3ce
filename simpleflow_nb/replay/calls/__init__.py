"""What a workflow's code asks for: tasks with their arguments, and the commands that become decisions."""
