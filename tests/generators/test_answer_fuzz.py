"""Twenty thousand answers, sound and broken; ``tests/bench/bench_answer_fuzz.py`` takes a million."""

from tests.generators.fuzzing import KINDS, Fuzzer


def test_nothing_out_of_range_grid_or_length_gets_through() -> None:
    fuzzer = Fuzzer(1)
    fuzzer.run(20_000)
    verdicts = fuzzer.verdicts
    assert all(verdicts[f"answer: {kind}"] > 2000 for kind in KINDS)
    for reason in ("token", "steps", "flood", "unfinished"):
        assert verdicts[f"parser: {reason}"] > 10, verdicts
    assert verdicts["guard refused: scale"] > 10, verdicts
    assert verdicts["guard repaired: scale"] > 10, verdicts
    assert verdicts["accepted"] > 10_000, verdicts
