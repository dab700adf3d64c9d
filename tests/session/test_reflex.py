"""The reflex with the phrases that ship with the program: what it plays is checked as a listener would."""

import itertools
from pathlib import Path

import pytest

from jamtui.music.chord import parse_chord
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Role
from jamtui.music.scale import Key, chord_scale, chord_tones
from jamtui.session.book import ReflexBook
from jamtui.session.book_compile import compile_book
from jamtui.session.conductor import Conductor
from jamtui.session.settings import BandSettings
from jamtui.session.voicelead import MUD, MUD_GAP
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style
from tests.session.small_band import BAR, Player, heard

ROOT = Path(__file__).parents[2]
SONGS = (
    ("Dm7", "G7", "Cmaj7", "Am7"),
    ("F#m7b5", "B7", "Em7", "A7"),
    ("C7", "F7", "Ebdim7", "Bb7sus4"),
)
KEYS = (None, *(Key(tonic, minor) for tonic in range(12) for minor in (False, True)))
EARLY_AND_LATE = (-90, 45, -20, 70, 5, -200)


@pytest.fixture(scope="module")
def styles() -> dict[str, Style]:
    return load_styles(ROOT / "styles")


@pytest.fixture(scope="module")
def library(styles: dict[str, Style]) -> ReflexBook:
    return compile_book(ROOT / "phrase_library", styles)


def perform(
    library: ReflexBook, styles: dict[str, Style], style: str, song: tuple[str, ...], meter: str, seed: int
) -> tuple[Player, list[tuple[int, str]]]:
    band = Player()
    band.conductor = Conductor("s", seed, library, styles, BandSettings(style, meter=METERS[meter]))
    bar = METERS[meter].bar_ticks
    band.start()
    chords: list[tuple[int, str]] = []
    now = -100
    for number in range(8):
        played = max(0, number * bar + EARLY_AND_LATE[number % 6])
        band.run(now, played, 60)
        now = played
        symbol = song[number % 4]
        band.take(band.conductor.hear(heard(symbol, 1 + played), played, 120))
        chords.append((-(-played // 480) * 480, symbol))
    band.run(now, 8 * bar, 60)
    return band, chords


STYLES = ("ballad", "blues", "bossa", "funk", "lofi", "swing")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("song", SONGS, ids=lambda s: s[0])
def test_lines_are_connected_in_range_and_of_the_chord(
    library: ReflexBook, styles: dict[str, Style], style: str, song: tuple[str, ...]
) -> None:
    for seed in (1, 2):
        band, chords = perform(library, styles, style, song, "4/4", seed)
        assert not band.conductor.guard.refused
        for role in (Role.LEAD, Role.BASS):
            bounds = styles[style].roles[role]
            notes = band.plan[role]
            assert len(notes) > 8
            assert all(bounds.low <= n.pitch <= bounds.high for n in notes)
            near = [(a, b) for a, b in itertools.pairwise(notes) if b.tick - a.tick <= PPQ]
            leaps = [abs(a.pitch - b.pitch) for a, b in near]
            # A bass jumps sevenths and octaves where its style does; a line seldom leaps more than a sixth.
            wide = [leap for leap in leaps if leap > 9 and not (role is Role.BASS and leap in (10, 12))]
            assert len(wide) <= max(1, len(leaps) // 12)
            assert max(leaps) <= (19 if role is Role.BASS else 14)
        lead = band.plan[Role.LEAD]
        for (start, symbol), (end, _) in itertools.pairwise(chords):
            chord = parse_chord(symbol)
            # Which scale is best depends on the key heard so far; these hold any of them.
            scale = chord_tones(chord).union(*(chord_scale(chord, key) for key in KEYS))
            for note, following in itertools.pairwise(lead):
                if start <= note.tick and following.tick < end and note.pitch % 12 not in scale:
                    assert abs(following.pitch - note.pitch) <= 2


@pytest.mark.parametrize("style", STYLES)
def test_the_bass_says_each_chord_and_the_comp_stays_clear(
    library: ReflexBook, styles: dict[str, Style], style: str
) -> None:
    for song in SONGS:
        band, chords = perform(library, styles, style, song, "4/4", 3)
        for start, symbol in chords:
            chord = parse_chord(symbol)
            first = [n for n in band.plan[Role.BASS] if n.tick == start]
            voicing = sorted(n.pitch for n in band.plan[Role.COMP] if n.tick == start)
            line = start // BAR * BAR
            if not first and line >= 6 * BAR:
                # It comes a little late, but the loop is known by now: the band was there before the player.
                first = [n for n in band.plan[Role.BASS] if n.tick == line]
                voicing += sorted(n.pitch for n in band.plan[Role.COMP] if n.tick == line)
            assert [n.pitch % 12 for n in first] == [chord.bass_pc]
            assert voicing
        for tick in {n.tick for n in band.plan[Role.COMP]}:
            voicing = sorted(n.pitch for n in band.plan[Role.COMP] if n.tick == tick)
            assert len(set(voicing)) == len(voicing)
            for low, high in itertools.pairwise(voicing):
                assert low >= MUD or high - low >= MUD_GAP


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("style", STYLES)
def test_every_style_plays_in_every_meter(
    library: ReflexBook, styles: dict[str, Style], style: str, meter: str
) -> None:
    band, _ = perform(library, styles, style, SONGS[0], meter, 5)
    bar = METERS[meter].bar_ticks
    assert not band.conductor.guard.refused
    for role in Role:
        played = {n.tick // bar for n in band.plan[role]}
        assert len(played) >= 5
        for note in band.plan[role]:
            assert note.bar_tick % bar == 0
            assert note.bar_tick <= note.tick < note.bar_tick + bar
            assert 1 <= note.duration <= bar


def test_temperature_and_energy_choose_other_phrases(library: ReflexBook, styles: dict[str, Style]) -> None:
    def labels(**settings: float) -> set[str]:
        found: set[str] = set()
        for seed in range(6):
            band = Player()
            band.conductor = Conductor("s", seed, library, styles, BandSettings("swing", **settings))  # type: ignore[arg-type]
            band.start()
            band.hear("G7", -10)
            for number in range(8):
                band.run(number * 4 * PPQ, (number + 1) * 4 * PPQ, 120)
                found.add(band.conductor.label(Role.LEAD, number * 4 * PPQ))
        return found

    by_name = {p.name: p for p in library.phrases if p.role is Role.LEAD and p.style == "swing"}

    def mean(names: set[str], field: str) -> float:
        values = [getattr(by_name[n], field) for n in names if n in by_name]
        return sum(values) / len(values)

    assert mean(labels(energy=0.1), "energy") < mean(labels(energy=0.9), "energy")
    assert mean(labels(temperature=0.0), "surprise") < mean(labels(temperature=1.0), "surprise")


def test_a_slash_chord_gives_the_bass_its_bass(library: ReflexBook, styles: dict[str, Style]) -> None:
    band = Player()
    band.conductor = Conductor("s", 1, library, styles, BandSettings("swing"))
    band.start()
    band.hear("C/E", -10)
    assert [n.pitch % 12 for n in band.plan[Role.BASS] if n.tick == 0] == [4]
