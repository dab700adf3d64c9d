"""Names in a configuration that only other layers know: actions, what they are done with, styles."""

from collections.abc import Collection

from jamtui import paths
from jamtui.config import Config, check_names
from jamtui.errors import ConfigError, JamtuiError
from jamtui.session.actions import BY_NAME
from jamtui.session.midi_map import Mapping, check_mapping
from jamtui.session.settings import SettingError


def mappings(config: Config) -> tuple[Mapping, ...]:
    """What ``[[actions]]`` says, in its order; channels count from 0."""
    return tuple(
        Mapping(
            entry.action,
            entry.note is not None,
            entry.note if entry.note is not None else entry.cc or 0,
            None if entry.channel is None else entry.channel - 1,
            entry.argument,
        )
        for entry in config.actions
    )


def style_names() -> set[str] | None:
    """Names of the styles that ship and of the musician's own, by their files; None where even those are
    missing."""
    try:
        folders = (paths.styles_dir(), paths.own_styles_dir())
    except JamtuiError:
        return None
    return {path.stem for folder in folders for path in folder.glob("*.toml")} or None


def check_configured(config: Config, styles: Collection[str] | None, name: str) -> None:
    """Refuse what the configuration names and nobody knows, and arguments that could only fail on stage.

    Args:
        styles: names of the styles there are; None where that is not known.
        name: the file, for messages.

    Raises:
        ConfigError: naming the first of them, with what to do.
    """
    check_names(config, BY_NAME, styles, name)
    for number, mapping in enumerate(mappings(config), 1):
        try:
            check_mapping(mapping, styles)
        except SettingError as error:
            raise ConfigError(f"{name}, entry {number} of [[actions]]: {error}") from error
