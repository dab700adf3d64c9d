"""Keeping what was just played: bars, notes and chords as a musician means them."""

from jamtui.music.meter import COMMON_TIME, PPQ
from jamtui.music.phrase import Role
from jamtui.session.taking import Take, take_of_band
from tests.session.stage import MS, Stage

BAR_MS = 2000.0
BAR = COMMON_TIME.bar_ticks
DM7 = (50, 60, 65, 69)
G7 = (43, 59, 62, 65)


def taken(stage: Stage, bars: int = 4) -> Take | None:
    band = stage.band
    tick = band.clock.segment.tick_at(stage.time())
    return band.lately.take(band.conductor, tick, bars, "swing", 120.0)


def playing() -> Stage:
    stage = Stage()
    stage.act("start_stop")
    return stage


def play_line(stage: Stage, *pitches: int) -> None:
    """Quarter notes."""
    for pitch in pitches:
        stage.press(pitch)
        stage.wait(400)
        stage.lift(pitch)
        stage.wait(100)


def test_the_last_bars_with_their_chords() -> None:
    stage = playing()
    stage.press(*DM7)
    stage.wait(BAR_MS)
    stage.lift(*DM7)
    stage.press(*G7)
    stage.wait(BAR_MS)
    stage.lift(*G7)
    stage.wait(10)
    take = taken(stage)
    assert take is not None
    assert (take.bars, take.first_bar, take.origin, take.role) == (2, 0, "Y", "")
    assert [(c.start, c.length, c.chord.symbol) for c in take.chords] == [(0, BAR, "Dm7"), (BAR, BAR, "G7")]
    assert [n.pitch for n in take.notes if n.onset < PPQ] == list(DM7)
    assert all(abs(n.duration - BAR) < PPQ / 10 for n in take.notes)
    only = taken(stage, 1)
    assert only is not None
    assert [(c.start, c.chord.symbol) for c in only.chords] == [(0, "G7")]
    assert sorted(n.pitch for n in only.notes) == sorted(G7)


def test_the_bar_that_sounds_counts_from_its_middle_on() -> None:
    stage = playing()
    stage.press(*DM7)
    stage.lift(*DM7)
    stage.wait(BAR_MS)
    play_line(stage, 62)
    before = taken(stage)
    assert before is not None
    assert before.bars == 1
    play_line(stage, 64, 65)
    after = taken(stage)
    assert after is not None
    assert after.bars == 2
    assert [n.pitch for n in after.notes if n.onset >= BAR - PPQ / 4] == [62, 64, 65]


def test_bars_of_rest_before_it_are_left_out_and_a_held_key_lasts_until_now() -> None:
    stage = playing()
    stage.press(*DM7)
    stage.lift(*DM7)
    stage.wait(3 * BAR_MS)
    stage.press(69)
    stage.wait(1500)
    take = taken(stage, 2)
    assert take is not None
    assert (take.bars, take.first_bar) == (1, 3)
    assert [c.chord.symbol for c in take.chords] == ["Dm7"], "the chord that was latched"
    assert [round(n.duration / PPQ) for n in take.notes] == [3]


def test_nothing_played_is_nothing_taken() -> None:
    stage = playing()
    assert taken(stage) is None
    stage.wait(3 * BAR_MS)
    assert taken(stage) is None
    stage.press(*DM7)
    stage.lift(*DM7)
    stage.wait(9 * BAR_MS)
    assert taken(stage, 8) is None, "too long ago"


def test_a_push_belongs_to_the_bar_that_it_announces() -> None:
    stage = playing()
    stage.press(*DM7)
    stage.lift(*DM7)
    stage.wait(BAR_MS - 230)  # nearly an eighth before the bar line
    stage.press(*G7)
    stage.wait(500)
    stage.lift(*G7)
    stage.wait(BAR_MS)
    take = taken(stage)
    assert take is not None
    assert [(c.start, c.chord.symbol) for c in take.chords] == [(0, "Dm7"), (BAR, "G7")]


def test_what_the_band_plays_can_be_taken_too() -> None:
    stage = Stage(demo=True)
    stage.act("start_stop")
    stage.play_until(stage.time() + round(3.9 * BAR_MS * MS))
    conductor = stage.band.conductor
    now = stage.clock.segment.tick_at(stage.time())
    for role in (Role.BASS, Role.COMP):
        take = take_of_band(conductor, role, now, "swing", 120.0)
        assert take is not None
        assert take.role == role.value
        assert take.origin == "R"
        assert take.label
        assert take.notes
        assert all(0 <= n.onset < take.bars * BAR for n in take.notes)
        assert take.chords[0].start == 0
        assert sum(c.length for c in take.chords) == take.bars * BAR


def test_a_jump_of_the_clock_forgets_the_notes() -> None:
    stage = playing()
    stage.press(*DM7)
    stage.lift(*DM7)
    stage.wait(BAR_MS)
    stage.act("start_stop")
    stage.act("start_stop")
    stage.wait(BAR_MS)
    assert taken(stage) is None
