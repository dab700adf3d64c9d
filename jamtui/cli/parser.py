"""All commands and their options."""

import argparse
import difflib
import re
from pathlib import Path
from typing import NoReturn

from jamtui.cli import band, music
from jamtui.cli.values import count, llm_host, positive, seed, tempo, workers

GRIDS = ("free", "1/8", "1/16")
ROLES = ("lead", "bass", "comp", "drums")
METER_NAMES = ("4/4", "3/4", "6/8", "5/4", "7/8")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the command line in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        if wrong := re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message):
            # Of words, not of meters and grids, where the nearest by letters is no guess at all.
            names = [name for each in wrong[2].split(",") if (name := each.strip(" '")).isalpha()]
            if near := difflib.get_close_matches(wrong[1], names, n=1, cutoff=0.7):
                message = f"{message[: wrong.start()]}there is no {wrong[1]!r}; did you mean {near[0]!r}?"
                self.exit(2, f"jamtui: {message} `{self.prog} --help` lists what there is\n")
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
    parser.set_defaults(command=band.stage)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    # SUPPRESS: an option given before the command is not put back to its default by the command's own.
    play = commands.add_parser(
        "play", help="play without a screen (--headless) or with one", argument_default=argparse.SUPPRESS
    )
    play.add_argument("--headless", action="store_true", default=False, help="no screen; a JSON report")
    play.add_argument("--seconds", type=positive, default=None, metavar="N", help="stop after N seconds")
    play.add_argument("--report", type=Path, default=None, metavar="FILE", help="write the report to FILE")
    _band_options(play)
    play.set_defaults(command=band.play)

    commands.add_parser("attach", help="show the screen of the band that is running").set_defaults(
        command=band.attach
    )
    commands.add_parser("stop", help="stop the band that is running").set_defaults(command=band.stop)
    commands.add_parser("panic", help="end every sounding note now").set_defaults(command=band.panic)

    screenshot = commands.add_parser("screenshot", help="draw the running band's stage into an SVG file")
    screenshot.add_argument(
        "file", nargs="?", type=Path, metavar="FILE.svg", help="default: named by the time"
    )
    screenshot.add_argument("--size", default="120x40", metavar="CxR", help="columns x rows (default 120x40)")
    screenshot.set_defaults(command=band.screenshot)

    ports = commands.add_parser("ports", help="list the MIDI ports and what jamtui makes of them")
    ports.add_argument("--json", action="store_true", help="machine-readable")
    ports.set_defaults(command=band.ports)

    doctor = commands.add_parser("doctor", help="check this machine; a fix for each failing line")
    doctor.add_argument("--json", action="store_true", help="machine-readable")
    doctor.add_argument("--fix", action="store_true", help="clear what a dead band left behind")
    doctor.set_defaults(command=band.doctor)

    chord = commands.add_parser("chord", help='name a voicing: jamtui chord "60 64 67 71"')
    chord.add_argument("notes", nargs="*", help="MIDI numbers or note names; - reads lines from stdin")
    chord.add_argument("--json", action="store_true", help="one JSON object a line")
    chord.set_defaults(command=music.chord)

    _llm_commands(commands.add_parser("llm", help="the language model that writes along (Ollama)"))

    _prepare_command(commands.add_parser("prepare", help="have the LLM write choruses before the show"))

    _ingest_command(commands.add_parser("ingest", help="take phrases from MIDI files and scores"))

    _library_commands(commands.add_parser("library", help="look into the phrase library, and after it"))

    bench = commands.add_parser("bench", help="measure this machine")
    kinds = bench.add_subparsers(title="benchmarks", metavar="KIND", required=True)
    live = kinds.add_parser("live", help="the live loop beside a control loop and a bare echo")
    live.add_argument("--json", action="store_true", help="machine-readable")
    live.add_argument("--events", type=count, default=5000, metavar="N", help="events per figure")
    live.add_argument("--only", metavar="NAME", action="append", help="only this figure (may be repeated)")
    live.add_argument("--jack-defaults", action="store_true", help="over a JACK server without options")
    live.set_defaults(command=band.bench_live)
    return parser


def _llm_commands(llm: argparse.ArgumentParser) -> None:
    kinds = llm.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = kinds.add_parser("list", help="models on every host, with sizes and measured speed")
    listing.add_argument("--json", action="store_true", help="machine-readable")
    listing.set_defaults(command=music.llm_list)
    bench = kinds.add_parser("bench", help="play a fixed brief on each installed model")
    bench.add_argument("models", nargs="*", metavar="MODEL", help="only these")
    bench.add_argument("--host", type=llm_host, default="", metavar="H", help="only there (default: all)")
    bench.add_argument("--json", action="store_true", help="machine-readable")
    bench.set_defaults(command=music.llm_bench)
    pull = kinds.add_parser("pull", help="fetch a model, with a progress bar")
    pull.add_argument("model", metavar="MODEL")
    pull.add_argument(
        "--host",
        type=llm_host,
        default="",
        metavar="H",
        help="onto this one (default: the first there)",
    )
    pull.set_defaults(command=music.llm_pull)
    use = kinds.add_parser("use", help="make an installed model the one that plays")
    use.add_argument("model", metavar="MODEL")
    use.set_defaults(command=music.llm_use)


def _prepare_command(prepare: argparse.ArgumentParser) -> None:
    prepare.add_argument("--chart", metavar="C", help='the song, as "Dm7 | G7 | Cmaj7 | %%" or a file')
    prepare.add_argument("--style", metavar="S", help="the style it will be played in")
    prepare.add_argument("--choruses", type=count, default=3, metavar="N", help="times through (default 3)")
    prepare.add_argument("--role", choices=("lead", "bass", "comp"), default="lead", help="who plays them")
    prepare.add_argument("--tempo", type=tempo, metavar="T", help="about how fast (default: the style's)")
    prepare.add_argument("--meter", choices=METER_NAMES, help="time signature (default: as when playing)")
    prepare.add_argument("--list", action="store_true", help="show what is prepared")
    prepare.add_argument("--forget", metavar="NAME", help="remove what is prepared for a song")
    prepare.add_argument("--json", action="store_true", help="machine-readable")
    prepare.set_defaults(command=music.prepare)


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
        "--workers", type=workers, default=0, metavar="N", help="processes; default: cores less 1"
    )
    ingest.add_argument("--dry-run", action="store_true", help="read and report, store nothing")
    ingest.add_argument("--json", action="store_true", help="machine-readable")
    ingest.add_argument("--report", type=Path, metavar="FILE", help="every file and reason (text, or .json)")
    ingest.set_defaults(command=music.ingest)


def _library_commands(library: argparse.ArgumentParser) -> None:
    kinds = library.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        parser = kinds.add_parser(name, help=text)
        parser.add_argument("--json", action="store_true", help="machine-readable")
        parser.set_defaults(command=music.library, library=name)
        return parser

    add("stats", "what the library holds")
    search = add("search", 'phrases that fit: jamtui library search "Dm7 G7" (a bar each, or a chart)')
    search.add_argument("chords")
    search.add_argument("--role", choices=ROLES, default="lead", help="default: lead")
    search.add_argument("--style", metavar="S", default="", help="phrases of this style come first")
    search.add_argument("--meter", choices=METER_NAMES, default="4/4", help="default: 4/4")
    search.add_argument("--count", type=count, default=8, metavar="N", help="how many (default 8)")
    add("show", "one phrase with its notes, and those most like it").add_argument("id", type=count)
    export = add("export", "write phrases to a .mid or .json file")
    export.add_argument("file", type=Path, metavar="FILE")
    export.add_argument("ids", nargs="*", type=count, metavar="ID", help="default: all that are asked for")
    export.add_argument("--role", choices=ROLES, default="", help="only this role")
    export.add_argument("--style", metavar="S", default=None, help="only this style")
    forget = add("forget", "delete what came from a file, or single phrases")
    forget.add_argument("files", nargs="*", metavar="FILE", help="path, title or beginning of the hash")
    forget.add_argument("--phrase", type=count, action="append", default=[], metavar="ID", help="a phrase")
    add("vacuum", "check the file, give back unused room, renew the search cells")
    add("backup", "write a copy, also while the band plays").add_argument("file", type=Path, metavar="FILE")


def _band_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--demo", action="store_true", help="a built-in player performs a 32-bar form")
    parser.add_argument("--style", metavar="S", help="swing, blues, bossa, funk, ballad or lofi")
    parser.add_argument("--tempo", type=tempo, metavar="T", help="beats a minute, 20 to 400")
    parser.add_argument("--meter", choices=METER_NAMES, help="time signature")
    parser.add_argument("--grid", choices=GRIDS, help="where the band answers a new chord")
    parser.add_argument("--chart", metavar="C", help='the song: "Dm7 | G7 | Cmaj7 | %%" or a file')
    parser.add_argument("--seed", type=seed, metavar="N", help="the same seed and inputs give the same notes")
    parser.add_argument("--null-output", action="store_true", help="open no output ports")
    parser.add_argument("--all-styles", action="store_true", help="step through the styles, 32 bars each")
