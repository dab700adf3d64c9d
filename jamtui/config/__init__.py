"""The configuration: its settings as values, read from TOML and written back.

``settings`` has the schema, ``reading`` the file and its checks, ``saving`` what is chosen on screen. Names
that other layers know (actions, styles) are handed to ``check_names`` by whoever has them.
"""

from jamtui.config.reading import check_names, load_config, parse_config
from jamtui.config.saving import save_choice
from jamtui.config.settings import (
    ROLE_NAMES,
    ActionMapping,
    ClockConfig,
    Config,
    ConsoleConfig,
    JournalConfig,
    LlmConfig,
    MidiConfig,
    PlayingConfig,
    RoleConfig,
    RolesConfig,
)

__all__ = [
    "ROLE_NAMES",
    "ActionMapping",
    "ClockConfig",
    "Config",
    "ConsoleConfig",
    "JournalConfig",
    "LlmConfig",
    "MidiConfig",
    "PlayingConfig",
    "RoleConfig",
    "RolesConfig",
    "check_names",
    "load_config",
    "parse_config",
    "save_choice",
]
