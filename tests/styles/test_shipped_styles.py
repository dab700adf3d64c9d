"""The styles that ship: complete, playable and recognisably themselves."""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from jamtui.music.chord import Chord
from jamtui.music.meter import EIGHTH, METERS, PPQ
from jamtui.music.phrase import Note, Phrase, Role
from jamtui.music.phrase_text import parse_phrase
from jamtui.music.scale import chord_scale
from jamtui.styles.drum_steps import DRUM_KEYS, STEP_VELOCITIES
from jamtui.styles.loading import load_styles
from jamtui.styles.style import DrumPattern, FigureText, Style

STYLES = ("ballad", "blues", "bossa", "funk", "lofi", "swing")
FAMILIES = ("major", "minor", "dominant", "half-diminished", "diminished", "sus")
BEAT = PPQ
SNARES = {DRUM_KEYS["snare"], DRUM_KEYS["sidestick"]}


@cache
def shipped() -> dict[str, Style]:
    return load_styles(Path(__file__).parents[2] / "styles")


def patterns(name: str, kind: str, meter: str = "4/4") -> list[DrumPattern]:
    return [p for p in shipped()[name].drums if (p.kind, p.meter) == (kind, meter)]


def onsets(pattern: DrumPattern, *instruments: str) -> set[int]:
    keys = {DRUM_KEYS[name] for name in instruments}
    return {hit.onset for hit in pattern.hits if hit.key in keys}


def read(style: str, figure: FigureText) -> Phrase:
    return parse_phrase(figure.name, Role.BASS, style, figure.chords, figure.notes, METERS[figure.meter])


def figures(style: str, meter: str = "4/4") -> list[tuple[FigureText, Phrase]]:
    return [(f, read(style, f)) for f in shipped()[style].bass if f.meter == meter]


def test_all_six_are_there() -> None:
    assert tuple(shipped()) == STYLES
    assert shipped()["lofi"].title == "Lo-fi"


@pytest.mark.parametrize("name", STYLES)
class TestDrums:
    def test_grooves_cover_quiet_to_loud_and_every_meter(self, name: str) -> None:
        energies = [p.energy for p in patterns(name, "groove")]
        assert len(energies) >= 5
        assert min(energies) <= 0.2
        assert max(energies) >= 0.9
        # No energy is further than 0.2 from a groove made for it.
        assert all(min(abs(e - step / 20) for e in energies) <= 0.2 for step in range(21))
        for meter in METERS:
            assert patterns(name, "groove", meter), meter

    def test_fills_intro_and_ending(self, name: str) -> None:
        assert len(patterns(name, "fill")) >= 3
        assert patterns(name, "fill", "3/4")
        assert patterns(name, "intro")
        assert patterns(name, "ending")
        assert patterns(name, "ending", "3/4")

    def test_every_pattern_stays_in_its_bars_and_keeps_its_dynamics(self, name: str) -> None:
        for pattern in shipped()[name].drums:
            length = pattern.bars * METERS[pattern.meter].bar_ticks
            assert all(0 <= hit.onset < length for hit in pattern.hits), pattern.name
            assert len({(hit.onset, hit.key) for hit in pattern.hits}) == len(pattern.hits), pattern.name
            if pattern.kind == "groove":
                assert len({hit.velocity for hit in pattern.hits}) >= 3, pattern.name

    def test_grooves_leave_the_crash_alone_and_start_with_a_sound(self, name: str) -> None:
        for pattern in shipped()[name].drums:
            if pattern.kind == "groove":
                assert not onsets(pattern, "crash", "crash_2", "china", "splash"), pattern.name
                assert any(hit.onset == 0 for hit in pattern.hits), pattern.name

    def test_louder_grooves_are_louder(self, name: str) -> None:
        def weight(pattern: DrumPattern) -> float:
            return sum(hit.velocity for hit in pattern.hits) / pattern.bars

        grooves = sorted(patterns(name, "groove"), key=lambda p: p.energy)
        assert weight(grooves[-1]) > 1.3 * weight(grooves[0])

    def test_no_hand_plays_closed_and_open_hat_at_once(self, name: str) -> None:
        for pattern in shipped()[name].drums:
            assert not onsets(pattern, "hihat_closed") & onsets(pattern, "hihat_open"), pattern.name


def test_swing_rides_every_beat_with_the_pedal_on_two_and_four() -> None:
    for pattern in patterns("swing", "groove"):
        for bar in range(pattern.bars):
            start = bar * 4 * BEAT
            beats = {start + beat * BEAT for beat in range(4)}
            assert beats <= onsets(pattern, "ride", "ride_bell"), pattern.name
            assert {start + BEAT, start + 3 * BEAT} == {
                o for o in onsets(pattern, "hihat_pedal") if start <= o < start + 4 * BEAT
            }, pattern.name


@pytest.mark.parametrize(("name", "share"), [("blues", 1.0), ("funk", 0.8), ("lofi", 1.0)])
def test_backbeats_are_where_they_belong(name: str, share: float) -> None:
    expected = met = 0
    for pattern in patterns(name, "groove"):
        struck = {h.onset for h in pattern.hits if h.key in SNARES and h.velocity > 60 * 0.7}
        for bar in range(pattern.bars):
            for beat in (1, 3):
                expected += 1
                met += (4 * bar + beat) * BEAT in struck
    assert met / expected >= share


def test_funk_has_ghost_notes_and_the_one_on_the_bass_drum() -> None:
    for pattern in patterns("funk", "groove"):
        assert 0 in onsets(pattern, "kick"), pattern.name
        if pattern.energy >= 0.4:
            ghosts = [h for h in pattern.hits if h.key == DRUM_KEYS["snare"] and h.velocity <= 50]
            assert len(ghosts) >= 2 * pattern.bars, pattern.name


def test_bossa_is_straight_with_the_clave_and_the_heartbeat() -> None:
    (clave,) = (p for p in patterns("bossa", "groove") if p.name == "bossa clave")
    assert sorted(o // EIGHTH for o in onsets(clave, "sidestick")) == [0, 3, 6, 10, 13]
    for pattern in patterns("bossa", "groove"):
        assert {0, 3 * EIGHTH} <= onsets(pattern, "kick"), pattern.name
    assert all(role.feel.swing == 0.5 for role in shipped()["bossa"].roles.values())


def test_ballads_are_brushed_until_they_open_up() -> None:
    for pattern in patterns("ballad", "groove"):
        if pattern.energy <= 0.5:
            assert onsets(pattern, "brush_swirl"), pattern.name
            assert max(hit.velocity for hit in pattern.hits) <= 80, pattern.name


def test_feels_are_the_styles_own() -> None:
    feel = {name: style.roles[Role.LEAD].feel for name, style in shipped().items()}
    assert 0.6 <= feel["swing"].swing <= 0.67
    assert 0.64 <= feel["blues"].swing <= 0.68
    assert 0.55 <= feel["ballad"].swing <= 0.62
    assert (feel["lofi"].swing_unit, feel["funk"].swing_unit) == (PPQ // 4, PPQ // 4)
    assert 0.53 <= feel["lofi"].swing <= 0.6
    assert feel["funk"].swing <= 0.55
    for role in shipped()["lofi"].roles.values():
        assert 10 <= role.feel.push_ms <= 20
    for style in shipped().values():
        for role in style.roles.values():
            assert role.feel.spread_ms - role.feel.push_ms <= 40


def test_swing_turns_two_sixteenths_and_an_eighth_into_a_triplet() -> None:
    """What the style page promises of triplets, by the definition of swing as a piecewise linear warp."""
    swing = shipped()["blues"].roles[Role.LEAD].feel.swing
    assert 0.5 * swing == pytest.approx(1 / 3, abs=0.02)
    assert swing == pytest.approx(2 / 3, abs=0.02)


@pytest.mark.parametrize("name", STYLES)
class TestBass:
    def test_three_or_more_for_every_context(self, name: str) -> None:
        count: dict[str, int] = defaultdict(int)
        for figure, _ in figures(name):
            count[figure.context] += 1
        for context in (*FAMILIES, "ii-V-I"):
            assert count[context] >= 3, context
        assert count["minor ii-V-i"] >= 1
        assert count["turnaround"] >= 1
        assert {f.context for f, _ in figures(name, "3/4")} >= {"major", "minor", "dominant"}

    def test_figures_fit_the_bass_on_every_root(self, name: str) -> None:
        role = shipped()[name].roles[Role.BASS]
        for figure in shipped()[name].bass:
            pitches = [note.pitch for note in read(name, figure).notes]
            assert role.low <= min(pitches) <= max(pitches) <= role.high, figure.name
            assert max(pitches) - min(pitches) <= role.high - role.low - 11, figure.name

    def test_one_note_at_a_time_beginning_with_the_root(self, name: str) -> None:
        for figure in shipped()[name].bass:
            phrase = read(name, figure)
            ends = [note.onset + note.duration for note in phrase.notes]
            assert all(end <= after.onset for end, after in zip(ends[:-1], phrase.notes[1:], strict=True))
            assert phrase.notes[0].pitch % 12 == phrase.chords[0].chord.root, figure.name

    def test_each_new_chord_gets_its_root(self, name: str) -> None:
        for figure in shipped()[name].bass:
            phrase = read(name, figure)
            new = [b for a, b in pairwise(phrase.chords) if a.chord != b.chord]
            for span in new:
                window = (span.start - EIGHTH, span.start + BEAT)
                near = {n.pitch % 12 for n in phrase.notes if window[0] <= n.onset < window[1]}
                tied = {n.pitch % 12 for n in phrase.notes if n.onset < span.start < n.onset + n.duration}
                assert span.chord.root in near | tied, f"{figure.name}: {span.chord.symbol}"

    def test_notes_outside_the_scale_lead_on_by_step(self, name: str) -> None:
        for figure in shipped()[name].bass:
            phrase = read(name, figure)
            # A figure runs on: after its last note comes its first.
            following = [*phrase.notes[1:], phrase.notes[0]]
            for note, after in zip(phrase.notes, following, strict=True):
                if any(note.pitch % 12 in chord_scale(chord) for chord in chords_near(phrase, note)):
                    continue
                step = (after.pitch - note.pitch) % 12
                assert min(step, 12 - step) <= 2, f"{figure.name} at {note.onset}"

    def test_energies_and_contexts_go_together(self, name: str) -> None:
        by_context: dict[str, list[float]] = defaultdict(list)
        for figure, _ in figures(name):
            by_context[figure.context].append(figure.energy)
        for context in (*FAMILIES, "ii-V-I"):
            assert max(by_context[context]) - min(by_context[context]) >= 0.1, context


def chords_near(phrase: Phrase, note: Note) -> list[Chord]:
    """The chord at a note's onset, and the next if it is an anticipation by up to an eighth."""
    return [
        s.chord for s in phrase.chords if s.start <= note.onset + EIGHTH and note.onset < s.start + s.length
    ]


def test_walking_bass_walks() -> None:
    for figure, phrase in figures("swing"):
        if figure.energy >= 0.5 and "pedal" not in figure.name:
            struck = {note.onset for note in phrase.notes}
            assert {beat * BEAT for beat in range(4 * phrase.bars)} <= struck, figure.name


def test_bossa_bass_is_ahead_of_the_bar() -> None:
    tied = 0
    for _, phrase in figures("bossa"):
        bar = phrase.meter.bar_ticks
        tied += any(n.onset // bar != (n.onset + n.duration - 1) // bar for n in phrase.notes)
    assert tied / len(figures("bossa")) >= 0.5


def test_funk_bass_is_busy_with_ghosts_and_lofi_is_not() -> None:
    def notes_a_bar(name: str) -> float:
        return sum(len(p.notes) for _, p in figures(name)) / sum(p.bars for _, p in figures(name))

    assert notes_a_bar("funk") > 1.5 * notes_a_bar("lofi")
    assert notes_a_bar("ballad") < notes_a_bar("swing")
    ghosts = sum(any(n.velocity == 48 for n in p.notes) for _, p in figures("funk"))
    assert ghosts / len(figures("funk")) >= 0.6


def test_no_style_starts_every_bass_bar_on_the_first_beat_unless_it_walks() -> None:
    for name in ("bossa", "funk", "lofi"):
        bars = on_one = 0
        for _, phrase in figures(name):
            struck = {note.onset for note in phrase.notes}
            bars += phrase.bars
            on_one += sum(bar * phrase.meter.bar_ticks in struck for bar in range(phrase.bars))
        assert 0.2 <= on_one / bars <= 0.9, name


def test_step_velocities_stay_apart_after_the_mix() -> None:
    soft, normal, accent = (STEP_VELOCITIES[mark] for mark in "oxX")
    assert soft < normal < accent <= 127
