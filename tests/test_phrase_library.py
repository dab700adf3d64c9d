"""The starter library keeps its promises: enough phrases, each of them sound, in the manner of its style."""

import tomllib
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from jamtui.music.meter import METERS
from jamtui.music.phrase import Role
from jamtui.session.book import Function, ReflexBook, ReflexPhrase
from jamtui.session.book_compile import compile_book, library_files
from jamtui.styles.loading import load_styles

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "phrase_library"
STYLES = ("ballad", "blues", "bossa", "funk", "lofi", "swing")
GRACE = 120
CONTEXTS = ("major", "minor", "dominant", "half-diminished", "diminished", "augmented", "sus", "ii-V-I")


@cache
def book() -> ReflexBook:
    return compile_book(LIBRARY, load_styles(ROOT / "styles"))


def lead(style: str) -> list[ReflexPhrase]:
    return [p for p in book().phrases if p.role is Role.LEAD and p.style == style]


def shape(phrase: ReflexPhrase) -> tuple[tuple[int, int, int], ...]:
    """The phrase without its key: onsets, durations and intervals from its first note."""
    heights = [n.interval + phrase.chords[n.chord].root for n in phrase.notes]
    return tuple((n.onset, n.duration, h - heights[0]) for n, h in zip(phrase.notes, heights, strict=True))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("context", CONTEXTS)
def test_every_style_has_three_lead_phrases_for_every_context(style: str, context: str) -> None:
    found = [p for p in lead(style) if p.context == context and p.meter == "4/4"]
    assert len(found) >= 3
    energies = [p.energy for p in found]
    assert max(energies) - min(energies) >= 0.15


@pytest.mark.parametrize("style", STYLES)
def test_few_phrases_begin_on_beat_one(style: str) -> None:
    phrases = lead(style)
    assert sum(p.notes[0].onset == 0 for p in phrases) <= 0.35 * len(phrases)


@pytest.mark.parametrize("style", STYLES)
def test_rests_are_part_of_the_phrases(style: str) -> None:
    phrases = lead(style)
    length = sum(p.bars * METERS[p.meter].bar_ticks for p in phrases)
    sounding = sum(n.duration for p in phrases for n in p.notes)
    assert 0.35 <= sounding / length <= 0.85


@pytest.mark.parametrize("style", STYLES)
def test_strong_beats_belong_to_the_chord(style: str) -> None:
    by_context: dict[str, Counter[Function]] = defaultdict(Counter)
    for phrase in lead(style):
        bar = METERS[phrase.meter].bar_ticks
        strong = {0} if phrase.meter == "3/4" else {0, bar // 2}
        # A grace note shorter than a sixteenth is an ornament of the note after it.
        late = {tick + GRACE for tick in strong}
        by_context[phrase.context].update(
            n.function
            for n in phrase.notes
            if n.duration > GRACE and (n.onset % bar in strong or n.onset % bar in late)
        )
    total: Counter[Function] = Counter()
    for context, functions in by_context.items():
        total += functions
        if functions.total() >= 6:
            assert functions[Function.CHORD] / functions.total() >= 0.45, context
            assert functions[Function.APPROACH] / functions.total() <= 0.45, context
    assert total[Function.CHORD] / total.total() >= 0.6
    assert total[Function.APPROACH] / total.total() <= 0.2


@pytest.mark.parametrize("style", STYLES)
def test_energy_and_surprise_are_spread(style: str) -> None:
    phrases = lead(style)
    energies = [p.energy for p in phrases]
    surprises = [p.surprise for p in phrases]
    assert min(energies) <= 0.3
    assert max(energies) >= 0.75
    assert min(surprises) <= 0.1
    assert max(surprises) >= 0.6
    assert 0.3 <= sum(p.density for p in phrases) / len(phrases) <= 0.9


def test_styles_differ_in_their_rhythm() -> None:
    def share(style: str, grid: int) -> float:
        onsets = [n.onset for p in lead(style) for n in p.notes]
        return sum(o % grid != 0 for o in onsets) / len(onsets)

    assert share("funk", 480) > 0.4  # sixteenths
    assert share("bossa", 480) == 0.0  # straight eighths
    assert share("swing", 960) > 0.45  # off-beats
    ballad = [p.density for p in lead("ballad")]
    assert sum(ballad) / len(ballad) < 0.6


def test_lines_stay_in_a_singable_register_and_length() -> None:
    for style in STYLES:
        for phrase in lead(style):
            heights = [n.interval + phrase.chords[n.chord].root for n in phrase.notes]
            assert max(heights) - min(heights) <= 24, phrase.name
            assert phrase.bars in (1, 2, 4)


def test_no_phrase_is_there_twice_in_another_key() -> None:
    seen: dict[tuple[tuple[int, int, int], ...], str] = {}
    for style in STYLES:
        for phrase in lead(style):
            key = shape(phrase)
            if len(key) > 3:
                assert key not in seen, f"{phrase.name} is {seen.get(key)} in another key"
            seen[key] = phrase.name


def test_lead_names_are_unique_in_the_whole_library() -> None:
    names = Counter(p.name for style in STYLES for p in lead(style))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_manifest_lists_every_file_with_licence_and_count() -> None:
    manifest = tomllib.loads((LIBRARY / "manifest.toml").read_text(encoding="utf-8"))
    assert manifest["licence"] == "MIT"
    listed = {entry["path"]: entry for entry in manifest["file"]}
    there = {path.relative_to(LIBRARY).as_posix(): path for path in library_files(LIBRARY)}
    assert sorted(listed) == sorted(there)
    for name, path in there.items():
        count = len(tomllib.loads(path.read_text(encoding="utf-8"))["phrase"])
        style, role = name.removesuffix(".toml").split("/")
        assert listed[name] == {
            "path": name,
            "style": style,
            "role": role,
            "phrases": count,
            "licence": "MIT",
        }, f"correct the entry of {name} in manifest.toml"
