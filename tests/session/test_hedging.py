"""Notes that stay right, or begin late, where the chord may change."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jamtui.music.chord import Chord, Family, parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.playback.commands import PlannedNote, SentNote, Splice
from jamtui.playback.feel import apply_feel
from jamtui.session.guard import Guard, Limits
from jamtui.session.habit import Doubts
from jamtui.session.hedging import (
    LATE_MS,
    LONGEST_MS,
    RISKY,
    Window,
    hedge,
    wait_ticks,
    wrong_share,
)
from jamtui.session.voicelead import chord_table
from jamtui.styles.style import Feel
from tests.session.small_band import BAR, Player
from tests.session.stage import MS, Stage

PITCHED = (Role.BASS, Role.COMP, Role.LEAD)
RANGE = {Role.LEAD: (55, 84), Role.BASS: (28, 55), Role.COMP: (50, 79)}
WAIT = 240
CHORDS = [parse_chord(s) for s in ("C", "Dm7", "G7", "Bm7b5", "Eb7", "F#m7", "Abmaj7", "Ebdim7", "Gsus4")]


def window(held: str, coming: str, role: Role, likely: float = 1.0, start: int = 0) -> Window:
    wrong = wrong_share(role, ((parse_chord(coming), 1.0),), None)
    table = chord_table(parse_chord(held), None, 0.0)
    return Window(start, start + WAIT, table, tuple(likely * share for share in wrong))


def through(notes: list[Note], role: Role, here: Window) -> tuple[Note, ...]:
    return hedge(notes, role, [here], *RANGE[role], BAR)


def test_a_note_that_stays_right_is_left_alone() -> None:
    notes = [Note(0, 67, 480, 80), Note(960, 66, 480, 80)]
    assert through(notes, Role.LEAD, window("C", "G7", Role.LEAD)) == tuple(notes)


def test_a_lead_note_becomes_the_near_tone_that_both_chords_share() -> None:
    (note,) = through([Note(0, 64, 480, 80)], Role.LEAD, window("C", "Cm7", Role.LEAD))
    assert (note.onset, note.pitch % 12) in ((0, 0), (0, 7))


def test_a_bass_with_nothing_in_common_begins_late() -> None:
    (note,) = through([Note(0, 36, 960, 80)], Role.BASS, window("C", "Ebm", Role.BASS))
    assert note == Note(WAIT, 36, 960 - WAIT, 80)


@pytest.mark.parametrize(
    ("held", "coming", "hit", "played"),
    [
        ("C", "Cm", (60, 64, 67), (60, 62, 67)),  # neither third
        ("Dm7", "G7", (62, 65, 69, 72), (62, 65, 69, 71)),
        ("Dm7", "D7", (60, 62, 65, 69), (60, 62, 64, 69)),
        ("Fmaj7", "Fm7", (57, 60, 64, 65), (55, 60, 62, 65)),
        ("C", "Dm7", (60, 64, 67, 71), (60, 64, 67, 71)),
    ],
)
def test_a_voicing_keeps_the_voices_that_stay_right_and_moves_the_others_by_a_step(
    held: str, coming: str, hit: tuple[int, ...], played: tuple[int, ...]
) -> None:
    notes = through([Note(0, pitch, 480, 80) for pitch in hit], Role.COMP, window(held, coming, Role.COMP))
    assert notes == tuple(Note(0, pitch, 480, 80) for pitch in played)


def test_what_begins_anyway_takes_the_place_of_the_late_note() -> None:
    notes = [Note(0, 36, 240, 80), Note(240, 37, 240, 80)]
    assert through(notes, Role.BASS, window("C", "Ebm", Role.BASS)) == (notes[1],)


def test_an_unlikely_change_is_not_feared() -> None:
    note = Note(0, 36, 960, 80)
    assert through([note], Role.BASS, window("C", "Ebm", Role.BASS, likely=RISKY)) == (note,)


def note_lists(role: Role) -> st.SearchStrategy[list[Note]]:
    low, high = RANGE[role]
    return st.lists(
        st.builds(
            Note,
            st.integers(0, 31).map(lambda n: n * 120),
            st.integers(low, high),
            st.integers(30, 1920),
            st.integers(1, 127),
            st.integers(-60, 60),
        ),
        max_size=16,
        unique_by=lambda n: (n.onset, n.pitch if role is Role.COMP else 0),
    )


@given(
    data=st.data(),
    role=st.sampled_from(PITCHED),
    held=st.sampled_from(CHORDS),
    coming=st.sampled_from(CHORDS),
    likely=st.floats(0, 1),
    beats=st.sets(st.integers(0, 3), min_size=1),
)
@settings(max_examples=200, deadline=None)
def test_whatever_is_hedged_is_in_place_in_range_and_right(
    data: st.DataObject, role: Role, held: Chord, coming: Chord, likely: float, beats: set[int]
) -> None:
    notes = tuple(sorted(data.draw(note_lists(role))))
    low, high = RANGE[role]
    table = chord_table(held, None, 0.0)
    risk = tuple(likely * share for share in wrong_share(role, ((coming, 1.0),), None))
    windows = [Window(beat * PPQ, beat * PPQ + WAIT, table, risk) for beat in sorted(beats)]
    hedged = hedge(notes, role, windows, low, high, BAR)
    assert hedge(notes, role, windows, low, high, BAR) == hedged
    assert hedge(hedged, role, windows, low, high, BAR) == hedged, "hedging twice changes nothing"
    assert list(hedged) == sorted(hedged)
    assert all(0 <= n.onset < BAR and low <= n.pitch <= high and n.duration > 0 for n in hedged)
    inside = [n for n in hedged if any(w.start <= n.onset < w.end for w in windows)]
    assert all(risk[n.pitch % 12] <= RISKY for n in inside)
    outside = [n for n in notes if not any(w.start <= n.onset < w.end for w in windows)]
    assert set(outside) <= set(hedged)
    # What was not there is a moved pitch over the chord that holds, or a late start at the window's end.
    for new in set(hedged) - set(notes):
        moved = any(w.start <= new.onset < w.end for w in windows)
        assert moved or any(new.onset == w.end for w in windows)
        assert not moved or new.pitch % 12 in table.members(role)
    for here in windows:
        if any(here.start <= n.onset < here.end for n in notes):
            later = [n.onset for n in hedged if n.onset >= here.start]
            assert later
            assert min(later) <= here.end, "no rest is longer than the wait"


@given(
    data=st.data(),
    role=st.sampled_from(PITCHED),
    held=st.sampled_from(CHORDS),
    coming=st.sampled_from(CHORDS),
)
@settings(max_examples=60, deadline=None)
def test_the_guard_has_nothing_against_a_hedged_bar(
    data: st.DataObject, role: Role, held: Chord, coming: Chord
) -> None:
    low, high = RANGE[role]
    limits = Limits(role, low, high)
    bar = Bar("s", role, 0, BAR, 0, "", (), Source.LIBRARY, 1, tuple(sorted(data.draw(note_lists(role)))))
    judged = Guard().check(bar, limits).bar
    if judged is None:
        return
    risk = wrong_share(role, ((coming, 1.0),), None)
    here = Window(0, WAIT, chord_table(held, None, 0.0), risk)
    hedged = replace(judged, notes=hedge(judged.notes, role, [here], low, high, BAR))
    again = Guard().check(hedged, limits)
    assert again.accepted
    assert again.bar is not None
    assert {(n.onset, n.pitch) for n in again.bar.notes} == {(n.onset, n.pitch) for n in hedged.notes}


@given(
    bpm=st.integers(30, 320),
    swing=st.floats(0.5, 0.7),
    unit=st.sampled_from([480, 240]),
    push=st.floats(-10, 25),
    amount=st.floats(0, 1),
)
def test_a_late_start_is_after_the_late_chord_and_no_hole(
    bpm: int, swing: float, unit: int, push: float, amount: float
) -> None:
    meter = METERS["4/4"]
    feel = Feel(swing=swing, swing_unit=unit, push_ms=push)
    wait = wait_ticks(bpm, feel, amount, meter)
    if not wait:
        return
    assert wait % 120 == 0 or wait % 160 == 0
    note = PlannedNote(Role.LEAD, wait, 100, 60, 80, 0, Source.REFLEX, 0, 0, 1)
    felt = apply_feel(replace(feel, spread_ms=0.0), amount, meter, note)
    played = felt.on_tick * 60_000 / (bpm * PPQ) + max(0.0, felt.offset_ns / MS)
    assert LATE_MS - 1e-6 <= played < LONGEST_MS + 1e-6


@pytest.mark.parametrize("bpm", range(60, 301, 10))
def test_every_usual_tempo_has_a_late_start(bpm: int) -> None:
    assert wait_ticks(bpm, Feel(), 1.0, METERS["4/4"])


def test_shares_of_wrong_tones_are_those_of_the_role() -> None:
    candidates = ((parse_chord("G7"), 0.75), (parse_chord("F#m7"), 0.25))
    assert wrong_share(Role.BASS, candidates, None)[0] == 1.0
    assert wrong_share(Role.LEAD, candidates, None)[11] == pytest.approx(0.0)
    assert wrong_share(Role.LEAD, candidates, None)[6] == pytest.approx(0.75)


# A band that hedges

SURPRISES = ("C", "F#m7", "Bb7", "E", "Abmaj7", "D7", "Gm7", "B")
"""Nothing that anybody could expect."""


def surprised(bars: int, **more: object) -> Player:
    """A band that heard another chord on each bar line and stands just before the next."""
    band = Player(**more)  # type: ignore[arg-type]
    band.start()
    band.run(-100, 0)
    for number in range(bars):
        band.hear(SURPRISES[number], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    return band


def right_in(band: Player, tick: int, doubts: Doubts) -> bool:
    key = band.conductor._planner.harmony.key
    (doubt,) = doubts.between(tick, tick)
    for role in PITCHED:
        wrong = wrong_share(role, doubts.candidates, key)
        for note in band.notes(role, tick, tick + 150):
            if doubt.likely * wrong[note.pitch % 12] > RISKY:
                return False
    return True


def test_at_a_likely_change_only_what_stays_right_begins() -> None:
    band = surprised(6)
    doubts = band.conductor.doubts
    assert doubts.between(6 * BAR, 6 * BAR)
    assert right_in(band, 6 * BAR, doubts)
    without = surprised(6, hedge=False)
    assert not right_in(without, 6 * BAR, doubts)


def test_a_role_that_waits_begins_with_the_late_chord() -> None:
    band = surprised(6)
    assert not band.notes(Role.BASS, 6 * BAR, 6 * BAR + 1), "nothing in common: the bass waits"
    played = 6 * BAR + 120
    band.run(6 * BAR - 100, played)
    known = len(band.commands)
    band.hear("Gm7", played)
    at_once = [
        c for c in band.commands[known:] if isinstance(c, Splice) and c.role is Role.BASS and c.at_once
    ]
    assert [n.pitch % 12 for c in at_once for n in c.notes] == [7]
    assert at_once[0].from_tick == played
    assert any(n.tick == 6 * BAR + PPQ // 2 for n in band.notes(Role.BASS, played, 7 * BAR)), "and answers"


def test_where_the_chord_stays_the_band_is_late_by_a_moment_and_goes_on() -> None:
    band = surprised(6)
    band.run(6 * BAR - 100, 7 * BAR - 100)
    (first, *_) = band.notes(Role.BASS, 6 * BAR, 7 * BAR)
    assert 0 < first.tick - 6 * BAR <= 350
    chord = parse_chord(SURPRISES[5])
    assert first.pitch % 12 in chord_table(chord, None, 0.0).tones


def test_a_chord_that_is_early_finds_nobody_waiting() -> None:
    band = surprised(6)
    band.run(6 * BAR - 100, 6 * BAR - 90)
    band.hear("Gm7", 6 * BAR - 90)
    (bass,) = band.notes(Role.BASS, 6 * BAR, 6 * BAR + 1)
    assert bass.pitch % 12 == 7


def test_the_same_chord_again_ends_the_waiting() -> None:
    band = surprised(6)
    band.run(6 * BAR - 100, 6 * BAR - 60)
    band.hear(SURPRISES[5], 6 * BAR - 60)
    assert band.notes(Role.BASS, 6 * BAR, 6 * BAR + 1)


def test_a_bar_of_a_source_is_hedged_and_stays_banned_however_it_was_heard() -> None:
    band = surprised(6)
    conductor = band.conductor
    conductor.set_sources(True)
    (brief,) = [b for b in conductor.briefs() if b.role is Role.LEAD]
    chord = parse_chord(SURPRISES[5])
    wrong = wrong_share(Role.LEAD, conductor.doubts.candidates, conductor._planner.harmony.key)
    riskiest = max(chord_table(chord, None, 0.0).tones, key=lambda pc: wrong[pc])
    notes = tuple(Note(n * PPQ, 60 + riskiest, 480, 90) for n in range(4))
    bar = Bar(
        brief.session, Role.LEAD, brief.start_tick, BAR, brief.plan_revision, brief.brief_id,
        (ChordSpan(0, BAR, chord),), Source.OLLAMA, 1, notes, "written",
    )  # fmt: skip
    verdict = conductor.offer(bar, 6 * BAR - 400)
    assert (verdict.accepted, verdict.reason) == (True, "")
    assert verdict.bar is not None
    assert verdict.bar.notes != notes, "the downbeat was in doubt"
    assert verdict.bar.notes[1:] == notes[1:]
    heard = conductor.phrase_bars(Role.LEAD, 6 * BAR)[-1:]
    assert heard[0].label == "written"
    tunes = conductor.desk.tunes(heard, Role.LEAD)
    conductor.desk.ban(tunes)
    assert conductor.offer(bar, 6 * BAR - 400).reason == "banned"
    elsewhere = replace(bar, start_tick=7 * BAR)
    assert conductor.offer(elsewhere, 6 * BAR - 400).reason == "banned", "written the same, hedged or not"
    conductor.desk.pardon(tunes)
    assert conductor.offer(bar, 6 * BAR - 400).accepted


def test_over_a_chart_and_for_an_expected_chord_nothing_is_hedged() -> None:
    band = Player()
    band.start()
    for number in range(9):
        band.hear(("Dm7", "G7", "Cmaj7", "Am7")[number % 4], number * BAR + 20)
        band.run(number * BAR + 20, (number + 1) * BAR - 100)
    assert band.conductor.sure > 0.75
    assert not band.conductor.doubts


@given(
    seed=st.integers(0, 1000),
    offsets=st.lists(st.sampled_from([-480, -150, -100, -1, 0, 1, 40, 150]), min_size=12, max_size=12),
    symbols=st.lists(st.sampled_from(SURPRISES), min_size=12, max_size=12),
    left_out=st.sets(st.integers(3, 11), max_size=3),
)
@settings(max_examples=30, deadline=None)
def test_when_the_conductor_is_called_changes_nothing_in_what_is_hedged(
    seed: int, offsets: list[int], symbols: list[str], left_out: set[int]
) -> None:
    def perform(step: int, late: int) -> dict[Role, list[object]]:
        band = Player(seed=seed)
        band.start()
        events = sorted(
            (max(0, n * BAR + offset), symbols[n]) for n, offset in enumerate(offsets) if n not in left_out
        )
        for now in range(-480, 13 * BAR, step):
            while events and events[0][0] + late <= now:
                tick, symbol = events.pop(0)
                band.hear(symbol, tick)
            band.take(band.conductor.advance(now, 120))
        return {r: [n for n in notes if n.tick < 13 * BAR] for r, notes in band.plan.items()}

    assert perform(5, 0) == perform(37, 60)


VOICINGS = {
    "C": (48, 52, 55),
    "F#m7": (42, 49, 52, 57),
    "Bb7": (46, 50, 53, 56),
    "E": (40, 52, 56, 59),
    "Abmaj7": (44, 51, 55, 60),
    "D7": (50, 54, 57, 60),
    "Gm7": (43, 50, 53, 58),
    "B": (47, 51, 54),
}


def play_late(hedged: bool) -> tuple[Stage, list[int]]:
    """Eight surprises, each 60 ms after its bar line; the stage and the bar lines in nanoseconds."""
    stage = Stage(feel=0.0, hedge=hedged)
    stage.act("start_stop")
    zero = stage.clock.segment.ns_at(0)
    down: tuple[int, ...] = ()
    lines = []
    for bar, symbol in enumerate(SURPRISES):
        lines.append(zero + bar * 2_000 * MS)
        stage.play_until(lines[-1] + 60 * MS)
        stage.lift(*down)
        down = VOICINGS[symbol]
        stage.press(*down)
    stage.play_until(lines[-1] + 2_000 * MS)
    return stage, lines


def begun_wrong(stage: Stage, lines: list[int]) -> int:
    """Notes begun between a bar line and the late chord that are outside that chord's scale, from when the
    player has a habit."""
    count = 0
    for line, symbol in list(zip(lines, SURPRISES, strict=True))[3:]:
        chord = parse_chord(symbol)
        assert chord.family is not Family.NONE
        scale = chord_table(chord, None, 0.0).scale
        count += sum(
            isinstance(r, SentNote) and r.on and r.role in PITCHED
            and line <= r.due_ns < line + 60 * MS and r.pitch % 12 not in scale
            for r in stage.all_reports
        )  # fmt: skip
    return count


def test_the_whole_band_begins_less_wrong_notes_and_still_answers_every_chord() -> None:
    (on, lines), (off, _) = play_late(True), play_late(False)
    assert begun_wrong(on, lines) * 2 <= begun_wrong(off, lines)
    assert on.band.kpi.response_share == 1.0
    assert on.band.kpi.dead_air == 0
