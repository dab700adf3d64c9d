"""How many tokens the notation and the prompt take, in a model's own vocabulary.

    python tests/bench/bench_notation_tokens.py VOCABULARY.gguf [--charts MANIFEST.json]

VOCABULARY is a GGUF file, a vocabulary alone will do (``ggml-vocab-qwen2.gguf`` in the source distribution
of llama-cpp-python, ``vendor/llama.cpp/models``); it is read by llama.cpp (the extra ``llama``). Prints
tokens per bar for the starter phrases, bass figures and grooves and for answers drawn under the mask; then,
for charts played bar by bar with examples from the starter phrases, the tokens of each prompt that it does
not share with the one before; and for how many chord symbols the prompt builder's own count is too low.
``--charts`` adds the tunes of a manifest of lead sheets (``kind``
"leadsheet", ``chords`` as pairs of position in quarter notes and symbol).
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from random import Random
from statistics import mean, quantiles

import llama_cpp

sys.path.insert(0, str(Path(__file__).parents[2]))

from jamtui.errors import MusicError
from jamtui.generators.mask import build_pattern
from jamtui.generators.prompt import Example, build_prompt, example_of, fitting, tokens
from jamtui.generators.request import cut, make_request
from jamtui.music.chord import Family, parse_chord
from jamtui.music.meter import COMMON_TIME, EIGHTH, METERS, PPQ, SIXTEENTH
from jamtui.music.notation import GRIDS, GridSpec, encode
from jamtui.music.phrase import FORECAST_BARS, Brief, ChordSpan, Note, Phrase, Role
from jamtui.music.phrase_text import parse_phrase
from jamtui.music.quality import QUALITIES
from jamtui.music.scale import key_of
from jamtui.session.book_compile import bass_entries, read_library
from jamtui.styles.loading import load_styles
from jamtui.styles.style import Style
from tests.generators.sampling import sampler

ROOT = Path(__file__).parents[2]
CHARTS = {
    "blues": "C7 | F7 | C7 | C7 | F7 | F7 | C7 | A7 | Dm7 | G7 | C7 A7 | Dm7 G7",
    "turnaround": "Cmaj7 | A7 | Dm7 | G7",
    "minor": "Cm7 | Cm7 | Fm7 | Fm7 | Dm7b5 | G7b9 | Cm7 | Cm7",
    "altered": "C7#5b9#9 F7#5b9#9 | Bb7#5b9#9 Eb7#5b9#9",
}

SPELLINGS = ("C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B")

Count = Callable[[str], list[int]]


def phrases(styles: dict[str, Style]) -> Iterator[Phrase]:
    """All starter phrases and bass figures."""
    for entry in [*read_library(ROOT / "phrase_library", styles), *bass_entries(styles)]:
        text = entry.text
        yield parse_phrase(text.name, entry.role, entry.style, text.chords, text.notes, METERS[text.meter])


def per_bar(count: Count, styles: dict[str, Style]) -> None:
    """Print tokens per bar of 4/4 by role and grid."""
    known = [p for p in phrases(styles) if p.meter == COMMON_TIME]
    print(
        "| part | grid | starter phrases: bars | tokens a bar | most | under the mask: tokens a bar | most |"
    )
    print("|---|---|---|---|---|---|---|")
    for role in Role:
        for step in (EIGHTH, SIXTEENTH):
            spec = GridSpec(COMMON_TIME, role, step)
            if role is Role.DRUMS:
                texts = [
                    (encode([Note(h.onset, h.key, 120) for h in p.hits], spec, p.bars), p.bars)
                    for style in styles.values()
                    for p in style.drums
                    if p.meter == "4/4"
                ]
            else:
                texts = [(encode(p.notes, spec, p.bars), p.bars) for p in known if p.role is role]
            figures = [[len(count(bar + "|")) for bar in text.split("|")[:-1]] for text, _ in texts]
            written = [f for bars in figures for f in bars]
            drawn = list(masked(count, role, step, styles))
            print(
                f"| {role} | {GRIDS[step]} | {len(written)} | {mean(written):.2f} | {max(written)} "
                f"| {mean(drawn):.2f} | {max(drawn)} |"
            )


def masked(count: Count, role: Role, step: int, styles: dict[str, Style]) -> Iterator[int]:
    """Tokens of bars drawn at random under the mask."""
    random = Random(1)
    for seed in range(50):
        made = brief_at(spans_of(CHARTS["turnaround"]), 0, role, seed)
        text = sampler(build_pattern(make_request(made, styles["swing"], step=step)))(random)
        for bar in text.split("|")[:-1]:
            yield len(count(bar + "|"))


def spans_of(text: str) -> tuple[ChordSpan, ...]:
    """Chords of a chart, one or two a bar."""
    spans = []
    for number, bar in enumerate(text.split("|")):
        symbols = bar.split()
        length = COMMON_TIME.bar_ticks // len(symbols)
        spans += [
            ChordSpan(number * COMMON_TIME.bar_ticks + n * length, length, parse_chord(symbol))
            for n, symbol in enumerate(symbols)
        ]
    return tuple(spans)


def tunes(manifest: Path) -> Iterator[tuple[ChordSpan, ...]]:
    """Chords of the lead sheets in a manifest, cut to whole bars of 4/4."""
    told = json.loads(manifest.read_text())
    for entry in told["files"] if isinstance(told, dict) else told:
        if entry.get("kind") != "leadsheet" or not entry.get("chords"):
            continue
        try:
            places = [(round(float(c[0]) * PPQ), parse_chord(c[1])) for c in entry["chords"]]
        except MusicError:
            continue
        places[0] = (0, places[0][1])  # a pickup belongs to its first chord
        end = places[-1][0] // COMMON_TIME.bar_ticks * COMMON_TIME.bar_ticks
        spans = tuple(ChordSpan(a, b - a, chord) for (a, chord), (b, _) in pairwise(places) if b > a)
        if end >= 8 * COMMON_TIME.bar_ticks and all(s.chord.family is not Family.NONE for s in spans):
            yield cut(spans, 0, end)


def brief_at(form: tuple[ChordSpan, ...], bar: int, role: Role, seed: int) -> Brief:
    """A brief for two bars from ``bar`` on, over a form that repeats."""
    ticks = COMMON_TIME.bar_ticks
    length = max(s.start + s.length for s in form)
    at = bar * ticks % length
    turns = -(-(at + FORECAST_BARS * ticks) // length)
    known = [replace(s, start=s.start + turn * length) for turn in range(turns) for s in form]
    forecast = cut(known, at, FORECAST_BARS * ticks)
    key = key_of(s.chord for s in form)
    random = Random(seed * 1000 + bar)
    played = tuple(Note(-2 * ticks + n * EIGHTH, random.randrange(60, 84), EIGHTH) for n in range(16))
    return Brief(
        "b", "s", role, "swing", COMMON_TIME, bar * ticks, 2, cut(forecast, 0, 2 * ticks), 1, 120.0, 0.5, 0.5,
        random.randrange(1 << 20), played, forecast=forecast, confidence=1.0, key=key.words if key else "",
        bar_number=bar,
    )  # fmt: skip


def prompts(count: Count, styles: dict[str, Style], manifest: Path | None) -> None:
    """Print how many tokens of each prompt are new to the server."""
    forms = {name: [spans_of(text)] for name, text in CHARTS.items()}
    if manifest:
        forms["lead sheets"] = list(tunes(manifest))
    stored = [p for p in phrases(styles) if p.style == "swing" and p.meter == COMMON_TIME]
    print("\n| charts | grid, bars asked for | prompts | tokens | not shared: mean | p99 | most |")
    print("|---|---|---|---|---|---|---|")
    for name, charts in forms.items():
        for step, bars in ((EIGHTH, 2), (EIGHTH, 4), (EIGHTH, 8), (SIXTEENTH, 2), (SIXTEENTH, 8)):
            fresh: list[int] = []
            sizes: list[int] = []
            random = Random(7)
            for number, form in enumerate(charts):
                before: list[int] = []
                for bar in range(24):
                    role = Role.LEAD if name != "blues" or bar % 2 else Role.BASS
                    asked = fitting(
                        make_request(brief_at(form, bar, role, number), styles["swing"], bars=bars, step=step)
                    )
                    examples = found(stored, asked.chords[0].chord.root, role, random)
                    read = count(build_prompt(asked, examples).text)
                    shared = next(
                        (n for n, (a, b) in enumerate(zip(before, read, strict=False)) if a != b),
                        min(len(before), len(read)),
                    )
                    if bar:
                        fresh.append(len(read) - shared)
                        sizes.append(len(read))
                    before = read
            p99 = quantiles(fresh, n=100)[98]
            print(
                f"| {name} | {GRIDS[step]}, {bars} | {len(fresh)} | {mean(sizes):.0f} "
                f"| {mean(fresh):.0f} | {p99:.0f} | {max(fresh)} |"
            )


def counting(count: Count) -> None:
    """Print for how many of all chord symbols the prompt builder counts fewer tokens than there are."""
    symbols = [f"{root}{quality}" for root in SPELLINGS for quality in QUALITIES]
    known = [parse_chord(symbol).symbol for symbol in symbols]
    low = [s for s in known if len(count(f" {s} |")) - len(count(" |")) > tokens(f" {s}")]
    print(f"\n{len(known)} chord symbols, our own count is too low for {len(low)}: {' '.join(low[:20])}")


def found(stored: list[Phrase], root: int, role: Role, random: Random) -> list[Example]:
    """Eight phrases of a role, moved to a root: as many as retrieval would hand over."""
    chosen = random.sample([p for p in stored if p.role is role], 8)
    return [example_of(p, (root - p.chords[0].chord.root + 6) % 12 - 6) for p in chosen]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vocabulary", type=Path)
    parser.add_argument("--charts", type=Path)
    told = parser.parse_args()
    model = llama_cpp.Llama(str(told.vocabulary), vocab_only=True, verbose=False)

    def count(text: str) -> list[int]:
        return list(model.tokenize(text.encode(), add_bos=False, special=True))

    styles = load_styles(ROOT / "styles")
    per_bar(count, styles)
    prompts(count, styles, told.charts)
    counting(count)


if __name__ == "__main__":
    main()
