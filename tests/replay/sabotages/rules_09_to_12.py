"""Ways to take the rules of replay 9 to 12 out of the engine."""

from __future__ import annotations

from .sabotage import ATTEMPTS, EXECUTION, HANDLERS, MARKERS, REQUESTS, SUSPENSION, Sabotage, replacement

SABOTAGES = (
    replacement(
        9,
        "replay uses the limit that is configured now",
        MARKERS,
        'execution.open_limit = settings["engine"], settings["open_activities"]',
        'execution.open_limit = settings["engine"], execution.configured_limit',
        "test_a_history_is_replayed_with_the_limit_on_open_activities_that_it_was_made_with",
        True,
    ),
    replacement(
        9,
        "a changed limit is not recorded",
        EXECUTION,
        "changed_limit = self.open_limit != self.configured_limit",
        "changed_limit = False",
        "test_a_new_limit_on_open_activities_is_recorded_where_it_begins_to_hold",
        True,
    ),
    replacement(
        9,
        "a newer engine's history is read",
        MARKERS,
        'if settings["engine"] > commands.ENGINE_VERSION:',
        "if False:",
        "test_a_history_of_a_newer_engine_is_refused",
    ),
    Sabotage(
        10,
        "patch markers go last",
        (
            (MARKERS, "    markers += [commands.marker(commands.PATCH + id) for id in execution.new_patches]\n", ""),
            (
                EXECUTION,
                "        out += body[:fit]\n",
                "        out += body[:fit]\n        out += [commands.marker(commands.PATCH + id) for id in self.new_patches]\n",
            ),
        ),
        "test_a_patch_marker_goes_first_so_that_a_split_cannot_part_it_from_its_decision",
        True,
    ),
    replacement(
        10,
        "patched() is always True",
        REQUESTS,
        "known = id in self.batch_patches",
        "known = True",
        "test_a_run_that_passed_before_the_patch_keeps_the_old_path",
        True,
    ),
    replacement(
        10,
        "patched() is False at replay",
        REQUESTS,
        "known = id in self.batch_patches",
        "known = False",
        "test_a_run_that_comes_to_the_patch_later_takes_the_new_path",
        True,
    ),
    replacement(
        10,
        "the answer of patched() is forgotten",
        REQUESTS,
        "            self.patches[id] = known\n",
        "            self.patches[id] = True if known else None\n",
        "test_the_first_answer_about_a_patch_is_kept_for_the_whole_run",
    ),
    replacement(
        10,
        "a patch that nobody asks for is no error",
        EXECUTION,
        "if not self.patches.get(id):",
        "if False:",
        "test_a_patch_that_was_removed_too_early_is_named",
    ),
    replacement(
        10,
        "a patch may be asked for earlier",
        EXECUTION,
        "if not self.patches.get(id):",
        "if id not in self.patches:",
        "test_a_patch_that_is_asked_for_earlier_than_it_was_recorded_is_named",
    ),
    replacement(
        11,
        "a refused close is forgotten",
        HANDLERS,
        'x.refuse_close(x.recorded(e, kind, None, refused=True), e[attributes]["cause"])',
        "x.recorded(e, kind, None, refused=True)",
        "test_a_refused_close_is_decided_again_alone",
        True,
    ),
    Sabotage(
        11,
        "tasks are retried after the end",
        (
            (ATTEMPTS, "if future.cancelling or self.finished is not None:", "if future.cancelling:"),
            (
                EXECUTION,
                "        if self.finished is not None:\n            return\n        if self.cancel_requested",
                "        if self.finished is not None:\n            queue.extendleft(self.due)\n            self.due = []\n"
                "            return\n        if self.cancel_requested",
            ),
        ),
        "test_a_refused_close_is_decided_again_alone",
    ),
    replacement(
        12,
        "the code goes on before a cancel is looked at",
        EXECUTION,
        "        if self.cancel_requested and self._cancels(started):\n            return\n",
        "        while self.roused:\n            strand = self.roused.popleft()\n            "
        "strand.is_roused = False\n"
        "            self.switch_into(strand)\n            if self.finished is not None:\n"
        "                queue.append(self.finished)\n                return\n"
        "        if self.cancel_requested and self._cancels(started):\n            return\n",
        "test_a_request_to_cancel_wins_over_run_returning_in_the_same_decision",
        True,
    ),
    replacement(
        12,
        "what became ready is decided before the cancel",
        EXECUTION,
        "        if self.cancel_requested and self._cancels(started):\n            return\n",
        "        self._release()\n        if self.cancel_requested and self._cancels(started):\n            return\n",
        "test_a_request_to_cancel_ends_the_run_before_anything_else_is_decided",
    ),
    replacement(
        12,
        "leftovers of a split are dropped at a cancel",
        EXECUTION,
        "        while len(self.queue) > leftovers:  #",
        "        while self.queue:  #",
        "test_leftovers_of_a_split_are_decided_before_the_run_ends_as_cancelled",
    ),
    replacement(
        12,
        "what the hook submits is decided",
        EXECUTION,
        "        while len(self.queue) > leftovers:  #",
        "        while False:  #",
        "test_what_is_submitted_by_on_canceled_is_not_scheduled",
    ),
    replacement(
        12,
        "code that is unwound may return",
        SUSPENSION,
        "if self.failures or self.dead:",
        "if self.failures:",
        "test_nothing_that_the_code_does_while_it_is_unwound_changes_that_it_was_cancelled",
    ),
    replacement(
        12,
        "code that is unwound may raise",
        SUSPENSION,
        "            elif not self.dead:\n                self._end_run(error)",
        "            else:\n                self._end_run(error)",
        "test_nothing_that_the_code_does_while_it_is_unwound_changes_that_it_was_cancelled",
    ),
    replacement(
        12,
        "code that is unwound may submit",
        REQUESTS,
        "        if self.dead:\n            self.block(())\n        level = priority(",
        "        level = priority(",
        "test_nothing_that_the_code_does_while_it_is_unwound_changes_that_it_was_cancelled",
        True,
    ),
    replacement(
        12,
        "should_cancel is not asked",
        EXECUTION,
        "if self.should_cancel is not None:",
        "if False:",
        "test_a_workflow_that_does_not_want_to_be_cancelled_goes_on",
    ),
)
