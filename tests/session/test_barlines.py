"""Bar lines, also over meter changes."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.meter import METERS, PPQ, Meter
from jamtui.session.barlines import BarLines

BAR = 4 * PPQ


def test_bars_count_from_the_origin_and_backwards_before_it() -> None:
    lines = BarLines(0, METERS["4/4"])
    assert (lines.bar_at(0).number, lines.bar_at(BAR - 1).number, lines.bar_at(-1).number) == (0, 0, -1)
    assert lines.bar_at(-1).start == -BAR
    assert lines.next_line(1) == BAR
    assert lines.next_line(BAR) == BAR
    assert lines.next_beat(1) == PPQ
    assert lines.next_beat(3 * PPQ + 1) == BAR


def test_a_change_inside_a_bar_cuts_it() -> None:
    lines = BarLines(0, METERS["4/4"])
    lines.change(BAR + PPQ, METERS["7/8"])
    cut = lines.bar_at(BAR + 10)
    assert (cut.number, cut.length) == (1, PPQ)
    new = lines.next_bar(cut)
    assert (new.number, new.start, new.length) == (2, BAR + PPQ, 7 * PPQ // 2)
    assert lines.next_beat(new.start + 2 * PPQ + 1) == new.end


def test_a_later_change_replaces_one_that_has_not_come() -> None:
    lines = BarLines(0, METERS["4/4"])
    lines.change(2 * BAR, METERS["7/8"])
    lines.change(BAR, METERS["3/4"])
    assert lines.bar_at(2 * BAR).meter.name == "3/4"


@given(
    changes=st.lists(st.tuples(st.integers(1, 40), st.sampled_from(list(METERS.values()))), max_size=4),
    tick=st.integers(0, 40 * PPQ),
)
def test_bars_join_without_gaps(changes: list[tuple[int, object]], tick: int) -> None:
    lines = BarLines(0, METERS["4/4"])
    for beats, meter in sorted(changes, key=lambda c: c[0]):
        lines.change(beats * PPQ, meter)  # type: ignore[arg-type]
    bar = lines.bar_at(tick)
    assert bar.start <= tick < bar.end
    following = lines.next_bar(bar)
    assert following.start == bar.end
    assert following.number == bar.number + 1


@given(
    asked=st.lists(st.integers(-2 * BAR, 12 * BAR), min_size=1, max_size=40),
    changes=st.lists(
        st.tuples(st.integers(0, 10).map(lambda n: n * PPQ), st.sampled_from(list(METERS.values()))),
        max_size=4,
    ),
)
def test_a_bar_is_the_same_whatever_was_asked_before(
    asked: list[int], changes: list[tuple[int, Meter]]
) -> None:
    lines, fresh = BarLines(0, METERS["4/4"]), BarLines(0, METERS["4/4"])
    for tick in asked:
        lines.bar_at(tick)
    for at, meter in sorted(changes, key=lambda c: c[0]):
        lines.change(at, meter)
        fresh.change(at, meter)
        for tick in asked:
            untouched = BarLines(0, METERS["4/4"])
            untouched._parts = list(fresh._parts)
            assert lines.bar_at(tick) == untouched.bar_at(tick)
