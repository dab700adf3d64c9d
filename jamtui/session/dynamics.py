"""How hard the player is playing: velocity, density of attacks and register as one number."""

from math import exp

ATTACK_NS = 45_000_000
"""Note-ons closer together than this are one attack of several notes."""

_MEMORY_BARS = 2.0
_REST = 0.55
"""Loudness assumed before anything was played, and to which memory returns in silence."""
_PRIOR = 1.5
"""How many attacks' worth of trust the resting loudness gets: bounds the jump any one attack makes."""


class Energy:
    """The player's energy, 0 (soft, sparse) to 1 (loud, dense), smooth over some two bars.

    Loudness is a mean of velocities whose weights decay with age, density a decaying count of attacks,
    register the decaying mean height of what was struck. All are closed forms of the stamps, so
    reading the value changes nothing and the same stamps give the same numbers.
    """

    __slots__ = ("_attacks", "_height", "_last_ns", "_last_on", "_loudness", "_mass", "_tau_ns")

    def __init__(self, bar_ns: int = 2_000_000_000) -> None:
        self._tau_ns = _MEMORY_BARS * bar_ns
        self._last_ns: int | None = None
        self._last_on: int | None = None
        self._mass = 0.0
        self._loudness = 0.0
        self._height = 0.0
        self._attacks = 0.0

    def set_bar(self, bar_ns: float) -> None:
        """Follow a new tempo or meter: the memory is two bars of ``bar_ns`` nanoseconds."""
        if bar_ns <= 0:
            raise ValueError(f"a bar must last a positive time, not {bar_ns} ns")
        # The attack count stands for a rate over the memory; keep the rate.
        tau = _MEMORY_BARS * bar_ns
        self._attacks *= tau / self._tau_ns
        self._tau_ns = tau

    def feed(self, ns: int, data: bytes) -> None:
        """Take one MIDI message as it came in; only note-ons count, and nothing can go wrong here."""
        if len(data) < 3 or data[0] & 0xF0 != 0x90 or not 0 < data[2] < 128 or data[1] > 127:
            return
        self._decay(ns)
        at = self._last_ns
        assert at is not None  # _decay sets it
        loud = min(max((data[2] - 20) / 90, 0.0), 1.0)
        height = min(max((data[1] - 36) / 60, 0.0), 1.0)
        if self._last_on is None or at - self._last_on > ATTACK_NS:
            self._last_on = at
            weight = 1.0
            self._attacks += 1.0
        else:
            # A thick chord is a little more than one attack; its notes share the attack's weight.
            weight = 0.35
            self._attacks += 0.12
        self._mass += weight
        self._loudness += weight * loud
        self._height += weight * height

    def value(self, ns: int) -> float:
        """Energy at ``ns`` (a stamp before the last note counts as the last note's)."""
        fade = 1.0 if self._last_ns is None else exp(-max(ns - self._last_ns, 0) / self._tau_ns)
        mass = self._mass * fade + _PRIOR
        loudness = (self._loudness * fade + _PRIOR * _REST) / mass
        height = (self._height * fade + _PRIOR * 0.5) / mass
        rate = self._attacks * fade / (self._tau_ns / 1e9)
        density = 1.0 - exp(-rate / 3.0)
        return min(max(0.6 * loudness + 0.3 * density + 0.1 * height, 0.0), 1.0)

    def _decay(self, ns: int) -> None:
        if self._last_ns is None:
            self._last_ns = ns
            return
        if ns <= self._last_ns:  # stamps of two ports may be out of order by a little
            return
        fade = exp(-(ns - self._last_ns) / self._tau_ns)
        self._mass *= fade
        self._loudness *= fade
        self._height *= fade
        self._attacks *= fade
        self._last_ns = ns
