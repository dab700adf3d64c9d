"""Named random streams."""

from jamtui.session.randomness import chance, number, stream


def test_a_stream_is_fixed_by_seed_and_names_alone() -> None:
    assert stream(1, "reflex", "lead", 4).random() == stream(1, "reflex", "lead", 4).random()
    assert stream(1, "reflex", "lead", 4).random() != stream(1, "reflex", "lead", 5).random()
    assert stream(1, "a").random() != stream(2, "a").random()


def test_names_do_not_run_together() -> None:
    assert number(1, "ab", "c") != number(1, "a", "bc")
    assert number(1, 12) != number(11, 2)


def test_chances_are_even() -> None:
    draws = [chance(1, "x", n) for n in range(2000)]
    assert all(0 <= d < 1 for d in draws)
    assert 0.47 < sum(draws) / len(draws) < 0.53
