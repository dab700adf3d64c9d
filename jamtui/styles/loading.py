"""Styles from TOML files, checked strictly: the format is described in ``docs/styles.md``."""

import tomllib
from pathlib import Path

from jamtui.errors import ConfigError, MusicError
from jamtui.music.chord import Family
from jamtui.music.meter import METERS, PPQ
from jamtui.music.phrase import Role
from jamtui.music.pitch import parse_note
from jamtui.styles.checking import Table
from jamtui.styles.drum_steps import DRUM_KEYS, read_rows, step_ticks
from jamtui.styles.style import STYLE_VERSION, DrumPattern, Feel, FigureText, RoleStyle, Style

STYLE_KEYS = frozenset(
    {
        "version",
        "name",
        "title",
        "tempo",
        "tempo_range",
        "meter",
        "count_in",
        "feel",
        "roles",
        "mix",
        "drums",
        "bass",
    }
)
"""Keys at the top of a style file."""

FEEL_KEYS = frozenset(
    {"swing", "swing_unit", "push_ms", "spread_ms", "velocity_spread", "accents", "articulation"}
)
"""Keys of ``[feel]`` and of a role's own ``feel``."""

ROLE_KEYS = frozenset({"range", "density", "program", "level", "approach", "accent", "ghosts", "feel"})
"""Keys of ``[roles.<role>]``."""

PATTERN_KEYS = frozenset({"name", "kind", "meter", "bars", "steps", "energy"})
"""Keys of ``[[drums]]`` beside the names of instruments."""

FIGURE_KEYS = frozenset({"name", "context", "chords", "meter", "energy", "density", "surprise", "notes"})
"""Keys of ``[[bass]]``."""

PATTERN_KINDS = ("groove", "fill", "intro", "ending")
"""What a drum pattern is for."""

CONTEXTS = (
    *(family.value for family in Family if family is not Family.NONE),
    "ii-V-I",
    "minor ii-V-i",
    "turnaround",
    "any",
)
"""Harmonic contexts a figure can be written for."""

SWING_UNITS = {"1/8": PPQ // 2, "1/16": PPQ // 4}
"""Note values that can swing, in ticks."""

TRIPLET = PPQ // 6
"""Steps of so many ticks, or of twice as many, are triplets: they stay even at any swing."""

MOST_EARLY_MS = 40.0
"""Feel never takes a note further ahead of the grid than this: the lock horizon counts on it."""


def load_style(path: Path) -> Style:
    """The style in ``path``.

    Raises:
        ConfigError: the file cannot be read.
        MusicError: it is not TOML, or a key or value is wrong; the message names file and table.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"The style file {path} cannot be read ({error.strerror}); check that it is there."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MusicError(f"{path}: this is not valid TOML: {error}; correct that line.") from error
    top = Table(document, str(path))
    # The version comes first: a newer file may well have keys that this program does not know.
    if top.values.get("version") != STYLE_VERSION or isinstance(top.values.get("version"), bool):
        raise top.error(
            f"version is {top.values.get('version', 'missing')}, but this jamtui reads style version "
            f"{STYLE_VERSION}; write version = {STYLE_VERSION} or update jamtui."
        )
    top.only(STYLE_KEYS)
    name = top.text("name")
    if name != path.stem:
        raise top.error(f'name is "{name}"; it must be the file\'s own name, "{path.stem}".')
    tempo_range = top.numbers("tempo_range", 20, 400, 2)
    if len(tempo_range) != 2 or tempo_range[0] >= tempo_range[1]:
        raise top.error("tempo_range must be two tempos, the slower one first, such as [60, 240].")
    meter = top.choice("meter", METERS, "4/4")
    roles = _roles(top)
    style = Style(
        name=name,
        title=top.text("title", name),
        tempo=top.number("tempo", *tempo_range),
        tempo_range=(tempo_range[0], tempo_range[1]),
        meter=meter,
        roles=roles,
        drums=_patterns(top, roles[Role.DRUMS].feel),
        count_in=top.integer("count_in", 0, 4, 1),
        bass=tuple(_figure(table) for table in top.tables("bass")),
    )
    _unique(top, "drums", [pattern.name for pattern in style.drums])
    _unique(top, "bass", [figure.name for figure in style.bass])
    if not any(pattern.kind == "groove" and pattern.meter == meter for pattern in style.drums):
        raise top.error(f"there is no groove in {meter}; add a [[drums]] table with kind and meter so set.")
    return style


def load_styles(folder: Path, own: Path | None = None) -> dict[str, Style]:
    """All styles in ``folder`` (``*.toml``) by name, in alphabetical order, and those in ``own``, should
    there be such a folder: they come with them, or instead of one of the same name.

    Raises:
        ConfigError: there is no such folder, or no style file in it.
        MusicError: one of the files is wrong, see :func:`load_style`.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no style folder {folder}; create it or correct the path.")
    paths = {path.stem: path for path in folder.glob("*.toml")}
    if not paths:
        raise ConfigError(f"The style folder {folder} has no .toml files; put a style file there.")
    if own is not None:
        paths |= {path.stem: path for path in own.glob("*.toml")}
    return {name: load_style(paths[name]) for name in sorted(paths)}


def _roles(top: Table) -> dict[Role, RoleStyle]:
    shared = top.table("feel")
    shared.only(FEEL_KEYS)
    roles = top.table("roles")
    roles.only([role.value for role in Role])
    return {role: _role(role, roles, shared) for role in Role}


def _role(role: Role, roles: Table, shared: Table) -> RoleStyle:
    if role.value not in roles.values:
        raise roles.error(f"{role.value} is missing; write a table [roles.{role.value}].")
    table = roles.table(role.value)
    table.only(ROLE_KEYS)
    low, high = _range(role, table)
    own = table.table("feel")
    own.only(FEEL_KEYS)
    feel = _feel(Table({**shared.values, **own.values}, own.where))
    program = None if "program" not in table.values else table.integer("program", 0, 127)
    density, level = table.number("density", 0.0, 1.0), table.number("level", 0.3, 1.5, 1.0)
    return RoleStyle(
        feel,
        low,
        high,
        density,
        program,
        level,
        approach=table.number("approach", 0.0, 1.0, 1.0),
        accent=table.number("accent", 0.0, 1.0, 1.0),
        ghosts=table.number("ghosts", 0.0, 1.0, 0.6),
    )


def _range(role: Role, table: Table) -> tuple[int, int]:
    if role is Role.DRUMS and "range" not in table.values:
        return min(DRUM_KEYS.values()), max(DRUM_KEYS.values())
    names = table.values.get("range")
    if not isinstance(names, list) or len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise table.error('range must be its lowest and highest note, such as ["E1", "G3"].')
    try:
        low, high = (parse_note(name) for name in names)
    except MusicError as error:
        raise table.error(f"range: {error}") from error
    if not 0 <= low < high <= 127:
        raise table.error("range must go from a lower to a higher MIDI note (C-1 to G9).")
    return low, high


def _feel(table: Table) -> Feel:
    push = table.number("push_ms", -MOST_EARLY_MS, MOST_EARLY_MS, 0.0)
    spread = table.number("spread_ms", 0.0, MOST_EARLY_MS, 0.0)
    if spread - push > MOST_EARLY_MS:
        raise table.error(
            f"push_ms {push:g} and spread_ms {spread:g} are more than {MOST_EARLY_MS:g} ms early together; "
            "make one of them smaller."
        )
    return Feel(
        swing=table.number("swing", 0.5, 0.75, 0.5),
        swing_unit=SWING_UNITS[table.choice("swing_unit", SWING_UNITS, "1/8")],
        push_ms=push,
        spread_ms=spread,
        velocity_spread=table.integer("velocity_spread", 0, 30, 0),
        accents=table.numbers("accents", 0.3, 1.5, 16),
        articulation=table.number("articulation", 0.2, 1.0, 1.0),
    )


def _patterns(top: Table, feel: Feel) -> tuple[DrumPattern, ...]:
    mix = top.table("mix")
    mix.only(DRUM_KEYS)
    levels = {name: mix.number(name, 0.1, 1.5) for name in mix.values}
    return tuple(_pattern(table, feel, levels) for table in top.tables("drums"))


def _pattern(table: Table, feel: Feel, mix: dict[str, float]) -> DrumPattern:
    table.only(PATTERN_KEYS | DRUM_KEYS.keys())
    meter = METERS[table.choice("meter", METERS, "4/4")]
    bars = table.integer("bars", 1, 8, 1)
    steps = table.integer("steps", 1, 96)
    rows = {key: table.text(key) for key in table.values if key in DRUM_KEYS}
    if not rows:
        raise table.error('no instrument plays; give at least one row, such as ride = "x-xxx-xx".')
    try:
        length = step_ticks(meter, steps)
        hits = read_rows(rows, meter, steps, bars, mix)
    except MusicError as error:
        raise table.error(f"{error}.") from error
    if feel.swing != 0.5 and length % feel.swing_unit and feel.swing_unit % length and length % TRIPLET:
        raise table.error(
            f"{steps} steps a bar fall between the swung notes; use eighths, sixteenths "
            f"or triplets of {meter.name}."
        )
    return DrumPattern(
        name=table.text("name"),
        kind=table.choice("kind", PATTERN_KINDS),
        meter=meter.name,
        bars=bars,
        energy=table.number("energy", 0.0, 1.0),
        hits=hits,
    )


def _figure(table: Table) -> FigureText:
    table.only(FIGURE_KEYS)
    density = None if "density" not in table.values else table.number("density", 0.0, 1.0)
    return FigureText(
        name=table.text("name"),
        context=table.choice("context", CONTEXTS),
        chords=table.text("chords"),
        meter=table.choice("meter", METERS, "4/4"),
        energy=table.number("energy", 0.0, 1.0),
        density=density,
        surprise=table.number("surprise", 0.0, 1.0, 0.0),
        notes=table.text("notes"),
    )


def _unique(top: Table, key: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise top.error(f'two [[{key}]] tables are named "{name}"; give each its own name.')
