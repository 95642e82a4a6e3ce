"""Ways to break the items of fans, families and needs."""

from __future__ import annotations

from .sabotage import AXIS_VALUES, GRAPH, ITEM_ROWS, Sabotage

SABOTAGES = (
    Sabotage(
        "null where an axis should come from fails the label",
        ITEM_ROWS,
        "        return ()  # null where the axis should come from: no items",
        "        raise AxisError('null')",
        "test_null_where_an_axis_should_come_from_is_no_items",
        True,
    ),
    Sabotage(
        "null is opened like a list",
        ITEM_ROWS,
        '    if value is None:\n        raise AxisError(f"the axis {axis!r} opens',
        '    if False:\n        raise AxisError(f"the axis {axis!r} opens',
        "test_axes_that_cannot_be_used_fail_their_label_before_any_item",
        True,
    ),
    Sabotage(
        "the limit of axes is not looked at",
        ITEM_ROWS,
        "        _refuse(count_fault(step, lengths_of(lists)))\n",
        "        pass\n",
        "test_axes_that_cannot_be_used_fail_their_label_before_any_item",
        True,
    ),
    Sabotage(
        "the limit of repeated followers is not looked at",
        ITEM_ROWS,
        "        _refuse(None if is_cut else count_fault(step, {}, len(rows)))\n",
        "",
        "test_the_limit_of_repeated_followers_counts_what_they_follow_times_the_repeats",
        True,
    ),
    Sabotage(
        "lists in a list are opened for items that have not ended well",
        ITEM_ROWS,
        "elif producer.states[place] in GOOD:  # else",
        "elif True:  # else",
        "test_values_of_a_fan_keep_the_places_of_its_list_and_opened_ones_do_not",
        True,
    ),
    Sabotage(
        "repeats vary slowest",
        AXIS_VALUES,
        "for row in rows for index in range(repeat)]",
        "for index in range(repeat) for row in rows]",
        "test_the_last_axis_varies_fastest_and_repeats_are_faster_still",
        True,
    ),
    Sabotage(
        "axes that go in step make a product",
        AXIS_VALUES,
        "zip(*lists.values(), strict=True) if step.zip else",
        "zip(*lists.values(), strict=True) if False else",
        "test_the_last_axis_varies_fastest_and_repeats_are_faster_still",
        True,
    ),
    Sabotage(
        "lengths of axes that go in step may differ",
        AXIS_VALUES,
        "if step.zip and len(set(lengths.values())) > 1:",
        "if False:",
        "test_a_graph_is_refused_with_every_problem",
        True,
    ),
    Sabotage(
        "a follower that is repeated no times shares nothing",
        GRAPH,
        "share * max(1, step.repeat)",
        "share * step.repeat",
        "test_a_follower_that_is_repeated_no_times_has_no_items_and_still_its_place_in_the_family",
        True,
    ),
    Sabotage(
        "labels that a step handles decide if its items are asked",
        GRAPH,
        "for label in mentioned(condition) if label in needs)",
        "for label in needs)",
        "test_whether_items_are_asked_depends_on_the_condition_and_not_on_labels_that_a_step_handles",
        True,
    ),
    Sabotage(
        "a condition on a state is blocked by a failure",
        GRAPH,
        'step.when == "always" or label in judged, share)',
        'step.when == "always", share)',
        "test_a_handler_of_a_fan_that_it_does_not_follow_runs_once",
        True,
    ),
    Sabotage(
        "a follower takes nothing from what it follows",
        GRAPH,
        "return Need(self.follows, True, ",
        "return Need(self.follows, False, ",
        "test_a_follower_of_what_was_skipped_as_a_whole_is_skipped_in_whatever_way_it_names_it",
        True,
    ),
)
