"""What the drums play."""

import pytest

from jamtui.music.meter import METERS, PPQ
from jamtui.session.barlines import BarLines
from jamtui.session.drumming import Drummer
from jamtui.styles.style import DrumHit, DrumPattern, Style
from tests.session.small_band import style

FOUR = BarLines(0, METERS["4/4"])


def bar(number: int) -> object:
    return FOUR.bar_at(number * 4 * PPQ)


def test_fills_come_only_at_the_end_of_sections_and_more_often_with_energy() -> None:
    counts = {}
    for energy in (0.1, 0.9):
        fills = [n for seed in range(40) for n in range(16) if Drummer(seed).is_fill(bar(n), energy)]  # type: ignore[arg-type]
        assert all(n % 4 == 3 for n in fills)
        counts[energy] = len(fills)
    assert 0 < counts[0.1] < counts[0.9]


def test_the_groove_follows_the_energy() -> None:
    calm = DrumPattern("calm", "groove", "4/4", 1, 0.1, (DrumHit(0, 36, 60),))
    wild = DrumPattern("wild", "groove", "4/4", 1, 0.9, (DrumHit(0, 49, 120),))
    plain = style("x")
    both = Style("x", "X", 120, (60, 200), "4/4", plain.roles, (calm, wild))
    names = {e: {Drummer(s).bar(both, bar(0), e, 0)[1] for s in range(20)} for e in (0.05, 0.95)}  # type: ignore[arg-type]
    assert names == {0.05: {"calm"}, 0.95: {"wild"}}


@pytest.mark.parametrize("meter", METERS.values(), ids=lambda m: m.name)
def test_a_groove_of_another_meter_is_fitted_into_the_bar(meter: object) -> None:
    lines = BarLines(0, meter)  # type: ignore[arg-type]
    drummer = Drummer(1)
    for number in range(4):
        span = lines.bar_at(number * meter.bar_ticks)  # type: ignore[attr-defined]
        notes, _ = drummer.bar(style("x"), span, 0.5, 0)
        assert notes
        assert notes[0].onset == 0
        assert all(0 <= n.onset < span.length for n in notes)


def test_a_groove_of_two_bars_goes_on_bar_by_bar_and_a_cut_bar_is_cut() -> None:
    hits = (DrumHit(0, 36, 90), DrumHit(3000, 42, 90), DrumHit(3840, 38, 90))
    plain = style("x")
    two = Style(
        "x", "X", 120, (60, 200), "4/4", plain.roles, (DrumPattern("two", "groove", "4/4", 2, 0.5, hits),)
    )
    drummer = Drummer(1)
    keys = [[n.pitch for n in drummer.bar(two, bar(n), 0.5, 0)[0]] for n in range(4)]  # type: ignore[arg-type]
    assert keys == [[36, 42], [38], [36, 42], [38]]
    lines = BarLines(0, METERS["4/4"])
    lines.change(PPQ, METERS["3/4"])
    assert [n.pitch for n in drummer.bar(two, lines.bar_at(0), 0.5, 0)[0]] == [36]


def test_a_style_without_endings_or_drums_still_keeps_and_ends_time() -> None:
    plain = style("x")
    bare = Style("x", "X", 120, (60, 200), "4/4", plain.roles, ())
    notes, _ = Drummer(1).bar(bare, bar(0), 0.5, 0)  # type: ignore[arg-type]
    assert {n.onset for n in notes} == {0, 960, 1920, 2880}
    last, _ = Drummer(1).ending(bare, bar(4), 0.8)  # type: ignore[arg-type]
    assert {n.pitch for n in last} == {36, 49}
    assert {n.onset for n in last} == {0}
