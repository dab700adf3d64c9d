"""The guard: what it lets through is playable, and what it repaired it lets through again."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jamtui.music.chord import parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Bar, ChordSpan, Note, Role, Source
from jamtui.music.scale import chord_scale
from jamtui.session.guard import GRIDS, MAX_RESIDUAL, NOTES_PER_QUARTER, Guard, Limits

BAR = 4 * PPQ


def bar(
    role: Role, notes: list[Note], chord: str = "Cmaj7", *, origin: Source = Source.MODEL, length: int = BAR
) -> Bar:
    spans = (ChordSpan(0, length + PPQ, parse_chord(chord)),)
    return Bar("s", role, 0, length, 1, "b", spans, origin, 1, tuple(notes))


def limits(role: Role) -> Limits:
    return Limits(role, 55, 84) if role is not Role.BASS else Limits(role, 28, 55)


notes = st.builds(
    Note,
    onset=st.one_of(st.sampled_from(range(0, BAR, 240)), st.integers(-10, BAR + 10)),
    pitch=st.one_of(st.sampled_from([60, 62, 64, 67, 71]), st.integers(0, 127)),
    duration=st.integers(0, 2 * BAR),
    velocity=st.integers(0, 140),
    residual=st.integers(-200, 200),
)


@given(
    role=st.sampled_from(list(Role)),
    played=st.lists(notes, max_size=30),
    chord=st.sampled_from(["Cmaj7", "Dm7", "G7alt", "Bdim7", "F#m7b5", "N.C."]),
    origin=st.sampled_from([Source.MODEL, Source.REFLEX]),
)
def test_what_passes_is_playable_and_passes_again(
    role: Role, played: list[Note], chord: str, origin: Source
) -> None:
    guard = Guard()
    judged = guard.check(bar(role, played, chord, origin=origin), limits(role))
    if judged.bar is None:
        assert judged.reason
        assert guard.refused[judged.reason] == 1
        return
    passed = judged.bar.notes
    bounds = limits(role)
    assert list(passed) == sorted(passed)
    assert len(passed) <= NOTES_PER_QUARTER[role] * 4
    for note in passed:
        assert 0 <= note.onset < BAR
        assert 1 <= note.duration <= BAR
        assert 1 <= note.velocity <= 127
        assert abs(note.residual) <= MAX_RESIDUAL
        assert any(note.onset % grid == 0 for grid in GRIDS)
        if role is Role.DRUMS:
            assert note.pitch in bounds.keys
        else:
            assert bounds.low <= note.pitch <= bounds.high
    if role in (Role.LEAD, Role.BASS):
        for before, after in itertools.pairwise(passed):
            assert before.onset + before.duration <= after.onset
    else:
        for pitch in {n.pitch for n in passed}:
            same = [n for n in passed if n.pitch == pitch]
            for before, after in itertools.pairwise(same):
                assert before.onset + before.duration <= after.onset
    again = guard.check(judged.bar, bounds)
    assert again.bar == judged.bar
    assert again.repairs == ()


def only(*played: Note) -> list[Note]:
    """``played`` among enough good notes that repairing them is a small change."""
    return [*played, *(Note(n * 480, 72, 240) for n in range(4, 8))]


@pytest.mark.parametrize(
    ("wrong", "repair", "right"),
    [
        (Note(0, 40, 480), "range", Note(0, 64, 480)),
        (Note(0, 61, 480), "scale", Note(0, 60, 480)),
        (Note(25, 60, 480), "grid", Note(0, 60, 480, residual=25)),
        (Note(0, 60, 4000), "overlap", Note(0, 60, 1920)),
    ],
)
def test_small_wrongs_are_repaired(wrong: Note, repair: str, right: Note) -> None:
    guard = Guard()
    judged = guard.check(bar(Role.LEAD, only(wrong)), limits(Role.LEAD))
    assert judged.bar is not None
    assert judged.repairs == (repair,)
    assert judged.bar.notes[0] == right
    assert guard.repaired[repair] == 1


def test_an_approach_note_that_resolves_by_step_stays() -> None:
    played = [Note(0, 63, 480), Note(480, 64, 480), Note(960, 67, 480)]
    judged = Guard().check(bar(Role.LEAD, played), limits(Role.LEAD))
    assert judged.bar is not None
    assert judged.bar.notes == tuple(played)
    far = [Note(0, 63, 480), Note(480, 71, 480), Note(960, 67, 480)]
    judged = Guard().check(bar(Role.LEAD, far), limits(Role.LEAD))
    assert judged.bar is not None
    assert judged.bar.notes[0].pitch % 12 in chord_scale(parse_chord("Cmaj7"))


@pytest.mark.parametrize(("onset", "stays"), [(1440, True), (1200, False), (960, False)])
def test_a_note_of_the_coming_chord_may_come_an_eighth_before_it(onset: int, stays: bool) -> None:
    played = [
        Note(0, 64, 480),
        Note(480, 67, 240),
        Note(onset, 68, 240),
        *(Note(n * 480, 73, 240) for n in (4, 5, 6)),
    ]
    spans = (ChordSpan(0, 1920, parse_chord("Cmaj7")), ChordSpan(1920, 2880, parse_chord("Dbmaj7")))
    offered = replace(bar(Role.LEAD, played), chords_assumed=spans)
    judged = Guard().check(offered, limits(Role.LEAD))
    assert judged.bar is not None
    assert (judged.bar.notes == tuple(played)) is stays
    assert judged.repairs == (() if stays else ("scale",))


def test_a_foreign_voice_resolves_into_the_next_voicing_and_not_into_its_own() -> None:
    for after, stays in ((64, False), (62, True)):
        voicings = [(0, 62), *((onset, after) for onset in (960, 1920, 2880))]
        played = sorted(Note(onset, p, 480) for onset, low in voicings for p in (low, 67, 71))
        judged = Guard().check(bar(Role.COMP, sorted([*played, Note(0, 61, 480)])), limits(Role.COMP))
        assert judged.bar is not None
        assert (61 in {n.pitch for n in judged.bar.notes}) is stays
        assert ("scale" in judged.repairs) is not stays


def test_a_foreign_note_at_the_edge_of_the_range_goes_inward() -> None:
    for low, high, pitch, right in ((61, 84, 61, 62), (55, 66, 66, 65), (55, 61, 61, 60)):
        around = [Note(n * 480, 60 if high < 66 else 64, 240) for n in range(4, 8)]
        offered = bar(Role.LEAD, [Note(0, pitch, 480), *around])
        judged = Guard().check(offered, Limits(Role.LEAD, low, high))
        assert judged.bar is not None
        assert judged.bar.notes[0].pitch == right


def test_of_too_many_notes_the_loudest_stay() -> None:
    room = NOTES_PER_QUARTER[Role.LEAD] * 4
    played = [Note(n * GRIDS[0], 64, 30, 60 if n % 4 == 1 else 90) for n in range(room + 8)]
    judged = Guard().check(bar(Role.LEAD, played), limits(Role.LEAD))
    assert judged.bar is not None
    assert "density" in judged.repairs
    assert len(judged.bar.notes) == room
    assert {n.velocity for n in judged.bar.notes} == {90}


@pytest.mark.parametrize(
    ("reason", "offered"),
    [
        ("role", bar(Role.BASS, [Note(0, 60, 480)])),
        ("length", bar(Role.LEAD, [Note(BAR, 60, 480)])),
        ("length", bar(Role.LEAD, [], length=0)),
        ("grid", bar(Role.LEAD, [Note(n * 480 + 37, 60, 100) for n in range(6)])),
        ("range", bar(Role.LEAD, [Note(n * 480, 20, 100) for n in range(6)])),
        ("scale", bar(Role.LEAD, [Note(n * 480, 61 if n % 2 else 66, 100) for n in range(6)])),
        ("density", bar(Role.LEAD, [Note(n * 40 // 120 * 120, 60, 10) for n in range(60)])),
    ],
)
def test_what_would_be_another_bar_is_refused_by_name(reason: str, offered: Bar) -> None:
    guard = Guard()
    judged = guard.check(offered, limits(Role.LEAD))
    assert not judged.accepted
    assert judged.reason == reason
    assert guard.refused == {reason: 1}


def test_drums_keep_to_the_kit() -> None:
    hits = [Note(0, 36, 120), Note(0, 42, 120), Note(960, 38, 120), Note(960, 5, 120)]
    judged = Guard().check(bar(Role.DRUMS, hits), limits(Role.DRUMS))
    assert judged.bar is not None
    assert [n.pitch for n in judged.bar.notes] == [36, 42, 38]
    foreign = [replace(n, pitch=3) for n in hits]
    assert Guard().check(bar(Role.DRUMS, foreign), limits(Role.DRUMS)).reason == "drum key"


def test_the_answer_in_free_mode_may_stand_off_the_grid() -> None:
    played = [Note(1234, 60, 480)]
    free = replace(limits(Role.LEAD), free_onsets=frozenset({1234}))
    judged = Guard().check(bar(Role.LEAD, played), free)
    assert judged.bar is not None
    assert judged.bar.notes == tuple(played)


@pytest.mark.parametrize(
    ("role", "pitches", "durations"),
    [
        (Role.COMP, (64, 64, 67), (480, 960, 960)),
        (Role.COMP, (64, 67, 64), (960, 960, 960)),
        (Role.LEAD, (64, 67, 64), (480, 480, 960)),
    ],
)
def test_what_is_struck_again_while_it_sounds_ends_before(
    role: Role, pitches: tuple[int, ...], durations: tuple[int, ...]
) -> None:
    """In a single line any note, among several voices the same pitch."""
    played = [Note(480 * n, pitch, 960, 80) for n, pitch in enumerate(pitches)]
    judged = Guard().check(bar(role, played), limits(role))
    assert judged.bar is not None
    assert tuple(n.duration for n in judged.bar.notes) == durations
    assert judged.repairs == (("overlap",) if durations != (960, 960, 960) else ())
