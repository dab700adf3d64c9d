"""``jamtui screenshot``: a picture of the running band's stage, without a terminal."""

import re
import time
from pathlib import Path

from jamtui.errors import JamtuiError, LinkError
from jamtui.processes.client import EngineLink
from jamtui.processes.lock import band_is_running
from jamtui.session.snapshot import Snapshot

PATIENCE_S = 5.0
ROLLS_PATIENCE_S = 1.0
COLUMNS = range(20, 501)
ROWS = range(5, 201)


def parse_size(text: str) -> tuple[int, int]:
    """Columns and rows from ``120x40``.

    Raises:
        JamtuiError: not a size, or one that no terminal has.
    """
    found = re.fullmatch(r"(\d{1,4})\s*[x×]\s*(\d{1,4})", text.strip().lower())
    if found is None or int(found[1]) not in COLUMNS or int(found[2]) not in ROWS:
        raise JamtuiError(f"{text!r} is no size of a terminal; give columns and rows, like --size 120x40")
    return int(found[1]), int(found[2])


def picture_path(path: Path | None) -> Path:
    """Where the picture goes: ``path``, or a name with the time in this folder.

    Raises:
        JamtuiError: the name asks for another format, or for a folder that is not there.
    """
    if path is None:
        return Path.cwd() / time.strftime("jamtui-%Y%m%d-%H%M%S.svg")
    if path.suffix.lower() != ".svg":
        raise JamtuiError(f"the picture is drawn as SVG; give a name that ends in .svg, not {path.name!r}")
    if not path.parent.is_dir():
        raise JamtuiError(f"there is no folder {path.parent}; make it, or choose another name")
    return path


def take_picture(runtime: Path, path: Path | None, size: str) -> Path:
    """Draw the stage of the running band into an SVG file and return its path.

    Raises:
        JamtuiError: no band is running or it does not answer, a bad size or name, or a file that cannot be
            written.
    """
    columns_rows = parse_size(size)
    target = picture_path(path)
    if not band_is_running(runtime):
        raise LinkError("no band is running, so there is no stage to draw; start one with `jamtui --demo`")
    link = EngineLink(runtime, "console")
    try:
        if not link.wait_connected(PATIENCE_S):
            raise LinkError("the engine does not answer; `jamtui doctor` looks for the reason")
        _wait_for_rolls(link)
        # Imported here: Textual is heavy, and all that may be wrong before it is said first.
        from jamtui import __version__
        from jamtui.console.screenshot import render_svg

        picture = render_svg(link, columns_rows, version=__version__)
    finally:
        link.close()
    try:
        target.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise JamtuiError(f"{target} cannot be written ({error.strerror}); choose another place") from error
    return target


def _wait_for_rolls(link: EngineLink) -> None:
    """The piano rolls follow the first snapshot; a stopped band has none to wait for."""
    end = time.monotonic() + ROLLS_PATIENCE_S
    while time.monotonic() < end:
        snapshot: Snapshot | None = link.latest()
        if snapshot is None or len(link.rolls()) >= len(snapshot.roles):
            return
        time.sleep(0.02)
