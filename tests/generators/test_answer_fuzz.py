"""Thousands of answers, sound and broken; ``tests/bench/bench_answer_fuzz.py`` takes a million."""

import pytest

from tests.generators.fuzzing import KINDS, Fuzzer


@pytest.mark.parametrize("count", [3_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_nothing_out_of_range_grid_or_length_gets_through(count: int) -> None:
    fuzzer = Fuzzer(1)
    fuzzer.run(count)
    verdicts = fuzzer.verdicts
    assert all(verdicts[f"answer: {kind}"] > 0.1 * count for kind in KINDS)
    for reason in ("token", "steps", "flood", "unfinished"):
        assert verdicts[f"parser: {reason}"] > count // 2000, verdicts
    assert verdicts["guard refused: scale"] > count // 2000, verdicts
    assert verdicts["guard repaired: scale"] > count // 2000, verdicts
    assert verdicts["accepted"] > count // 2, verdicts
