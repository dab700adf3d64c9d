"""What can be read of a conductor at any moment: settings, bar lines, chords, coverage, piano rolls."""

from collections.abc import Mapping

from jamtui.music.chord import Chord
from jamtui.music.meter import PPQ, Meter
from jamtui.music.phrase import Bar, Role
from jamtui.session.barlines import BarLines, BarSpan
from jamtui.session.changes import Changes
from jamtui.session.foresight import Foresight
from jamtui.session.freezing import Loop
from jamtui.session.guard import Guard
from jamtui.session.habit import Doubts
from jamtui.session.planning import Planner, lock_ticks
from jamtui.session.runway import RunwayBar
from jamtui.session.settings import PITCHED, BandSettings, audible
from jamtui.session.snapshot import NextChord, Roll
from jamtui.session.views import RollBook, next_chords
from jamtui.styles.style import Style


class Readings:
    """The readable half of the conductor. Reading changes nothing (but for ``drain_accepted``)."""

    state: str
    """``stopped``, ``count-in``, ``playing`` or ``ending``."""

    def __init__(
        self, planner: Planner, changes: Changes, styles: Mapping[str, Style], foresight: Foresight
    ) -> None:
        self.state = "stopped"
        self._planner = planner
        self._changes = changes
        self._styles = styles
        self._foresight = foresight
        self._rolls = RollBook()
        self._loop: Loop | None = None
        self._sounding: dict[Role, str] = {}
        self._now = 0
        self._began = 0
        self._bpm = 120.0

    @property
    def settings(self) -> BandSettings:
        """Settings that hold now."""
        return self._changes.now

    @property
    def seed(self) -> int:
        """Where all chance in the plan comes from."""
        return self._planner.seed

    @property
    def frozen(self) -> bool:
        """Whether the planned bars are looped."""
        return self._loop is not None

    @property
    def guard(self) -> Guard:
        """With its counts by reason."""
        return self._planner.guard

    @property
    def plan_revision(self) -> int:
        """Goes up whenever the player changed what is wanted; a bar made before that is refused. A change of
        chord is none: a bar's own chords say whether it still fits."""
        return self._planner.revision

    def outlook(self, tick: float) -> tuple[int, int, int]:
        """Another value whenever what is wanted of sources may have changed: the player's wishes, the chords
        to come, the bar."""
        planner = self._planner
        return planner.revision, planner.harmony.version, planner.lines.bar_at(int(tick)).number

    @property
    def pending(self) -> tuple[str, ...]:
        """Changes that wait for their bar line or beat, in words."""
        words = [c.words for c in self._changes.pending]
        if self._planner.ends_at is not None and self.state == "ending":
            words.append(f"ending at bar {self.bar_at(self._planner.ends_at).number + 1}")
        return tuple(words)

    @property
    def ends_at(self) -> int | None:
        """The bar line at which the band ends; None while it does not end."""
        return self._planner.ends_at if self.state == "ending" else None

    @property
    def began(self) -> int:
        """The tick at which the band began, or will after the count-in."""
        return self._began

    @property
    def lines(self) -> BarLines:
        """Where the bar lines are."""
        return self._planner.lines

    @property
    def style(self) -> Style:
        """The style that holds now."""
        return self._styles[self.settings.style]

    @property
    def coming_style(self) -> tuple[Style, int | None]:
        """The style that holds once all that is pending has happened, and from which tick; None: it does."""
        at = next((c.tick for c in self._changes.pending if c.field == "style"), None)
        return self._styles[self._changes.latest.style], at

    @property
    def styles(self) -> Mapping[str, Style]:
        """All styles by name, in the order in which the style keys step."""
        return self._styles

    @property
    def meter(self) -> Meter:
        """The meter at the present bar."""
        return self._planner.lines.bar_at(self._now).meter

    @property
    def count_in(self) -> int:
        """Bars of count-in that the style wants."""
        return self.style.count_in

    def bar_at(self, tick: float) -> BarSpan:
        """The bar at ``tick``: number 0-based, negative in the count-in."""
        return self._planner.lines.bar_at(int(tick // 1))

    def bar_number(self, tick: float) -> int:
        """Number of the bar at ``tick`` as on screen: 1-based, 0 or less in the count-in."""
        return self.bar_at(tick).number + 1

    def bar_start(self, tick: float) -> int:
        """Tick of the bar line before (or at) ``tick``."""
        return self.bar_at(tick).start

    def next_bar_line(self, tick: int) -> int:
        """The first bar line at or after ``tick``."""
        return self._planner.lines.next_line(tick)

    def next_beat(self, tick: int) -> int:
        """The first felt beat at or after ``tick``."""
        return self._planner.lines.next_beat(tick)

    def chord_at(self, tick: float) -> Chord | None:
        """The chord the band plays at ``tick``."""
        return self._planner.harmony.at(int(tick))

    def next_chords(self, tick: float, count: int = 4) -> tuple[NextChord, ...]:
        """Chords to come, where they are known or at least likely; while stopped, those that a chart begins
        with."""
        harmony, lines, at = self._planner.harmony, self._planner.lines, int(tick)
        if self.state == "stopped":
            return tuple(NextChord(chord.symbol, bar + 1, 0.0) for bar, chord in harmony.opening(count))
        known = next_chords(harmony, lines, at, count)
        if known or harmony.looks_ahead:
            return known
        return tuple(
            NextChord(chord.symbol, lines.bar_at(when).number + 1, (when - at) / PPQ)
            for when, chord in self._foresight.possible(at)[:count]
        )

    @property
    def sure(self) -> float:
        """How likely the chords to come are, 0 to 1; 1 over a chart, 0 while nothing is expected."""
        return 0.0 if self.state == "stopped" else self._foresight.confidence

    @property
    def doubts(self) -> Doubts:
        """Where the chord is likely to change though nothing is surely expected."""
        return self._planner.harmony.doubts

    def covered_until(self, role: Role) -> int:
        """Until which tick ``role`` is planned, rests included; where it began when it is not."""
        until = self._planner.runways[role].covered_until
        return self._began if until is None else until

    def may_answer(self, tick: int) -> bool:
        """Whether a chord at ``tick`` is for anybody: not while the bars are frozen, after the last hit, or
        with no pitched role to be heard."""
        ends = self._planner.ends_at
        if self.state == "stopped" or self.frozen or (ends is not None and tick > ends):
            return False
        return any(audible(self.settings, role) for role in PITCHED)

    def source_letter(self, role: Role, tick: float) -> str:
        """Letter of the source whose notes ``role`` plays at ``tick``; empty when it is not planned."""
        bar = self._planner.runways[role].bar_at(int(tick))
        return self._sounding.get(role, bar.source.value) if bar else ""

    def label(self, role: Role, tick: float) -> str:
        """Name of the phrase or pattern that ``role`` plays at ``tick``; empty for a rest."""
        bar = self._planner.runways[role].bar_at(int(tick))
        return bar.label if bar else ""

    def ref(self, role: Role, tick: float) -> str:
        """What ``role`` plays at ``tick`` at its source (``Bar.ref``); empty where it cannot be named."""
        bar = self._planner.runways[role].bar_at(int(tick))
        return bar.ref if bar else ""

    def phrase_bars(self, role: Role, tick: float) -> tuple[RunwayBar, ...]:
        """Up to four whole bars of the phrase that ``role`` plays at ``tick``; where it rests, of the one
        before. Empty where it has not played yet."""
        bars = [b for b in self._planner.runways[role].bars if b.start <= tick and b.notes]
        if not bars:
            return ()
        last = bars[-1]
        same = [b for b in bars if (b.label, b.source, b.length) == (last.label, last.source, last.length)]
        found = [last]
        for bar in reversed(same[:-1]):
            if bar.end != found[0].start or len(found) == 4:
                break
            found.insert(0, bar)
        return tuple(found)

    def drain_accepted(self) -> list[Bar]:
        """Bars that were accepted since the last call, as they passed the guard (for the journal)."""
        bars, self._planner.accepted = self._planner.accepted, []
        return bars

    def runway_bars(self, role: Role, tick: float) -> float:
        """Bars planned ahead of ``tick``."""
        at = max(tick, self._began)
        return max(0.0, (self.covered_until(role) - at) / self.bar_at(at).meter.bar_ticks)

    def rolls(self) -> dict[Role, Roll]:
        """The piano roll by role; a role's is the same object until something in it changed."""
        return self._rolls.rolls(self._planner.runways, self._now, self._now + lock_ticks(self._bpm))
