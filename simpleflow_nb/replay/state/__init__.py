"""The state of an execution: its tasks, strands, children and signals, each built on the one before.

:class:`.execution_state.ExecutionState` is the whole of it.
"""
