"""The band plans for what it expects, and is never worse off where that does not come."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Bar, Brief, ChordSpan, Note, Role, Source
from jamtui.music.scale import chord_scale, chord_tones
from jamtui.playback.commands import SentNote, Splice
from jamtui.session.barlines import BarLines
from jamtui.session.foresight import GRACE, Foresight
from jamtui.session.harmony import Harmony
from tests.session.small_band import BAR, Player, heard
from tests.session.stage import MS, Stage

EIGHTH = PPQ // 2
LOOP = ("Dm7", "G7", "Cmaj7", "Am7")
PITCHED = (Role.BASS, Role.COMP, Role.LEAD)


def looped(bars: int, **more: object) -> Player:
    """A band that has heard the loop for so many bars and stands just before the next bar line."""
    band = Player(**more)  # type: ignore[arg-type]
    band.start()
    band.run(-100, 0)
    for number in range(bars):
        band.hear(LOOP[number % 4], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    return band


def fits(notes: list[object], symbol: str) -> bool:
    chord = parse_chord(symbol)
    right = chord_scale(chord) | chord_tones(chord)
    return all(n.pitch % 12 in right for n in notes)  # type: ignore[attr-defined]


def test_a_known_loop_is_planned_before_it_is_played() -> None:
    band = looped(8)
    now = 8 * BAR - 100
    assert [c.symbol for c in band.conductor.next_chords(now)] == ["Dm7", "G7", "Cmaj7", "Am7"]
    assert [c.bar for c in band.conductor.next_chords(now)] == [9, 10, 11, 12]
    assert band.conductor.sure > 0.75
    (bass,) = band.notes(Role.BASS, 8 * BAR, 8 * BAR + 1)
    assert bass.pitch % 12 == 2
    comp = band.notes(Role.COMP, 8 * BAR, 8 * BAR + 1)
    assert comp
    assert fits(comp, "Dm7")
    assert band.conductor.chord_at(8 * BAR - 1) == parse_chord("Am7")


def test_before_the_loop_was_right_twice_nothing_is_planned() -> None:
    band = looped(5)
    assert band.conductor.chord_at(6 * BAR) == parse_chord("Dm7")
    assert band.conductor.sure < 1.0


def test_a_late_player_hears_no_old_downbeat() -> None:
    band = looped(8)
    band.run(8 * BAR - 100, 8 * BAR + 70)
    known = len(band.commands)
    band.hear("Dm7", 8 * BAR + 70)
    for role in PITCHED:
        assert fits(band.notes(role, 8 * BAR, 9 * BAR - EIGHTH), "Dm7")
    # The plan stands: nothing is withdrawn, nothing is struck again in place of what sounds.
    assert all(not getattr(c, "wrong", ()) for c in band.commands[known:])


@pytest.mark.parametrize("delay", [-90, 0, 60, 300])
@pytest.mark.parametrize("grid", ["1/8", "1/16", "free"])
def test_a_surprise_is_answered_as_any_chord(delay: int, grid: str) -> None:
    band = looped(8, grid=grid)
    played = 8 * BAR + delay
    band.run(8 * BAR - 100, played)
    splices = band.hear("Ebm7", played)
    size = {"1/8": EIGHTH, "1/16": EIGHTH // 2, "free": 1}[grid]
    goal = -(-played // size) * size
    assert any(n.tick == goal for s in splices for n in s.notes)
    band.run(played, 8 * BAR + 2 * PPQ)
    assert band.conductor.chord_at(9 * BAR) == parse_chord("Ebm7")
    for role in PITCHED:
        assert fits(band.notes(role, goal, 9 * BAR - PPQ), "Ebm7")


def test_an_expected_chord_that_does_not_come_is_given_up_an_eighth_later() -> None:
    band = looped(8)
    band.run(8 * BAR - 100, 8 * BAR + GRACE + 60)
    goal = 8 * BAR + 2 * EIGHTH
    assert band.conductor.chord_at(8 * BAR) == parse_chord("Dm7"), "so far it was played"
    assert band.conductor.chord_at(goal) == parse_chord("Am7")
    band.run(8 * BAR + GRACE + 60, 12 * BAR)
    for bar in range(9, 12):
        assert band.conductor.chord_at(bar * BAR) == parse_chord("Am7")
    for role in PITCHED:
        assert fits(band.notes(role, goal, 11 * BAR), "Am7")
    assert fits(band.notes(Role.BASS, 8 * BAR, 8 * BAR + 1), "Dm7")


def test_after_a_mistake_of_its_own_the_band_waits_until_it_was_right_again() -> None:
    band = looped(8)
    band.run(8 * BAR - 100, 9 * BAR)
    planned = []
    for number in range(9, 20):
        band.hear(LOOP[number % 4], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
        coming = band.conductor.chord_at((number + 1) * BAR)
        planned.append(coming == parse_chord(LOOP[(number + 1) % 4]))
        assert planned[-1] or coming == parse_chord(LOOP[number % 4])
    assert not planned[0]
    assert planned[-3:] == [True] * 3


def test_the_beginning_of_the_expected_chord_is_taken_for_it_until_it_settles_otherwise() -> None:
    band = looped(9)
    triad = replace(heard("G", 10**9), notes=(55, 59, 62))
    known = len(band.commands)
    band.take(band.conductor.hear(triad, 9 * BAR + 20, 120))
    assert band.conductor.chord_at(9 * BAR + 20) == parse_chord("G7")
    assert all(not getattr(c, "wrong", ()) for c in band.commands[known:])
    band.run(9 * BAR + 20, 9 * BAR + 300)
    band.take(band.conductor.hear(replace(triad, kind="settled"), 9 * BAR + 300, 120))
    assert band.conductor.chord_at(9 * BAR + EIGHTH) == parse_chord("G")


def test_what_is_expected_is_no_chord_of_a_band_that_rests_or_starts_again() -> None:
    band = looped(8)
    band.hear("N.C.", 8 * BAR - 50, kind="faded")
    band.run(8 * BAR - 50, 9 * BAR)
    assert band.conductor.next_chords(9 * BAR) == ()
    band = looped(8)
    band.take(band.conductor.stop())
    band.start()
    assert band.conductor.next_chords(0) == ()
    assert band.conductor.sure == 0.0


@given(
    seed=st.integers(0, 1000),
    offsets=st.lists(st.sampled_from([-480, -150, -100, -1, 0, 1, 40, 300, 900]), min_size=20, max_size=20),
    left_out=st.sets(st.integers(8, 19), max_size=3),
    wrong=st.integers(6, 24),
)
def test_when_the_conductor_is_called_changes_nothing_in_what_is_foreseen(
    seed: int, offsets: list[int], left_out: set[int], wrong: int
) -> None:
    def perform(step: int, late: int) -> dict[Role, list[object]]:
        band = Player(seed=seed)
        band.start()
        events = sorted(
            (max(0, n * BAR + offset), "Ab7" if n == wrong else LOOP[n % 4])
            for n, offset in enumerate(offsets)
            if n not in left_out
        )
        for now in range(-480, 21 * BAR, step):
            while events and events[0][0] + late <= now:
                tick, symbol = events.pop(0)
                band.hear(symbol, tick)
            band.take(band.conductor.advance(now, 120))
        return {r: [n for n in notes if n.tick < 21 * BAR] for r, notes in band.plan.items()}

    assert perform(5, 0) == perform(37, 60)


# Bars that sources wrote ahead


def lead_brief(band: Player) -> Brief:
    return [b for b in band.conductor.briefs() if b.role is Role.LEAD][-1]


def written(brief: Brief, bars_ahead: int, symbol: str, pitch: int) -> Bar:
    notes = tuple(Note(n * PPQ, pitch + 3 * (n % 2), EIGHTH, 90) for n in range(4))
    start = brief.start_tick + bars_ahead * BAR
    return Bar(
        brief.session, brief.role, start, BAR, brief.plan_revision, brief.brief_id,
        (ChordSpan(0, BAR, parse_chord(symbol)),), Source.OLLAMA, brief.seed, notes, "written",
    )  # fmt: skip


def sources(band: Player, start: int, end: int) -> list[Source]:
    return [n.source for n in band.notes(Role.LEAD, start, end)]


def test_a_bar_written_for_a_chord_to_come_waits_for_its_place() -> None:
    band = looped(8)
    band.conductor.set_sources(True)
    brief = lead_brief(band)
    assert [s.chord.symbol for s in brief.forecast[:3]] == ["Dm7", "G7", "Cmaj7"]
    assert brief.confidence > 0.75
    verdict = band.conductor.offer(written(brief, 3, "Am7", 69), 8 * BAR - 100)
    assert (verdict.accepted, verdict.reason, verdict.commands) == (True, "kept", ())
    assert band.conductor.offer(written(brief, 3, "G7", 69), 8 * BAR - 100).reason == "chords"
    for number in range(8, 11):
        band.hear(LOOP[number % 4], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    assert set(sources(band, 11 * BAR, 12 * BAR)) == {Source.OLLAMA}
    band.hear("Am7", 11 * BAR + 20)
    assert set(sources(band, 11 * BAR, 12 * BAR)) == {Source.OLLAMA}, "as expected: it stands"


def test_a_surprise_takes_the_written_bar_away_and_the_way_back_brings_it_again() -> None:
    band = looped(8)
    band.conductor.set_sources(True)
    brief = lead_brief(band)
    band.run(8 * BAR - 100, 8 * BAR + 20)
    band.hear("Dm7", 8 * BAR + 20)
    verdict = band.conductor.offer(written(brief, 1, "G7", 67), 8 * BAR + 30)
    assert (verdict.accepted, verdict.reason) == (True, "")
    band.take(verdict.commands)
    band.run(8 * BAR + 20, 8 * BAR + 2 * PPQ)
    assert set(sources(band, 9 * BAR, 10 * BAR)) == {Source.OLLAMA}
    band.hear("Eb7", 8 * BAR + 2 * PPQ)
    assert Source.OLLAMA not in sources(band, 9 * BAR, 10 * BAR)
    assert band.conductor.wants(brief, 8 * BAR + 2 * PPQ), "the loop is still likely"
    band.hear("G7", 9 * BAR - 400)
    band.run(9 * BAR - 400, 9 * BAR - 200)
    assert set(sources(band, 9 * BAR, 10 * BAR)) == {Source.OLLAMA}


def test_a_brief_is_wanted_while_any_of_its_bars_may_still_come() -> None:
    band = Player()
    band.conductor.set_sources(True)
    band.start()
    band.hear("Dm7", -10)
    band.run(0, 500)
    brief = lead_brief(band)
    assert band.conductor.wants(brief, 500)
    assert not band.conductor.wants(brief, 3 * BAR)
    band.hear("G7", 600)
    assert not band.conductor.wants(brief, 600)
    band.hear("Dm7", 1200)
    assert band.conductor.wants(brief, 1200)
    band.act("style_next", tick=1300)
    assert not band.conductor.wants(brief, 1300)


# The whole band

VOICINGS = {
    "Dm7": (50, 53, 57, 60),
    "G7": (43, 53, 59, 65),
    "Cmaj7": (48, 52, 55, 59),
    "Am7": (45, 52, 55, 60),
}
BEAT_NS = 500 * MS


def test_the_whole_band_is_at_the_bar_line_before_a_player_who_comes_late() -> None:
    stage = Stage(feel=0.0)
    stage.act("start_stop")
    zero = stage.clock.segment.ns_at(0)
    down: tuple[int, ...] = ()
    for bar in range(12):
        late = 70 * MS if bar >= 8 else -20 * MS
        stage.play_until(zero + bar * 4 * BEAT_NS + late if bar else zero)
        stage.lift(*down)
        down = VOICINGS[LOOP[bar % 4]]
        stage.press(*down)
    stage.play_until(zero + 48 * BEAT_NS)
    on = [r for r in stage.all_reports if isinstance(r, SentNote) and r.on and r.role is Role.BASS]
    roots = {bar: [r.pitch % 12 for r in on if r.tick == bar * BAR] for bar in range(8, 12)}
    assert roots == {8: [2], 9: [7], 10: [0], 11: [9]}


def test_a_chord_that_only_begins_as_the_expected_one_is_followed_once_it_has_settled() -> None:
    stage = Stage(feel=0.0)
    stage.act("start_stop")
    zero = stage.clock.segment.ns_at(0)
    down: tuple[int, ...] = ()
    for bar in range(10):
        stage.play_until(zero + bar * 4 * BEAT_NS + (10 * MS if bar else 0))
        stage.lift(*down)
        down = (43, 55, 59, 62) if bar == 9 else VOICINGS[LOOP[bar % 4]]
        stage.press(*down)
    assert stage.band.conductor.chord_at(9 * BAR) == parse_chord("G7")
    stage.wait(1_000)
    assert stage.band.conductor.chord_at(9 * BAR + 3 * PPQ) == parse_chord("G")
    assert stage.band.conductor.chord_at(10 * BAR) != parse_chord("G7")


def test_the_same_loop_gives_the_same_notes_however_late_planning_looks() -> None:
    def perform(step_ms: tuple[float, float]) -> list[tuple[str, int, bool, int]]:
        stage = Stage(step_ms=step_ms)
        stage.act("start_stop")
        zero = stage.clock.segment.ns_at(0)
        down: tuple[int, ...] = ()
        for bar, late in zip(range(14), itertools.cycle((-30, 12, 45, -8, 0)), strict=False):
            stage.play_until(zero + bar * 4 * BEAT_NS + max(0, late) * MS if not bar else
                             zero + bar * 4 * BEAT_NS + late * MS)  # fmt: skip
            stage.lift(*down)
            if bar != 11:
                down = VOICINGS[LOOP[bar % 4]]
                stage.press(*down)
        stage.play_until(zero + 56 * BEAT_NS)
        # A sounding note that has to go ends as soon as somebody looks; what begins does not depend on it.
        return [note for note in stage.notes() if note[2]]

    assert perform((5.0, 5.0)) == perform((3.0, 30.0))


@pytest.mark.parametrize(("asked", "ends"), [(12, 14), (13, 18), (14, 18), (15, 18)])
@pytest.mark.parametrize("plays_on", [True, False])
def test_an_ending_takes_a_learned_loop_home(asked: int, ends: int, plays_on: bool) -> None:
    """Asked for early in bar ``asked`` (from 0): home is the third chord of the loop, on the key's own."""
    band = looped(asked)
    band.hear(LOOP[asked % 4], asked * BAR + 20)
    band.run(asked * BAR + 20, asked * BAR + 200)
    band.act("ending", tick=asked * BAR + 200)
    assert band.conductor.pending == (f"ending at bar {ends + 1}",)
    at = asked * BAR + 200
    for number in range(asked + 1, ends + plays_on):
        band.run(at, number * BAR + 20)
        at = number * BAR + 20
        band.hear(LOOP[number % 4], at)
    band.run(at, (ends + 1) * BAR + 60)
    assert band.conductor.finished
    for role in Role:
        assert {n.tick for n in band.plan[role] if n.tick >= ends * BAR} == {ends * BAR}
    (bass,) = band.notes(Role.BASS, ends * BAR, (ends + 1) * BAR)
    assert (bass.pitch % 12, bass.duration) == (0, BAR)
    assert {n.pitch % 12 for n in band.notes(Role.COMP, ends * BAR, ends * BAR + 1)} <= {0, 2, 4, 7, 9, 11}
    since = [c for c in band.commands if isinstance(c, Splice) and c.from_tick > ends * BAR]
    assert not any(0 in c.wrong for c in since)


def test_an_ending_waits_for_no_home_that_is_far_or_not_known() -> None:
    long = ("Cmaj7", "Am7", "Dm7", "G7", "Em7", "A7", "Dm7", "G7")
    band = Player()
    band.start()
    band.run(-100, 0)
    for number in range(25):
        band.hear(long[number % 8], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    band.act("ending", tick=25 * BAR - 100)
    assert band.conductor.pending == ("ending at bar 27",)
    band = looped(3)
    band.act("ending", tick=3 * BAR - 100)
    assert band.conductor.pending == ("ending at bar 5",)


def test_a_loop_without_its_keys_own_chord_ends_on_the_chord_it_began_with() -> None:
    vamp = ("Dm7", "Fmaj7", "Em7b5", "A7")
    foresight = Foresight(Harmony(BarLines(0, METERS["4/4"])))
    for number in range(14):
        foresight.heard(parse_chord(vamp[number % 4]), number * BAR, revised=False)
        foresight.think()
    assert foresight.homecoming(15 * BAR, 18 * BAR) == 16 * BAR
    assert foresight.homecoming(17 * BAR, 19 * BAR) is None


def waits_for_am7(pitch: int, late: int = 0, **settings: object) -> Player:
    """A band just before the bar of the loop's Am7, with a lead that was written for it: quarters, ``late``
    ticks after the beats."""
    band = looped(8, **settings)
    band.conductor.set_sources(True)
    bar = written(lead_brief(band), 3, "Am7", pitch)
    bar = replace(bar, notes=tuple(replace(n, onset=n.onset + late) for n in bar.notes))
    assert band.conductor.offer(bar, 8 * BAR - 100).reason == "kept"
    for number in range(8, 11):
        band.hear(LOOP[number % 4], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    assert set(sources(band, 11 * BAR, 12 * BAR)) == {Source.OLLAMA}
    return band


@pytest.mark.parametrize(
    ("heard_chord", "pitch", "stays", "expected"),
    [
        ("Am9", 69, True, "Dm7 G7 Cmaj7"),
        ("Am11", 69, True, "Dm7 G7 Cmaj7"),
        ("Am9", 72, False, "Dm7 G7 Cmaj7"),  # its last note is an Eb
        ("A7", 69, False, "A7 A7 A7"),  # another chord
        ("Am6", 67, False, "Am6 Am6 Am6"),  # without the seventh: not only more colour
    ],
)
def test_colour_on_the_expected_chord_keeps_the_bar_that_was_written_for_it(
    heard_chord: str, pitch: int, stays: bool, expected: str
) -> None:
    band = waits_for_am7(pitch)
    before = band.notes(Role.LEAD, 11 * BAR, 12 * BAR)
    splices = band.hear(heard_chord, 11 * BAR + 20)
    assert {s.role for s in splices} >= {Role.BASS, Role.COMP}, "it is answered as any chord"
    after = band.notes(Role.LEAD, 11 * BAR, 12 * BAR)
    assert (after == before) is stays
    assert band.conductor.chord_at(11 * BAR + EIGHTH) == parse_chord(heard_chord)
    coming = [band.conductor.chord_at(number * BAR) for number in (12, 13, 14)]
    assert coming == [parse_chord(symbol) for symbol in expected.split()], "colour leaves what comes after it"
    if stays:
        band.run(11 * BAR + 20, 12 * BAR - 100)
        assert band.notes(Role.LEAD, 11 * BAR, 12 * BAR) == before


@pytest.mark.parametrize(("late", "stays"), [(0, False), (EIGHTH, True)])
def test_under_colour_who_has_to_answer_does(late: int, stays: bool) -> None:
    """The lead where it plays alone; the answer is due an eighth after the bar line."""
    band = waits_for_am7(69, late, roles=frozenset({Role.LEAD}))
    before = band.notes(Role.LEAD, 11 * BAR, 12 * BAR)
    band.hear("Am9", 11 * BAR + 20)
    after = band.notes(Role.LEAD, 11 * BAR, 12 * BAR)
    assert (after == before) is stays
    assert 11 * BAR + EIGHTH in {n.tick for n in after}


def test_without_a_grid_colour_leaves_the_written_bar_alone_and_the_reflex_answers_at_once() -> None:
    band = waits_for_am7(69, grid="free")
    before = band.notes(Role.LEAD, 11 * BAR, 12 * BAR)
    splices = band.hear("Am9", 11 * BAR + 20)
    assert {s.role for s in splices} == {Role.BASS, Role.COMP}
    assert band.notes(Role.LEAD, 11 * BAR, 12 * BAR) == before
    assert 11 * BAR + 20 in {n.tick for n in band.notes(Role.COMP, 11 * BAR, 12 * BAR)}
