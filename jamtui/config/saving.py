"""Settings written back into the configuration file."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jamtui.config.reading import load_config, parse_config
from jamtui.errors import ConfigError


def save_choice(path: Path, choice: Mapping[str, Any]) -> None:
    """Write settings back, keeping the rest of the file and its comments as they are.

    Args:
        path: the configuration file; made where there is none.
        choice: settings as nested tables, ``{"midi": {"inputs": ["Launchkey"]}, "roles": {"lead": ...}}``.

    Raises:
        ConfigError: the file is not usable as it is, a setting is wrong, or it cannot be written.
    """
    # Imported here: only this function needs to keep comments, and reading must stay cheap.
    import tomlkit

    load_config(path)
    text = path.read_text(encoding="utf-8") if path.exists() else "# jamtui: see docs/configuration.md\n"
    document = tomlkit.parse(text)

    def merge(into: Any, values: Mapping[str, Any]) -> None:
        for key, value in values.items():
            if isinstance(value, Mapping):
                if key not in into:
                    into[key] = tomlkit.table(
                        is_super_table=all(isinstance(v, Mapping) for v in value.values())
                    )
                merge(into[key], value)
            elif value is None:
                if key in into:
                    del into[key]
            else:
                into[key] = list(value) if isinstance(value, tuple) else value

    merge(document, choice)
    result = tomlkit.dumps(document)
    parse_config(result, str(path))
    try:
        # A link, as into a folder of one's dotfiles, stays one.
        place = path.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(place.name + ".new")
        temporary.write_text(result, encoding="utf-8")
        os.replace(temporary, place)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}); check the folder's permissions"
        ) from error
