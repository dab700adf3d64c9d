"""Drum patterns as step strings: one row of ``X``, ``x``, ``o`` and ``-`` per instrument."""

from collections.abc import Mapping

from jamtui.errors import MusicError
from jamtui.music.meter import Meter
from jamtui.styles.style import DrumHit

DRUM_KEYS: dict[str, int] = {
    "kick_low": 35,
    "kick": 36,
    "sidestick": 37,
    "snare": 38,
    "clap": 39,
    "brush_swirl": 40,
    "tom_floor": 41,
    "hihat_closed": 42,
    "tom_floor_high": 43,
    "hihat_pedal": 44,
    "tom_low": 45,
    "hihat_open": 46,
    "tom_mid": 47,
    "tom_high_mid": 48,
    "crash": 49,
    "tom_high": 50,
    "ride": 51,
    "china": 52,
    "ride_bell": 53,
    "tambourine": 54,
    "splash": 55,
    "cowbell": 56,
    "crash_2": 57,
    "ride_2": 59,
    "bongo_high": 60,
    "bongo_low": 61,
    "conga_mute": 62,
    "conga_high": 63,
    "conga_low": 64,
    "timbale_high": 65,
    "timbale_low": 66,
    "agogo_high": 67,
    "agogo_low": 68,
    "cabasa": 69,
    "maracas": 70,
    "guiro": 73,
    "claves": 75,
    "woodblock_high": 76,
    "woodblock_low": 77,
    "triangle_mute": 80,
    "triangle": 81,
    "shaker": 82,
}
"""Instrument names to General MIDI percussion keys (General MIDI Level 2 for 82; key 40 is the swirl
of the brush kit and the second snare of the standard kit)."""

STEP_VELOCITIES: dict[str, int] = {"X": 112, "x": 86, "o": 46}
"""Velocities of accent, normal and ghost before the style's mix; ``-`` is a rest."""


def step_ticks(meter: Meter, steps: int) -> int:
    """Ticks of one step when a bar of ``meter`` is cut into ``steps`` equal parts.

    Raises:
        MusicError: the bar does not divide into that many whole ticks.
    """
    if steps < 1 or meter.bar_ticks % steps:
        raise MusicError(
            f"a bar of {meter.name} does not divide into {steps} steps: count its of eighths or sixteenths"
        )
    return meter.bar_ticks // steps


def parse_steps(row: str, steps: int, bars: int) -> tuple[tuple[int, int], ...]:
    """``(step, velocity)`` of every hit in ``row``; blanks are for the eye and ``|`` may mark bar lines.

    Raises:
        MusicError: another character, or a row that is not ``steps`` long in each of ``bars`` bars.
    """
    text = "".join(row.split())
    if "|" in text:
        parts = text.split("|")
        if len(parts) != bars or any(len(part) != steps for part in parts):
            lengths = " + ".join(str(len(part)) for part in parts)
            raise MusicError(f'"{row}" has bars of {lengths} steps: write {bars} of {steps}')
        text = "".join(parts)
    if len(text) != steps * bars:
        raise MusicError(f'"{row}" has {len(text)} steps: write {steps * bars} ({bars} × {steps})')
    hits: list[tuple[int, int]] = []
    for index, mark in enumerate(text):
        if mark in STEP_VELOCITIES:
            hits.append((index, STEP_VELOCITIES[mark]))
        elif mark != "-":
            raise MusicError(f'"{row}" has "{mark}" at step {index + 1}: use X, x, o and -')
    return tuple(hits)


def read_rows(
    rows: Mapping[str, str], meter: Meter, steps: int, bars: int, mix: Mapping[str, float]
) -> tuple[DrumHit, ...]:
    """All hits of a pattern in playing order; ``mix`` scales the velocity of instruments by name.

    Raises:
        MusicError: see :func:`parse_steps` and :func:`step_ticks`; the row is named.
    """
    length = step_ticks(meter, steps)
    hits: list[DrumHit] = []
    for name, row in rows.items():
        try:
            parsed = parse_steps(row, steps, bars)
        except MusicError as error:
            raise MusicError(f"{name}: {error}") from error
        level = mix.get(name, 1.0)
        hits.extend(
            DrumHit(step * length, DRUM_KEYS[name], max(1, min(127, round(velocity * level))))
            for step, velocity in parsed
        )
    return tuple(sorted(hits, key=lambda hit: (hit.onset, hit.key)))
