"""Ways to break the engine that a rule of the simulation must notice, as replacements in its source.

A file is named without its folder: of those with that name, one has the text, and has it once.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sabotage:
    what: str
    file: str
    old: str
    new: str
    rule: str  #: name of the function that notices, or of the method
    seeds: int = 60  #: within which it does

    def __str__(self) -> str:
        return self.what


SABOTAGES = (
    Sabotage(
        "a request that is sent again is carried out again",
        "updates.py",
        "if id in self._ids:",
        "if False:",
        "_each_request_has_one_answer_at_most",
    ),
    Sabotage(
        "a request waits until code is woken by something else",
        "execution.py",
        "if self.update_requests:\n            self.begin_updates()",
        "if self.update_requests and self.roused:\n            self.begin_updates()",
        "_what_does_not_wait_is_answered_by_the_decision_that_sees_it",
    ),
    Sabotage(
        "nobody asks the validator in the decider",
        "updates.py",
        "            if refused is not None:",
        "            if False:",
        "_answers_are_those_of_a_run_that_does_one_after_the_other",
    ),
    Sabotage(
        "an update that is refused fails",
        "updates.py",
        '        kind = "refused"\n',
        '        kind = "failed"\n',
        "_answers_are_those_of_a_run_that_does_one_after_the_other",
    ),
    Sabotage(
        "an answer is not found",
        "followed_request.py",
        'if note["markerName"] == marker and',
        "if not marker and",
        "_whoever_asks_is_told_the_answer",
    ),
    Sabotage(
        "a condition is not asked after code has gone on",
        "execution.py",
        "                self._release()\n            if self.conditions:\n                self.rouse_conditions()",
        "                self._release()",
        "_waiting",
    ),
    Sabotage(
        "a query changes the history",
        "observed_run.py",
        "        def answer() -> Any:\n",
        '        def answer() -> Any:\n            self.events[0]["eventTimestamp"] += 1\n',
        "query",
    ),
    Sabotage(
        "a query that goes on after a refusal has an answer",
        "looks.py",
        "            if self.refusal is not None:",
        "            if False:",
        "_spoil",
    ),
    Sabotage(
        "hooks are not called before a decision",
        "execution.py",
        "            hooks.before_decision()",
        "            pass",
        "_check_hooks",
    ),
    Sabotage(
        "no hook is called last",
        "hooks.py",
        "for name in (*_AFTER, *(_CLOSED if finished is not None else ())):",
        "for name in _AFTER:",
        "_check_hooks",
    ),
    Sabotage(
        "a history that cannot be read is the failure of a hook",
        "hooks.py",
        "if error is execution.unread or isinstance(error, MemoryError)",
        "if isinstance(error, MemoryError)",
        "_check_hooks",
        200,
    ),
    Sabotage(
        "a history that cannot be read fails the run",
        "execution.py",
        "if self.may_interrupt(raised) or raised is self.unread:",
        "if self.may_interrupt(raised):",
        "_check_end",
        600,
    ),
    Sabotage(
        "a hook may submit",
        "hooks.py",
        'execution.ask(f"{name}()", lambda: getattr(self.workflow, name)(execution.history, *more))',
        "getattr(self.workflow, name)(execution.history, *more)",
        "_note_parked",
    ),
    Sabotage(
        "a run that refuses is cancelled",
        "execution.py",
        "            if is_refused:\n                return False",
        "            if is_refused:\n                pass",
        "_check_refused_cancellation",
        200,
    ),
    Sabotage(
        "nobody asks on_task_failure",
        "attempts.py",
        "verdict = self.judge(future, error) if self.judge is not None else None",
        "verdict = None",
        "_check_verdicts",
        200,
    ),
    Sabotage(
        "a step that is done runs again",
        "utils.py",
        "return not should_skip_step(step_name, skipped_steps) and step_name not in steps_done",
        "return not should_skip_step(step_name, skipped_steps)",
        "_check_marker",
        200,
    ),
    Sabotage(
        "to force a.b forces a.bc",
        "utils.py",
        'step_name.startswith(f"{entry}.")',
        "step_name.startswith(entry)",
        "_check_marker",
        200,
    ),
    Sabotage(
        "a step is marked before its tasks",
        "submittable.py",
        "                self.activities,\n                mark,\n",
        "                mark,\n                self.activities,\n",
        "check_marks",
    ),
    Sabotage(
        "each run has its own marks",
        "workflow.py",
        "['workflow_id']}/steps/",
        "['run_id']}/steps/",
        "check_marks",
        200,
    ),
    Sabotage(
        "a long text is damaged where it is kept",
        "payload_directory.py",
        "self._texts[payload.digest(text)] = text",
        'self._texts[payload.digest(text)] = text.replace("1,0", "1,1", 1)',
        "_check_long_results",
        200,
    ),
    Sabotage(
        "long texts stay in the history",
        "payload_directory.py",
        "    if text is None or not payload.is_too_long(text):",
        "    if True:",
        "_note_parked",
    ),
    Sabotage(
        "slices are put together backwards",
        "slices.py",
        '["results"]\n',
        '["results"][::-1]\n',
        "check_fans",
        200,
    ),
    Sabotage(
        "one more of a fan runs at a time",
        "group_futures.py",
        "return DONE if self.group._open < self.limit else OPEN",
        "return DONE if self.group._open <= self.limit else OPEN",
        "check_fans",
        200,
    ),
    Sabotage(
        "a patch is taken by runs that have passed it",
        "requests.py",
        "known = id in self.batch_patches",
        "known = True",
        "check_cold",
        200,
    ),
)
