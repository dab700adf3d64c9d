"""What the engine tells its clients: snapshots at 20 Hz, piano-roll notes when the plan changes, events.

Every class here is a plain frozen dataclass of JSON-able fields, so the link can carry it. A client that
is slow loses snapshots, never the engine's time.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChordView:
    """A chord as the screen shows it. ``notes`` are the MIDI numbers held (or latched)."""

    symbol: str
    alternatives: tuple[tuple[str, float], ...] = ()
    notes: tuple[int, ...] = ()
    held: bool = False
    provisional: bool = False
    """Nothing has settled yet: ``symbol`` is what is heard so far."""
    heard: str = ""
    """What is heard newly and has not settled, where it differs from ``symbol``; else empty."""


@dataclass(frozen=True, slots=True)
class NextChord:
    """A chord to come: symbol, bar number (1-based, as on screen), beats from now."""

    symbol: str
    bar: int
    beats: float


@dataclass(frozen=True, slots=True)
class RoleView:
    """One player of the band. ``source`` is the letter now playing; ``level`` 0 to 1 decays by itself."""

    role: str
    on: bool
    muted: bool
    solo: bool
    source: str
    level: float
    volume: int
    octave: int
    program: int | None
    port: str
    """Name of the port it goes to, or why there is none."""
    runway_bars: float
    label: str = ""
    """Name of the phrase that sounds."""
    audible: bool = True
    """Whether it is heard, with all mutes and solos."""


@dataclass(frozen=True, slots=True)
class GaugeView:
    """Numbers of DESIGN's KPIs; milliseconds, None while there is nothing measured."""

    ttfn_last: float | None = None
    ttfn_p50: float | None = None
    ttfn_p99: float | None = None
    late_p50: float | None = None
    late_p99: float | None = None
    late_history: tuple[float, ...] = ()
    ttfn_history: tuple[float, ...] = ()
    queue_depth: int = 0
    runway_bars: float = 0.0
    dead_air: int = 0
    on_time: float = 1.0
    response: float | None = None
    """Share of new chords answered at the next grid point."""
    hung: int = 0
    past_grid_last: float | None = None
    past_grid_p50: float | None = None
    past_grid_p99: float | None = None
    past_grid_history: tuple[float, ...] = ()
    """On a grid: how long after its grid point the first note left (`Kpi`)."""


@dataclass(frozen=True, slots=True)
class HitView:
    """A retrieval hit for the panel."""

    score: float
    chords: str
    style: str
    origin: str
    notes: tuple[tuple[int, int, int], ...] = ()
    """``(onset, duration, pitch)`` in ticks over ``length``: the tiny piano roll."""
    length: int = 0
    playing: bool = False
    kept: bool = False
    role: str = ""
    moved: tuple[tuple[int, int], ...] = ()
    """Which of ``notes`` (their index) were moved to fit the chords, and by how many semitones."""


@dataclass(frozen=True, slots=True)
class LibraryView:
    """The phrase library in short. ``phrases`` is None while nobody has counted them."""

    phrases: int | None = None
    sources: int = 0
    ingest: str = ""
    """What is being ingested and how far it is, in words; empty: nothing."""


@dataclass(frozen=True, slots=True)
class SourceView:
    """Health of one source: letter, name, state word, sentence."""

    letter: str
    name: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class PortView:
    """A MIDI port the system shows: its name, whether the band uses it, and a word on it."""

    name: str
    open: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All the stage screen needs but the notes."""

    session: str
    seq: int
    state: str
    """``stopped``, ``count-in``, ``playing``, ``ending``."""
    tick: float
    """Musical time now; beat and bar follow from it and the meter."""
    bar: int
    """1-based; 0 in the count-in."""
    meter: str
    bpm: float
    clock: str
    """``internal``, ``tap``, ``midi``."""
    clock_locked: bool
    """False: the clock that is to be followed stopped coming (free-running) or, while ``clock`` is not
    ``midi``, has not come yet."""
    style: str
    style_title: str
    temperature: float
    energy: float
    player_energy: float
    grid: str
    """``free``, ``1/8``, ``1/16``."""
    click: bool
    frozen: bool
    elapsed_s: float
    chord: ChordView
    next_chords: tuple[NextChord, ...]
    chart: str
    roles: tuple[RoleView, ...]
    gauges: GaugeView
    hits: tuple[HitView, ...]
    sources: tuple[SourceView, ...]
    inputs: tuple[str, ...]
    """Names of the open inputs; empty: nothing to play on."""
    output: str
    """Where the band goes, in words; ``null output`` with the reason where there is none."""
    recording: str
    """Path of the journal, or why it is not written."""
    notices: tuple[str, ...] = ()
    """What the player must act on, most urgent first (shown until it no longer holds)."""
    seed: int = 0
    priority: str = ""
    """What priority the output thread was given."""
    demo: bool = False
    pending: tuple[str, ...] = ()
    """Changes that wait for the bar line, in words."""
    bar_tick: int = 0
    """Tick of the first beat of the bar that sounds: bar lines and beats follow from it."""
    styles: tuple[tuple[str, str], ...] = ()
    """Styles to pick from: name and title, in the order of the style keys."""
    ports_in: tuple[PortView, ...] = ()
    """Every input there is, open or not (our own ports left out)."""
    ports_out: tuple[PortView, ...] = ()
    """Every output there is, used or not."""
    latch: bool = True
    """The chord holds after the keys are let go."""
    synth: str = ""
    """Port of a General MIDI synth that was found and is not in use; empty: none."""
    density: float = 0.5
    """How many notes the player wants; 0.5 is the style's own measure."""
    surprise: float = 0.0
    """How far out the player wants the band to go."""
    sure: float = 0.0
    """How likely ``next_chords`` come, 0 to 1; 1 over a chart."""
    library: LibraryView = LibraryView()
    """The phrase library in short."""


@dataclass(frozen=True, slots=True)
class RollNote:
    """A note of the piano roll. ``state`` is ``p`` planned, ``l`` locked, ``s`` sounding or played."""

    tick: int
    duration: int
    pitch: int
    velocity: int
    source: str
    state: str


@dataclass(frozen=True, slots=True)
class Roll:
    """The piano roll of one role: what was played in the last two bars and all that is planned."""

    role: str
    revision: int
    notes: tuple[RollNote, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the event line. ``severity`` is ``info``, ``warning`` or ``error``; ``at`` Unix seconds."""

    at: float
    text: str
    severity: str = "info"
