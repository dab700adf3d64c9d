"""Makes the engine's band from the configuration and what the session was started with."""

from collections import deque
from collections.abc import Callable, Mapping, Sized
from pathlib import Path

from jamtui import __version__, paths
from jamtui.config import Config
from jamtui.errors import JamtuiError
from jamtui.music.chart import Chart, parse_chart, read_head
from jamtui.music.meter import METERS
from jamtui.music.phrase import Role
from jamtui.playback.clock import MusicalClock
from jamtui.playback.commands import Command
from jamtui.playback.quiet import Quiet
from jamtui.processes.configured import mappings
from jamtui.processes.engine_ports import EnginePorts
from jamtui.processes.options import SessionOptions
from jamtui.processes.sinks import CLOCK, ONE, THRU
from jamtui.session.band import Band
from jamtui.session.book import ReflexBook
from jamtui.session.conductor import Conductor
from jamtui.session.demo_form import DEFAULT_FORM, form_of
from jamtui.session.demo_player import DemoPlayer
from jamtui.session.hearing import ChordStream
from jamtui.session.journal import JournalWriter
from jamtui.session.midi_map import MidiMap
from jamtui.session.settings import BandOptions, BandSettings
from jamtui.styles.style import Style


def choose_style(styles: Mapping[str, Style], name: str) -> Style:
    """The style called ``name``.

    Raises:
        JamtuiError: there is none.
    """
    try:
        return styles[name]
    except KeyError:
        raise JamtuiError(f'there is no style "{name}"; choose one of {", ".join(styles)}') from None


def open_journal(
    config: Config,
    options: SessionOptions,
    style: Style,
    *,
    session: str,
    seed: int,
    bpm: float,
    quiet: Quiet,
) -> JournalWriter | None:
    """The session's journal, None where it is turned off."""
    if not config.journal.on:
        return None
    folder = Path(config.journal.folder).expanduser() if config.journal.folder else paths.journal_dir()
    return JournalWriter(
        folder / f"{session}.jsonl",
        session=session,
        seed=seed,
        version=__version__,
        style=style.name,
        settings={"tempo": bpm, "demo": options.demo},
        outside=quiet.outside,
    )


def make_band(
    config: Config,
    options: SessionOptions,
    styles: Mapping[str, Style],
    style: Style,
    book: ReflexBook,
    *,
    session: str,
    seed: int,
    clock: MusicalClock,
    commands: deque[Command],
    ports: EnginePorts,
    recorder: JournalWriter | None,
    tell: Callable[[str, str], None],
    hurry: Callable[[], None],
    unheard: Sized,
    elsewhere: Callable[[str, str | float | None, int], bool],
) -> Band:
    """The band, stopped.

    Raises:
        JamtuiError: the chart cannot be read.
    """
    playing = config.playing
    told = read_head(options.chart)[0].get("meter") if options.chart is not None else None
    meter = METERS[options.meter or told or playing.meter or style.meter]
    chart: Chart | None = parse_chart(options.chart, meter) if options.chart is not None else None
    settings = BandSettings(
        style=style.name,
        meter=meter,
        temperature=playing.temperature,
        energy=playing.energy,
        grid=options.grid or playing.grid,
        feel=playing.feel,
        hedge=playing.hedge,
        muted=frozenset(r for r in Role if not config.role(r.value).on),
    )
    drums = ports.routes[Role.DRUMS]
    conductor = Conductor(
        session,
        seed,
        book,
        styles,
        settings,
        chart=chart,
        click_port=drums.port,
        click_channel=drums.channel,
    )
    form = form_of(chart) if chart is not None else None
    demo = DemoPlayer(seed, clock.bpm, meter, form or DEFAULT_FORM) if options.demo else None
    return Band(
        conductor=conductor,
        chords=ChordStream(latch=playing.latch, fade_bars=playing.fade_bars, split=playing.split),
        clock=clock,
        commands=commands,
        options=BandOptions(
            count_in=playing.count_in,
            thru_port=THRU if THRU in ports.sinks else "",
            clock_port=(CLOCK if CLOCK in ports.sinks else ONE) if config.clock.send else "",
            clock_source=config.clock.source,
            clock_input=config.clock.input,
            styles_in_turn=options.styles_in_turn,
            tempo_given=options.tempo is not None or playing.tempo is not None,
            demo=options.demo,
        ),
        midi_map=MidiMap(mappings(config)),
        demo=demo,
        chart=chart,
        recorder=recorder,
        tell=tell,
        hurry=hurry,
        unheard=unheard,
        elsewhere=elsewhere,
    )
