"""Ways to take the rules of replay 20 to 26 out of the engine."""

from __future__ import annotations

from .sabotage import ATTEMPTS, EXECUTION, HANDLERS, INPUTS, REQUESTS, STATE, replacement

SABOTAGES = (
    replacement(
        20,
        "now() is another moment at replay",
        EXECUTION,
        'self.now = started["eventTimestamp"]',
        'self.now = started["eventTimestamp"] + (0 if self.replaying else 1)',
        "test_now_is_the_moment_at_which_the_decision_task_was_started",
        True,
    ),
    replacement(
        21,
        "ids are given when a task is scheduled",
        REQUESTS,
        "            n = self.counters[name] = self.counters.get(name, 0) + 1\n            id",
        "            n = self.counters[name] = self.counters.get(name, 0) + 1 + (self.replaying and found & FUTURES)\n"
        "            id",
        "test_ids_are_given_at_submit_whether_or_not_the_arguments_are_there",
        True,
    ),
    replacement(
        21,
        "attempts share an id",
        ATTEMPTS,
        "future.key = commands.attempt_id(future.id, future.attempt)",
        "future.key = future.id",
        "test_attempts_are_numbered_behind_the_id_and_a_lost_worker_is_none_of_them",
    ),
    replacement(
        21,
        "a lost worker is a failed attempt",
        ATTEMPTS,
        "if lost and future.losses < MAX_LOSSES:",
        "if False:",
        "test_attempts_are_numbered_behind_the_id_and_a_lost_worker_is_none_of_them",
    ),
    replacement(
        21,
        "jitter depends on the order of failures",
        ATTEMPTS,
        'f"{self.run_id} {future.key}"',
        'f"{self.run_id} {len(self.due)}"',
        "test_the_jitter_of_a_retry_depends_on_nothing_but_its_run_task_and_attempt",
    ),
    replacement(
        22,
        "inputs are not compared",
        HANDLERS,
        "            if other is not None:",
        "            if False:",
        "test_two_calls_of_one_activity_that_changed_places_are_caught",
    ),
    replacement(
        22,
        "only inputs seen before are compared",
        INPUTS,
        "other = by_recorded.get(text) or by_own.get(recorded)",
        "other = by_recorded.get(text)",
        "test_one_call_less_before_another_of_the_same_activity_is_caught",
    ),
    replacement(
        22,
        "every changed input is a difference",
        INPUTS,
        "return None if other is future else other",
        "return future",
        "test_an_input_that_merely_changed_is_allowed",
    ),
    replacement(
        23,
        "what the code raised is not chained",
        STATE,
        "error.__cause__ = self.error",
        "pass",
        "test_code_that_raises_where_history_goes_on_is_a_difference_and_not_the_end_of_the_run",
    ),
    replacement(
        24,
        "is_replaying is never True",
        EXECUTION,
        "        self.replaying = True\n",
        "        self.replaying = False\n",
        "test_is_replaying_is_true_just_where_the_code_repeats_itself",
    ),
    replacement(
        25,
        "a decision is made from all events there are",
        EXECUTION,
        'if events[-1]["eventType"] != "DecisionTaskStarted":',
        "if False:",
        "test_a_decision_is_made_from_history_up_to_its_start_and_not_from_all_there_is",
    ),
    replacement(
        26,
        "a decision task without news is an error",
        EXECUTION,
        "                not completed\n",
        "                len(events) < 4\n                or not completed\n",
        "test_a_decision_task_without_news_is_answered_with_nothing",
    ),
)
