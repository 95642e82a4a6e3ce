"""Ways to break how needs stand, and what steps get of them."""

from __future__ import annotations

from .sabotage import LOOKUPS, STANDINGS, Sabotage

SABOTAGES = (
    Sabotage(
        "a skip goes before a failure",
        STANDINGS,
        "((Standing.BLOCKS, _failure), (Standing.SKIPS, _skip))",
        "((Standing.SKIPS, _skip), (Standing.BLOCKS, _failure))",
        "test_the_worst_of_its_needs_decides_whatever_their_order",
        True,
    ),
    Sabotage(
        "what goes on without a label is not run",
        STANDINGS,
        "if producer.shape.step.on_failure is not OnFailure.CONTINUE:",
        "if True:",
        "test_a_run_that_stops_at_its_first_failure_goes_on_from_what_is_pardoned",
        True,
    ),
    Sabotage(
        "a label that goes on pardons what others failed",
        STANDINGS,
        "Standing.BLOCKS if at is None and producer.not_run else Standing.NULL",
        "Standing.NULL",
        "test_a_label_that_goes_on_pardons_its_own_failures_and_not_what_was_not_run_because_of_another",
    ),
    Sabotage(
        "an order passes skips on",
        STANDINGS,
        "    if not need.takes_value:\n        return Standing.GOOD\n",
        "",
        "test_after_a_fan_of_which_everything_was_skipped_goes_on_and_after_one_that_failed_does_not",
        True,
    ),
    Sabotage(
        "what runs always is blocked by a failure",
        STANDINGS,
        "    if need.is_lenient:\n        return Standing.NULL\n",
        "",
        "test_a_handler_of_a_fan_that_it_does_not_follow_runs_once",
        True,
    ),
    Sabotage(
        "when_skipped is not looked at",
        STANDINGS,
        "step.when_skipped is WhenSkipped.NULL else",
        "False else",
        "test_null_where_an_axis_should_come_from_is_no_items",
        True,
    ),
    Sabotage(
        "what was not run is like what was skipped",
        STANDINGS,
        "    if is_failure:\n        return Standing.BLOCKS\n",
        "",
        "test_the_first_failure_on_the_way_is_the_cause_of_everything_behind_it",
        True,
    ),
    Sabotage(
        "members of a family mean the whole of each other",
        STANDINGS,
        "if not need.share or place is None or producer.whole is not None:",
        "if True:",
        "test_a_member_that_ended_whole_while_items_become_known_is_heard_of_once",
        True,
    ),
    Sabotage(
        "what a condition skipped has a place in lists",
        LOOKUPS,
        "if state is not ItemState.SKIPPED]",
        "if True]",
        "test_values_of_a_fan_keep_the_places_of_its_list_and_opened_ones_do_not",
        True,
    ),
    Sabotage(
        "what runs always gets lists without places",
        LOOKUPS,
        "if need.is_lenient or progress.shape",
        "if progress.shape",
        "test_values_of_a_fan_keep_the_places_of_its_list_and_opened_ones_do_not",
        True,
    ),
    Sabotage(
        "a parameter hides an axis",
        LOOKUPS,
        "        if name not in row:\n",
        "        if name in self._parameters or name not in row:\n",
        "test_an_axis_hides_the_parameter_of_its_name_from_the_conditions_of_its_items",
    ),
    Sabotage(
        "each item gets a list of its own",
        LOOKUPS,
        "    if key not in progress.lists:\n",
        "    if True:\n",
        "test_items_that_take_a_fan_share_one_list",
    ),
)
