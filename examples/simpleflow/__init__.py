"""Programs in the style of simpleflow's examples: each shows one part of the engine, and what its run returns.

The commands in their docstrings are typed in the folder that holds ``examples``. On SWF, or on ``service.start``::

    simpleflow-nb standalone --domain TestDomain examples.simpleflow.basic.BasicWorkflow --input '[1]'
"""
