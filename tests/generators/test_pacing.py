"""How far ahead, and how much at a time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.generators.pacing import LOADED_S, MAX_BARS, MIN_BARS, SAFETY, Pace, plan, words

EIGHTHS, SIXTEENTHS = 9.0, 17.0
BAR_S = 2.0
"""4/4 at 120 beats a minute."""


def pace(tokens_per_s: float, prompt_s: float = 0.75) -> Pace:
    return Pace(tokens_per_s, prompt_s, answers=1)


def test_eighths_at_eight_tokens_a_second_keep_up() -> None:
    found = plan(pace(8), BAR_S, EIGHTHS)
    assert found.keeps_up
    # What it writes in a request lasts longer than the writing.
    assert pace(8).request_s(found.bars, EIGHTHS) < found.bars * BAR_S
    assert found.reach <= 8


def test_a_fast_host_writes_little_at_a_time_and_not_far_ahead() -> None:
    found = plan(pace(50, 0.2), BAR_S, EIGHTHS)
    assert (found.bars, found.keeps_up, found.examples) == (MIN_BARS, True, True)
    assert found.reach <= 4


def test_one_token_a_second_writes_for_far_ahead() -> None:
    found = plan(pace(1, 6.0), BAR_S, EIGHTHS)
    assert (found.bars, found.keeps_up, found.examples) == (1, False, False)
    assert found.ahead_s > 6 + 9
    assert found.reach * BAR_S > found.ahead_s


@given(st.floats(0.1, 500), st.floats(0.01, 60), st.floats(0.3, 12), st.floats(3, 40), st.integers(1, 3))
def test_a_plan_can_always_be_followed(
    rate: float, prompt_s: float, bar_s: float, tokens: float, roles: int
) -> None:
    measured = pace(rate, prompt_s)
    found = plan(measured, bar_s, tokens, roles)
    assert 1 <= found.bars <= MAX_BARS
    # The nearest bar that can be in time lies within reach.
    assert found.reach * bar_s > found.ahead_s - bar_s
    assert found.ahead_s >= SAFETY * measured.request_s(1, tokens)
    if found.keeps_up:
        assert measured.request_s(found.bars, tokens) * roles <= found.bars * bar_s * 1.001


@given(st.lists(st.tuples(st.integers(2, 200), st.floats(0.01, 100)), min_size=1, max_size=20))
def test_measurements_stay_within_what_was_measured(answers: list[tuple[int, float]]) -> None:
    known = Pace()
    for tokens, spoken_s in answers:
        known = known.measured(tokens=tokens, spoken_s=spoken_s, prompt_s=0.5, bars=2)
    rates = [t / s for t, s in answers]
    assert min(rates) * 0.999 <= known.tokens_per_s <= max(rates) * 1.001
    assert known.prompt_s == pytest.approx(0.5)
    assert known.answers == len(answers)


def test_the_first_measurement_replaces_the_guess() -> None:
    known = Pace().measured(tokens=16, spoken_s=2.0, prompt_s=3.0, bars=2, load_s=1.5)
    assert (known.tokens_per_s, known.prompt_s, known.tokens_per_bar, known.load_s) == (8, 1.5, 8, 1.5)
    assert known.reloaded
    slower = known.measured(tokens=16, spoken_s=4.0, prompt_s=0, bars=0)
    assert 4 < slower.tokens_per_s < 8
    assert (slower.prompt_s, slower.tokens_per_bar, slower.load_s) == (1.5, 8, 1.5)
    assert not slower.reloaded


@given(st.floats(1, 500), st.floats(0.01, 5), st.floats(LOADED_S, 60))
def test_after_an_answer_that_began_with_a_load_the_next_one_is_asked_so_much_farther_ahead(
    rate: float, prompt_s: float, load_s: float
) -> None:
    def answered(began_with: float) -> Pace:
        start = prompt_s + began_with
        return Pace().measured(tokens=18, spoken_s=18 / rate, prompt_s=start, bars=2, load_s=began_with)

    calm, thrown_out = answered(LOADED_S / 2), answered(load_s)
    assert (calm.reloaded, thrown_out.reloaded) == (False, True)
    assert thrown_out.start_s == pytest.approx(prompt_s + load_s)
    near, far = plan(replace(calm, prompt_s=prompt_s), BAR_S, EIGHTHS), plan(thrown_out, BAR_S, EIGHTHS)
    assert far.ahead_s - near.ahead_s == pytest.approx(SAFETY * load_s, abs=0.01)
    assert far.reach * BAR_S >= far.ahead_s
    settled = thrown_out.measured(tokens=18, spoken_s=18 / rate, prompt_s=prompt_s, bars=2)
    assert settled.load_s == load_s
    assert settled.start_s == pytest.approx(prompt_s)


def test_it_is_said_in_words() -> None:
    assert words(Pace(), None) == "not measured yet"
    assert words(pace(21.4, 0.31), None) == "21 tok/s, prompt 0.3 s"
    loaded = replace(pace(21.4, 0.31), load_s=2.14)
    assert words(loaded, None) == "21 tok/s, prompt 0.3 s, load 2.1 s"
    assert words(replace(loaded, reloaded=True), None).endswith("load 2.1 s each time")
    found = plan(pace(21.4, 0.31), BAR_S, EIGHTHS)
    assert words(pace(21.4, 0.31), found).endswith(f"; {found.bars} bars a request, {found.reach} ahead")
