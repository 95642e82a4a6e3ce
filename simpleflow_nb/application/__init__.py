"""Actions on a project, a folder with a ``workflows.yml``: on this machine or on a service, without a word printed.

:class:`~simpleflow_nb.application.project.Project` is the entry for programs; the commands are another one, with options, one
call and one print. Results are frozen values with ``to_dict()``; what takes long is followed event by event
(`simpleflow_nb.application.events`).
"""
