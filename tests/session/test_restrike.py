"""A chord a moment before its beat: what stays right is struck once, on the beat, and goes on."""

from collections import Counter

import pytest

from jamtui.music.chart import parse_chart
from jamtui.music.chord import parse_chord
from jamtui.music.meter import EIGHTH, PPQ
from jamtui.music.phrase import Role
from jamtui.playback.commands import SentNote
from tests.session.stage import MS, Stage

CMAJ7 = (48, 52, 55, 59)
CHORDS = {
    "Am7": (57, 60, 64, 67),  # another root, three common tones
    "Em7/C": (48, 64, 67, 71, 74),  # colour on the same root
    "Db7": (49, 53, 56, 59),
}
EARLY_MS = (0, 1, 3, 5, 12, 28)


def struck(stage: Stage, at_ns: int) -> Counter[tuple[Role, int]]:
    """How often each key of the pitched roles was struck about ``at_ns``: no role has two notes so near."""
    return Counter(
        (r.role, r.pitch)
        for r in stage.all_reports
        if isinstance(r, SentNote) and r.on and r.role is not Role.DRUMS and abs(r.sent_ns - at_ns) < 58 * MS
    )


@pytest.mark.parametrize("early_ms", EARLY_MS)
@pytest.mark.parametrize(
    ("style", "seed", "feel"), [("swing", 1, 0.0), ("funk", 2, 0.0), ("funk", 1, 1.0), ("bossa", 1, 1.0)]
)
def test_nothing_is_struck_twice_where_a_chord_comes_just_before_a_comp_hit(
    style: str, seed: int, feel: float, early_ms: int
) -> None:
    for keys in CHORDS.values():
        stage = Stage(style=style, seed=seed, feel=feel)
        stage.press(*CMAJ7)
        stage.act("start_stop")
        stage.wait(2_500)
        stage.lift(*CMAJ7)
        segment = stage.clock.segment
        soonest = segment.tick_at(stage.time()) + 300
        hit = next(n for n in stage.loop.planned(Role.COMP) if n.tick % EIGHTH == 0 and n.tick > soonest)
        at_ns = round(segment.ns_at(hit.tick))
        stage.play_until(at_ns - early_ms * MS)
        stage.press(*keys)
        stage.wait(600)
        around = struck(stage, at_ns)
        assert any(role is Role.COMP for role, _ in around)
        assert set(around.values()) == {1}
        assert stage.band.kpi.response_share == 1.0


@pytest.mark.parametrize("early_ms", EARLY_MS)
def test_a_chord_of_the_chart_played_just_before_its_bar_strikes_nothing_twice(early_ms: int) -> None:
    stage = Stage(style="bossa", seed=1, chart=parse_chart("Cmaj7 | Am7 | Dm7 | G7"))
    stage.press(*CMAJ7)
    stage.act("start_stop")
    stage.wait(3_000)
    stage.lift(*CMAJ7)
    segment = stage.clock.segment
    line = (int(segment.tick_at(stage.time())) // (4 * PPQ) + 1) * 4 * PPQ
    at_ns = round(segment.ns_at(line))
    stage.play_until(at_ns - early_ms * MS)
    keys = {parse_chord("Am7"): (45, 57, 60, 64, 67), parse_chord("Dm7"): (38, 53, 57, 60)}
    chord = stage.band.conductor.chord_at(line)
    assert chord is not None
    stage.press(*keys[chord])
    stage.wait(600)
    assert set(struck(stage, at_ns).values()) == {1}
    assert stage.band.kpi.response_share == 1.0


@pytest.mark.parametrize(("style", "feel"), [("swing", 1.0), ("bossa", 1.0), ("funk", 0.0)])
def test_an_answer_that_meets_its_grid_point_as_it_is_felt_is_past_it_by_nothing(
    style: str, feel: float
) -> None:
    stage = Stage(style=style, seed=3, feel=feel)
    stage.press(*CMAJ7)
    stage.act("start_stop")
    stage.wait(2_160)
    stage.lift(*CMAJ7)
    stage.press(*CHORDS["Am7"])
    stage.wait(600)
    gauges = stage.band.kpi.gauges()
    assert gauges.past_grid_last == 0
    assert gauges.ttfn_last is not None
    assert gauges.ttfn_last > 20
