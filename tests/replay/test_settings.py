"""The one setting of the suite."""

from __future__ import annotations

import pytest

from tests.settings import SETTING, count, is_soak


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
