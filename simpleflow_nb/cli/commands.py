"""The table of commands, and finding them in it."""

from __future__ import annotations

import importlib

import click

#: the commands by what they are for: each with the module that has it, and a line for the list of all of them
GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "Projects": {
        "init": ("notebooks.init", "Make a folder with a project that runs as it is"),
        "validate": ("notebooks.definition", "Check a workflow file and its notebooks"),
        "plan": ("notebooks.definition", "Show which runs are due, and why"),
        "status": ("notebooks.status", "Show the last state of every run, by date"),
        "web.start": ("notebooks.web", "Serve pages of runs for a browser"),
        "backfill": ("notebooks.backfill", "Run a workflow for the dates of a period"),
        "scenarios.start": ("notebooks.scenarios", "Run a workflow for many sets of parameters"),
        "scenarios.show": ("notebooks.scenarios", "Show the results of a set of scenarios"),
        "scenarios.list": ("notebooks.scenarios", "List the sets of scenarios of a workflow file"),
        "reports.make": ("notebooks.reports", "Make the reports of past runs anew"),
        "outputs.clean": ("notebooks.outputs", "Remove the notebooks and reports of old runs"),
    },
    "Runs": {
        "runs.list": ("notebooks.runs", "List runs"),
        "runs.show": ("notebooks.runs", "Show one run: parameters, labels, attempts"),
        "runs.watch": ("notebooks.runs", "Show what a run does until it has ended"),
        "runs.diff": ("notebooks.runs", "Show what two runs differ in"),
        "runs.retry": ("notebooks.retry", "Run again what failed or was skipped"),
        "runs.logs": ("notebooks.runs", "Print what the notebooks of a run printed"),
    },
    "Notebooks": {
        "notebook.run": ("notebooks.notebook", "Run one notebook"),
        "notebook.debug": ("notebooks.notebook_debug", "Prepare a notebook of a run, to look into it"),
        "notebook.pdf": ("notebooks.notebook_report", "Make the report of an executed notebook"),
    },
    "Sensor": {
        "sensor.start": ("notebooks.sensor", "Look for new dates and run what is due"),
        "sensor.stop": ("notebooks.sensor_requests", "Stop the sensor of a workflow file"),
        "sensor.check": ("notebooks.sensor_requests", "Look for new dates now"),
        "sensor.pause": ("notebooks.sensor_requests", "Look for no new dates until sensor.resume"),
        "sensor.resume": ("notebooks.sensor_requests", "Look for new dates again"),
        "sensor.reload": ("notebooks.sensor_requests", "Go on with the workflow file as it is now"),
        "sensor.list": ("notebooks.sensor_requests", "List open sensors"),
    },
    "Python workflows": {
        "workflow.start": ("engine.start", "Run a workflow here, or start it on SWF"),
        "workflow.list": ("engine.workflow", "List executions, newest first"),
        "workflow.filter": ("engine.filter", "List executions by type, tag, end or date"),
        "workflow.info": ("engine.workflow", "Show one execution"),
        "workflow.tasks": ("engine.workflow", "List the tasks of an execution, newest first"),
        "workflow.profile": ("engine.workflow", "Show where the time of an execution went"),
        "workflow.history": ("engine.workflow", "Show every event of an execution"),
        "workflow.graph": ("engine.graph", "Draw the graph of a workflow, or of a run"),
        "workflow.stack": ("engine.looking", "Show where the code of a run waits"),
        "workflow.query": ("engine.looking", "Ask a run what its class can tell"),
        "task.info": ("engine.tasks", "Show one task of an execution"),
        "workflow.update": ("engine.updates", "Ask a run to change, and for its answer"),
        "workflow.cancel": ("engine.requests", "Ask an execution to end"),
        "workflow.signal": ("engine.requests", "Send a signal to an execution"),
        "workflow.terminate": ("engine.requests", "End an execution here and now"),
        "workflow.restart": ("engine.requests", "End an execution and start it anew"),
    },
    "Processes": {
        "standalone": ("engine.standalone", "Run a workflow on SWF, with its own processes"),
        "decider.start": ("engine.decider", "Decide, until SIGTERM"),
        "worker.start": ("engine.worker", "Carry out activities, until SIGTERM"),
        "service.start": ("engine.service", "Serve SWF's calls on this machine"),
    },
    "Tools": {
        "info": ("engine.info", "Show versions, settings and the environment"),
        "doctor": ("notebooks.doctor", "Check what the runs of a workflow file need"),
        "binaries.download": ("engine.binaries", "Download programs that activities need"),
        "journal.prune": ("engine.journal", "Remove the histories of old local executions"),
    },
}
COMMANDS = {name: module for commands in GROUPS.values() for name, (module, _) in commands.items()}


#: those that print a table, which ``--format`` and ``--header`` are for
PRINT_TABLES = {"plan", "status", "backfill", "runs.list", "runs.show", "sensor.list", "doctor"}
PRINT_TABLES |= {"workflow.list", "workflow.info", "workflow.tasks", "workflow.profile", "workflow.history"}
PRINT_TABLES |= {"workflow.filter", "task.info"}
PRINT_TABLES |= {"scenarios.start", "scenarios.show", "scenarios.list"}
PRINT_TABLES |= {"workflow.stack", "workflow.query", "workflow.update"}


class Commands(click.Group):
    """The commands, each imported when it is used: ``simpleflow-nb validate`` needs no papermill."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        loaded = importlib.import_module(f".{module}", __package__)
        found: click.Command = getattr(loaded, cmd_name.replace(".", "_"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each command, by what they are for. None of them is imported for it."""
        width = max(map(len, COMMANDS))
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), line) for name, (_, line) in commands.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{guess}", error.ctx) from None
