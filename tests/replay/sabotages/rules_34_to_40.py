"""Ways to take the rules of replay 34 to 40 out of the engine."""

from __future__ import annotations

from .sabotage import CHILDREN, EXECUTION, EXTERNAL_HANDLERS, EXTERNALS, SIGNALS, Sabotage, replacement

SABOTAGES = (
    replacement(
        34,
        "a child is asked to cancel before it has started",
        CHILDREN,
        "if future.run_id is not None:  #",
        "if True:  #",
        "test_a_child_is_asked_to_cancel_once_it_has_started_and_not_before",
    ),
    replacement(
        34,
        "a child that starts later is never asked to cancel",
        CHILDREN,
        "        if future.cancelling:\n            self.due.append(self.canceling",
        "        if False:\n            self.due.append(self.canceling",
        "test_a_child_is_asked_to_cancel_once_it_has_started_and_not_before",
    ),
    replacement(
        34,
        "a child is asked to cancel while events are applied",
        CHILDREN,
        "self.due.append(self.canceling(future.key, None))",
        "self.queue.append(self.canceling(future.key, None))",
        "test_the_request_to_cancel_a_child_that_starts_during_a_decision_waits_for_the_next_one",
        True,
    ),
    replacement(
        34,
        "a request to cancel names the first run of a child",
        CHILDREN,
        "self.cancel_execution(future.key)  #",
        "self.cancel_execution(future.key, future.run_id)  #",
        "test_a_request_to_cancel_a_child_does_not_name_its_run",
    ),
    replacement(
        35,
        "the rate of children is a quota like others",
        CHILDREN,
        'if cause == "CHILD_CREATION_RATE_EXCEEDED":',
        "if False:",
        "test_children_that_are_refused_for_their_rate_are_paced",
    ),
    replacement(
        35,
        "the pace is ignored",
        CHILDREN,
        "and (self.allowance or not self.is_paced):",
        "and (self.allowance > -1_000 or not self.is_paced):",
        "test_children_that_are_refused_for_their_rate_are_paced",
    ),
    replacement(
        35,
        "any number of children is asked for",
        CHILDREN,
        "elif self.ready_children or self.is_paced or self.open_children >= MAX_OPEN_CHILD_COUNT:",
        "elif self.ready_children or self.is_paced:",
        "test_no_more_children_are_asked_for_than_can_be_open",
    ),
    replacement(
        36,
        "inputs of children are not compared",
        EXTERNAL_HANDLERS,
        "    if other is not None:\n",
        "    if False:\n",
        "test_two_children_of_one_class_that_changed_places_are_named",
    ),
    replacement(
        36,
        "types of children are not compared",
        EXTERNAL_HANDLERS,
        'if f.name != a["workflowType"]["name"]:',
        "if False:",
        "test_a_child_of_another_type_under_the_same_id_is_named",
    ),
    Sabotage(
        37,
        "every failure is the record of a decision",
        (
            (
                EXTERNAL_HANDLERS,
                '    if a.get("initiatedEventId"):\n        f: Any = _opened(x, e, a)\n    else:\n'
                "        f = x.recorded(e, START",
                "    if False:\n        f: Any = _opened(x, e, a)\n    else:\n        f = x.recorded(e, START",
            ),
        ),
        "test_a_failure_after_something_was_initiated_is_its_outcome_and_no_record_of_a_decision",
        True,
    ),
    replacement(
        37,
        "what a quota refuses has failed",
        EXTERNAL_HANDLERS,
        'if a["cause"].endswith("_EXCEEDED"):',
        "if False:",
        "test_what_a_quota_refuses_is_sent_again_after_the_backoff_timer",
    ),
    replacement(
        37,
        "what a quota refused is sent while events are applied",
        EXTERNALS,
        "                self.due.append(future)\n",
        "                self.queue.append(future)\n",
        "test_what_a_quota_refuses_that_may_be_sent_again_during_a_decision_waits_for_the_next_one",
    ),
    replacement(
        38,
        "a signal goes back to the child that sent it",
        SIGNALS,
        'for child in self.started_children if child.key != sender.get("workflowId")',
        "for child in self.started_children",
        "test_a_signal_is_passed_on_but_not_back",
    ),
    replacement(
        38,
        "a signal goes back to the parent that sent it",
        SIGNALS,
        ' and parent[1] != sender.get("runId")',
        "",
        "test_a_signal_is_passed_on_but_not_back",
    ),
    replacement(
        38,
        "signals are passed on before what the engine decides",
        EXECUTION,
        "        if self.due:\n            queue.extend(self.due)\n            self.due = []\n"
        "        if self.forwards:\n            self.forward()\n",
        "        if self.forwards:\n            self.forward()\n"
        "        if self.due:\n            queue.extend(self.due)\n            self.due = []\n",
        "test_signals_are_passed_on_after_what_the_engine_decides_and_before_the_code_goes_on",
    ),
    replacement(
        38,
        "older runs pass signals on",
        SIGNALS,
        "        if self.engine_version == 1:  # its runs did not\n            return\n",
        "",
        "test_runs_of_the_first_version_of_the_engine_pass_no_signals_on",
    ),
    replacement(
        39,
        "a signal that is to be passed on must be there",
        SIGNALS,
        "            if self.is_missing(digest, order):\n                return False\n",
        "",
        "test_a_signal_whose_payload_is_missing_is_not_passed_on_and_does_not_stop_the_run",
    ),
    replacement(
        40,
        "a retried child was never closed",
        CHILDREN,
        "        if isinstance(future, ChildFuture):\n            self.open_children -= 1\n"
        "        else:\n            super()._left",
        "        if isinstance(future, ChildFuture):\n            pass\n        else:\n            super()._left",
        "test_a_child_is_retried_under_another_id_and_what_was_started_counts_as_open_once",
    ),
)
