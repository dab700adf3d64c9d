"""Feel: how straight ticks become played time, in one place.

A note's time on the grid goes through a monotone warp (swing; triplets are even as they are), then its
residual is added, then push and spread in milliseconds. What is random is drawn from a stream named by
(seed, role, bar, index), so the same plan is played the same way each time. Amount 0 is the grid exactly.
"""

from dataclasses import dataclass

from jamtui.music.meter import EIGHTH, PPQ, Meter
from jamtui.music.phrase import Role
from jamtui.playback.commands import PlannedNote
from jamtui.styles.style import Feel

MAX_EARLY_NS = 40_000_000
"""No feel plays a note earlier than this before its place on the grid."""

STRAIGHT = Feel()
"""The grid."""

_MASK = (1 << 64) - 1
_ROLE_KEYS = {role: index + 1 for index, role in enumerate(Role)}
_TRIPLET_SIXTEENTH = PPQ // 6
# Swing outside these would pile one half of the pair on top of the other.
_SWING_LOW, _SWING_HIGH = 0.2, 0.8


@dataclass(frozen=True, slots=True)
class Felt:
    """A played note: on and off in (fractional) ticks, both moved by ``offset_ns``, and its velocity."""

    on_tick: float
    off_tick: float
    offset_ns: int
    velocity: int


def mix(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): 64 well-mixed bits from any integer."""
    z = (value + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def stream(seed: int, role: Role, bar_tick: int, index: int) -> int:
    """64 random bits for one note."""
    return mix(mix(mix(seed) ^ (_ROLE_KEYS[role] << 56) ^ (bar_tick & _MASK)) ^ index)


def swing_warp(tick: int, bar_tick: int, bar_ticks: int, unit: int, swing: float) -> float:
    """``tick`` on the grid as swung: piecewise linear in each pair of ``unit``, the pairs counted from the
    bar line; a last half pair of an odd meter stays straight. Strictly monotone."""
    if swing == 0.5:
        return float(tick)
    pair = 2 * unit
    in_bar = (tick - bar_tick) % bar_ticks
    in_pair = in_bar % pair
    start = in_bar - in_pair
    if start + pair > bar_ticks:
        return float(tick)
    middle = pair * swing
    first = in_pair * middle / unit
    second = middle + (in_pair - unit) * (pair - middle) / unit
    moved = first if in_pair < unit else second
    return tick + (moved - in_pair)


def is_triplet(in_bar: int) -> bool:
    """Whether a place in the bar lies on a triplet (or a triplet of sixteenths) and not on an eighth."""
    return in_bar % _TRIPLET_SIXTEENTH == 0 and in_bar % EIGHTH != 0


def swung(note: PlannedNote, bar_ticks: int, unit: int, swing: float) -> tuple[float, float]:
    """On and off of ``note`` as swung. A triplet is even at any swing, so it stays where it is; so does an
    end on a triplet, unless the note began within that pair at a place that swings."""
    start, end = note.tick, note.tick + max(1, note.duration)
    stays = is_triplet((start - note.bar_tick) % bar_ticks)
    on = float(start) if stays else swing_warp(start, note.bar_tick, bar_ticks, unit, swing)
    in_pair = (start - note.bar_tick) % bar_ticks % (2 * unit)
    free = stays or in_pair == 0 or in_pair + end - start >= 2 * unit
    if free and is_triplet((end - note.bar_tick) % bar_ticks):
        return on, float(end)
    return on, swing_warp(end, note.bar_tick, bar_ticks, unit, swing)


def apply_feel(feel: Feel, amount: float, meter: Meter, note: PlannedNote) -> Felt:
    """``note`` as it is played with ``feel`` scaled by ``amount`` (0: exactly as written).

    The note is moved as a whole (its off moves with its on) and its off comes after its on. Whether the
    move is more than `MAX_EARLY_NS` early, and the order within a role, depend on tempo and neighbours: the
    timeline sees to both when it places the note.
    """
    end = note.tick + max(1, note.duration)
    if amount <= 0.0:
        return Felt(float(note.tick), float(end), 0, min(127, max(1, note.velocity)))
    swing = min(_SWING_HIGH, max(_SWING_LOW, 0.5 + (feel.swing - 0.5) * amount))
    bar_ticks = meter.bar_ticks
    on, off = swung(note, bar_ticks, feel.swing_unit, swing)
    share = max(0.05, 1.0 + (feel.articulation - 1.0) * amount)
    length = max(1.0, (off - on) * share)
    on += note.residual * amount
    offset_ms = feel.push_ms
    velocity = float(note.velocity)
    if feel.accents:
        accent = feel.accents[((note.tick - note.bar_tick) % bar_ticks) // EIGHTH % len(feel.accents)]
        velocity *= 1.0 + (accent - 1.0) * amount
    if feel.spread_ms or feel.velocity_spread:
        bits = stream(note.seed, note.role, note.bar_tick, note.index)
        # The mean of two uniform draws: mostly near the middle, never outside.
        spread = ((bits & 0xFFFFFF) + (bits >> 24 & 0xFFFFFF)) / 0xFFFFFF - 1.0
        offset_ms += feel.spread_ms * spread
        velocity += feel.velocity_spread * ((bits >> 48) / 32767.5 - 1.0) * amount
    offset_ns = max(-MAX_EARLY_NS, round(offset_ms * amount * 1_000_000))
    return Felt(on, on + length, offset_ns, min(127, max(1, round(velocity))))
