"""``jamtui ingest``: the progress on screen, the tables at the end, the report file."""

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from jamtui.errors import JamtuiError
from jamtui.library.ingest.run import IngestReport, Progress, ingest
from jamtui.library.ingest.walk import SUFFIXES
from jamtui.library.ingest.worker import step_back
from jamtui.music.phrase import Role

if TYPE_CHECKING:
    from rich.console import Console

SHOWN = 20
"""Refused files that the terminal lists; all of them are in the report file."""
_EVERY = 0.5
"""Seconds between two lines of progress where there is no terminal."""
INTERRUPTED = 130


def run_ingest(
    paths: list[Path],
    store_path: Path,
    *,
    style: str = "",
    role: str = "",
    workers: int = 0,
    dry_run: bool = False,
    as_json: bool = False,
    report_path: Path | None = None,
) -> int:
    """Ingest and say what became of it; the exit status: 0, or 130 after Ctrl-C. This process's
    priority is lowered.

    With ``as_json`` standard output is one JSON object, and standard error has a line of progress as JSON
    twice a second.

    Raises:
        JamtuiError: a path is not there, the report cannot be written, the library cannot be opened.
    """
    if report_path is not None and not report_path.parent.is_dir():
        raise JamtuiError(f"there is no folder {report_path.parent} for the report; make it first")
    chosen = Role(role) if role else None
    step_back()
    try:
        with _stopping(), _showing(as_json) as progress:
            report = ingest(
                paths,
                store_path,
                style=style,
                role=chosen,
                workers=workers,
                dry_run=dry_run,
                starter=True,
                progress=progress,
            )
    except KeyboardInterrupt:
        print("jamtui: stopped; run it again to go on from here", file=sys.stderr)
        return INTERRUPTED
    summary = as_object(report, dry_run)
    if report_path is not None:
        _write(report_path, report, summary)
    if as_json:
        print(json.dumps(summary), flush=True)
    else:
        if report.set_aside:
            print(f"jamtui: {report.set_aside}", file=sys.stderr)
        _print(report, dry_run, report_path)
        if report.earlier and (style or role):
            print(
                "What was known already keeps its style and role; `jamtui library forget FILE` first, "
                "and it is read anew."
            )
    return INTERRUPTED if report.interrupted else 0


def as_object(report: IngestReport, dry_run: bool = False) -> dict[str, Any]:
    """The report as JSON has it."""
    return {
        "files": report.files,
        "taken": report.taken,
        "known": report.known,
        "known_earlier": report.earlier,
        "refused": [{"file": name, "reason": reason} for name, reason in report.refused],
        "notices": [{"file": name, "notice": notice} for name, notice in report.notices],
        "phrases": report.phrases,
        "added": report.added,
        "merged": report.merged,
        "by_style_and_role": [
            {
                "style": style or "any",
                "role": role,
                "phrases": count,
                "added": report.added_tally[style, role],
            }
            for (style, role), count in sorted(report.tally.items())
        ],
        "seconds": round(report.seconds, 2),
        "interrupted": report.interrupted,
        "set_aside": report.set_aside,
        "dry_run": dry_run,
    }


@contextmanager
def _stopping() -> Iterator[None]:
    """A polite ``kill`` ends it like Ctrl-C: between two files, with the library whole."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _showing(as_json: bool) -> Iterator[Progress]:
    """What is called after every file."""
    if as_json or not sys.stderr.isatty():
        yield _Lines(sys.stderr, as_json)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[done]} of {task.fields[files]} files · {task.fields[phrases]:,} phrases"),
        TextColumn("· {task.fields[speed]:.1f} files/s"),
        TimeRemainingColumn(),
        TextColumn("left · {task.fields[refused]} refused"),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("reading", total=None, done=0, files=0, phrases=0, speed=0.0, refused=0)

        def show(report: IngestReport) -> None:
            bar.update(
                task,
                total=report.effort,
                completed=report.effort_done,
                done=report.done,
                files=report.files,
                phrases=report.phrases,
                speed=report.done / max(report.seconds, 0.001),
                refused=len(report.refused),
            )

        yield show


class _Lines:
    """Progress without a terminal: a line now and then."""

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self._out = out
        self._json = as_json
        self._every = _EVERY if as_json else 10.0
        self._last = 0.0 if as_json else time.monotonic()

    def __call__(self, report: IngestReport) -> None:
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        if self._json:
            state = {
                "files": report.files,
                "done": report.done,
                "phrases": report.phrases,
                "added": report.added,
                "refused": len(report.refused),
            }
            print(json.dumps(state), file=self._out, flush=True)
        else:
            print(
                f"{report.done} of {report.files} files, {report.phrases} phrases, "
                f"{len(report.refused)} refused",
                file=self._out,
                flush=True,
            )


def _print(report: IngestReport, dry_run: bool, report_path: Path | None) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    _table(console, report, dry_run)
    for name, reason in report.refused[:SHOWN]:
        console.print(f"refused {name}: {reason}", markup=False)
    if len(report.refused) > SHOWN:
        more = "all are in the report" if report_path else "--report FILE lists all"
        console.print(f"… and {len(report.refused) - SHOWN} more; {more}", markup=False)
    console.print(_sentence(report, dry_run), markup=False)


def _sentence(report: IngestReport, dry_run: bool) -> str:
    if not report.files:
        return f"There is no music here that can be read ({', '.join(SUFFIXES)}, .zip)."
    files = f"{report.taken} of {report.files} files gave {report.phrases:,} phrases"
    if report.known:
        files += f", {report.known} {'was' if report.known == 1 else 'were'} known already"
    if report.refused:
        files += f", {len(report.refused)} refused"
    if dry_run:
        outcome = "nothing was stored (--dry-run)"
    else:
        outcome = f"{report.added:,} new in the library, {report.merged:,} near-duplicates counted"
    text = f"{files}; {outcome}; {report.seconds:.1f} s."
    return text + (" Stopped; run it again to go on from here." if report.interrupted else "")


def _table(console: "Console", report: IngestReport, dry_run: bool) -> None:
    """By style and role the phrases that are new to the library, of those that were found; after a dry run,
    which adds none, those that were found."""
    from rich.table import Table

    if not report.tally:
        return
    roles = [role.value for role in Role if any(r == role.value for _, r in report.tally)]
    title = "phrases found" if dry_run else "phrases added, of those found (the others were merged)"
    table = Table("style", *roles, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"

    def cell(style: str, role: str) -> str:
        found = report.tally.get((style, role), 0)
        if not found or dry_run:
            return f"{found:,}" if found else ""
        return f"{report.added_tally[style, role]:,} of {found:,}"

    for style in sorted({style for style, _ in report.tally}, key=lambda s: (not s, s)):
        table.add_row(style or "any", *(cell(style, role) for role in roles))
    console.print(table)


def _write(path: Path, report: IngestReport, summary: dict[str, Any]) -> None:
    """The report: JSON for a name that ends so, else text with every refused file."""
    if path.suffix.lower() == ".json":
        text = json.dumps(summary, indent=2) + "\n"
    else:
        lines = [_sentence(report, bool(summary["dry_run"])), ""]
        lines += [
            f"{row['style']:10} {row['role']:6} {row['added']:8} added of {row['phrases']:8} found"
            for row in summary["by_style_and_role"]
        ]
        lines += ["", f"Refused ({len(report.refused)}):"]
        lines += [f"{name}: {reason}" for name, reason in report.refused]
        lines += ["", f"Mended or estimated ({len(report.notices)}):"]
        lines += [f"{name}: {notice}" for name, notice in report.notices]
        text = "\n".join(lines) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise JamtuiError(
            f"cannot write the report {path} ({error.strerror}); choose another place"
        ) from error
