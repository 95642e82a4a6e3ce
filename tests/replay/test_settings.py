"""The settings of the suite."""

from __future__ import annotations

import pytest

from tests.settings import FOREIGN, SETTING, are_other_languages_tried, count, is_soak


@pytest.mark.parametrize(("value", "rounds"), [(None, 3), ("", 3), ("0", 3), ("1", 1_000)])
def test_the_environment_says_how_much_is_done(monkeypatch, value, rounds):
    monkeypatch.delenv(SETTING, raising=False)
    if value is not None:
        monkeypatch.setenv(SETTING, value)
    assert count(3, 1_000) == rounds


def test_a_typing_error_does_not_pass_for_a_soak(monkeypatch):
    monkeypatch.setenv(SETTING, "yes")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        is_soak()
    assert str(caught.value) == "SIMPLEFLOW_NB_SOAK is 'yes'; set it to 1 for the soak counts, or unset it"


@pytest.mark.parametrize(
    ("ci", "value", "tried"),
    [
        (None, None, True),
        (None, "0", True),
        ("true", None, False),
        ("true", "0", False),
        ("true", "1", True),
        (None, "1", True),
    ],
)
def test_clients_in_other_languages_are_tried_in_ci_only_where_the_environment_asks_for_them(monkeypatch, ci, value, tried):
    for name, given in (("CI", ci), (FOREIGN, value)):
        monkeypatch.delenv(name, raising=False)
        if given is not None:
            monkeypatch.setenv(name, given)
    assert are_other_languages_tried() is tried


def test_a_typing_error_is_no_wish_for_other_languages(monkeypatch):
    monkeypatch.setenv(FOREIGN, "true")
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        are_other_languages_tried()
    assert str(caught.value) == (
        "SIMPLEFLOW_NB_FOREIGN is 'true'; set it to 1 for clients in other languages, also in CI, or unset it"
    )
