"""Adapting stored phrases: what holds for every phrase and every chord, and what a musician expects."""

from hypothesis import given
from hypothesis import strategies as st

from jamtui.library.adapt import LEAP, Setting, adapt
from jamtui.library.records import PhraseRecord
from jamtui.music.chord import QUALITIES, Chord, parse_chord
from jamtui.music.meter import COMMON_TIME, EIGHTH, METERS, PPQ, SIXTEENTH
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role, Source
from jamtui.music.scale import chord_tones
from jamtui.session.voicelead import chord_table

BAR = COMMON_TIME.bar_ticks
RANGES = {Role.LEAD: (55, 84), Role.BASS: (28, 55), Role.COMP: (48, 79)}


def changes(text: str, bar: int = BAR) -> tuple[ChordSpan, ...]:
    """One chord a bar."""
    return tuple(ChordSpan(n * bar, bar, parse_chord(s)) for n, s in enumerate(text.split()))


def record(
    notes: list[tuple[float, int, float]], chords: str, role: Role = Role.LEAD, bars: int = 1
) -> PhraseRecord:
    """Notes as (beat, pitch, beats)."""
    written = tuple(Note(round(b * PPQ), p, round(d * PPQ)) for b, p, d in notes)
    return PhraseRecord(Phrase("test", role, "swing", bars, changes(chords), written, origin=Source.LIBRARY))


def setting(chords: str, role: Role = Role.LEAD, bars: int = 1, **kwargs: object) -> Setting:
    low, high = RANGES[role]
    return Setting(role, changes(chords), bars, low, high, **kwargs)  # type: ignore[arg-type]  # for brevity


chord = st.builds(
    Chord, st.integers(0, 11), st.sampled_from([q for n, q in QUALITIES.items() if n != "N.C."])
)


@st.composite
def phrases(draw: st.DrawFn, role: Role) -> PhraseRecord:
    meter = METERS[draw(st.sampled_from(["4/4", "4/4", "3/4", "6/8", "7/8"]))]
    bars = draw(st.sampled_from([1, 2, 4]))
    length = bars * meter.bar_ticks
    onsets = draw(st.lists(st.integers(0, length // SIXTEENTH - 1), min_size=1, max_size=24))
    notes = tuple(
        Note(
            onset * SIXTEENTH,
            draw(st.integers(24, 100)),
            draw(st.integers(1, 4 * PPQ)),
            draw(st.integers(1, 127)),
            draw(st.integers(-200, 200)),
        )
        for onset in onsets
    )
    spans = tuple(ChordSpan(b * meter.bar_ticks, meter.bar_ticks, draw(chord)) for b in range(bars))
    tempo = draw(st.floats(30, 300))
    return PhraseRecord(Phrase("any", role, "x", bars, spans, notes, meter, tempo, Source.LIBRARY))


@given(
    data=st.data(), role=st.sampled_from([Role.LEAD, Role.BASS, Role.COMP]), bars=st.sampled_from([1, 2, 4])
)
def test_whatever_comes_in_what_goes_out_can_be_played(data: st.DataObject, role: Role, bars: int) -> None:
    given_record = data.draw(phrases(role))
    meter = METERS[data.draw(st.sampled_from(["4/4", "3/4", "6/8"]))]
    low, high = RANGES[role]
    half = meter.bar_ticks // 2
    asked = Setting(
        role,
        tuple(ChordSpan(n * half, half, data.draw(chord)) for n in range(2 * bars)),
        bars,
        low,
        high,
        meter,
        before=data.draw(st.sampled_from([(), (low,), (high,), ((low + high) // 2,)])),
        since=data.draw(st.sampled_from([EIGHTH, PPQ, 4 * PPQ])),
        energy=data.draw(st.floats(0, 1)),
    )
    way = data.draw(st.sampled_from([None, 0, 5, -7, 13]))
    made = adapt(given_record, asked, transpose=way, first_bar=data.draw(st.integers(0, 5)))
    assert len(made.notes) == len(made.moved)
    written = {n.pitch % 12 for n in given_record.phrase.notes}
    for note, by in zip(made.notes, made.moved, strict=True):
        assert (note.pitch - by - made.transpose) % 12 in written, (
            "back by what it was moved it is the phrase's"
        )
    last: dict[int, int] = {}
    for note in made.notes:
        assert low <= note.pitch <= high
        assert 1 <= note.velocity <= 127
        assert abs(note.residual) <= 60
        assert note.duration >= 1
        assert 0 <= note.onset < note.onset + note.duration <= bars * meter.bar_ticks
        voice = note.pitch if role is Role.COMP else 0
        assert note.onset >= last.get(voice, 0), "two notes at once in one voice"
        last[voice] = note.onset + note.duration
    assert list(made.notes) == sorted(made.notes)
    cut = [n for b in range(bars) for n in made.bar(b, meter).notes]
    assert len(cut) == len(made.notes), "the bars together are the whole"
    assert adapt(given_record, asked, transpose=way) == adapt(given_record, asked, transpose=way)


@given(data=st.data(), role=st.sampled_from([Role.LEAD, Role.BASS]))
def test_a_line_has_chord_tones_on_the_beats_and_joins_without_a_leap(
    data: st.DataObject, role: Role
) -> None:
    given_record = data.draw(phrases(role))
    low, high = RANGES[role]
    first, second = data.draw(chord), data.draw(chord)
    spans = (ChordSpan(0, BAR, first), ChordSpan(BAR, BAR, second))
    before = data.draw(st.integers(low, high))
    made = adapt(given_record, Setting(role, spans, 2, low, high, before=(before,), since=EIGHTH))
    for index, note in enumerate(made.notes):
        span = spans[note.onset // BAR]
        table = chord_table(span.chord, None, 0.0)
        right = table.tones | {table.bass}
        if note.onset % PPQ == 0 and index:
            assert note.pitch % 12 in right, f"{note} over {span.chord.symbol}"
    if made.notes and made.notes[0].onset <= EIGHTH and role is Role.LEAD:
        tones = [p for p in range(low, high + 1) if p % 12 in chord_tones(first)]
        reach = max(LEAP, min((abs(p - before) for p in tones if p != before), default=99))
        assert abs(made.notes[0].pitch - before) <= reach


def test_a_phrase_over_its_own_chords_is_itself() -> None:
    written = record(
        [(0, 62, 0.5), (0.5, 64, 0.5), (1, 65, 0.5), (1.5, 67, 0.5), (2, 69, 1), (3, 65, 1)], "Dm7"
    )
    made = adapt(written, setting("Dm7", before=(64,)))
    assert [n.pitch for n in made.notes] == [62, 64, 65, 67, 69, 65]
    assert made.changes == 0
    assert [(n.onset, n.duration) for n in made.notes] == [
        (n.onset, n.duration) for n in sorted(written.phrase.notes)
    ]


def test_it_is_transposed_to_the_new_root_and_the_octave_of_the_line() -> None:
    written = record([(0, 62, 1), (1, 65, 1), (2, 69, 1), (3, 72, 1)], "Dm7")
    made = adapt(written, setting("Gm7", before=(68,)))
    assert [n.pitch for n in made.notes] == [67, 70, 74, 77]
    assert made.transpose == 5
    low = adapt(written, setting("Gm7", before=(56,)))
    assert [n.pitch for n in low.notes] == [55, 58, 62, 65]


def test_a_third_becomes_the_new_third_and_is_marked() -> None:
    written = record([(0, 60, 1), (1, 64, 1), (2, 67, 1), (3, 71, 1)], "Cmaj7")
    made = adapt(written, setting("Cm7", before=(60,)), transpose=0)
    assert [n.pitch for n in made.notes] == [60, 63, 67, 70]
    assert made.changed == (False, True, False, True)
    assert made.moved == (0, -1, 0, -1)
    assert made.changes == 2


def test_an_approach_note_still_leads_where_it_led() -> None:
    # F# leads to G; over the new chord the goal is another note, and the approach goes with it.
    written = record([(0, 60, 1.5), (1.5, 66, 0.5), (2, 67, 2)], "C7")
    made = adapt(written, setting("Cm7b5", before=(60,)), transpose=0)
    assert made.notes[2].pitch - made.notes[1].pitch == 1
    assert made.notes[2].pitch % 12 in chord_tones(parse_chord("Cm7b5"))


def test_a_push_belongs_to_the_chord_it_sounds_on_into() -> None:
    written = record([(0, 65, 1), (3.5, 71, 0.5 + 1)], "Dm7 G7", bars=2)
    made = adapt(written, setting("Dm7 Gm7", bars=2, before=(65,)), transpose=0)
    assert made.notes[1].onset == 3 * PPQ + EIGHTH
    assert made.notes[1].pitch == 70, "the minor third of the chord that comes"


def test_the_bass_says_the_root_of_each_chord_and_the_slash_bass() -> None:
    walk = [(float(b), p, 1.0) for b, p in enumerate((38, 41, 45, 42, 43, 47, 50, 49))]
    written = record(walk, "Dm7 G7", Role.BASS, bars=2)
    made = adapt(written, setting("Am7 D7/F#", Role.BASS, bars=2, before=(40,)))
    downbeats = [n.pitch % 12 for n in made.notes if n.onset % BAR == 0]
    assert downbeats == [9, 6]


def test_comping_keeps_its_rhythm_and_says_the_chord() -> None:
    stabs = [(b, p, 0.5) for b in (0.5, 2.0, 3.5) for p in (53, 57, 60, 64)]
    written = record(stabs, "Dm7", Role.COMP)
    made = adapt(written, setting("Ebmaj7", Role.COMP, before=(53, 57, 60, 64)))
    assert sorted({n.onset for n in made.notes}) == [EIGHTH, 2 * PPQ, 3 * PPQ + EIGHTH]
    table = chord_table(parse_chord("Ebmaj7"), None, 0.0)
    for onset in {n.onset for n in made.notes}:
        classes = {n.pitch % 12 for n in made.notes if n.onset == onset}
        assert len(classes) >= 3
        assert classes <= table.consonant
        assert classes & {7, 2}, "its third or its seventh"


def test_a_short_phrase_comes_again_and_a_long_one_goes_on_where_it_was() -> None:
    short = record([(0, 62, 1), (2, 69, 1)], "Dm7")
    made = adapt(short, setting("Dm7 Dm7", bars=2))
    assert [n.onset for n in made.notes] == [0, 2 * PPQ, BAR, BAR + 2 * PPQ]
    long = record([(0, 62, 1), (4, 65, 1), (8, 69, 1), (12, 72, 1)], "Dm7 Dm7 Dm7 Dm7", bars=4)
    second_half = adapt(long, setting("Dm7 Dm7", bars=2, before=(69,)), transpose=0, first_bar=2)
    assert [n.pitch for n in second_half.notes] == [69, 72]


def test_another_meter_keeps_the_downbeats() -> None:
    written = record([(0, 62, 1), (1, 65, 1), (2, 69, 1), (3, 72, 1)], "Dm7")
    meter = METERS["3/4"]
    low, high = RANGES[Role.LEAD]
    made = adapt(written, Setting(Role.LEAD, changes("Dm7", meter.bar_ticks), 1, low, high, meter))
    assert [n.onset for n in made.notes] == [0, PPQ, 2 * PPQ]


def test_nothing_is_played_where_no_chord_is_wanted() -> None:
    written = record([(float(b), 62, 1.0) for b in range(8)], "Dm7 Dm7", bars=2)
    made = adapt(written, setting("Dm7 N.C.", bars=2))
    assert {n.onset // BAR for n in made.notes} == {0}


def test_a_held_note_stops_where_it_becomes_wrong() -> None:
    written = record([(0, 65, 8)], "Dm7 Dm7", bars=2)
    made = adapt(written, setting("Dm7 Emaj7", bars=2), transpose=0)
    assert [n.duration for n in made.notes] == [BAR]
    stays = adapt(written, setting("Dm7 G7", bars=2), transpose=0)
    assert [n.duration for n in stays.notes] == [2 * BAR]


def test_played_timing_keeps_its_milliseconds() -> None:
    base = record([(0, 62, 1)], "Dm7").phrase
    late = Phrase(base.name, base.role, base.style, 1, base.chords, (Note(0, 62, PPQ, 80, 20),), tempo=100.0)
    made = adapt(PhraseRecord(late), setting("Dm7", tempo=200.0))
    assert made.notes[0].residual == 40
