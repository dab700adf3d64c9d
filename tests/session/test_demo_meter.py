"""The demo player keeps to the band's bar lines when the meter changes."""

import itertools

import pytest

from jamtui.music.meter import EIGHTH, METERS, PPQ
from jamtui.session.demo_player import PlayedEvent
from tests.session.stage import MS, Stage


def watched(stage: Stage) -> list[PlayedEvent]:
    """What the stage's demo player plays from now on."""
    demo = stage.band._demo.player
    assert demo is not None
    seen: list[PlayedEvent] = []
    events = demo.events

    def watch(start: float, end: float) -> list[PlayedEvent]:
        played = events(start, end)
        seen.extend(played)
        return played

    demo.events = watch  # type: ignore[method-assign]  # the stage's own player, watched
    return seen


@pytest.mark.parametrize("soon", [False, True])
@pytest.mark.parametrize("meter", ["3/4", "6/8", "5/4", "7/8"])
@pytest.mark.parametrize("press_ms", [4_030, 4_700, 5_950])
def test_chords_fall_on_the_bands_bar_lines_in_a_new_meter(press_ms: int, meter: str, soon: bool) -> None:
    stage = Stage(demo=True, seed=3)
    played = watched(stage)
    stage.act("start_stop")
    stage.play_until(stage.time() + press_ms * MS)
    stage.act("meter", meter, soon=soon)
    stage.wait(14_000)
    lines = stage.band.conductor.lines
    firsts: dict[int, float] = {}
    for event in played:
        if event.data[0] & 0xF0 == 0x90:
            firsts.setdefault(event.bar, event.tick)
    changed = [tick for tick in firsts.values() if lines.bar_at(int(tick) + EIGHTH).meter == METERS[meter]]
    assert len(changed) >= 5
    near = EIGHTH + round(0.09 * 120 * PPQ / 60)
    starts = []
    for tick in changed[1:]:
        line = lines.bar_at(int(tick) + near).start
        assert -near <= tick - line <= near
        starts.append(line)
    # A chord of its own in every bar.
    assert starts == sorted(set(starts))
    assert all(b - a == METERS[meter].bar_ticks for a, b in itertools.pairwise(starts))


def test_a_meter_chosen_before_the_start_is_played_from_the_first_bar() -> None:
    stage = Stage(demo=True, seed=3)
    stage.act("meter", "3/4")
    played = watched(stage)
    stage.act("start_stop")
    stage.wait(8_000)
    second = next(e.tick for e in played if e.bar == 1 and e.data[0] & 0xF0 == 0x90)
    assert abs(second - 3 * PPQ) <= EIGHTH + 180
