"""The comping phrases that ship: enough of them, right for their chords, in the style's rhythm."""

import tomllib
from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from jamtui.music.meter import EIGHTH, METERS
from jamtui.music.phrase import Phrase, Role
from jamtui.music.phrase_text import parse_phrase
from jamtui.music.scale import chord_scale
from jamtui.styles.loading import CONTEXTS, FIGURE_KEYS, load_styles
from jamtui.styles.style import Style

ROOT = Path(__file__).parents[1]
STYLES = ("ballad", "blues", "bossa", "funk", "lofi", "swing")
MATTERING = ("major", "minor", "dominant", "half-diminished", "diminished", "sus", "ii-V-I")


@cache
def styles() -> dict[str, Style]:
    return load_styles(ROOT / "styles")


@cache
def library(style: str) -> tuple[tuple[dict[str, str], Phrase], ...]:
    path = ROOT / "phrase_library" / style / "comp.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["phrase"]
    return tuple(
        (
            row,
            parse_phrase(
                row["name"],
                Role.COMP,
                style,
                row["chords"],
                row["notes"],
                METERS[row.get("meter", "4/4")],
            ),
        )
        for row in rows
    )


def stacks(phrase: Phrase) -> dict[int, list[int]]:
    """Pitches by onset, low to high."""
    found: dict[int, list[int]] = defaultdict(list)
    for note in phrase.notes:
        found[note.onset].append(note.pitch)
    return {onset: sorted(pitches) for onset, pitches in sorted(found.items())}


@pytest.mark.parametrize("style", STYLES)
class TestCompLibrary:
    def test_rows_are_well_formed(self, style: str) -> None:
        names = [row["name"] for row, _ in library(style)]
        assert len(set(names)) == len(names)
        for row, _ in library(style):
            assert set(row) <= FIGURE_KEYS, row["name"]
            assert row["context"] in CONTEXTS
            assert 0 <= float(row["energy"]) <= 1
            assert 0 <= float(row["surprise"]) <= 1

    def test_three_or_more_for_every_context_each_with_its_own_rhythm(self, style: str) -> None:
        rhythms: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for row, phrase in library(style):
            if "meter" not in row:
                rhythms[row["context"]].append(tuple(stacks(phrase)))
        for context in MATTERING:
            assert len(rhythms[context]) >= 3, context
            assert len(set(rhythms[context])) >= 3, context
        assert {r["context"] for r, p in library(style) if p.meter.name == "3/4"} >= {
            "major",
            "minor",
            "dominant",
        }

    def test_every_note_is_in_the_chord_or_its_scale(self, style: str) -> None:
        for row, phrase in library(style):
            for note in phrase.notes:
                # An anticipation belongs to the chord that it leans into.
                chords = [
                    s.chord
                    for s in phrase.chords
                    if s.start <= note.onset + EIGHTH and note.onset < s.start + s.length
                ]
                assert any(note.pitch % 12 in chord_scale(c) for c in chords), (
                    f"{row['name']} at {note.onset}"
                )

    def test_voicings_say_what_the_chord_is(self, style: str) -> None:
        """Two of the tones that tell a chord (third, seventh, fourth of a sus) sound in every phrase."""
        telling = {
            "major": {4, 11, 9},
            "minor": {3, 10},
            "dominant": {4, 10},
            "half-diminished": {3, 6, 10},
            "diminished": {3, 6, 9},
            "sus": {5, 10},
        }
        for row, phrase in library(style):
            if row["context"] in telling:
                root = phrase.chords[0].chord.root
                sounding = {(p - root) % 12 for p in (n.pitch for n in phrase.notes)}
                assert len(sounding & telling[row["context"]]) >= 2, row["name"]

    def test_range_fits_on_every_root_and_nothing_is_muddy(self, style: str) -> None:
        role = styles()[style].roles[Role.COMP]
        for row, phrase in library(style):
            pitches = [note.pitch for note in phrase.notes]
            assert role.low <= min(pitches) <= max(pitches) <= role.high, row["name"]
            assert max(pitches) - min(pitches) <= role.high - role.low - 11, row["name"]
            for voicing in stacks(phrase).values():
                assert len(voicing) <= 5, row["name"]
                # Below G3 nothing closer than a minor third, and no minor ninth anywhere.
                assert all(high - low >= 3 for low, high in pairwise(voicing) if low < 55), row["name"]
                spans = {high - low for low in voicing for high in voicing}
                assert 13 not in spans, row["name"]

    def test_voicings_follow_each_other_closely(self, style: str) -> None:
        """From one voicing to the next the top voice moves a sixth at most; broken chords may start low."""
        for row, phrase in library(style):
            tops = [voicing[-1] for voicing in stacks(phrase).values() if len(voicing) > 1]
            assert all(abs(b - a) <= 9 for a, b in pairwise(tops)), row["name"]

    def test_the_first_beat_is_the_exception(self, style: str) -> None:
        bars = on_one = 0
        for _, phrase in library(style):
            struck = set(stacks(phrase))
            bars += phrase.bars
            on_one += sum(bar * phrase.meter.bar_ticks in struck for bar in range(phrase.bars))
        assert 0.05 <= on_one / bars <= 0.4

    def test_energy_runs_from_quiet_to_loud(self, style: str) -> None:
        for context in ("major", "minor", "dominant"):
            energies = [float(r["energy"]) for r, _ in library(style) if r["context"] == context]
            assert min(energies) <= 0.25, context
            assert max(energies) >= 0.55, context


def test_funk_stabs_are_sixteenths_and_ballad_chords_are_long() -> None:
    def typical(style: str) -> float:
        durations = sorted(n.duration for _, p in library(style) for n in p.notes)
        return durations[len(durations) // 2]

    assert typical("funk") <= EIGHTH // 2
    assert typical("ballad") >= 3 * EIGHTH
    assert typical("swing") <= 3 * EIGHTH


def test_bossa_guitar_is_tied_over_the_bar() -> None:
    tied = 0
    for _, phrase in library("bossa"):
        bar = phrase.meter.bar_ticks
        tied += any(n.onset // bar != (n.onset + n.duration - 1) // bar for n in phrase.notes)
    assert tied / len(library("bossa")) >= 0.4
