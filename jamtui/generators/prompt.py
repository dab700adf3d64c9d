"""The prompt: a pure function of a request, with what seldom changes first.

A server keeps the tokens that a prompt shares with the one before and reads only the rest. So the text
goes from the rules of the notation and an example for each part (never change) over the style, the tempo and
the form (the song's) to the examples, what was just played, and part, key and chords of the bars wanted.

The examples are phrases that retrieval found, transposed to the coming chords and written in the very
notation the answer is to be in: a model that has seen it is seldom at odds with the mask.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jamtui.generators.request import Request, cut
from jamtui.music.chord import parse_chord
from jamtui.music.meter import COMMON_TIME, PPQ, Meter
from jamtui.music.notation import GRIDS, GridSpec, encode
from jamtui.music.notation_decoder import decode
from jamtui.music.phrase import ChordSpan, Note, Phrase, Role
from jamtui.music.pitch import FLAT_NAMES

NEW = 145
"""Tokens, by our own count, by which a prompt differs from the one before at most, a form that is new
included. The chords of the bars wanted are always whole; the examples have what the rest leaves, and where
nothing is left, less is said of what was just played, and then nothing of the form."""

LONGEST_FORM = 12
"""Bars of a repeated form that the prompt writes out."""

TEMPO_STEP = 20
"""The tempo is told in whole steps of this many beats per minute, so that a small change costs nothing."""

_WORDS = re.compile(
    r"(?<![A-Za-z#])(?:Just|Lead|Bass|Chords|Drums|[a-z]{3,})|maj|dim|sus|aug|add|alt|aj|\n+|\S"
)
"""Parts of a text that are about a token each: words, parts of chord symbols, and single signs."""
_LETTERS = frozenset((*FLAT_NAMES, *(name.lower() for name in FLAT_NAMES)))
_TWO_TOKENS = frozenset({"Gb", "Bb"})
_JUST_PLAYED_BARS = 2

_RULES = """You are in a live band and write the next bars for one of its players.
You write music on a grid: one token for each step of the bar, a bar line after each bar, and nothing else.
C Db D Eb E F Gb G Ab A Bb B are pitches, c db d eb e f gb g ab a bb b the same an octave higher.
- holds the note before it, . is a rest, | ends a bar.
Chord tones stand on the strong beats, steps and neighbours lead to them. A line has a shape: it breathes,
repeats an idea, answers it, and goes on into the next chord."""

_DRUM_RULES = """You are the drummer of a live band and write the next bars.
You write music on a grid: one token for each step of the bar, a bar line after each bar, and nothing else.
k is the bass drum, s the snare, x the sidestick, h the closed, o the open and p the pedal hi-hat, r the
ride, b its bell, c the crash, t and f the toms, w brushes, a the shaker. What is struck together is one
token, such as kh. . is a rest, | ends a bar. Time is steady; a fill leads into a new section."""

_PARTS: dict[Role, str] = {
    Role.LEAD: "Lead, a solo line",
    Role.BASS: "Bass, on the root where a chord begins",
    Role.COMP: "Chords, by their top voice, with rests that leave room",
    Role.DRUMS: "Drums",
}

_MODELS: dict[Role, str] = {
    Role.LEAD: " . F A c e - d c | B - A F D - E F | E - G B d - - . | . . G A B - G - |",
    Role.BASS: " d - c - A - Ab - | G - B - d - db - | c - B - G - E - | c - e - d - db - |",
    Role.COMP: " . A - . . c - - | - . B - . . A - | . B - - . . G . | B - . . G - - . |",
    Role.DRUMS: " kr . pr r kr . pr r | kr . pr r kr . prs r | kr . pr r kr . pr r | kr . pr sr k . ps s |",
}
"""Written for these prompts, over ``_MODEL_CHORDS``, in eighths of 4/4."""

_MODEL_CHORDS = ("Dm7", "G7", "Cmaj7", "Cmaj7")

_MANY, _FEW = 0.65, 0.35
"""Densities from which on, and down to which, the prompt says so."""

_MOODS = ("very calm", "calm", "lively", "hot")


@dataclass(frozen=True, slots=True)
class Example:
    """Notes over chords, ready to be shown: onsets from the first bar line of ``bars`` bars."""

    chords: tuple[ChordSpan, ...]
    notes: tuple[Note, ...]
    bars: int
    meter: Meter = COMMON_TIME


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent. The first ``stable`` characters stay as they are while style, song and part do."""

    text: str
    stable: int


def example_of(phrase: Phrase, transpose: int = 0) -> Example:
    """A stored phrase as an example, ``transpose`` semitones higher."""
    if phrase.role is Role.DRUMS:
        transpose = 0
    return Example(
        tuple(replace(span, chord=span.chord.transpose(transpose)) for span in phrase.chords),
        tuple(replace(n, pitch=n.pitch + transpose) for n in phrase.notes if 0 <= n.pitch + transpose < 128),
        phrase.bars,
        phrase.meter,
    )


def build_prompt(
    request: Request,
    examples: Sequence[Example] = (),
    *,
    style_words: str = "",
    thinking: bool = False,
    before: Sequence[Note] | None = None,
    new: int = NEW,
) -> Prompt:
    """The prompt for ``request`` in ChatML, to be sent raw.

    ``examples`` come best first; as many are shown as there is room for. ``before`` is the line that leads
    to these bars (negative onsets); by default what the brief says was just played, where the request begins
    with the brief. ``style_words`` says the style in a few words, by default its title. ``thinking``: for
    models that would think first, the thought is already over. ``new``: most tokens beyond those that stay.
    """
    form = form_of(request.brief.forecast, request.spec.meter, request.brief.bar_number)
    if before is None:
        before = request.brief.just_played if request.first == 0 else ()
    bars = _JUST_PLAYED_BARS if request.spec.steps <= 10 else 1
    for told, played in ((form, bars), (form, 1), ("", bars), ("", 1), ("", 0)):
        ending = _ending(request, _just_played(request, before, played))
        room = new - tokens(told) - tokens(ending)
        if room >= 0:
            break
    stable = _always(request.spec) + _song(request, style_words, told)
    shown: list[str] = []
    for example in examples:
        if example.meter != request.spec.meter or not example.notes:
            continue
        chords = _chords(example.chords, example.bars, example.meter)
        text = f"{chords}:\n{_quoted(request.spec, example)}\n"
        cost = tokens(text)
        if cost <= room:
            room -= cost
            shown.append(text)
    text = stable + "".join(shown) + ending
    if thinking:
        text += "<think>\n\n</think>\n\n"
    return Prompt(text, len(stable))


def fitting(request: Request, new: int = NEW) -> Request:
    """``request``, or one for as many of its bars as there is room for where chords change so often that
    those of all its bars would be more than ``new`` tokens."""
    ticks = request.spec.meter.bar_ticks
    while request.bars > 1 and tokens(_ending(request, "")) > new:
        bars = request.bars - 1
        request = replace(request, bars=bars, chords=cut(request.chords, 0, bars * ticks + PPQ))
    return request


def _ending(request: Request, played: str) -> str:
    """What comes after the examples: what was ``played``, and part, key and chords of the bars wanted."""
    text = f'Just played:\n"{played}"\n' if played else ""
    text += f"{_wish(request)}:\n{_chords(request.chords, request.bars, request.spec.meter)}"
    after = cut(request.brief.forecast, (request.first + request.bars) * request.spec.meter.bar_ticks, 1)
    if after:
        text += f" (then {after[0].chord.symbol})"
    return text + "<|im_end|>\n<|im_start|>assistant\n"


def _always(spec: GridSpec) -> str:
    """What stays for a meter and a grid: the rules, and each part's own example."""
    drums = spec.role is Role.DRUMS
    told = [
        f"<|im_start|>system\n{_DRUM_RULES if drums else _RULES}<|im_end|>",
        f"<|im_start|>user\n{spec.meter.name} in {GRIDS[spec.step]}: {spec.steps} steps in a bar.",
    ]
    for role in (Role.DRUMS,) if drums else (Role.LEAD, Role.BASS, Role.COMP):
        own = GridSpec(spec.meter, role, spec.step)
        model = _model(own)
        told.append(
            f"{_PARTS[role]}: {_chords(model.chords, model.bars, model.meter)}\n{_quoted(own, model)}"
        )
    return "\n".join(told) + "\n"


def _song(request: Request, style_words: str, form: str) -> str:
    """What stays for a song: style, tempo and form."""
    brief = request.brief
    style = style_words or (request.style.title if request.style else brief.style)
    tempo = round(brief.tempo / TEMPO_STEP) * TEMPO_STEP
    return f"{style}, about {tempo} beats per minute.\n" + (f"Form: {form}\n" if form else "")


def _wish(request: Request) -> str:
    """Which bars of which part are wanted, and in which mood."""
    brief, number = request.brief, request.bar_number + 1
    words = [_PARTS[request.role].split(",")[0]]
    words.append(f"bar {number}" if request.bars == 1 else f"bars {number} to {number + request.bars - 1}")
    if brief.key:
        words.append(brief.key)
    words.append(_MOODS[min(3, int(4 * brief.energy))])
    if brief.density >= _MANY:
        words.append("many notes")
    elif brief.density <= _FEW:
        words.append("few notes")
    return ", ".join(words)


def form_of(forecast: Sequence[ChordSpan], meter: Meter, bar_number: int) -> str:
    """The chords of the form that ``forecast`` repeats, beginning with its first bar, so that it reads the
    same wherever in the form the forecast begins (bar ``bar_number`` of the song, 0-based); empty where the
    forecast shows no form of at most ``LONGEST_FORM`` bars."""
    ticks = meter.bar_ticks
    end = max((s.start + s.length for s in forecast), default=0)
    bars = [_chords(cut(forecast, n * ticks, ticks), 1, meter) for n in range(end // ticks)]
    for length in range(1, LONGEST_FORM + 1):
        repeats = len(bars) - length
        if repeats >= min(length, 4) and all(bars[n] == bars[n + length] for n in range(repeats)):
            turn = -bar_number % length
            return " | ".join(bars[turn:length] + bars[:turn])
    return ""


def _chords(spans: Sequence[ChordSpan], bars: int, meter: Meter) -> str:
    """The chords of ``bars`` bars as on a lead sheet."""
    ticks = meter.bar_ticks
    return " | ".join(
        " ".join(s.chord.symbol for s in cut(spans, n * ticks, ticks)) or "N.C." for n in range(bars)
    )


def _quoted(spec: GridSpec, example: Example) -> str:
    return f'"{encode(example.notes, spec, example.bars)}"'


def _just_played(request: Request, before: Sequence[Note], bars: int) -> str:
    """The last ``bars`` (two at most) of ``before`` (onsets before 0) that have notes, in the notation."""
    ticks = request.spec.meter.bar_ticks
    if not any(n.onset < -ticks for n in before):
        bars = min(bars, 1)
    moved = [replace(n, onset=n.onset + bars * ticks) for n in before if -bars * ticks <= n.onset < 0]
    return encode(moved, request.spec, bars) if moved else ""


def _model(spec: GridSpec) -> Example:
    """The part's own example on the grid of ``spec``; in another meter its bars are cut or held longer."""
    written = GridSpec(COMMON_TIME, spec.role)
    bars = 4 if spec.steps <= 8 else 2
    count, ticks, length = len(_MODEL_CHORDS), COMMON_TIME.bar_ticks, spec.meter.bar_ticks
    notes: list[Note] = []
    for note in decode(_MODELS[spec.role], written, count).notes:
        bar, onset = divmod(note.onset, ticks)
        if bar >= bars or onset >= length:
            continue
        duration = min(note.duration, length - onset) if length < ticks else note.duration
        if onset + duration >= ticks and length > ticks:
            duration += length - ticks
        shift = spec.low - written.low if spec.role is not Role.DRUMS else 0
        pitch = note.pitch + shift // 12 * 12
        notes.append(Note(bar * length + onset, pitch, duration))
    chords = tuple(
        ChordSpan(n * length, length, parse_chord(symbol)) for n, symbol in enumerate(_MODEL_CHORDS[:bars])
    )
    return Example(chords, tuple(notes), bars, spec.meter)


def tokens(text: str) -> int:
    """About how many tokens a part of a prompt takes: one for each word of English, letter of the grid and
    part of a chord symbol; the tags of ChatML are counted for more than they are."""
    count = 0
    for word in text.split(" "):
        if word in _LETTERS:
            count += 2 if word in _TWO_TOKENS else 1
        else:
            count += len(_WORDS.findall(word))
    return count
