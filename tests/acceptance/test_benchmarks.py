"""Each benchmark runs from end to end; how fast is for ``scripts/bench`` to say."""

import pytest

from tests.benchmarks.__main__ import BENCHMARKS


@pytest.mark.parametrize("name", list(BENCHMARKS))
def test_a_benchmark_prints_its_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    BENCHMARKS[name].measure(1, with_peers=False, tiny=True)
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.count("minimum") >= 1
