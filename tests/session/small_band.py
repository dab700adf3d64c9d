"""A small book and two small styles to conduct with, and a stand-in for the output loop's plan."""

from collections.abc import Iterable

from jamtui.music.chord import Family, parse_chord
from jamtui.music.meter import PPQ
from jamtui.music.phrase import Role
from jamtui.playback.commands import Command, PlannedNote, Splice
from jamtui.session.book import Function, ReflexBook, ReflexChord, ReflexNote, ReflexPhrase
from jamtui.session.conductor import Conductor
from jamtui.session.hearing import Heard
from jamtui.session.settings import BandSettings
from jamtui.styles.style import DrumHit, DrumPattern, Feel, RoleStyle, Style

BAR = 4 * PPQ
C, S, A = Function.CHORD, Function.SCALE, Function.APPROACH


def style(name: str, *, swing: float = 0.5) -> Style:
    feel = Feel(swing=swing)
    beat = [DrumHit(n * PPQ, 36 if n % 2 == 0 else 38, 90) for n in range(4)]
    return Style(
        name=name,
        title=name.title(),
        tempo=120,
        tempo_range=(60, 240),
        meter="4/4",
        roles={
            Role.LEAD: RoleStyle(feel, 55, 84, 0.8),
            Role.BASS: RoleStyle(feel, 28, 55, 0.9),
            Role.COMP: RoleStyle(feel, 50, 79, 0.5),
            Role.DRUMS: RoleStyle(feel, 0, 127, 0.9),
        },
        drums=(
            DrumPattern(f"{name} beat", "groove", "4/4", 1, 0.5, tuple(beat)),
            DrumPattern(
                f"{name} roll", "fill", "4/4", 1, 0.5, tuple(DrumHit(n * 240, 38, 80) for n in range(16))
            ),
            DrumPattern(f"{name} end", "ending", "4/4", 1, 0.5, (DrumHit(0, 49, 110),)),
        ),
    )


def phrase(
    name: str,
    role: Role,
    context: str,
    notes: Iterable[tuple[float, float, int, Function]],
    chords: Iterable[tuple[int, int, str]] = ((0, 0, ""),),
    *,
    style_name: str = "plain",
    bars: int = 1,
    meter: str = "4/4",
    energy: float = 0.5,
) -> ReflexPhrase:
    """Notes as (quarter, quarters, interval, function); chords as (bar, root, quality)."""
    over = tuple(
        ReflexChord(bar * BAR, root, quality, parse_chord("C" + quality).family)
        for bar, root, quality in chords
    )
    made = []
    for at, length, interval, function in notes:
        onset = round(at * PPQ)
        index = max(i for i, c in enumerate(over) if c.start <= onset)
        made.append(ReflexNote(onset, round(length * PPQ), interval, 80, function, index))
    return ReflexPhrase(name, role, style_name, context, meter, bars, energy, 0.5, 0.2, over, tuple(made))


def line(
    role: Role, context: str, quality: str, name: str, intervals: tuple[int, ...], **more: str
) -> ReflexPhrase:
    notes = [(0.5 + n, 0.5, i, C) for n, i in enumerate(intervals)]
    if role is Role.BASS:
        notes = [(float(n), 1.0, i, C) for n, i in enumerate(intervals)]
    return phrase(name, role, context, notes, ((0, 0, quality),), **more)  # type: ignore[arg-type]


def book() -> ReflexBook:
    """Two styles; per family and pitched role two phrases, and one ii-V-I."""
    qualities = {
        Family.MAJOR: ("maj7", (0, 4, 7, 11)),
        Family.MINOR: ("m7", (0, 3, 7, 10)),
        Family.DOMINANT: ("7", (0, 4, 7, 10)),
        Family.HALF_DIMINISHED: ("m7b5", (0, 3, 6, 10)),
    }
    phrases = []
    for style_name in ("plain", "other"):
        for family, (quality, tones) in qualities.items():
            for role in (Role.LEAD, Role.BASS):
                for turn, order in (("up", tones), ("down", tones[:1] + tones[:0:-1])):
                    name = f"{style_name} {family.value} {role.value} {turn}"
                    phrases.append(line(role, family.value, quality, name, order, style_name=style_name))
            hits = [(at, 1.0, i, C) for at in (0.5, 2.5) for i in tones]
            for turn in ("one", "two"):
                name = f"{style_name} {family.value} comp {turn}"
                phrases.append(
                    phrase(name, Role.COMP, family.value, hits, ((0, 0, quality),), style_name=style_name)
                )
    two_five = [(0.5, 0.5, 3, C), (1.0, 1.0, 7, C), (3.5, 0.5, 10, C), (4.5, 1.0, 4, C), (6.0, 1.0, 7, C),
                (7.5, 0.5, -1, A), (8.0, 2.0, 4, C)]  # fmt: skip
    phrases.append(
        phrase(
            "two five one",
            Role.LEAD,
            "ii-V-I",
            two_five,
            ((0, 0, "m7"), (1, 5, "7"), (2, -2, "maj7")),
            bars=3,
        )
    )
    return ReflexBook("small", tuple(phrases))


def heard(symbol: str, ns: int = 0, kind: str = "provisional", safe: Iterable[int] = ()) -> Heard:
    return Heard(kind, parse_chord(symbol), (), ns, ns, (), frozenset(safe))


class Player:
    """A conductor with the plan that its commands make, driven by ticks."""

    def __init__(self, *, seed: int = 7, small: ReflexBook | None = None, **settings: object) -> None:
        chart = settings.pop("chart", None)
        port = settings.pop("click_port", "")
        self.conductor = Conductor(
            "s",
            seed,
            book() if small is None else small,
            {n: style(n) for n in ("plain", "other")},
            BandSettings("plain", **settings),  # type: ignore[arg-type]
            chart=chart,  # type: ignore[arg-type]
            click_port=port,  # type: ignore[arg-type]
        )
        self.plan: dict[Role, list[PlannedNote]] = {r: [] for r in Role}
        self.commands: list[Command] = []

    def take(self, commands: Iterable[Command]) -> list[Command]:
        listed = list(commands)
        self.commands += listed
        for command in listed:
            if isinstance(command, Splice):
                kept = [n for n in self.plan[command.role] if n.tick < command.from_tick]
                self.plan[command.role] = kept + list(command.notes)
        return listed

    def start(self, tick: int = 0) -> list[Command]:
        return self.take(self.conductor.start(tick))

    def run(self, start: int, end: int, step: int = 40) -> list[Command]:
        found: list[Command] = []
        for tick in range(start, end, step):
            found += self.take(self.conductor.advance(tick, 120))
        return found

    def hear(self, symbol: str, tick: float, **more: object) -> list[Splice]:
        update = heard(symbol, 10**9 + int(tick * 520_833), **more)  # type: ignore[arg-type]
        taken = self.take(self.conductor.hear(update, tick, 120))
        return [c for c in taken if isinstance(c, Splice) and c.trigger_ns]

    def act(
        self, action: str, argument: str | float | None = None, *, soon: bool = False, tick: int = 0
    ) -> list[Command]:
        return self.take(self.conductor.act(action, argument, soon, tick))

    def notes(self, role: Role, start: int, end: int) -> list[PlannedNote]:
        return [n for n in self.plan[role] if start <= n.tick < end]
