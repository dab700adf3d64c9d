"""Where prepared sets are kept: one JSON file per chart and style in one folder."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from jamtui.generators.prepared import PreparedError, PreparedSet, digest_of, from_plain, to_plain
from jamtui.music.chart import Chart

_SUFFIX = ".json"
_LONGEST_TITLE = 40
_DIGITS = re.compile(r"(?:^|-)([0-9a-f]{8})-")


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the folder: what is in it, or why it cannot be read."""

    path: Path
    prepared: PreparedSet | None
    problem: str = ""


class PreparedFiles:
    """The folder ``folder``, which need not exist."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, chart: Chart, style: str) -> Path:
        """The file for ``chart`` in ``style``: the one that is there, whatever title it was written under,
        else a new one."""
        ending = f"{digest_of(chart.name)}-{_slug(style)}{_SUFFIX}"
        for path in sorted(self.folder.glob(f"*{ending}")):
            if path.name == ending or path.name.endswith(f"-{ending}"):
                return path
        title = _slug(chart.title)[:_LONGEST_TITLE].strip("-")
        return self.folder / (f"{title}-{ending}" if title else ending)

    def read(self, path: Path) -> PreparedSet:
        """The set in ``path``.

        Raises:
            PreparedError: it cannot be read; the sentence names the file and says what to do.
        """
        try:
            return from_plain(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, RecursionError) as error:
            if isinstance(error, OSError):
                raise PreparedError(
                    f"{path} cannot be read ({error.strerror}); check its permissions"
                ) from error
            raise PreparedError(_sentence(path, "is damaged")) from error
        except PreparedError as error:
            raise PreparedError(_sentence(path, str(error))) from error

    def load(self, chart: Chart, style: str) -> PreparedSet | None:
        """What is prepared for ``chart`` in ``style``; None for nothing.

        Raises:
            PreparedError: the file cannot be read.
        """
        path = self.path(chart, style)
        return self.read(path) if path.exists() else None

    def save(self, prepared: PreparedSet) -> Path:
        """Write ``prepared``; the file is the old one or the new one at any moment.

        Raises:
            PreparedError: it cannot be written.
        """
        path = self.path(prepared.chart, prepared.style)
        temporary = path.with_name(f".{path.name}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(to_plain(prepared)), encoding="utf-8")
            temporary.replace(path)
        except OSError as error:
            raise PreparedError(
                f"{path} cannot be written ({error.strerror}); make room or check its permissions"
            ) from error
        return path

    def list(self) -> tuple[Found, ...]:
        """Everything in the folder, by name of the file."""
        found: list[Found] = []
        for path in sorted(self.folder.glob(f"*{_SUFFIX}")):
            try:
                found.append(Found(path, self.read(path)))
            except PreparedError as error:
                found.append(Found(path, None, str(error)))
        return tuple(found)

    def forget(self, name: str, style: str = "") -> tuple[Path, ...]:
        """Remove what is prepared for the chart called ``name`` (its whole name, title, digits or the name of
        a file), in ``style`` or in all. Returns the files.

        Raises:
            PreparedError: there is no such set, or ``name`` fits several charts.
        """
        wanted = name.strip().casefold()
        hits: dict[str, list[Path]] = {}
        for found in self.list():
            stem = found.path.name.removesuffix(_SUFFIX)
            digits = _DIGITS.search(stem)
            names = {stem, found.path.name, *(digits.groups() if digits else ())}
            chart = digits[1] if digits else stem
            if found.prepared is not None:
                own = found.prepared.chart
                names |= {own.name, own.title, digest_of(own.name)}
                chart = digest_of(own.name)
                if style and found.prepared.style != style:
                    continue
            elif style and not stem.endswith(f"-{_slug(style)}"):
                continue
            if wanted and wanted in {n.casefold() for n in names}:
                hits.setdefault(chart, []).append(found.path)
        if not hits:
            raise PreparedError(
                f"nothing is prepared under the name {name}; `jamtui prepare --list` shows all"
            )
        if len(hits) > 1:
            raise PreparedError(
                f"{name} fits several charts; give the digits that `jamtui prepare --list` shows"
            )
        paths = tuple(next(iter(hits.values())))
        for path in paths:
            path.unlink(missing_ok=True)
        return paths


def _sentence(path: Path, what: str) -> str:
    name = path.name.removesuffix(_SUFFIX)
    forget = f"`jamtui prepare --forget {name}`"
    if "newer" in what:
        return f"the prepared set {name} {what}; update jamtui, or remove it with {forget}"
    return f"the prepared set {name} {what}; remove it with {forget} and prepare it again"


def _slug(text: str) -> str:
    """``text`` as part of a file's name on any system."""
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")
