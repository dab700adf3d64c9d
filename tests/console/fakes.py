"""A band that is not there: it plays a believable session from a clock, and remembers what it was asked."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import sin

from jamtui.console.app import JamApp
from jamtui.music.meter import COMMON_TIME, EIGHTH, PPQ
from jamtui.session.exchange import Exchange
from jamtui.session.library_page import LibraryPage, LibraryRow, PageRequest
from jamtui.session.model_page import ModelPage
from jamtui.session.snapshot import (
    ChordView,
    Event,
    GaugeView,
    HitView,
    LibraryView,
    NextChord,
    PortView,
    RoleView,
    Roll,
    RollNote,
    Snapshot,
    SourceView,
)

BAR = COMMON_TIME.bar_ticks
LOOP = ("Dm7", "G7", "Cmaj7", "F#m7b5")
_VOICINGS = {
    "Dm7": (50, 57, 60, 65),
    "G7": (43, 53, 59, 62),
    "Cmaj7": (48, 55, 59, 64),
    "F#m7b5": (42, 57, 60, 64),
}
_ALTERNATIVES = {
    "Dm7": (("Dm7", 0.96), ("F/D", 0.31), ("Dm11", 0.12)),
    "G7": (("G7", 0.97), ("Bdim/G", 0.28), ("G9", 0.22)),
    "Cmaj7": (("Cmaj7", 0.95), ("Em/C", 0.41), ("C6", 0.09)),
    "F#m7b5": (("F#m7b5", 0.92), ("Am6/F#", 0.77), ("D9/F#", 0.35)),
}
_LINES: Mapping[str, tuple[tuple[int, int, int], ...]] = {
    # (tick in the bar, duration, pitch)
    "Dm7": (
        (480, 430, 69),
        (960, 430, 72),
        (1440, 430, 74),
        (1920, 430, 77),
        (2400, 430, 76),
        (2880, 900, 74),
    ),
    "G7": ((0, 430, 71), (480, 430, 74), (960, 200, 77), (1200, 200, 79), (1440, 430, 80), (1920, 1300, 79)),
    "Cmaj7": (
        (960, 430, 76),
        (1440, 430, 79),
        (1920, 300, 83),
        (2240, 300, 81),
        (2560, 300, 79),
        (2880, 800, 76),
    ),
    "F#m7b5": (
        (0, 900, 72),
        (1440, 430, 69),
        (1920, 430, 66),
        (2400, 430, 72),
        (2880, 430, 76),
        (3360, 430, 75),
    ),
}
_SOURCES = "RLOM"
_BASS = {
    "Dm7": (38, 41, 45, 44),
    "G7": (43, 47, 50, 49),
    "Cmaj7": (36, 40, 43, 41),
    "F#m7b5": (42, 45, 48, 39),
}
STYLES = (
    ("swing", "swing"),
    ("blues", "blues"),
    ("bossa", "bossa"),
    ("funk", "funk"),
    ("ballad", "ballad"),
    ("lofi", "lo-fi"),
)


def _bar_notes(role: str, bar: int) -> list[tuple[int, int, int]]:
    symbol = LOOP[bar % len(LOOP)]
    if role == "lead":
        return list(_LINES[symbol])
    if role == "bass":
        return [(i * PPQ, 880, pitch) for i, pitch in enumerate(_BASS[symbol])]
    if role == "comp":
        hits = (0, 1440) if bar % 2 else (480, 2400)
        return [(at, 700, pitch) for at in hits for pitch in _VOICINGS[symbol][1:]]
    ride = [(at, 120, 51) for at in (0, 960, 1600, 1920, 2880, 3520)]
    return [*ride, (960, 120, 44), (2880, 120, 44), (0, 120, 36), (1600, 120, 38), (2560, 120, 36)]


def _library() -> tuple[LibraryRow, ...]:
    """Seventy phrases of two roles and three styles, one kept, one banned."""
    rows = []
    for n in range(70, 0, -1):
        line = (62, 65, 69, 72, 70, 65, 64, 62)[: 4 + n % 5]
        notes = tuple((i * EIGHTH, EIGHTH, pitch + n % 7) for i, pitch in enumerate(line))
        role, style = ("lead", "comp")[n % 2], ("swing", "blues", "")[n % 3]
        chords = ("Dm7 G7", "Cmaj7", "Am7 D7 Gmaj7 Cmaj7")[n % 3]
        origin = f"midis/tune {n}.mid, bar {n % 32 + 1}"
        rows.append(
            LibraryRow(n, role, style, (1, 2, 4)[n % 3], chords, origin, notes, BAR, n == 69, n == 67, 3, 1)
        )
    return tuple(rows)


LIBRARY = _library()


class FakeBand:
    """Plays a four-chord loop at 132 from ``clock`` (seconds); a frozen clock gives a frozen band."""

    def __init__(self, clock: Callable[[], float] = lambda: 33.2, *, bpm: float = 132.0) -> None:
        self._clock = clock
        self._bpm = bpm
        self.link_state = "connected"
        self.detail = ""
        self.change: Callable[[Snapshot], Snapshot] = lambda s: s
        """Applied to every snapshot."""
        self.silent = False
        """No snapshot has arrived yet."""
        self.acts: list[tuple[str, str | float | None, bool]] = []
        self.midi: list[bytes] = []
        self.requests: list[str] = []
        """Local actions that the engine passes on."""
        self.closed = False
        self.asked: list[PageRequest] = []
        self.sent_page: LibraryPage | None = None
        self.said: Exchange | None = None
        """What the LLM was last asked and said."""
        self.sent_models: ModelPage | None = None
        self.asked_models = 0
        self.looked = 0
        """How often that was looked at."""
        self.events: list[Event] = []
        self._last: tuple[int, Snapshot] | None = None
        self._rolls: tuple[int, Mapping[str, Roll]] | None = None

    @property
    def link(self) -> str:
        return self.link_state

    @property
    def link_detail(self) -> str:
        return self.detail

    def drain_events(self) -> list[Event]:
        events, self.events = self.events, []
        return events

    def drain_requests(self) -> list[str]:
        requests, self.requests = self.requests, []
        return requests

    def act(self, action: str, argument: str | float | None = None, *, soon: bool = False) -> None:
        self.acts.append((action, argument, soon))

    def ask_page(self, request: PageRequest) -> None:
        self.asked.append(request)
        rows = [r for r in LIBRARY if all(w in (r.role, r.style) for w in request.wanted.split())]
        part = tuple(rows[request.first : request.first + request.count])
        self.sent_page = LibraryPage(request.wanted, request.first, len(rows), part)

    def page(self) -> LibraryPage | None:
        return self.sent_page

    def exchange(self) -> Exchange | None:
        self.looked += 1
        return self.said

    def ask_models(self) -> None:
        self.asked_models += 1

    def models(self) -> ModelPage | None:
        return self.sent_models

    def midi_in(self, data: bytes) -> None:
        self.midi.append(data)

    def close(self) -> None:
        self.closed = True

    def _tick(self) -> float:
        # The engine sends 20 snapshots a second.
        return int(self._clock() * 20) / 20 * self._bpm / 60 * PPQ

    def latest(self) -> Snapshot | None:
        if self.silent:
            return None
        tick = self._tick()
        seq = int(self._clock() * 20)
        if self._last is None or self._last[0] != seq:
            self._last = (seq, self.change(self._snapshot(tick, seq)))
        return self._last[1]

    def refresh(self) -> None:
        """Forget what was built, after ``change`` was set."""
        self._last = self._rolls = None

    def rolls(self) -> Mapping[str, Roll]:
        snapshot = self.latest()
        if snapshot is None or snapshot.state == "stopped":
            return {}
        revision = int(self._tick() // PPQ)
        if self._rolls is None or self._rolls[0] != revision:
            self._rolls = (revision, self._build_rolls(revision))
        return self._rolls[1]

    def _build_rolls(self, revision: int) -> Mapping[str, Roll]:
        now = revision * PPQ
        rolls = {}
        for role in ("lead", "bass", "comp", "drums"):
            notes = []
            for bar in range(max(0, now // BAR - 2), now // BAR + 3):
                for at, duration, pitch in _bar_notes(role, bar):
                    tick = bar * BAR + at
                    if tick > now + 2 * BAR:
                        continue
                    source = _SOURCES[bar % 4] if role == "lead" else "R"
                    state = "s" if tick <= now else "l" if tick < now + 200 else "p"
                    notes.append(RollNote(tick, duration, pitch, 90, source, state))
            rolls[role] = Roll(role, revision, tuple(notes))
        return rolls

    def _snapshot(self, tick: float, seq: int) -> Snapshot:
        bar = int(tick // BAR)
        beat = int(tick % BAR // PPQ)
        symbol = LOOP[bar % 4]
        beats_left = 4 - (tick % BAR) / PPQ
        wobble = sin(seq * 0.7)
        history = tuple(
            0.02 + 0.015 * sin(i * 1.3) + (0.4 if i % 17 == 3 else 0.0)
            for i in range(seq % 60, seq % 60 + 48)
        )
        ttfn = tuple(4.0 + 1.5 * sin(i * 2.1) + (5 if i % 11 == 4 else 0) for i in range(bar, bar + 48))
        past = tuple(0.9 + 0.4 * sin(i * 1.7) if i % 6 == 4 else 0.0 for i in range(bar, bar + 48))
        return Snapshot(
            session="fake",
            seq=seq,
            state="playing",
            tick=tick,
            bar=bar + 1,
            meter="4/4",
            bpm=self._bpm,
            clock="midi",
            clock_locked=True,
            style="swing",
            style_title="swing",
            temperature=0.4,
            energy=0.6,
            player_energy=0.55,
            grid="1/8",
            click=False,
            frozen=False,
            elapsed_s=self._clock() + 700,
            chord=ChordView(symbol, _ALTERNATIVES[symbol], _VOICINGS[symbol], held=beat < 2),
            next_chords=tuple(
                NextChord(LOOP[(bar + i) % 4], bar + 1 + i, beats_left + 4 * (i - 1)) for i in range(1, 5)
            ),
            chart="loop of 4",
            sure=0.83,
            roles=(
                RoleView(
                    "lead",
                    True,
                    False,
                    False,
                    _SOURCES[bar % 4],
                    0.7 + 0.3 * wobble,
                    100,
                    0,
                    57,
                    "jamtui lead",
                    1.8,
                    "enclosure 3",
                ),
                RoleView(
                    "bass",
                    True,
                    False,
                    False,
                    "R",
                    0.5 + 0.2 * wobble,
                    96,
                    0,
                    33,
                    "jamtui bass",
                    1.8,
                    "walking 2",
                ),
                RoleView("comp", True, False, False, "R", 0.3, 88, 0, 5, "jamtui comp", 1.6, "charleston"),
                RoleView(
                    "drums", True, True, False, "R", 0.0, 100, 0, None, "jamtui drums", 1.8, "ride 1", False
                ),
            ),
            gauges=GaugeView(
                ttfn_last=4.1 + wobble,
                ttfn_p50=3.9,
                ttfn_p99=9.8,
                late_p50=0.02,
                late_p99=0.11,
                late_history=history,
                ttfn_history=ttfn,
                past_grid_last=0.3,
                past_grid_p50=0.0,
                past_grid_p99=1.2,
                past_grid_history=past,
                queue_depth=74 + int(4 * wobble),
                runway_bars=1.8,
                dead_air=0,
                on_time=1.0,
                response=0.998,
            ),
            hits=(
                hit(0.93, "Dm7 G7", "bebop", "own take 3", (62, 65, 69, 72, 70, 65), playing=True, kept=True),
                hit(0.91, "Dm7 G7", "swing", "starter 12", (72, 69, 65, 62, 64, 67), moved=((2, -1), (4, 2))),
                hit(0.88, "Dm9 G13", "bebop", "midis/tune.mid", (60, 60, 64, 67, 71, 74), moved=((5, 1),)),
                hit(0.86, "Dm7 G7b9", "swing", "starter 4", (74, 71, 67, 65, 62, 59)),
            ),
            sources=(
                SourceView("R", "reflex", "ready", "book of 412 phrases"),
                SourceView("L", "library", "ready", "12,418 phrases"),
                SourceView("M", "model", "absent", "No embedded model in this version yet."),
                SourceView("O", "Ollama", "absent", "not reached at localhost:11434"),
            ),
            inputs=("Keystation 61",),
            output="virtual ports",
            recording="/home/player/.local/state/jamtui/takes/one.jsonl",
            bar_tick=bar * BAR,
            styles=STYLES,
            ports_in=(PortView("Keystation 61", True), PortView("nanoKONTROL2", False)),
            ports_out=(PortView("FLUID Synth (1234)", False),),
            seed=4127,
            priority="real-time (FIFO 60)",
            library=LibraryView(12_418, 97),
        )


def hit(
    score: float,
    chords: str,
    style: str,
    origin: str,
    pitches: tuple[int, ...],
    *,
    playing: bool = False,
    kept: bool = False,
    moved: tuple[tuple[int, int], ...] = (),
) -> HitView:
    """A hit of eighths from the first beat on."""
    notes = tuple((n * EIGHTH, EIGHTH, pitch) for n, pitch in enumerate(pitches))
    return HitView(score, chords, style, origin, notes, BAR, playing, kept, "lead", moved)


def stage_text(app: JamApp) -> str:
    """What the stage shows, as lines of text."""
    return "\n".join("".join(segment.text for segment in row) for row in app.stage.rows)


def stopped(snapshot: Snapshot) -> Snapshot:
    """Before the first start, keyboard there."""
    return replace(
        snapshot,
        state="stopped",
        tick=0.0,
        bar=1,
        bar_tick=0,
        chord=ChordView("N.C."),
        next_chords=(),
        chart="",
        gauges=GaugeView(),
        hits=(),
        library=LibraryView(),
        sources=(
            SourceView("R", "reflex", "ready", "book of 412 phrases"),
            SourceView("L", "library", "absent", "No phrase library was asked for in this session."),
            SourceView("M", "model", "absent", "No embedded model in this version yet."),
            SourceView("O", "Ollama", "absent", "No LLM was asked for in this session."),
        ),
        roles=tuple(
            replace(r, source="", level=0.0, label="", solo=False, muted=False, runway_bars=0.0)
            for r in snapshot.roles
        ),
        clock="internal",
        elapsed_s=0.0,
    )


def comp_solo(snapshot: Snapshot) -> Snapshot:
    """The comp alone is heard; the drums are muted besides."""
    roles = tuple(replace(r, solo=r.role == "comp", audible=r.role == "comp") for r in snapshot.roles)
    return replace(snapshot, roles=roles)


def no_input(snapshot: Snapshot) -> Snapshot:
    """Nothing plugged in at all."""
    return replace(
        stopped(snapshot),
        inputs=(),
        ports_in=(),
        ports_out=(),
        output="null output: no MIDI ports on this system",
    )


def in_meter(name: str) -> Callable[[Snapshot], Snapshot]:
    """The same bar in another meter."""
    return lambda s: replace(s, meter=name)
