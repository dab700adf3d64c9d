"""The mask: which letters may stand on each step, as a pattern that the server enforces.

Chord tones stand on strong beats and where a chord begins, the chord's scale elsewhere; a foreign note only
right before a strong beat, and only together with the chord tone a semitone away that it leads to. A corridor
bounds the pitches of each step, so that a line has a course; within it leaps are the guard's to judge. Every
bar has exactly its steps, and at least one note.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import exp, pi, sin

from jamtui.generators.pattern import check_pattern
from jamtui.generators.request import Request
from jamtui.music.chord import Chord, Family
from jamtui.music.meter import EIGHTH, Meter
from jamtui.music.notation import BAR_LINE, HIT_TICKS, HOLD, REST, GridSpec, encode, nearest_step
from jamtui.music.phrase import ChordSpan, Note, Role
from jamtui.session.randomness import chance
from jamtui.session.voicelead import ChordTable, chord_table
from jamtui.styles.style import DrumPattern

_BAR = " [|]"
_REST = "[.]"
_SEMITONE = 1
_CHORD, _BEAT, _OFF = 2, 1, 0

_WIDTH = {Role.LEAD: 8, Role.BASS: 8, Role.COMP: 6}
"""Semitones that a line may be away from its course."""

_SWAY = {Role.LEAD: 5.0, Role.BASS: 3.0, Role.COMP: 2.0}
"""How far, in semitones, the course rises and falls over the bars of a request."""

_SETTLE = 0.7
"""Bars after which the course has come most of the way from the last note played to the middle."""

_DECIDED = 0.6
"""The largest share of steps from which the wish for more, or fewer, notes takes the choice."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step of the grid: its bar, whether it shows the chord, and what may stand there."""

    bar: int
    strong: bool
    pitches: tuple[int, ...]
    rest: bool
    hold: bool


def response_format(request: Request) -> dict[str, str]:
    """The ``format`` of a request: a string that matches the request's pattern."""
    return {"type": "string", "pattern": build_pattern(request)}


def strong_places(meter: Meter) -> frozenset[int]:
    """Ticks in a bar where a line shows its chord: the first beat and, in 4/4 the third, in 5/4 the fourth,
    in meters of grouped eighths each group."""
    beats = meter.beat_ticks
    if meter.denominator == 8:
        return frozenset(beats)
    return frozenset({0} | ({beats[2]} if len(beats) == 4 else {beats[3]} if len(beats) == 5 else set()))


def build_pattern(request: Request) -> str:
    """The pattern for ``request``: anchored, made of groups, alternatives, classes and ``{n}`` alone."""
    units = _drum_units(request) if request.role is Role.DRUMS else _line_units(request)
    pattern = "^" + "".join(_repeated(unit, len(list(same))) for unit, same in groupby(units)) + "$"
    check_pattern(pattern)
    return pattern


def _repeated(unit: str, times: int) -> str:
    return unit * times if len(unit) * (times - 1) < 8 else f"({unit}){{{times}}}"


def _line_units(request: Request) -> list[str]:
    """Steps, bar lines, and pairs of an approach note with what it leads to, in order."""
    steps = _steps(request)
    count = request.spec.steps
    units: list[str] = []
    at = 0
    while at < len(steps):
        leads = _leads(request, steps, at)
        if leads:
            between = _BAR if steps[at + 1].bar != steps[at].bar else ""
            plain = _written(request, steps[at]) + between + _written(request, steps[at + 1])
            units.append("(" + "|".join([plain, *(f" {a}{between} {goal}" for a, goal in leads)]) + ")")
            at += 2
        else:
            units.append(_written(request, steps[at]))
            at += 1
        if at % count == 0:
            units.append(_BAR)
    return units


def _one_of(options: Sequence[str]) -> str:
    return options[0] if len(options) == 1 else f"({'|'.join(options)})"


def _written(request: Request, step: _Step) -> str:
    options = [request.spec.letters[p - request.spec.low] for p in step.pitches]
    if step.hold:
        options.append(HOLD)
    if step.rest:
        options.append(_REST)
    return f" {_one_of(options)}"


def _leads(request: Request, steps: Sequence[_Step], at: int) -> list[tuple[str, str]]:
    """Approach notes that may stand on step ``at``, each with what may follow it; none where the step after
    it is no strong one."""
    if at + 1 >= len(steps) or not steps[at].pitches or steps[at].strong or not steps[at + 1].strong:
        return []
    here, goal = steps[at], steps[at + 1]
    likely = request.playing.approach * min(1.0, 0.2 + 2 * request.brief.temperature)
    if request.role is Role.COMP or chance(request.brief.seed, "approach", at) >= likely:
        return []
    letters, low = request.spec.letters, request.spec.low
    found: list[tuple[str, str]] = []
    for pitch in range(request.low, request.high + 1):
        if pitch not in here.pitches:
            goals = [letters[p - low] for p in (pitch - _SEMITONE, pitch + _SEMITONE) if p in goal.pitches]
            if goals:
                found.append((letters[pitch - low], _one_of(goals)))
    return found


def _steps(request: Request) -> list[_Step]:
    spec, seed = request.spec, request.brief.seed
    ticks = spec.meter.bar_ticks
    strong = {nearest_step(t, spec.step) for t in strong_places(spec.meter)}
    beats = {nearest_step(t, spec.step) for t in spec.meter.beat_ticks}
    wanted = min(1.0, max(0.0, request.playing.density + request.brief.density - 0.5))
    steps: list[_Step] = []
    for bar in range(request.bars):
        made: list[_Step] = []
        for at in range(spec.steps):
            tick = bar * ticks + at * spec.step
            span = _span_at(request.chords, tick)
            table = None if span is None else _table(request, span.chord)
            if span is None or table is None:
                made.append(_Step(bar, False, (), True, bool(tick)))
                continue
            begins = span.start > tick - spec.step
            weight = _CHORD if at in strong or begins else _BEAT if at in beats else _OFF
            classes = _classes(request, table, weight, begins)
            coming = _span_at(request.chords, span.start + span.length)
            if weight == _OFF and coming and coming.start - tick <= EIGHTH:
                after = _table(request, coming.chord)
                classes = classes if after is None else classes | after.tones
            pitches = tuple(p for p in _corridor(request, tick) if p % 12 in classes)
            rest = 2 * (wanted - 0.5) * _DECIDED <= chance(seed, "rest", bar, at)
            if weight == _OFF and 2 * (0.5 - wanted) * _DECIDED > chance(seed, "closed", bar, at):
                pitches, rest = (), True
            rooted = request.role is Role.BASS and begins
            made.append(_Step(bar, weight == _CHORD, pitches, rest and not rooted, tick > 0 and not rooted))
        steps.extend(_anchored(made, request, bar))
    return steps


def _anchored(made: list[_Step], request: Request, bar: int) -> list[_Step]:
    """The bar with one of its strong steps (the bass: the first) struck for certain, so that it sounds."""
    places = [n for n, s in enumerate(made) if s.strong and s.pitches] or [
        n for n, s in enumerate(made) if s.pitches
    ]
    if places:
        draw = 0.0 if request.role is Role.BASS else chance(request.brief.seed, "anchor", bar)
        place = places[int(draw * len(places))]
        made[place] = replace(made[place], rest=False, hold=False)
    return made


def _classes(request: Request, table: ChordTable, weight: int, begins: bool) -> frozenset[int]:
    if request.role is Role.BASS and begins:
        return frozenset({table.bass})
    if weight == _CHORD:
        return table.tones
    return table.consonant if weight == _BEAT or request.role is Role.COMP else table.scale


def _span_at(spans: Iterable[ChordSpan], tick: int) -> ChordSpan | None:
    return next((s for s in spans if s.start <= tick < s.start + s.length), None)


def _table(request: Request, chord: Chord) -> ChordTable | None:
    if chord.family is Family.NONE:
        return None
    return chord_table(chord, request.key, request.surprise)


def _corridor(request: Request, tick: int) -> range:
    """The pitches that a line may have at ``tick``: around a course that leaves the last note played, goes to
    the middle of the range (higher the livelier) and rises or falls on the way; always an octave or more."""
    brief, role = request.brief, request.role
    width = _WIDTH[role]
    if request.high - request.low <= 2 * width:
        return range(request.low, request.high + 1)
    bars = tick // request.spec.meter.unit * request.spec.meter.unit / request.spec.meter.bar_ticks
    home = (request.low + request.high) / 2 + (6.0 * (brief.energy - 0.5) if role is Role.LEAD else 0.0)
    away = 0.0
    if request.first == 0 and brief.just_played:
        away = max(n.pitch for n in brief.just_played if n.onset == brief.just_played[-1].onset) - home
    way = 1 if chance(brief.seed, "course") < 0.5 else -1
    sway = way * _SWAY[role] * sin(pi * bars / max(1, request.bars))
    centre = round(home + away * exp(-bars / _SETTLE) + sway)
    low = max(request.low, min(centre - width, request.high - 2 * width))
    return range(low, low + 2 * width + 1)


def _drum_units(request: Request) -> list[str]:
    """On each step what the style's grooves strike there, or nothing; the first step is always struck."""
    spec = request.spec
    struck = _groove_tokens(request.style.drums if request.style else (), spec)
    units: list[str] = []
    for _ in range(request.bars):
        for at, tokens in enumerate(struck):
            options = [*tokens, *([_REST] if at or not tokens else [])]
            units.append(f" {_one_of(options)}")
        units.append(_BAR)
    return units


def _groove_tokens(patterns: Sequence[DrumPattern], spec: GridSpec) -> list[list[str]]:
    """By step of a bar the tokens of all grooves in this meter, plain time where there are none."""
    grooves = [p for p in patterns if p.kind == "groove" and p.meter == spec.meter.name]
    found: list[set[str]] = [set() for _ in range(spec.steps)]
    for groove in grooves:
        hits = [Note(h.onset, h.key, HIT_TICKS, h.velocity) for h in groove.hits]
        for number, token in enumerate(encode(hits, spec, groove.bars).replace(BAR_LINE, "").split()):
            if token != REST:
                found[number % spec.steps].add(token)
    if not grooves:
        beats = {nearest_step(t, spec.step) for t in spec.meter.beat_ticks}
        found = [{"h", "kh", "sh"} if at in beats else {"h"} for at in range(spec.steps)]
    return [sorted(tokens) for tokens in found]
