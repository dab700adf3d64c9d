"""What the drums play: a groove by energy, a fill where a section ends, an ending."""

from math import exp

from jamtui.music.meter import Meter
from jamtui.music.phrase import Note, Role
from jamtui.session.barlines import BarSpan
from jamtui.session.randomness import chance, stream
from jamtui.session.refit import meter_named, move_onsets, plan_pieces
from jamtui.styles.style import DrumHit, DrumPattern, Style

SECTION = 4
"""Bars after which a fill may come; after two sections it is likelier."""

KICK, SIDESTICK, SNARE, CLOSED_HAT, RIDE, CRASH = 36, 37, 38, 42, 51, 49
_HANDS = frozenset({RIDE, CLOSED_HAT, 46, 53, 59})
"""Ride, closed and open hat, bell and second ride: what the crashing hand plays otherwise."""
_GHOST = 50
HIT_TICKS = 120
"""Written length of a drum hit."""


class Drummer:
    """Chooses and lays out drum patterns. The choice for a bar depends on the seed and that bar alone."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._fitted: dict[tuple[str, str, str], tuple[tuple[tuple[DrumHit, ...], ...], bool]] = {}

    def bar(
        self, style: Style, bar: BarSpan, energy: float, since: int, *, kind: str = ""
    ) -> tuple[tuple[Note, ...], str]:
        """Notes of one bar (onsets from its start) and the pattern's name.

        ``since`` is the bar number at which the present groove began; ``kind`` asks for an ``intro``, a
        ``fill`` or an ``ending`` (the groove where the style has none)."""
        wanted = kind or ("fill" if self.is_fill(bar, energy) else "")
        pattern = self._choose(style, wanted, bar, bar.meter, energy, since) if wanted else None
        whole = 0
        if pattern is None:
            pattern = self._choose(style, "groove", bar, bar.meter, energy, since)
            whole = bar.number - since
        if pattern is None:
            return self.plain(bar, energy), "plain time"
        bars, _ = self._fit(style.name, pattern, bar.meter)
        hits = bars[whole % len(bars)]
        if pattern.kind != "groove":
            # A fill of several bars is entered so that its last bar is this one.
            hits = bars[-1] if pattern.kind == "fill" else bars[0]
        if pattern.kind == "groove":
            if bar.number > since and self.is_fill_number(bar.number - 1, energy):
                hits = self._crash(style, bar, hits, energy)
            hits = self._thin(hits, bar, energy)
        drums = style.roles.get(Role.DRUMS)
        scale = (0.78 + 0.44 * energy) * (drums.level if drums else 1.0)
        notes = tuple(
            Note(h.onset, h.key, HIT_TICKS, max(1, min(127, round(h.velocity * scale))))
            for h in hits
            if h.onset < bar.length
        )
        return notes, pattern.name

    def is_fill(self, bar: BarSpan, energy: float) -> bool:
        """Whether ``bar`` ends a section with a fill."""
        return self.is_fill_number(bar.number, energy)

    def is_fill_number(self, number: int, energy: float) -> bool:
        """Whether bar ``number`` (0-based) ends a section with a fill."""
        last = number + 1
        if number < 0 or last % SECTION:
            return False
        likely = 0.25 + 0.55 * energy if last % (2 * SECTION) == 0 else 0.05 + 0.45 * energy
        return chance(self._seed, "fill", number) < likely

    def _crash(
        self, style: Style, bar: BarSpan, hits: tuple[DrumHit, ...], energy: float
    ) -> tuple[DrumHit, ...]:
        """``hits`` with the crash that ends a fill, as hard as this style ever strikes one; the hand that
        strikes it leaves ride and hat alone."""
        played = [h.velocity for p in style.drums for h in p.hits if h.key == CRASH]
        if not played or chance(self._seed, "crash", bar.number) >= 0.25 + 0.9 * energy:
            return hits
        kept = [h for h in hits if h.onset or h.key not in _HANDS]
        loud = max(played)
        if all(h.onset or h.key != KICK for h in kept):
            kept.append(DrumHit(0, KICK, loud))
        return tuple(sorted((DrumHit(0, CRASH, loud), *kept), key=lambda h: (h.onset, h.key)))

    def _thin(self, hits: tuple[DrumHit, ...], bar: BarSpan, energy: float) -> tuple[DrumHit, ...]:
        """A calm drummer leaves out ghost notes on the snare."""
        likely = 3.0 * (0.4 - energy)
        if likely <= 0:
            return hits
        return tuple(
            h
            for h in hits
            if h.key != SNARE
            or h.velocity >= _GHOST
            or chance(self._seed, "ghost", bar.number, h.onset) >= likely
        )

    def ending(self, style: Style, bar: BarSpan, energy: float) -> tuple[tuple[Note, ...], str]:
        """The last bar: the style's ending, else one hit on its downbeat."""
        if any(p.kind == "ending" for p in style.drums):
            return self.bar(style, bar, energy, bar.number, kind="ending")
        keys = (KICK, CRASH) if energy > 0.3 else (KICK, RIDE)
        velocity = round(70 + 45 * energy)
        return tuple(Note(0, key, HIT_TICKS, velocity) for key in keys), "last hit"

    def _choose(
        self, style: Style, kind: str, bar: BarSpan, meter: Meter, energy: float, since: int
    ) -> DrumPattern | None:
        patterns = [p for p in style.drums if p.kind == kind]
        native = [p for p in patterns if p.meter == meter.name]
        patterns = native or patterns
        if not patterns:
            return None
        weights = [exp(-(((p.energy - energy) / 0.18) ** 2) / 2) + 1e-6 for p in patterns]
        # A groove stays for a section of eight bars; fills are drawn anew each time.
        place = (bar.number - since) // (2 * SECTION) if kind == "groove" else bar.number
        return stream(self._seed, "drums", kind, since, place).choices(patterns, weights)[0]

    def _fit(
        self, style: str, pattern: DrumPattern, meter: Meter
    ) -> tuple[tuple[tuple[DrumHit, ...], ...], bool]:
        key = (style, pattern.kind + "/" + pattern.name, meter.name)
        known = self._fitted.get(key)
        if known is not None:
            return known
        written = meter_named(pattern.meter)
        hits, bars = pattern.hits, pattern.bars
        if written != meter:
            pieces, bars = plan_pieces(written, pattern.bars, meter, repeat=True)
            moved = move_onsets(pieces, [h.onset for h in pattern.hits])
            hits = tuple(DrumHit(to, pattern.hits[i].key, pattern.hits[i].velocity) for i, to in moved)
        split: list[list[DrumHit]] = [[] for _ in range(bars)]
        for hit in sorted(hits, key=lambda h: (h.onset, h.key)):
            number, onset = divmod(hit.onset, meter.bar_ticks)
            if number < bars:
                split[number].append(DrumHit(onset, hit.key, hit.velocity))
        known = self._fitted[key] = (tuple(tuple(b) for b in split), written == meter)
        return known

    @staticmethod
    def plain(bar: BarSpan, energy: float) -> tuple[Note, ...]:
        """Time on the closed hat where a style brings no drums at all."""
        onsets = [o for o in bar.meter.beat_ticks if o < bar.length]
        velocity = round(50 + 40 * energy)
        notes = [Note(o, CLOSED_HAT, HIT_TICKS, velocity) for o in onsets]
        notes += [
            Note(o, KICK if n % 2 == 0 else SIDESTICK, HIT_TICKS, velocity) for n, o in enumerate(onsets)
        ]
        return tuple(sorted(notes))
