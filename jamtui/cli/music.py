"""Commands on chords, the phrase library and the language model."""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from jamtui.cli.song import chart_text, check_style, read_config
from jamtui.errors import JamtuiError, MusicError

if TYPE_CHECKING:
    from jamtui.music.voicing import NamedVoicing


def chord(arguments: argparse.Namespace) -> int:
    """``jamtui chord``."""
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


def llm_list(arguments: argparse.Namespace) -> int:
    """``jamtui llm list``."""
    from jamtui.processes.llm import list_models

    return list_models(read_config(), as_json=arguments.json)


def llm_bench(arguments: argparse.Namespace) -> int:
    """``jamtui llm bench``."""
    from jamtui.processes.llm import bench

    return bench(read_config(), arguments.models, host=arguments.host, as_json=arguments.json)


def llm_pull(arguments: argparse.Namespace) -> int:
    """``jamtui llm pull``."""
    from jamtui.processes.llm import pull

    return pull(read_config(), arguments.model, host=arguments.host)


def llm_use(arguments: argparse.Namespace) -> int:
    """``jamtui llm use``."""
    from jamtui.processes.llm import use

    return use(read_config(), arguments.model)


def prepare(arguments: argparse.Namespace) -> int:
    """``jamtui prepare``."""
    from jamtui.processes.prepare import Order, forget, list_prepared, prepare

    if arguments.style is not None:
        check_style(arguments.style)
    if arguments.list:
        return list_prepared(as_json=arguments.json)
    if arguments.forget is not None:
        return forget(arguments.forget, arguments.style)
    if arguments.chart is None:
        raise JamtuiError('give the song: jamtui prepare --chart "Dm7 | G7 | Cmaj7 | %", or a file of that')
    order = Order(
        chart=chart_text(arguments.chart, arguments.meter),
        style=arguments.style,
        role=arguments.role,
        choruses=arguments.choruses,
        tempo=arguments.tempo,
        meter=arguments.meter,
    )
    return prepare(read_config(), order, as_json=arguments.json)


def ingest(arguments: argparse.Namespace) -> int:
    """``jamtui ingest``."""
    from jamtui import paths
    from jamtui.library.ingest.command import run_ingest

    if arguments.style:
        check_style(arguments.style)
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


def library(arguments: argparse.Namespace) -> int:
    """``jamtui library``."""
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
