"""The mutants: mistakes that once passed every test, and others of their kind.

The first ones are tried in every run of the suite, all of them in a soak.
"""

from __future__ import annotations

from .mutant import Mutant

_ACTIVITY_TASKS = "tests/service/test_activity_tasks.py"
_DECISION_TASKS = "tests/service/test_decision_tasks.py"
_EXECUTIONS = "tests/service/test_executions.py"
_RESTARTS = "tests/service/test_journal_restarts.py"
_TESTING = "tests/service/test_testing.py"
_TIME = "tests/service/test_time.py"
_RULES = "tests/replay/test_rules_15_to_19.py"
_RECORDS = "tests/unit/test_run_records.py"
_LOOKS = "tests/replay/test_observation.py"
_QUERIES = "tests/replay/test_query_looks.py"
_WAITS = "tests/replay/test_code_waits.py"
_INTERRUPTS = "tests/unit/test_cli_interrupts.py"

_OBSERVATION = "simpleflow_nb/replay/observation.py"
_DEADLINES = "simpleflow_nb/local/deadlines.py"
_TIMEKEEPING = "simpleflow_nb/local/timekeeping.py"
_TASKS = "simpleflow_nb/local/task_handling.py"
_RECOVERY = "simpleflow_nb/local/recovery.py"

MUTANTS = (
    # ---- time ----------------------------------------------------------------------------------------------------------------
    Mutant(
        "everything that time brings about comes two seconds early",
        _DEADLINES,
        "heapq.heappush(self._heap, (moment, self._serial, execution, kind, key))",
        "heapq.heappush(self._heap, (moment - 2, self._serial, execution, kind, key))",
        _ACTIVITY_TASKS,
    ),
    Mutant(
        "heartbeats are not counted",
        _TASKS,
        "            activity.last_beat = self.clock.now()\n",
        "",
        _ACTIVITY_TASKS,
    ),
    Mutant(
        "everything that time brings about comes a second late",
        _DEADLINES,
        "if not self._heap or self._heap[0][0] > now:",
        "if not self._heap or self._heap[0][0] + 1 > now:",
        _EXECUTIONS,
    ),
    Mutant(
        "SCHEDULE_TO_START ends a task that has been started",
        _TIMEKEEPING,
        'return activity is not None and (kind != "SCHEDULE_TO_START" or not activity.started)',
        "return activity is not None",
        _ACTIVITY_TASKS,
    ),
    Mutant(
        "a decision task that was taken from an override list is timed out as if nobody had",
        _TIMEKEEPING,
        "execution.decision.scheduled == key and not execution.decision.started",
        "execution.decision.scheduled == key",
        _DECISION_TASKS,
    ),
    Mutant(
        "a timer whose id is used again fires at the moment of the one before",
        _TIMEKEEPING,
        "return timer is not None and timer[0] == key[1]",
        "return timer is not None",
        _DECISION_TASKS,
    ),
    Mutant(
        "what happens while time passes is dated to its end",
        _TIMEKEEPING,
        "self.clock.jump_to(moment)",
        "self.clock.jump_to(to)",
        _TIME,
    ),
    Mutant(
        "time has passed before what the timekeeper has begun is done",
        _TIMEKEEPING,
        "        if self._flushing or self._queued:\n            self.commit()\n",
        "        pass\n",
        _TIME,
    ),
    Mutant(
        "the timeouts of a task that was handed out wait for the next commit",
        "simpleflow_nb/local/store.py",
        "        self.dirty[execution.number] = execution\n        self._push_deadlines(execution)\n",
        "        self.dirty[execution.number] = execution\n",
        _TIME,
    ),
    Mutant(
        "what is carried out late is dated to before what has happened since",
        _TIMEKEEPING,
        "max(moment, self.clock.now())",
        "moment",
        _TIME,
    ),
    Mutant(
        "time has passed while the timekeeper carries out requests of other processes",
        _TIMEKEEPING,
        "        with self._taking:\n            if not self._takes_requests:\n",
        "        if True:\n            if not self._takes_requests:\n",
        _TIME,
    ),
    Mutant(
        "moments to come are forgotten with those of closed runs",
        _DEADLINES,
        "if is_live(entry[2], entry[3], entry[4])]\n",
        "if is_live(entry[2], entry[3], entry[4])][:64]\n",
        _TIME,
    ),
    Mutant(
        "a heart that beats soon after the start is not counted",
        _TIMEKEEPING,
        "if due > moment:",
        "if due > moment + 2:",
        _ACTIVITY_TASKS,
    ),
    Mutant(
        "the time of a decision task that was answered ends a later one",
        _TIMEKEEPING,
        "return execution.decision is not None and execution.decision.started == key",
        "return execution.decision is not None and execution.decision.started > 0",
        _DECISION_TASKS,
    ),
    Mutant(
        "a virtual clock jumps while work is under way",
        _TIMEKEEPING,
        "                if activity.started:\n                    return False\n",
        "                pass\n",
        _TESTING,
    ),
    # ---- what a journal brings back ------------------------------------------------------------------------------------------
    Mutant(
        "a restart gives every open activity its whole time again",
        _RECOVERY,
        "since + int(timeout), kind, activity.scheduled",
        "now + int(timeout), kind, activity.scheduled",
        _RESTARTS,
    ),
    Mutant(
        "a restart ends a task that a worker elsewhere has",
        _RECOVERY,
        "if activity.started and workers_are_gone:",
        "if activity.started:",
        _RESTARTS,
    ),
    Mutant(
        "after a restart a started task has no limit",
        _RECOVERY,
        '"START_TO_CLOSE", started_at)',
        '"START_TO_CLOSE", 0.0)',
        _RESTARTS,
    ),
    Mutant(
        "after a restart a task may be without a heartbeat for ever",
        _RECOVERY,
        '"HEARTBEAT", now if activity.started else 0.0)',
        '"HEARTBEAT", 0.0)',
        _RESTARTS,
    ),
    Mutant(
        "a restart gives every timer two seconds less",
        _RECOVERY,
        '("deadline", due, "timer"',
        '("deadline", due - 2, "timer"',
        _RESTARTS,
    ),
    Mutant(
        "the start of a task of a worker elsewhere is not written before the task is handed out",
        _TASKS,
        "        if self.workers_inside:\n            self.note(execution)\n",
        "        if True:\n            self.note(execution)\n",
        _RESTARTS,
    ),
    # ---- replay --------------------------------------------------------------------------------------------------------------
    Mutant(
        "who waits for the latest signal takes it from those who wait for the next",
        "simpleflow_nb/replay/state/signals.py",
        'is_taken = is_taken or future.type == "signal"',
        "is_taken = True",
        _RULES,
    ),
    # ---- run records ---------------------------------------------------------------------------------------------------------
    Mutant(
        "a partial run decides whether its instance is done",
        "deciders/values/run_state.py",
        "SAYS_NOTHING = (RunState.CANCELLED, RunState.PARTIAL)",
        "SAYS_NOTHING = (RunState.CANCELLED,)",
        _RECORDS,
    ),
    Mutant(
        "a partial run is shown as the latest of its instance",
        "workers/records/run_queries.py",
        "whole = runs.state != RunState.PARTIAL",
        'whole = runs.state != ""',
        _RECORDS,
    ),
    Mutant(
        "attempts are counted over all workflows",
        "workers/records/run_records.py",
        ".where(runs.c.workflow_name == workflow_name, runs.c.identity == identity)\n            ).scalar_one()",
        ".where(runs.c.identity == identity)\n            ).scalar_one()",
        _RECORDS,
    ),
    Mutant(
        "failures are counted from the last success of any workflow",
        "workers/records/run_queries.py",
        "sa.and_(succeeded.c.workflow_name == runs.c.workflow_name, succeeded.c.identity == runs.c.identity)",
        "sa.and_(succeeded.c.identity == runs.c.identity)",
        _RECORDS,
    ),
    # ---- several executions ------------------------------------------------------------------------------------------------
    Mutant(
        "an execution that signals itself as it closes gets the signal after its end",
        "simpleflow_nb/local/relations.py",
        "if found is None or found.close_status is not None:",
        "if found is None:",
        "tests/service/test_external_decisions.py",
    ),
    Mutant(
        "what is for a child goes to its first run alone",
        "simpleflow_nb/replay/external_handlers.py",
        'elif a["cause"] != _UNKNOWN or not x.readdress(f):',
        "else:",
        "tests/service/test_renewed_children.py",
    ),
    Mutant(
        "a signal is sent back to the new run of the child that sent it",
        "simpleflow_nb/replay/state/signals.py",
        'for child in self.started_children if child.key != sender.get("workflowId")',
        "for child in self.started_children",
        "tests/service/test_renewed_children.py",
    ),
    Mutant(
        "a child that was cancelled before it started goes on",
        "simpleflow_nb/replay/state/children.py",
        "            self.due.append(self.canceling(future.key, None))\n",
        "            pass\n",
        "tests/replay/test_families.py",
    ),
    # ---- the command line ----------------------------------------------------------------------------------------------------
    Mutant(
        "a command that Ctrl-C has ended exits with 0",
        "simpleflow_nb/cli/main.py",
        "    except click.Abort:\n        code = ExitCode.RUN_FAILED\n",
        "    except click.Abort:\n        code = ExitCode.DONE\n",
        _INTERRUPTS,
    ),
    # ---- secrets -------------------------------------------------------------------------------------------------------------
    Mutant(
        "a secret in URL-safe base64 is not masked",
        "simpleflow_nb/secret_spellings.py",
        "for encode in (b64encode, urlsafe_b64encode):",
        "for encode in (b64encode,):",
        "tests/unit/test_secrets.py",
    ),
    Mutant(
        "AWS_SESSION_TOKEN is no secret",
        "simpleflow_nb/variables.py",
        '    "AWS_SESSION_TOKEN",\n',
        "",
        "tests/unit/test_secrets.py",
    ),
    # ---- looking at runs -----------------------------------------------------------------------------------------------------
    Mutant(
        "a look at a run sees what its code has not seen yet",
        _OBSERVATION,
        "self._apply([event for event in events[position:] if _decision_of(event) == decided])",
        "self._apply(events[position:])",
        _LOOKS,
    ),
    Mutant(
        "code that now decides more in its last decision is not accused by a look",
        _OBSERVATION,
        "        self._check_complete()\n",
        "",
        _LOOKS,
    ),
    Mutant(
        "a query that catches its refusal has an answer",
        "simpleflow_nb/replay/suspended_code/looks.py",
        "            if self.refusal is not None:\n                raise self.refusal from None\n",
        "",
        _QUERIES,
    ),
    Mutant(
        "a query draws random numbers of the run",
        "simpleflow_nb/replay/state/requests.py",
        "        if self.asked is not None:\n            self.refuse_to_change()\n        if self.random",
        "        if self.random",
        _QUERIES,
    ),
    Mutant(
        "a look sees the late failure of a child that was initiated",
        _OBSERVATION,
        '    if attributes.get("initiatedEventId"):\n        return None\n',
        "",
        _WAITS,
    ),
)
