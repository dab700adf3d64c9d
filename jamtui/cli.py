"""The command line: commands and their options; no logic. Everything heavy is imported by the command."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from jamtui.errors import JamtuiError, MusicError

if TYPE_CHECKING:
    from jamtui.config import Config
    from jamtui.music.voicing import NamedVoicing
    from jamtui.processes.options import SessionOptions

GRIDS = ("free", "1/8", "1/16")
DEMO_BARS = 32
"""Length of the demo's form."""
ROLES = ("lead", "bass", "comp", "drums")
METER_NAMES = ("4/4", "3/4", "6/8", "5/4", "7/8")


def run(argv: Sequence[str]) -> int:
    """Parse ``argv`` and do it; errors are one sentence on standard error."""
    arguments = build_parser().parse_args(argv)
    if arguments.version:
        from jamtui import __version__

        print(f"jamtui {__version__}")
        return 0
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except JamtuiError as error:
        print(f"jamtui: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        print(f"jamtui: {what}; `jamtui doctor` checks what jamtui needs of this machine", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"jamtui: {message}; `{self.prog} --help` lists what there is\n")


def build_parser() -> argparse.ArgumentParser:
    """All commands with their help."""
    parser = _Parser(
        prog="jamtui",
        description="Play chords; a band that listens answers in time, into FL Studio or any DAW.",
        epilog="Without a command: show the stage screen, and start the band if none is running.",
    )
    parser.add_argument("-V", "--version", action="store_true", help="print the version and leave")
    _band_options(parser)
    parser.set_defaults(command=_stage)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    # SUPPRESS: an option given before the command is not put back to its default by the command's own.
    play = commands.add_parser(
        "play", help="play without a screen (--headless) or with one", argument_default=argparse.SUPPRESS
    )
    play.add_argument("--headless", action="store_true", default=False, help="no screen; a JSON report")
    play.add_argument("--seconds", type=_positive, default=None, metavar="N", help="stop after N seconds")
    play.add_argument("--report", type=Path, default=None, metavar="FILE", help="write the report to FILE")
    _band_options(play)
    play.set_defaults(command=_play)

    commands.add_parser("attach", help="show the screen of the band that is running").set_defaults(
        command=_attach
    )
    commands.add_parser("stop", help="stop the band that is running").set_defaults(command=_stop)
    commands.add_parser("panic", help="end every sounding note now").set_defaults(command=_panic)

    screenshot = commands.add_parser("screenshot", help="draw the running band's stage into an SVG file")
    screenshot.add_argument(
        "file", nargs="?", type=Path, metavar="FILE.svg", help="default: named by the time"
    )
    screenshot.add_argument("--size", default="120x40", metavar="CxR", help="columns x rows (default 120x40)")
    screenshot.set_defaults(command=_screenshot)

    ports = commands.add_parser("ports", help="list the MIDI ports and what jamtui makes of them")
    ports.add_argument("--json", action="store_true", help="machine-readable")
    ports.set_defaults(command=_ports)

    doctor = commands.add_parser("doctor", help="check this machine; a fix for each failing line")
    doctor.add_argument("--json", action="store_true", help="machine-readable")
    doctor.add_argument("--fix", action="store_true", help="clear what a dead band left behind")
    doctor.set_defaults(command=_doctor)

    chord = commands.add_parser("chord", help='name a voicing: jamtui chord "60 64 67 71"')
    chord.add_argument("notes", nargs="*", help="MIDI numbers or note names; - reads lines from stdin")
    chord.add_argument("--json", action="store_true", help="one JSON object a line")
    chord.set_defaults(command=_chord)

    _llm_commands(commands.add_parser("llm", help="the language model that writes along (Ollama)"))

    _prepare_command(commands.add_parser("prepare", help="have the LLM write choruses before the show"))

    _ingest_command(commands.add_parser("ingest", help="take phrases from MIDI files and scores"))

    _library_commands(commands.add_parser("library", help="look into the phrase library, and after it"))

    bench = commands.add_parser("bench", help="measure this machine")
    kinds = bench.add_subparsers(title="benchmarks", metavar="KIND", required=True)
    live = kinds.add_parser("live", help="the live loop beside a control loop and a bare echo")
    live.add_argument("--json", action="store_true", help="machine-readable")
    live.add_argument("--events", type=int, default=5000, metavar="N", help="events per figure")
    live.add_argument("--only", metavar="NAME", action="append", help="only this figure (may be repeated)")
    live.set_defaults(command=_bench_live)
    return parser


def _llm_commands(llm: argparse.ArgumentParser) -> None:
    kinds = llm.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = kinds.add_parser("list", help="models on every host, with sizes and measured speed")
    listing.add_argument("--json", action="store_true", help="machine-readable")
    listing.set_defaults(command=_llm_list)
    bench = kinds.add_parser("bench", help="play a fixed brief on each installed model")
    bench.add_argument("models", nargs="*", metavar="MODEL", help="only these")
    bench.add_argument("--json", action="store_true", help="machine-readable")
    bench.set_defaults(command=_llm_bench)
    pull = kinds.add_parser("pull", help="fetch a model, with a progress bar")
    pull.add_argument("model", metavar="MODEL")
    pull.set_defaults(command=_llm_pull)
    use = kinds.add_parser("use", help="make an installed model the one that plays")
    use.add_argument("model", metavar="MODEL")
    use.set_defaults(command=_llm_use)


def _prepare_command(prepare: argparse.ArgumentParser) -> None:
    prepare.add_argument("--chart", metavar="C", help='the song, as "Dm7 | G7 | Cmaj7 | %%" or a file')
    prepare.add_argument("--style", metavar="S", help="the style it will be played in")
    prepare.add_argument("--choruses", type=_count, default=3, metavar="N", help="times through (default 3)")
    prepare.add_argument("--role", choices=("lead", "bass", "comp"), default="lead", help="who plays them")
    prepare.add_argument("--tempo", type=_tempo, metavar="T", help="about how fast (default: the style's)")
    prepare.add_argument("--meter", choices=METER_NAMES, help="time signature (default: as when playing)")
    prepare.add_argument("--list", action="store_true", help="show what is prepared")
    prepare.add_argument("--forget", metavar="NAME", help="remove what is prepared for a song")
    prepare.add_argument("--json", action="store_true", help="machine-readable")
    prepare.set_defaults(command=_prepare)


def _ingest_command(ingest: argparse.ArgumentParser) -> None:
    ingest.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="MIDI, MusicXML or ABC files, folders, zips"
    )
    ingest.add_argument(
        "--style", metavar="NAME", default="", help="the style of all of it; default: by the music"
    )
    ingest.add_argument(
        "--role", choices=ROLES, default="", help="the role of all of it; default: by the music"
    )
    ingest.add_argument(
        "--workers", type=_workers, default=0, metavar="N", help="processes; default: cores less 1"
    )
    ingest.add_argument("--dry-run", action="store_true", help="read and report, store nothing")
    ingest.add_argument("--json", action="store_true", help="machine-readable")
    ingest.add_argument("--report", type=Path, metavar="FILE", help="every file and reason (text, or .json)")
    ingest.set_defaults(command=_ingest)


def _library_commands(library: argparse.ArgumentParser) -> None:
    kinds = library.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        parser = kinds.add_parser(name, help=text)
        parser.add_argument("--json", action="store_true", help="machine-readable")
        parser.set_defaults(command=_library, library=name)
        return parser

    add("stats", "what the library holds")
    search = add("search", 'phrases that fit: jamtui library search "Dm7 G7" (a bar each, or a chart)')
    search.add_argument("chords")
    search.add_argument("--role", choices=ROLES, default="lead", help="default: lead")
    search.add_argument("--style", metavar="S", default="", help="phrases of this style come first")
    search.add_argument("--meter", choices=METER_NAMES, default="4/4", help="default: 4/4")
    search.add_argument("--count", type=_count, default=8, metavar="N", help="how many (default 8)")
    add("show", "one phrase with its notes, and those most like it").add_argument("id", type=_count)
    export = add("export", "write phrases to a .mid or .json file")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("ids", nargs="*", type=_count, metavar="ID", help="default: all that are asked for")
    export.add_argument("--role", choices=ROLES, default="", help="only this role")
    export.add_argument("--style", metavar="S", default=None, help="only this style")
    forget = add("forget", "delete what came from a file, or single phrases")
    forget.add_argument("files", nargs="*", metavar="FILE", help="path, title or beginning of the hash")
    forget.add_argument("--phrase", type=_count, action="append", default=[], metavar="ID", help="a phrase")
    add("vacuum", "check the file, give back unused room, renew the search cells")
    add("backup", "write a copy, also while the band plays").add_argument("file", type=Path, metavar="FILE")


def _band_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="a built-in player performs a 32-bar form")
    parser.add_argument("--style", metavar="S", help="swing, blues, bossa, funk, ballad or lofi")
    parser.add_argument("--tempo", type=_tempo, metavar="T", help="beats a minute, 20 to 400")
    parser.add_argument("--meter", choices=METER_NAMES, help="time signature")
    parser.add_argument("--grid", choices=GRIDS, help="where the band answers a new chord")
    parser.add_argument("--chart", metavar="C", help='the song: "Dm7 | G7 | Cmaj7 | %%" or a file')
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed and inputs give the same notes")
    parser.add_argument("--null-output", action="store_true", help="open no output ports")
    parser.add_argument("--all-styles", action="store_true", help="step through the styles, 32 bars each")


def _number(text: str, low: float, high: float, wanted: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise argparse.ArgumentTypeError(f"give {wanted}, not {text!r}")
    return value


def _workers(text: str) -> int:
    return int(_number(text, 1, 64, "a number of processes from 1 to 64"))


def _positive(text: str) -> float:
    return _number(text, 0.001, 1e9, "a number of seconds above 0")


def _count(text: str) -> int:
    value = _number(text, 1, 1e12, "a whole number from 1 on")
    if value != int(value):
        raise argparse.ArgumentTypeError(f"give a whole number from 1 on, not {text!r}")
    return int(value)


def _tempo(text: str) -> float:
    return _number(text, 20, 400, "a tempo from 20 to 400")


def _options(arguments: argparse.Namespace, *, headless: bool) -> "SessionOptions":
    from jamtui.processes.options import INSTALLED, SessionOptions

    chart: str | None = arguments.chart
    if chart is not None:
        chart = _chart_text(chart, arguments.meter)
    if arguments.style is not None:
        _check_style(arguments.style)
    return SessionOptions(
        demo=arguments.demo,
        autostart=arguments.demo or headless,
        headless=headless,
        style=arguments.style,
        tempo=arguments.tempo,
        meter=arguments.meter,
        grid=arguments.grid,
        chart=chart,
        seed=arguments.seed,
        output="null" if arguments.null_output else None,
        styles_in_turn=arguments.all_styles,
        generators=INSTALLED,
    )


def _check_style(name: str) -> None:
    """Refuse a style that is not there before anything starts."""
    from difflib import get_close_matches

    from jamtui import paths

    folders = (paths.styles_dir(), paths.own_styles_dir())
    known = sorted({path.stem for folder in folders for path in folder.glob("*.toml")})
    if name not in known:
        near = get_close_matches(name.lower(), known, n=1)
        hint = f'did you mean "{near[0]}"?' if near else "choose one of " + ", ".join(known)
        raise MusicError(f'there is no style "{name}"; {hint}')


def _chart_text(chart: str, meter_name: str | None = None) -> str:
    """The chart itself or what the file of that name holds, as bars; checked before anything starts."""
    from jamtui.music.chart import parse_chart
    from jamtui.music.meter import METERS

    meter = METERS[meter_name] if meter_name else None
    path = Path(chart)
    if chart.startswith(("irealb://", "irealbook://")):
        from jamtui.library.chart_file import read_chart_text

        return read_chart_text(chart, meter).page
    named = " " not in chart and path.suffix[1:].isalnum()  # as a file is, whether it is there or not
    if "|" not in chart and (named or path.is_file()):
        from jamtui.library.chart_file import chart_page

        return chart_page(path, meter)
    parse_chart(chart)
    return chart


def _config() -> "Config":
    from jamtui import paths
    from jamtui.config import load_config

    return load_config(paths.config_file())


def _stage(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.console import has_terminal, run_console

    config = _config()
    if arguments.demo and not has_terminal():
        # The first command of README shows that the band plays wherever it is typed.
        from jamtui.processes.headless import run_headless

        return run_headless(
            paths.runtime_dir(),
            paths.log_dir(),
            _options(arguments, headless=True),
            bars=DEMO_BARS,
            notice=f"there is no terminal here, so the demo plays its {DEMO_BARS} bars without the screen",
        )
    options = _options(arguments, headless=False)
    return run_console(paths.runtime_dir(), paths.log_dir(), config, options)


def _play(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.headless import run_headless

    if not arguments.headless:
        if arguments.seconds is not None or arguments.report is not None:
            raise JamtuiError("--seconds and --report belong to `jamtui play --headless`")
        return _stage(arguments)
    report: Path | None = arguments.report
    if report is not None and not report.parent.is_dir():
        raise JamtuiError(f"there is no folder {report.parent} for the report; make it first")
    _config()  # a bad configuration is said here, where it can be read
    return run_headless(
        paths.runtime_dir(),
        paths.log_dir(),
        _options(arguments, headless=True),
        seconds=arguments.seconds,
        report_path=report,
    )


def _attach(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.console import run_console

    return run_console(paths.runtime_dir(), paths.log_dir(), _config(), None)


def _stop(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.control import stop_band

    print("stopped" if stop_band(paths.runtime_dir()) else "no band was running")
    return 0


def _panic(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.control import panic

    print(panic(paths.runtime_dir()))
    return 0


def _screenshot(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.processes.picture import take_picture

    print(take_picture(paths.runtime_dir(), arguments.file, arguments.size))
    return 0


def _ports(arguments: argparse.Namespace) -> int:
    from jamtui.processes.doctor import print_ports

    return print_ports(_config(), as_json=arguments.json)


def _doctor(arguments: argparse.Namespace) -> int:
    from jamtui.processes.doctor import print_checks

    return print_checks(as_json=arguments.json, fix=arguments.fix)


def _chord(arguments: argparse.Namespace) -> int:
    from jamtui.music.voicing import name_line

    if arguments.notes not in ([], ["-"]):
        _print_chord(name_line(" ".join(arguments.notes)), as_json=arguments.json)
        return 0
    if not arguments.notes and sys.stdin.isatty():
        raise MusicError('give the notes: jamtui chord "60 64 67 71"')
    status = 0
    # An empty line is a voicing too (no chord), so that answers stay beside their questions.
    for line in sys.stdin:
        try:
            _print_chord(name_line(line), as_json=arguments.json)
        except MusicError as error:
            status = error.exit_code
            if arguments.json:
                nothing: dict[str, object] = {"symbol": None, "alternatives": [], "root": None, "bass": None}
                print(json.dumps({**nothing, "error": str(error)}), flush=True)
            else:
                print(f"jamtui: {error}", file=sys.stderr)
    return status


def _print_chord(named: "NamedVoicing", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(named), flush=True)
    else:
        others = ", ".join(named["alternatives"])
        print(named["symbol"] + (f"   (or {others})" if others else ""))


def _llm_list(arguments: argparse.Namespace) -> int:
    from jamtui.processes.llm import list_models

    return list_models(_config(), as_json=arguments.json)


def _llm_bench(arguments: argparse.Namespace) -> int:
    from jamtui.processes.llm import bench

    return bench(_config(), arguments.models, as_json=arguments.json)


def _llm_pull(arguments: argparse.Namespace) -> int:
    from jamtui.processes.llm import pull

    return pull(_config(), arguments.model)


def _llm_use(arguments: argparse.Namespace) -> int:
    from jamtui.processes.llm import use

    return use(_config(), arguments.model)


def _prepare(arguments: argparse.Namespace) -> int:
    from jamtui.processes.prepare import Order, forget, list_prepared, prepare

    if arguments.style is not None:
        _check_style(arguments.style)
    if arguments.list:
        return list_prepared(as_json=arguments.json)
    if arguments.forget is not None:
        return forget(arguments.forget, arguments.style)
    if arguments.chart is None:
        raise JamtuiError('give the song: jamtui prepare --chart "Dm7 | G7 | Cmaj7 | %", or a file of that')
    order = Order(
        chart=_chart_text(arguments.chart),
        style=arguments.style,
        role=arguments.role,
        choruses=arguments.choruses,
        tempo=arguments.tempo,
        meter=arguments.meter,
    )
    return prepare(_config(), order, as_json=arguments.json)


def _ingest(arguments: argparse.Namespace) -> int:
    from jamtui import paths
    from jamtui.library.ingest.command import run_ingest

    if arguments.style:
        _check_style(arguments.style)
    return run_ingest(
        arguments.paths,
        paths.library_file(),
        style=arguments.style,
        role=arguments.role,
        workers=arguments.workers,
        dry_run=arguments.dry_run,
        as_json=arguments.json,
        report_path=arguments.report,
    )


def _library(arguments: argparse.Namespace) -> int:
    from jamtui.processes import library_commands as library

    name, as_json = arguments.library, arguments.json
    if name == "stats":
        return library.show_stats(as_json=as_json)
    if name == "search":
        role, style, meter = arguments.role, arguments.style, arguments.meter
        return library.search(
            arguments.chords, role=role, style=style, meter=meter, count=arguments.count, as_json=as_json
        )
    if name == "show":
        return library.show(arguments.id, as_json=as_json)
    if name == "export":
        role, style = arguments.role, arguments.style
        return library.export(arguments.file, arguments.ids, role=role, style=style, as_json=as_json)
    if name == "forget":
        return library.forget(arguments.files, arguments.phrase, as_json=as_json)
    if name == "vacuum":
        return library.vacuum(as_json=as_json)
    return library.backup(arguments.file, as_json=as_json)


def _bench_live(arguments: argparse.Namespace) -> int:
    from jamtui.processes.bench import bench_live

    return bench_live(events=arguments.events, only=arguments.only, as_json=arguments.json)
