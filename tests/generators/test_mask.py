"""The mask: whatever is written under it is playable, over every meter, grid, role and style."""

import re
from random import Random

import pytest

from jamtui.generators.answer import AnswerReader
from jamtui.generators.mask import build_pattern, response_format, strong_places
from jamtui.generators.pattern import check_pattern
from jamtui.generators.request import Request
from jamtui.music.chord import Family
from jamtui.music.meter import EIGHTH, METERS, SIXTEENTH
from jamtui.music.notation import GRIDS, HOLD, REST, TRIPLET, nearest_step
from jamtui.music.notation_decoder import decode
from jamtui.music.phrase import Note, Role
from jamtui.session.voicelead import chord_table
from tests.generators.asking import judge, request, styles
from tests.generators.sampling import sampler

CASES = [
    (role, meter, step)
    for role in Role
    for meter in METERS
    for step in GRIDS
    if not (step == TRIPLET and meter == "7/8")
]


@pytest.mark.parametrize(("role", "meter", "step"), CASES)
def test_random_letters_under_the_mask_are_always_playable(role: Role, meter: str, step: int) -> None:
    random = Random(f"{role}{meter}{step}")
    for style in styles():
        asked = request(
            role,
            meter=meter,
            step=step,
            style=style,
            seed=random.randrange(1 << 30),
            temperature=random.random(),
            energy=random.random(),
            density=random.random(),
            just_played=(Note(-480, random.randrange(40, 90), 480),) if random.random() < 0.5 else (),
        )
        pattern = build_pattern(asked)
        assert len(pattern) < 4096
        draw = sampler(pattern)
        for _ in range(4):
            text = draw(random)
            assert re.fullmatch(pattern[1:-1], text)
            reader = AnswerReader(asked, label="random")
            bars = reader.feed(f'"{text}"')
            assert not reader.faults
            assert reader.whole == asked.bars
            for bar in bars:
                judged = judge(asked, bar)
                assert judged.accepted, (judged.reason, text, bar)
                assert "scale" not in judged.repairs, (text, bar)
                assert "range" not in judged.repairs, (text, bar)
                if any(s.chord.family is not Family.NONE for s in bar.chords_assumed if s.start < bar.length):
                    assert bar.notes, text


def strikes(asked: Request, text: str) -> list[tuple[int, int, str]]:
    """``(bar, step, token)`` of a text."""
    lines = [line.split() for line in text.split("|")[:-1]]
    return [(b, s, token) for b, line in enumerate(lines) for s, token in enumerate(line)]


@pytest.mark.parametrize("role", [Role.LEAD, Role.BASS])
@pytest.mark.parametrize("step", [EIGHTH, SIXTEENTH])
def test_strong_beats_are_chord_tones_and_foreign_notes_lead_to_one(role: Role, step: int) -> None:
    random = Random(5)
    foreign = 0
    for seed in range(30):
        asked = request(role, step=step, seed=seed, temperature=0.5)
        text = sampler(build_pattern(asked))(random)
        notes = decode(text, asked.spec, asked.bars).notes
        strong = {nearest_step(t, step) * step for t in strong_places(asked.spec.meter)}
        ticks = asked.spec.meter.bar_ticks
        for index, note in enumerate(notes):
            span = next(s for s in asked.chords if s.start <= note.onset < s.start + s.length)
            table = chord_table(span.chord, asked.key, asked.surprise)
            if note.onset % ticks in strong:
                assert note.pitch % 12 in table.tones
                if role is Role.BASS and note.onset == span.start:
                    assert note.pitch % 12 == table.bass
            elif note.pitch % 12 not in table.scale:
                coming = [s for s in asked.chords if 0 < s.start - note.onset <= EIGHTH]
                after = (
                    chord_table(coming[0].chord, asked.key, asked.surprise).tones if coming else frozenset()
                )
                if note.pitch % 12 not in after:
                    foreign += 1
                    following = notes[index + 1]
                    assert following.onset == note.onset + step
                    assert abs(following.pitch - note.pitch) == 1
    assert foreign > 10


def test_a_style_or_a_cool_band_without_approach_notes_stays_in_the_scale() -> None:
    for style, temperature in (("lofi", 0.0), ("swing", 0.0)):
        asked = request(style=style, temperature=temperature, seed=3)
        free = request(style="swing", temperature=0.9, seed=3)
        assert len(build_pattern(asked)) < len(build_pattern(free))


def test_the_line_leaves_from_the_last_note_and_keeps_a_course() -> None:
    high = request(just_played=(Note(-480, 83, 480),))
    low = request(just_played=(Note(-480, 60, 480),))
    first = [_pitches(build_pattern(asked), asked)[0] for asked in (high, low)]
    assert min(first[0]) > min(first[1])
    assert max(first[0]) > max(first[1])
    lively, calm = request(energy=1.0), request(energy=0.0)
    assert sum(map(max, _pitches(build_pattern(lively), lively))) > sum(
        map(max, _pitches(build_pattern(calm), calm))
    )


def _pitches(pattern: str, asked: Request) -> list[list[int]]:
    """Pitches on the steps of a pattern, by drawing from it."""
    random, draw = Random(1), sampler(pattern)
    found: list[set[int]] = [set() for _ in range(asked.bars * asked.spec.steps)]
    for _ in range(300):
        for bar, step, token in strikes(asked, draw(random)):
            if token not in (HOLD, REST):
                found[bar * asked.spec.steps + step].add(asked.spec.pitches[token])
    return [sorted(f) for f in found if f]


def test_density_decides_how_much_is_left_open() -> None:
    counts = []
    for density in (0.0, 0.5, 1.0):
        random, total = Random(2), 0
        for seed in range(20):
            asked = request(step=SIXTEENTH, density=density, seed=seed)
            text = sampler(build_pattern(asked))(random)
            total += len(decode(text, asked.spec, asked.bars).notes)
        counts.append(total)
    assert counts[0] < counts[1] <= counts[2]
    assert counts[0] < 0.85 * counts[2]


def test_no_chord_is_silence() -> None:
    asked = request(meter="7/8")
    bars = AnswerReader(asked, label="x").feed(sampler(build_pattern(asked))(Random(1)))
    assert [bool(bar.notes) for bar in bars if bar.start_tick == asked.start_tick + 2 * bar.length] == [False]


def test_the_same_request_has_the_same_pattern_and_another_seed_another() -> None:
    assert build_pattern(request(seed=4)) == build_pattern(request(seed=4))
    assert build_pattern(request(seed=4)) != build_pattern(request(seed=5))


def test_the_format_is_an_anchored_string() -> None:
    asked = request()
    told = response_format(asked)
    assert told == {"type": "string", "pattern": build_pattern(asked)}
    check_pattern(told["pattern"])


def test_sixteen_bars_of_sixteenths_stay_small() -> None:
    long = request(chart=" | ".join(["Dm7 G7", "Cmaj7 A7alt"] * 8), step=SIXTEENTH, temperature=1.0)
    assert long.bars == 16
    assert len(build_pattern(long)) < 16 * 1024
